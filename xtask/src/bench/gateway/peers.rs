//! Everybody who is measured, each with the configuration that its manual gives for a Docker socket.
//!
//! One worker on one core; TLS 1.2 and 1.3, client certificates required, sessions resumed as the program
//! does it by itself, no access log. Layer 7 peers keep connections to the service and do not buffer bodies,
//! as Docker's streams need it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::process::Launch;
use crate::run::{at, quiet};
use crate::{Done, apt, lab};

/// Packages that are measured.
const PACKAGES: &str = "haproxy,nginx,libnginx-mod-stream,stunnel4,hitch,caddy";

/// What a peer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Bytes.
    Four,
    /// HTTP.
    Seven,
    /// It is the service itself.
    Own,
    /// Nobody is in between.
    Nothing,
}

/// Who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Sealock,
    SealockTcp,
    Bare,
    HaproxyTcp,
    HaproxyHttp,
    NginxStream,
    NginxHttp,
    Stunnel,
    Hitch,
    Caddy,
    Dockerd,
    DockerdSocket,
    Direct,
}

/// One who is measured.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) kind: Kind,
    /// What the table calls it.
    pub(super) name: String,
    /// What the command line calls it.
    pub(super) word: String,
    /// The Debian release whose build it is, where it is one.
    pub(super) suite: &'static str,
}

/// Where a peer finds and puts things.
pub(super) struct Place<'a> {
    /// Its own folder, which exists.
    pub(super) folder: &'a Path,
    /// `cert.pem`, `key.pem` and `ca.pem` of the server, and `both.pem`.
    pub(super) material: &'a Path,
    pub(super) port: u16,
    /// The service's unix socket.
    pub(super) backend: &'a Path,
    pub(super) lab: &'a Path,
    /// `sealock`, and the yardstick.
    pub(super) binary: &'a Path,
    pub(super) yardstick: &'a Path,
}

impl Kind {
    pub(super) fn layer(self) -> Layer {
        match self {
            Self::SealockTcp
            | Self::Bare
            | Self::HaproxyTcp
            | Self::NginxStream
            | Self::Stunnel
            | Self::Hitch => Layer::Four,
            Self::Sealock | Self::HaproxyHttp | Self::NginxHttp | Self::Caddy => Layer::Seven,
            Self::Dockerd | Self::DockerdSocket => Layer::Own,
            Self::Direct => Layer::Nothing,
        }
    }
}

/// All of them. Debian 12 links OpenSSL 3.0, Debian 13 links 3.5, which is much faster: both are shown.
pub(super) fn all() -> Vec<Peer> {
    let mut peers = vec![
        peer(Kind::Sealock, "sealock gateway", "sealock", ""),
        peer(Kind::SealockTcp, "sealock gateway --tcp", "sealock-tcp", ""),
        peer(Kind::Bare, "bare forwarder (the yardstick)", "bare", ""),
    ];
    for (suite, word, says) in [
        ("bookworm", "12", "Debian 12"),
        ("trixie", "13", "Debian 13"),
    ] {
        for (kind, name) in [
            (Kind::HaproxyTcp, "haproxy tcp"),
            (Kind::HaproxyHttp, "haproxy http"),
            (Kind::NginxStream, "nginx stream"),
            (Kind::NginxHttp, "nginx http"),
            (Kind::Stunnel, "stunnel"),
            (Kind::Hitch, "hitch"),
            (Kind::Caddy, "caddy"),
        ] {
            let word = format!("{}-{word}", name.replace(' ', "-"));
            peers.push(peer(kind, &format!("{name}, {says}"), &word, suite));
        }
    }
    peers.push(peer(
        Kind::Dockerd,
        "dockerd 28.5's own TLS, `/_ping`",
        "dockerd",
        "",
    ));
    peers.push(peer(
        Kind::DockerdSocket,
        "dockerd 28.5's unix socket, `/_ping`",
        "dockerd-socket",
        "",
    ));
    peers.push(peer(Kind::Direct, "nobody in between", "direct", ""));
    peers
}

fn peer(kind: Kind, name: &str, word: &str, suite: &'static str) -> Peer {
    Peer {
        kind,
        name: name.to_owned(),
        word: word.to_owned(),
        suite,
    }
}

