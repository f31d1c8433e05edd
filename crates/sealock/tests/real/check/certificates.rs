//! Certificates of every fault at a real dockerd: `sealock check` on the host and from outside, and what docker says.
//!
//! The daemons of this folder were never cloaked: their certificates are made by the openssl command, as most are.

mod anchors;
mod clients;
mod forge;
mod kept;
mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sealock_testkit::clients::{Attempt, Request, Tls, Told};
use sealock_testkit::dockerd::Dockerd;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::free_port;

use self::forge::{ANCHOR, CLIENT, Forge, Recipe, SERVER};
use super::ground::Found;
use crate::common::{Sealock, report};
use crate::messages::{explain, told};

/// A daemon behind mutual TLS that somebody set up by hand.
struct Ground {
    daemon: Dockerd,
    sealock: Sealock,
    forge: Forge,
    port: u16,
}

/// What stands in the daemon's folder and in the client's, when all is well.
const SOUND: [(&str, &[&str]); 6] = [
    ("live/ca.pem", &["clients.pem"]),
    ("live/cert.pem", &["server.pem"]),
    ("live/key.pem", &["server.key"]),
    ("zone/ca.pem", &["servers.pem"]),
    ("zone/cert.pem", &["client.pem"]),
    ("zone/key.pem", &["client.key"]),
];

impl Ground {
    fn new(version: Version) -> Self {
        let port = free_port();
        let keys = match version {
            Version::V20 => r#""deprecated-key-path": "@FOLDER@/key.json","#,
            _ => "",
        };
        let text = format!(
            r#"{{{keys}
                "hosts": ["unix://@SOCKET@", "tcp://127.0.0.1:{port}"],
                "live-restore": true,
                "tlsverify": true,
                "tlscacert": "@FOLDER@/live/ca.pem",
                "tlscert": "@FOLDER@/live/cert.pem",
                "tlskey": "@FOLDER@/live/key.pem"
            }}"#
        );
        let daemon = Dockerd::builder(version)
            .hosts_in_config()
            .config(&text)
            .prepare();
        for folder in ["live", "zone", "sealock"] {
            fs::create_dir(daemon.folder().join(folder)).unwrap();
        }
        let ground = Self {
            sealock: Sealock::in_folder(&daemon.folder().join("sealock")),
            forge: Forge::new(daemon.folder().join("forge")),
            daemon,
            port,
        };
        ground.forge.make("servers", &ANCHOR);
        let clients = Recipe {
            subject: "/CN=Hand-made clients",
            key: "client-anchor",
            ..ANCHOR
        };
        ground.forge.make("clients", &clients);
        ground.forge.make("server", &SERVER);
        ground.forge.make("client", &CLIENT);
        ground.heal();
        let _ = ground.daemon.start();
        ground
    }

    /// Puts every file back; what the daemon has loaded is another matter.
    fn heal(&self) {
        self.put(&SOUND);
    }

    /// Writes files, each of these parts.
    fn put(&self, files: &[(&str, &[&str])]) {
        for (file, parts) in files {
            let (path, bytes) = (self.path(file), self.forge.read(parts));
            // What is as it was keeps its time, too.
            if fs::read(&path).ok().as_ref() != Some(&bytes) {
                fs::write(&path, bytes).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            }
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.daemon.folder().join(file)
    }

    /// What `sealock check` finds on the host.
    #[track_caller]
    fn inside(&self) -> Found {
        self.sealock.check(&[
            "--short",
            "--docker-config",
            &self.daemon.config_file().display().to_string(),
            "--docker-socket",
            &self.daemon.socket().display().to_string(),
            "--cert-path",
            &self.path("zone").display().to_string(),
        ])
    }

    /// What it finds from outside, when the host is called so.
    #[track_caller]
    fn outside(&self, name: &str) -> Found {
        let endpoint = format!("tcp://{name}:{}", self.port);
        let zone = self.path("zone").display().to_string();
        self.sealock
            .check(&["--short", "--cert-path", &zone, &endpoint])
    }

    fn request(&self, name: &str) -> Request {
        Request::new(name, self.port, &self.path("zone"))
    }

    /// What docker's client gets, when the host is called so.
    fn docker(&self, name: &str) -> Attempt {
        self.request(name)
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
    }

    /// What curl gets.
    fn curl(&self, name: &str) -> Attempt {
        self.request(name).curl(Tls::V13)
    }

    /// All is well again.
    #[track_caller]
    fn is_sound(&self) {
        self.inside().expect_nothing();
        self.outside("127.0.0.1").expect_nothing();
        self.docker("127.0.0.1").expect_in();
        self.curl("127.0.0.1").expect_in();
    }
}

/// What was not as it should be, all cases together.
#[derive(Default)]
struct Judge {
    cases: usize,
    wrong: String,
}

impl Judge {
    /// This has to be told first, and to bite so.
    fn first(&mut self, who: &str, what: &str, found: &Found, expected: (&str, &str)) {
        let first = found.findings().next();
        let told = first.map(|first| (first["code"].as_str(), first["severity"].as_str()));
        if told != Some((Some(expected.0), Some(expected.1))) {
            self.wrong(&format!(
                "{who}, {what}: expected {expected:?}, found\n{found}"
            ));
        }
        self.cases += 1;
    }

    /// This has to be told first, however it bites.
    fn first_of(&mut self, who: &str, what: &str, found: &Found, code: &str) {
        let severity = found
            .findings()
            .next()
            .and_then(|first| first["severity"].as_str());
        self.first(who, what, found, (code, severity.unwrap_or_default()));
    }

    /// A real client gets in when there is nothing that it could say; what it says is read as this.
    fn client(&mut self, what: &str, attempt: &Attempt, code: &str) {
        let said = &attempt.text;
        if attempt.got_in != code.is_empty() {
            let outcome = if attempt.got_in { "in" } else { "not in" };
            self.wrong(&format!("{what}: a client got {outcome}:\n{said}"));
        } else if !attempt.got_in {
            let read = explain(told(said));
            if !read.contains(&code.replace("SL-", "")) {
                self.wrong(&format!(
                    "{what}: expected {code}, read {read:?} in\n{said}"
                ));
            }
        }
        self.cases += 1;
    }

    fn wrong(&mut self, text: &str) {
        self.wrong.push_str(text);
        self.wrong.push('\n');
    }

    /// With what another one saw.
    fn and(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.wrong.push_str(&other.wrong);
        self
    }

    #[track_caller]
    fn done(self) {
        assert!(self.wrong.is_empty(), "\n{}", self.wrong);
        report(&format!("certificates: {} looks", self.cases));
    }
}
