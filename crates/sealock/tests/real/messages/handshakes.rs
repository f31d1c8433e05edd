//! Servers that no client may trust, clients that no daemon may let in, and what both sides say.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::clients::{Attempt, Request, Tls, Told};
use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{becomes, free_port, wait_for};
use sealock_testkit::scratch::Scratch;

use super::certificates::{Authority, CLIENT, Leaf, SERVER};
use super::{Reader, told};

/// Clients that say it with another meaning than the rest.
type Differing = &'static [(&'static str, &'static str)];

/// What every client says at `host`, with the files of `dir`.
fn every_client(host: &str, port: u16, dir: &Path) -> Vec<(&'static str, String)> {
    let request = Request::new(host, port, dir);
    let docker = |version| request.docker(&lab().docker_cli(version), &Told::CertPath);
    let attempts = vec![
        ("docker 20", docker(Version::V20)),
        ("docker 28", docker(Version::V28)),
        ("curl", request.curl(Tls::V13)),
        ("openssl", request.openssl(Tls::V13)),
        ("docker-py", request.python()),
        ("dockerode", request.dockerode()),
    ];
    let text = |(who, attempt): (_, Attempt)| {
        assert!(!attempt.got_in, "{who} got in: {}", attempt.text);
        (who, told(&attempt.text).to_owned())
    };
    attempts.into_iter().map(text).collect()
}

#[test]
fn what_clients_say_of_servers_that_are_not_to_be_trusted() {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let authority = Authority::new(&scratch.path().join("ours"), "authority");
    let foreign = Authority::new(&scratch.path().join("foreign"), "another");
    let client = authority.issue(&CLIENT);
    let leaf = |name, names, usage, when| Leaf {
        name,
        usage,
        names,
        when,
    };
    let both = "DNS:localhost,IP:127.0.0.1";
    let issue = |name, names, usage, when| authority.issue(&leaf(name, names, usage, when));
    // What each says differently from the rest stands behind the code of the rest.
    let cases: [(PathBuf, &str, &str, Differing); 8] = [
        (
            issue("no-address", "DNS:localhost", "serverAuth", "+0"),
            "127.0.0.1",
            "F305",
            &[],
        ),
        (
            issue("other-address", "IP:192.0.2.7", "serverAuth", "+0"),
            "127.0.0.1",
            "F305",
            &[],
        ),
        (
            issue("elsewhere", "DNS:elsewhere.example", "serverAuth", "+0"),
            "localhost",
            "F304",
            &[],
        ),
        (
            issue("expired", both, "serverAuth", "-200d"),
            "127.0.0.1",
            "F301",
            &[],
        ),
        (
            issue("young", both, "serverAuth", "+200d"),
            "127.0.0.1",
            "F302",
            &[],
        ),
        (
            issue("for-clients", both, "clientAuth", "+0"),
            "127.0.0.1",
            "F308",
            &[],
        ),
        (foreign.issue(&SERVER), "127.0.0.1", "F316", &[]),
        (
            authority.self_signed(),
            "127.0.0.1",
            "F314",
            &[("docker 20", "F316"), ("docker 28", "F316")],
        ),
    ];
    for (dir, host, code, others) in &cases {
        let server = Server::start(dir);
        for (who, text) in every_client(host, server.port, &client) {
            let other = others.iter().find(|(name, _)| *name == who);
            reader.first(who, &text, other.map_or(code, |(_, code)| code));
        }
    }
    // Only by name: OpenSSL looks at the Common Name then, and says what it says of any other name.
    let server = Server::start(&issue("nameless", "", "serverAuth", "+0"));
    for (who, text) in every_client("localhost", server.port, &client) {
        let code = if ["openssl", "docker-py"].contains(&who) {
            "F304"
        } else {
            "F306"
        };
        reader.first(who, &text, code);
    }
    for (who, text) in every_client("127.0.0.1", free_port(), &client) {
        if who == "openssl" {
            reader.among(who, &text, "F901");
        } else {
            reader.first(who, &text, "F901");
        }
    }
    reader.done("servers not to be trusted", 50);
}

#[test]
fn what_docker_20_and_its_clients_say_of_wrong_clients() {
    wrong_clients(Version::V20);
}