/// Unpacks the peers of a Debian release, with all that they link, beside the machine: nothing is installed,
/// no script of a package runs, no service can start.
pub(super) fn install(lab: &Path, suite: &str) -> Done {
    apt::install(&["mmdebstrap"])?;
    let folder = lab.join("bench-peers").join(suite);
    lab::component(lab, &format!("bench-peers-{suite}"), PACKAGES, || {
        if folder.exists() {
            at(&folder, fs::remove_dir_all(&folder))?;
        }
        at(&folder, fs::create_dir_all(&folder))?;
        quiet(
            Command::new("mmdebstrap")
                .args(["--quiet", "--variant=extract"])
                .arg("--aptopt=APT::Sandbox::User \"root\"")
                .arg(format!("--include={PACKAGES}"))
                .args([suite])
                .arg(&folder)
                .arg(apt::mirror()?),
        )
        .map(drop)
    })
}

/// The versions of the peers of a Debian release, as their packages' changelogs say them.
pub(super) fn versions(lab: &Path, suite: &str) -> Done<String> {
    let documents = lab.join("bench-peers").join(suite).join("usr/share/doc");
    let mut found = Vec::new();
    for package in [
        "haproxy",
        "nginx",
        "stunnel4",
        "hitch",
        "caddy",
        "libssl3",
        "libssl3t64",
    ] {
        let log = documents.join(package).join("changelog.Debian.gz");
        if log.exists() {
            let text = quiet(Command::new("zcat").arg(&log))?;
            let first = text.lines().next().unwrap_or_default();
            let version = first.split(['(', ')']).nth(1).unwrap_or_default();
            found.push(format!("{package} {version}"));
        }
    }
    Ok(found.join(", "))
}

