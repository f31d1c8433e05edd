//! The ways to a daemon: its own TLS, other proxies, and ours. Each listens in the stage's namespace.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::lab::lab;
use sealock_testkit::network::Network;
use sealock_testkit::process::{becomes, end};

use crate::common::program;

/// A way to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// dockerd's own TLS: what every other way is measured by.
    Dockerd,
    HaproxyHttp,
    HaproxyTcp,
    Nginx,
    Stunnel,
    Hitch,
    Ours,
}

impl Way {
    pub(crate) const PEERS: [Self; 5] = [
        Self::HaproxyHttp,
        Self::HaproxyTcp,
        Self::Nginx,
        Self::Stunnel,
        Self::Hitch,
    ];

    /// Its port. The namespace is the stage's own, so that none is ever taken.
    pub(crate) fn port(self) -> u16 {
        match self {
            Self::Dockerd => 2376,
            Self::HaproxyHttp => 2401,
            Self::HaproxyTcp => 2402,
            Self::Nginx => 2403,
            Self::Stunnel => 2404,
            Self::Hitch => 2405,
            Self::Ours => 2406,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Dockerd => "dockerd TLS",
            Self::HaproxyHttp => "haproxy http",
            Self::HaproxyTcp => "haproxy tcp",
            Self::Nginx => "nginx",
            Self::Stunnel => "stunnel",
            Self::Hitch => "hitch",
            Self::Ours => "sealock",
        }
    }

    /// Starts what listens there, and waits until it does. `folder` has `server-cert.pem`, `server-key.pem` and `ca.pem`.
    pub(crate) fn open(self, network: &Network, folder: &Path, socket: &Path) -> Open {
        let command = match self {
            Self::Dockerd => None,
            Self::HaproxyHttp => Some(haproxy("http", self.port(), folder, socket)),
            Self::HaproxyTcp => Some(haproxy("tcp", self.port(), folder, socket)),
            Self::Nginx => Some(nginx(self.port(), folder, socket)),
            Self::Stunnel => Some(stunnel(self.port(), folder, socket)),
            Self::Hitch => Some(hitch(self.port(), folder, socket)),
            Self::Ours => Some(ours(self.port(), folder, socket)),
        };
        let log = folder.join(format!("{self:?}.log"));
        let said = || {
            Stdio::from(
                fs::OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&log)
                    .unwrap(),
            )
        };
        let mut child = command.map(|command| {
            network
                .inside(&command)
                .stdin(Stdio::null())
                .stdout(said())
                .stderr(said())
                .spawn()
                .unwrap()
        });
        let listens = becomes(Duration::from_secs(20), || {
            let ended = child
                .as_mut()
                .is_some_and(|child| child.try_wait().unwrap().is_some());
            assert!(
                !ended,
                "{self} ended: {}",
                fs::read_to_string(&log).unwrap_or_default()
            );
            let line = format!("exec 3<>/dev/tcp/127.0.0.1/{}", self.port());
            network.run(Command::new("bash").args(["-c", &line])).code == 0
        });
        assert!(
            listens,
            "{self} does not listen: {}",
            fs::read_to_string(&log).unwrap_or_default()
        );
        Open { child }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A way that is open; it is closed on drop.
pub(crate) struct Open {
    child: Option<Child>,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            end(child.id(), Duration::from_secs(3));
            let _ = child.wait();
        }
    }
}

/// The gateway, with everything allowed to the one client and with its audit on.
fn ours(port: u16, folder: &Path, socket: &Path) -> Command {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(program());
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder)
        .args(["gateway", "--listen", &format!("127.0.0.1:{port}")])
        .args(["--docker", &format!("unix://{}", socket.display())])
        .args([
            "--policy",
            &path("policy.toml"),
            "--audit",
            &path("audit.jsonl"),
        ])
        .args([
            "--cert",
            &path("server-cert.pem"),
            "--key",
            &path("server-key.pem"),
        ])
        .args(["--client-ca", &path("ca.pem"), "--crl", &path("list.pem")]);
    command
}

