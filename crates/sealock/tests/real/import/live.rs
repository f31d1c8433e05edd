//! A real daemon that ran with what a tool left is cloaked: its old clients get in before, between and after, its
//! containers live, and new clients come.

use std::fs;
use std::path::{Path, PathBuf};

use sealock_testkit::clients::{Attempt, Request, Tls, Told};
use sealock_testkit::dockerd::{Container, Dockerd};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{call, free_port};

use super::makers::{self, make};
use crate::common::Sealock;

/// One daemon that has lived with several leftovers in turn.
struct Old {
    daemon: Dockerd,
    container: Container,
    port: u16,
}

/// What a tool made, and where the files are that the daemon and its clients were given.
struct Given {
    name: &'static str,
    script: String,
    ca: &'static str,
    server: [&'static str; 2],
    sealed: bool,
    /// What import calls the old client.
    client: &'static str,
    server_stays: bool,
    /// Whether import has to find it by itself, where the daemon's configuration leads.
    unnamed: bool,
    /// Whether it is followed to the end.
    rotates: bool,
}

impl Old {
    fn new(version: Version) -> Self {
        let daemon = Dockerd::builder(version)
            .hosts_in_config()
            .config(&config(version, "", ""))
            .start();
        let container = daemon.run_container("lives");
        Self {
            daemon,
            container,
            port: free_port(),
        }
    }

    /// The whole way with one leftover.
    #[track_caller]
    fn goes_on(&self, given: &Given) {
        let folder = self.daemon.folder().join(given.name);
        fs::create_dir_all(folder.join("left")).unwrap();
        fs::create_dir(folder.join("sealock")).unwrap();
        let left = folder.join("left");
        make(&left, &given.script);
        self.runs_with(&left, given);
        let hand = folder.join("hand");
        super::put_into(&hand, &folder.join("sealock"));
        self.lets_in(&hand, "before");

        let sealock = Sealock::in_folder(&folder.join("sealock"));
        let mut words = vec!["ca".to_owned(), "import".into()];
        if !given.unnamed {
            words.push(left.display().to_string());
        }
        for (option, path) in [
            ("--docker-config", self.daemon.config_file()),
            ("--docker-socket", self.daemon.socket()),
            ("--restart-command", self.daemon.restart_script()),
        ] {
            words.extend([option.to_owned(), path.display().to_string()]);
        }
        words.push("--yes".into());
        if given.sealed {
            let pass = folder.join("left.pass").display().to_string();
            words.extend(["--key-passphrase".to_owned(), format!("file:{pass}")]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let _ = sealock.run(&words).expect_code(0);
        self.lets_in(&hand, "between");

        let apply = sealock.run(&["apply", "--yes"]).expect_code(0);
        assert!(
            apply.stderr.contains("changes applied and proved"),
            "{apply}"
        );
        self.lets_in(&hand, "after");
        self.lives();
        let served = self.served();
        let old = fingerprint(&left.join(given.server[0]));
        assert_eq!(served == old, given.server_stays, "{}: {apply}", given.name);
        let copy = sealock
            .home()
            .join("clients")
            .join(given.client)
            .join("cert.pem");
        assert_eq!(fingerprint(&copy), fingerprint(&hand.join("cert.pem")));
        let plan = sealock.run(&["plan"]).expect_code(0);
        assert!(plan.stderr.starts_with("0 changes"), "{plan}");

        let _ = sealock.run(&["client", "add", "newcomer"]).expect_code(0);
        let newcomer = sealock.home().join("clients/newcomer");
        for (way, attempt) in self.every_way(&newcomer) {
            assert!(attempt.got_in, "{}, {way}: {}", given.name, attempt.text);
        }
        if given.rotates {
            self.moves_to_two_anchors(&sealock, &hand, &newcomer);
        }
        let _ = sealock.run(&["down", "--yes"]).expect_code(0);
        self.lets_in(&hand, "taken down");
        self.lives();
        let config = fs::read_to_string(self.daemon.config_file()).unwrap();
        assert!(config.contains(given.server[0]), "{config}");
    }

    /// The old client is renewed where it lies, and then both anchors are replaced by two of our own.
    #[track_caller]
    fn moves_to_two_anchors(&self, sealock: &Sealock, hand: &Path, newcomer: &Path) {
        let home = sealock.home().parent().unwrap().join(".docker");
        assert_eq!(
            fingerprint(&home.join("cert.pem")),
            fingerprint(&hand.join("cert.pem"))
        );
        let _ = sealock.run(&["renew", "client", "--yes"]).expect_code(0);
        assert_ne!(
            fingerprint(&home.join("cert.pem")),
            fingerprint(&hand.join("cert.pem"))
        );
        self.lets_in(&home, "renewed");
        self.lets_in(hand, "although another one was");
        let rotate = sealock.run(&["ca", "rotate", "--yes", "--drop-waiting"]);
        let rotate = rotate.expect_code(0);
        self.lets_in(&home, "rotated");
        self.lets_in(newcomer, "rotated");
        let attempt = self
            .request(hand)
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath);
        assert!(!attempt.got_in, "{rotate}");
        let shown: serde_json::Value =
            serde_json::from_str(&sealock.run(&["ca", "show", "--json"]).ok()).unwrap();
        let states: Vec<String> = shown["anchors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                format!("{} {} {}", one["purpose"], one["generation"], one["state"])
                    .replace('"', "")
            })
            .collect();
        assert_eq!(
            states,
            [
                "client 1 withdrawn",
                "client 2 active",
                "server 1 withdrawn",
                "server 2 active"
            ]
        );
        self.lives();
    }