impl Place<'_> {
    /// A program of a Debian release, by that release's own loader and libraries.
    fn program(&self, suite: &str, program: &str, rest: &[&str]) -> Launch {
        let root = self.lab.join("bench-peers").join(suite);
        let inside = |path: &str| root.join(path).display().to_string();
        let mut words = vec![
            inside("usr/lib64/ld-linux-x86-64.so.2"),
            "--library-path".to_owned(),
            inside("usr/lib/x86_64-linux-gnu"),
            inside(program),
        ];
        // Debian 12 keeps the loader where it was before the folders were merged.
        if !Path::new(&words[0]).exists() {
            words[0] = inside("lib64/ld-linux-x86-64.so.2");
            words[2] = format!("{}:{}", words[2], inside("lib/x86_64-linux-gnu"));
        }
        words.extend(rest.iter().map(|word| (*word).to_owned()));
        Launch {
            words,
            environment: Vec::new(),
        }
    }

    /// Writes a file into the peer's folder and gives its path.
    fn file(&self, name: &str, text: &str) -> Done<String> {
        let path = self.folder.join(name);
        at(&path, fs::write(&path, text))?;
        Ok(path.display().to_string())
    }

    fn material(&self, name: &str) -> String {
        self.material.join(name).display().to_string()
    }

    /// How `peer` is started, once its configuration is written.
    pub(super) fn launch(&self, peer: &Peer) -> Done<Option<Launch>> {
        match peer.kind {
            Kind::Sealock => self.sealock(true),
            Kind::SealockTcp => self.sealock(false),
            Kind::Bare => Ok(Launch::new(&[
                &self.yardstick.display().to_string(),
                "forward",
                &format!("127.0.0.1:{}", self.port),
                &self.backend.display().to_string(),
                &self.material.display().to_string(),
            ])),
            Kind::HaproxyTcp => self.haproxy(peer.suite, "tcp"),
            Kind::HaproxyHttp => self.haproxy(peer.suite, "http"),
            Kind::NginxStream | Kind::NginxHttp => self.nginx(peer),
            Kind::Stunnel => self.stunnel(peer.suite),
            Kind::Hitch => self.hitch(peer.suite),
            Kind::Caddy => self.caddy(peer.suite),
            Kind::Dockerd => self.dockerd(),
            Kind::DockerdSocket | Kind::Direct => return Ok(None),
        }
        .map(Some)
    }

    /// Ours: judging the Engine API, or as a door for any stream.
    fn sealock(&self, judging: bool) -> Done<Launch> {
        let backend = format!("unix://{}", self.backend.display());
        let listen = format!("127.0.0.1:{}", self.port);
        let binary = self.binary.display().to_string();
        let mut words = vec![binary.as_str(), "gateway", "--listen", &listen];
        let policy = self.file("policy.toml", POLICY)?;
        if judging {
            words.extend(["--docker", &backend, "--policy", &policy]);
        } else {
            words.extend(["--tcp", &backend, "--allow", "cn:bench"]);
        }
        let audit = self.folder.join("audit.jsonl").display().to_string();
        let [cert, key, anchors] =
            ["cert.pem", "key.pem", "ca.pem"].map(|name| self.material(name));
        words.extend(["--cert", &cert, "--key", &key, "--client-ca", &anchors]);
        words.extend(["--audit", &audit]);
        let mut launch = Launch::new(&words);
        let home = self.folder.join("home").display().to_string();
        launch.environment.push(("SEALOCK_HOME".to_owned(), home));
        Ok(launch)
    }

    fn haproxy(&self, suite: &str, mode: &str) -> Done<Launch> {
        let text = format!(
            "global\n  nbthread 1\n  maxconn 9900\n  ssl-default-bind-options ssl-min-ver TLSv1.2\n\
             defaults\n  mode {mode}\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             frontend docker\n  bind 127.0.0.1:{} ssl crt {} ca-file {} verify required\n  default_backend docker\n\
             backend docker\n  server docker unix@{}\n",
            self.port,
            self.material("both.pem"),
            self.material("ca.pem"),
            self.backend.display(),
        );
        let file = self.file("haproxy.cfg", &text)?;
        Ok(self.program(suite, "usr/sbin/haproxy", &["-db", "-f", &file]))
    }

    fn nginx(&self, peer: &Peer) -> Done<Launch> {
        let root = self.lab.join("bench-peers").join(peer.suite);
        let listen = format!(
            "listen 127.0.0.1:{} ssl;\n    ssl_certificate {};\n    ssl_certificate_key {};\n    \
             ssl_client_certificate {};\n    ssl_verify_client on;\n    ssl_protocols TLSv1.2 TLSv1.3;\n    \
             ssl_session_cache shared:docker:10m;\n",
            self.port,
            self.material("cert.pem"),
            self.material("key.pem"),
            self.material("ca.pem"),
        );
        let backend = self.backend.display();
        let service = if peer.kind == Kind::NginxStream {
            format!(
                "stream {{\n  server {{\n    {listen}    proxy_timeout 1h;\n    proxy_pass unix:{backend};\n  }}\n}}\n"
            )
        } else {
            format!(
                "http {{\n  access_log off;\n  keepalive_timeout 1h;\n  keepalive_requests 1000000000;\n  \
                 client_max_body_size 0;\n  \
                 upstream docker {{\n    server unix:{backend};\n    keepalive 512;\n    \
                 keepalive_requests 1000000000;\n  }}\n  \
                 server {{\n    {listen}    location / {{\n      proxy_pass http://docker;\n      \
                 proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      \
                 proxy_buffering off;\n      proxy_request_buffering off;\n      proxy_buffer_size 16k;\n      proxy_buffers 8 16k;\n      \
                 proxy_read_timeout 1h;\n    }}\n  }}\n}}\n"
            )
        };
        let module = if peer.kind == Kind::NginxStream {
            let module = root.join("usr/lib/nginx/modules/ngx_stream_module.so");
            format!("load_module {};\n", module.display())
        } else {
            String::new()
        };
        let folder = self.folder.display();
        let temporary = if peer.kind == Kind::NginxHttp {
            service.replacen(
                "http {\n",
                &format!(
                    "http {{\n  client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  \
                     fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  \
                     scgi_temp_path {folder}/scgi;\n"
                ),
                1,
            )
        } else {
            service
        };
        let text = format!(
            "{module}daemon off;\nuser root;\nworker_processes 1;\nworker_rlimit_nofile 20000;\npid {folder}/pid;\n\
             error_log {folder}/error.log warn;\nevents {{ worker_connections 19990; }}\n{temporary}"
        );
        let file = self.file("nginx.conf", &text)?;
        let log = format!("{folder}/first.log");
        let prefix = format!("{folder}/");
        Ok(self.program(
            peer.suite,
            "usr/sbin/nginx",
            &["-p", &prefix, "-e", &log, "-c", &file],
        ))
    }

    fn stunnel(&self, suite: &str) -> Done<Launch> {
        let text = format!(
            "foreground = yes\npid =\ndebug = warning\n[docker]\naccept = 127.0.0.1:{}\nconnect = {}\ncert = {}\n\
             key = {}\nCAfile = {}\nrequireCert = yes\nverifyChain = yes\nsslVersionMin = TLSv1.2\n\
             socket = l:TCP_NODELAY=1\n",
            self.port,
            self.backend.display(),
            self.material("cert.pem"),
            self.material("key.pem"),
            self.material("ca.pem"),
        );
        let file = self.file("stunnel.conf", &text)?;
        Ok(self.program(suite, "usr/bin/stunnel4", &[&file]))
    }

    fn hitch(&self, suite: &str) -> Done<Launch> {
        let text = format!(
            "frontend = \"[127.0.0.1]:{}\"\nbackend = \"{}\"\npem-file = \"{}\"\nworkers = 1\ndaemon = off\nuser = \"nobody\"\ngroup = \"nogroup\"\nocsp-dir = \"\"\nquiet = on\n\
             client-verify = required\nclient-verify-ca = \"{}\"\ntls-protos = TLSv1.2 TLSv1.3\n",
            self.port,
            self.backend.display(),
            self.material("both.pem"),
            self.material("ca.pem"),
        );
        let file = self.file("hitch.conf", &text)?;
        Ok(self.program(suite, "usr/sbin/hitch", &["--config", &file]))
    }

    fn caddy(&self, suite: &str) -> Done<Launch> {
        let text = format!(
            "{{\n  admin off\n  auto_https off\n  servers {{\n    protocols h1\n    strict_sni_host insecure_off\n  }}\n  \
             default_sni localhost\n}}\nhttps://:{} {{\n  bind 127.0.0.1\n  tls {} {} {{\n    client_auth {{\n      \
             mode require_and_verify\n      trusted_ca_cert_file {}\n    }}\n  }}\n  reverse_proxy unix/{} {{\n    \
             flush_interval -1\n  }}\n}}\n",
            self.port,
            self.material("cert.pem"),
            self.material("key.pem"),
            self.material("ca.pem"),
            self.backend.display(),
        );
        let file = self.file("Caddyfile", &text)?;
        let mut launch = self.program(
            suite,
            "usr/bin/caddy",
            &["run", "--config", &file, "--adapter", "caddyfile"],
        );
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            let folder = self.folder.display().to_string();
            launch.environment.push((name.to_owned(), folder));
        }
        Ok(launch)
    }

    /// The daemon itself: no bridge, no firewall rules, folders of its own.
    fn dockerd(&self) -> Done<Launch> {
        let inside = |name: &str| self.folder.join(name).display().to_string();
        let prefix = self.lab.join("prefix/sid");
        let configuration = self.file("daemon.json", "{}\n")?;
        let mut launch = Launch::new(&[
            &prefix.join("usr/sbin/dockerd").display().to_string(),
            "--config-file",
            &configuration,
            "--data-root",
            &inside("data"),
            "--exec-root",
            &inside("exec"),
            "--pidfile",
            &inside("pid"),
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--exec-opt=native.cgroupdriver=cgroupfs",
            "--storage-driver=overlay2",
            "--host",
            &format!("tcp://127.0.0.1:{}", self.port),
            "--host",
            &format!("unix://{}", socket_of(self.folder).display()),
            "--tlsverify",
            "--tlscacert",
            &self.material("ca.pem"),
            "--tlscert",
            &self.material("cert.pem"),
            "--tlskey",
            &self.material("key.pem"),
        ]);
        let runc = self.lab.join("prefix/bookworm");
        let path = format!(
            "{0}/usr/sbin:{0}/usr/bin:{1}/usr/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            prefix.display(),
            runc.display()
        );
        launch.environment.push(("PATH".to_owned(), path));
        Ok(launch)
    }
}

/// The unix socket of a dockerd with this folder.
pub(super) fn socket_of(folder: &Path) -> PathBuf {
    folder.join("d.sock")
}

/// One PEM file with certificate and key, as some peers want it.
pub(super) fn both(server: &Path) -> Done {
    let read = |name: &str| {
        let path = server.join(name);
        at(&path, fs::read_to_string(&path))
    };
    let both = format!("{}{}", read("cert.pem")?, read("key.pem")?);
    let path = server.join("both.pem");
    at(&path, fs::write(&path, both))
}

/// What the client of the bench may do: one of several grants names it.
const POLICY: &str = r#"version = 1

[groups]
office = ["cn:alice", "cn:bob", "ou:office"]

[roles.bench]
about = "lists, one export, one load"
from = "observer"
verbs = ["container.export", "image-in"]

[[grants]]
name = "office"
to = "group:office"
role = "operator"

[[grants]]
name = "robots"
to = "ou:robots"
role = "deployer"
images = ["registry.example.org/*"]

[[grants]]
name = "bench"
to = "cn:bench"
role = "bench"
"#;