/// One file of certificate and key, as haproxy and hitch want it.
fn bundle(folder: &Path) -> String {
    let both: String = ["server-cert.pem", "server-key.pem"]
        .iter()
        .map(|name| fs::read_to_string(folder.join(name)).unwrap())
        .collect();
    let path = folder.join("bundle.pem");
    fs::write(&path, both).unwrap();
    path.display().to_string()
}

/// Writes a configuration with its `@NAMES@` filled in.
fn configuration(folder: &Path, name: &str, socket: &Path, port: u16, text: &str) -> String {
    let text = text
        .replace("@FOLDER@", &folder.display().to_string())
        .replace("@SOCKET@", &socket.display().to_string())
        .replace("@BUNDLE@", &bundle(folder))
        .replace("@PORT@", &port.to_string());
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// With timeouts of a day, so that what fails does not fail by them.
fn haproxy(mode: &str, port: u16, folder: &Path, socket: &Path) -> Command {
    let text = format!(
        "global\n  maxconn 500\n\
         defaults\n  mode {mode}\n  timeout connect 5s\n  timeout client 1d\n  timeout server 1d\n  timeout tunnel 1d\n\
         frontend f\n  bind 127.0.0.1:@PORT@ ssl crt @BUNDLE@ ca-file @FOLDER@/ca.pem verify required\n  default_backend b\n\
         backend b\n  server s unix@@SOCKET@\n"
    );
    let path = configuration(folder, &format!("haproxy-{mode}.cfg"), socket, port, &text);
    let mut command = lab().peer("usr/sbin/haproxy");
    command.args(["-db", "-f", &path]);
    command
}

fn nginx(port: u16, folder: &Path, socket: &Path) -> Command {
    let text = "daemon off; user root; worker_processes 1; pid @FOLDER@/nginx.pid; error_log stderr warn;\n\
        events { worker_connections 500; }\n\
        http {\n\
          access_log off; client_body_temp_path @FOLDER@/n1; proxy_temp_path @FOLDER@/n2; fastcgi_temp_path @FOLDER@/n3;\n\
          uwsgi_temp_path @FOLDER@/n4; scgi_temp_path @FOLDER@/n5;\n\
          map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n\
          server {\n\
            listen 127.0.0.1:@PORT@ ssl; ssl_certificate @FOLDER@/server-cert.pem; ssl_certificate_key @FOLDER@/server-key.pem;\n\
            ssl_client_certificate @FOLDER@/ca.pem; ssl_verify_client on; client_max_body_size 0;\n\
            location / {\n\
              proxy_pass http://unix:@SOCKET@; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;\n\
              proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;\n\
              proxy_read_timeout 1d; proxy_send_timeout 1d;\n\
            }\n\
          }\n\
        }\n";
    let path = configuration(folder, "nginx.conf", socket, port, text);
    let mut command = lab().peer("usr/sbin/nginx");
    command.args(["-e", "stderr", "-c", &path]);
    command
}

fn stunnel(port: u16, folder: &Path, socket: &Path) -> Command {
    let text = "foreground = yes\npid =\nsyslog = no\ndebug = notice\n\
        [docker]\naccept = 127.0.0.1:@PORT@\nconnect = @SOCKET@\ncert = @FOLDER@/server-cert.pem\nkey = @FOLDER@/server-key.pem\n\
        CAfile = @FOLDER@/ca.pem\nverifyChain = yes\n";
    let path = configuration(folder, "stunnel.conf", socket, port, text);
    let mut command = lab().peer("usr/bin/stunnel4");
    command.arg(path);
    command
}

fn hitch(port: u16, folder: &Path, socket: &Path) -> Command {
    let text = "frontend = \"[127.0.0.1]:@PORT@\"\nbackend = \"@SOCKET@\"\npem-file = \"@BUNDLE@\"\nworkers = 1\n\
        daemon = off\nsyslog = off\nuser = \"root\"\nclient-verify = required\nclient-verify-ca = \"@FOLDER@/ca.pem\"\n";
    let path = configuration(folder, "hitch.conf", socket, port, text);
    let mut command = lab().peer("usr/sbin/hitch");
    command.args(["--config", &path]);
    command
}