#[test]
fn what_docker_28_and_its_clients_say_of_wrong_clients() {
    wrong_clients(Version::V28);
}

fn wrong_clients(version: Version) {
    let mut reader = Reader::default();
    let scratch = Scratch::new("messages");
    let authority = Authority::new(&scratch.path().join("ours"), "authority");
    let foreign = Authority::new(&scratch.path().join("foreign"), "another");
    let daemon = mutual(version, &authority.issue(&SERVER), &authority.anchor());
    let late = authority.issue(&Leaf {
        name: "late",
        when: "-200d",
        ..CLIENT
    });
    let server = authority.issue(&Leaf {
        name: "impostor",
        usage: "serverAuth",
        ..CLIENT
    });
    let stranger = foreign.issue(&CLIENT);
    fs::copy(authority.anchor(), stranger.join("ca.pem")).unwrap();
    for (dir, code) in [(&late, "F301"), (&server, "F336"), (&stranger, "F338")] {
        for (who, text) in every_client("127.0.0.1", daemon.port, dir) {
            // An alert alone does not always say why; what the daemon says does.
            reader.among(who, &text, code);
        }
        let request = Request::new("127.0.0.1", daemon.port, dir);
        let log = daemon.says(|| drop(request.curl(Tls::V13)));
        reader.first("dockerd", &log, code);
    }
    let nobody = scratch.path().join("nobody");
    fs::create_dir(&nobody).unwrap();
    fs::copy(authority.anchor(), nobody.join("ca.pem")).unwrap();
    let mut texts = every_client("127.0.0.1", daemon.port, &nobody);
    texts.retain(|(who, _)| !["docker-py", "dockerode"].contains(who));
    for (who, text) in texts {
        reader.first(who, &text, "F522");
    }
    for (who, text) in [("docker-py", "F506"), ("dockerode", "F506")] {
        let request = Request::new("127.0.0.1", daemon.port, &nobody);
        let attempt = if who == "docker-py" {
            request.python()
        } else {
            request.dockerode()
        };
        reader.first(who, told(&attempt.text), text);
    }
    let request = Request::new("127.0.0.1", daemon.port, &nobody);
    reader.first(
        "dockerd",
        &daemon.says(|| drop(request.curl(Tls::V13))),
        "F522",
    );
    // Clients that do not trust the daemon.
    let request = Request::new(
        "127.0.0.1",
        daemon.port,
        &foreign.issue(&Leaf {
            name: "mistrust",
            ..CLIENT
        }),
    );
    let log = daemon.says(|| drop(request.curl(Tls::V13)));
    reader.first("dockerd", &log, "F316");
    let log =
        daemon.says(|| drop(request.docker(&lab().docker_cli(Version::V28), &Told::CertPath)));
    reader.first("dockerd", &log, "F316");
    reader.done(&format!("wrong clients of dockerd {version:?}"), 28);
}

/// A daemon that takes nobody without a certificate.
struct Mutual {
    daemon: Dockerd,
    port: u16,
}

fn mutual(version: Version, server: &Path, anchor: &Path) -> Mutual {
    let port = free_port();
    let builder = Dockerd::builder(version)
        .flag(&format!("--host=tcp://127.0.0.1:{port}"))
        .flag("--tlsverify")
        .flag(&format!("--tlscacert={}", anchor.display()))
        .flag(&format!("--tlscert={}", server.join("cert.pem").display()))
        .flag(&format!("--tlskey={}", server.join("key.pem").display()));
    Mutual {
        daemon: builder.start(),
        port,
    }
}

impl Mutual {
    /// What it logs while `act` runs.
    fn says(&self, act: impl FnOnce()) -> String {
        let before = self.daemon.log().len();
        act();
        let new = || {
            self.daemon
                .log()
                .get(before..)
                .unwrap_or_default()
                .to_owned()
        };
        becomes(Duration::from_secs(5), || {
            new().contains("TLS handshake error")
        });
        new()
    }
}

/// OpenSSL's own server, with any certificate.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(dir: &Path) -> Self {
        let port = free_port();
        let child = Command::new("openssl")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(dir)
            .args([
                "s_server", "-quiet", "-www", "-cert", "cert.pem", "-key", "key.pem",
            ])
            .args(["-accept", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("openssl s_server", Duration::from_secs(10), || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { child, port }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