    /// The daemon as its owner had it: with the files where the tool made them.
    fn runs_with(&self, left: &Path, given: &Given) {
        let path = |name: &str| left.join(name).display().to_string();
        let tls = format!(
            ",\n    \"tlsverify\": true,\n    \"tlscacert\": \"{}\",\n    \"tlscert\": \"{}\",\n    \"tlskey\": \"{}\"",
            path(given.ca),
            path(given.server[0]),
            path(given.server[1])
        );
        let listen = format!(", \"tcp://127.0.0.1:{}\"", self.port);
        let text = config(self.daemon.version(), &listen, &tls)
            .replace("@SOCKET@", &self.daemon.socket().display().to_string())
            .replace("@FOLDER@", &self.daemon.folder().display().to_string());
        fs::write(self.daemon.config_file(), text).unwrap();
        self.daemon.restart();
        self.lives();
    }

    #[track_caller]
    fn lets_in(&self, folder: &Path, when: &str) {
        let attempt = self
            .request(folder)
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath);
        assert!(attempt.got_in, "{when}: {}", attempt.text);
    }

    fn request(&self, folder: &Path) -> Request {
        Request::new("127.0.0.1", self.port, folder)
    }

    fn every_way(&self, folder: &Path) -> Vec<(&'static str, Attempt)> {
        let request = self.request(folder);
        let docker = |version| request.docker(&lab().docker_cli(version), &Told::CertPath);
        vec![
            ("docker 20", docker(Version::V20)),
            ("docker 28", docker(Version::V28)),
            ("curl, TLS 1.2", request.curl(Tls::V12)),
            ("openssl, TLS 1.3", request.openssl(Tls::V13)),
            ("docker-py", request.python()),
        ]
    }

    #[track_caller]
    fn lives(&self) {
        assert_eq!(
            self.daemon.container_pid(&self.container.id),
            Some(self.container.pid),
            "the container was lost"
        );
    }

    /// The fingerprint of what the daemon presents.
    fn served(&self) -> String {
        let line = format!(
            "openssl s_client -connect 127.0.0.1:{} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256",
            self.port
        );
        call("sh", &["-c", &line]).ok()
    }
}

fn fingerprint(path: &Path) -> String {
    let path: PathBuf = path.to_owned();
    let path = path.display().to_string();
    call(
        "openssl",
        &["x509", "-noout", "-fingerprint", "-sha256", "-in", &path],
    )
    .ok()
}

fn config(version: Version, listen: &str, tls: &str) -> String {
    let id = match version {
        Version::V20 => "\n    \"deprecated-key-path\": \"@FOLDER@/key.json\",",
        _ => "",
    };
    format!(
        "{{{id}\n    \"live-restore\": true,\n    \"hosts\": [\"unix://@SOCKET@\"{listen}]{tls}\n}}\n"
    )
}

#[test]
fn a_daemon_with_the_files_of_openssl_and_easy_rsa_goes_on() {
    let old = Old::new(Version::V28);
    old.goes_on(&Given {
        name: "openssl",
        script: makers::openssl_rsa_traditional(),
        ca: "ca.pem",
        server: ["server-cert.pem", "server-key.pem"],
        sealed: true,
        client: "client",
        server_stays: true,
        unnamed: true,
        rotates: true,
    });
    old.goes_on(&Given {
        name: "easy-rsa",
        script: makers::easy_rsa("rsa"),
        ca: "pki/ca.crt",
        server: ["pki/issued/h1.test.crt", "pki/private/h1.test.key"],
        sealed: true,
        client: "alice",
        server_stays: true,
        unnamed: false,
        rotates: false,
    });
}

#[test]
fn a_daemon_with_the_files_of_mkcert_cfssl_and_minica_goes_on() {
    let old = Old::new(Version::V20);
    old.goes_on(&Given {
        name: "mkcert",
        script: makers::mkcert(""),
        ca: "rootCA.pem",
        server: ["server-cert.pem", "server-key.pem"],
        sealed: false,
        client: "alice@lab.test",
        server_stays: true,
        unnamed: true,
        rotates: false,
    });
    old.goes_on(&Given {
        name: "cfssl",
        script: makers::cfssl_with_intermediate(),
        ca: "ca.pem",
        server: ["server.pem", "server-key.pem"],
        sealed: false,
        client: "alice",
        server_stays: true,
        unnamed: false,
        rotates: false,
    });
    old.goes_on(&Given {
        name: "minica",
        script: makers::minica(),
        ca: "minica.pem",
        server: ["h1.test/cert.pem", "h1.test/key.pem"],
        sealed: false,
        client: "alice.client",
        server_stays: false,
        unnamed: false,
        rotates: false,
    });
}
