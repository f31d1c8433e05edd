//! Scopes: one authority, groups of hosts, and a certificate for one group that opens no other.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::clients::{Attempt, Request, Told};
use sealock_testkit::dockerd::{Container, Dockerd};
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, free_port, run};
use sealock_testkit::scratch::Scratch;

use crate::common::program;

/// One vault, and what several hosts want of it.
struct Vault(Scratch);

impl Vault {
    fn new(name: &str) -> Self {
        let vault = Self(Scratch::new(name));
        let _ = vault.run("none", &["ca", "create"]).expect_code(0);
        vault
    }

    fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// The `sealock.toml` of a host.
    fn config(&self, host: &str) -> PathBuf {
        self.0.join(&format!("{host}.toml"))
    }

    fn run(&self, host: &str, words: &[&str]) -> Outcome {
        let mut command = Command::new(program());
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.0.path())
            .arg("--home")
            .arg(self.home())
            .arg("--config")
            .arg(self.config(host))
            .args(words);
        run(&mut command)
    }

    fn clients(&self, scope: &str) -> PathBuf {
        self.home().join("scopes").join(scope).join("clients")
    }
}

/// A daemon of a scope.
struct Host {
    daemon: Dockerd,
    container: Container,
    port: u16,
}

impl Host {
    fn up(vault: &Vault, scope: &str, clients: &[&str]) -> Self {
        let daemon = Dockerd::builder(Version::V28).hosts_in_config().start();
        let container = daemon.run_container("lives");
        let port = free_port();
        let listen = format!("127.0.0.1:{port}");
        let paths = [
            daemon.config_file(),
            daemon.socket(),
            daemon.restart_script(),
        ]
        .map(|path| path.display().to_string());
        let mut words = vec!["up", "--yes", "--scope", scope, "--listen", &listen];
        words.extend(["--docker-config", &paths[0], "--docker-socket", &paths[1]]);
        words.extend(["--restart-command", &paths[2]]);
        for client in clients {
            words.extend(["--client", client]);
        }
        let _ = vault.run(scope, &words).expect_code(0);
        Self {
            daemon,
            container,
            port,
        }
    }

    fn asks(&self, dir: &Path) -> Attempt {
        Request::new("127.0.0.1", self.port, dir)
            .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
    }

    fn trusted(&self) -> PathBuf {
        self.daemon.folder().join("etc/sealock/live/ca.pem")
    }

    #[track_caller]
    fn lives(&self) {
        let pid = self.daemon.container_pid(&self.container.id);
        assert_eq!(pid, Some(self.container.pid));
    }
}

#[test]
fn a_certificate_for_one_scope_opens_no_other() {
    let vault = Vault::new("scopes");
    for scope in ["edge", "office"] {
        let added = vault
            .run("none", &["ca", "scope", "add", scope])
            .expect_code(0);
        assert!(
            added
                .stderr
                .contains(&format!("sealock up --scope {scope}")),
            "{added}"
        );
    }
    let edge = Host::up(&vault, "edge", &["alice", "bob"]);
    let office = Host::up(&vault, "office", &["alice"]);

    // Two clients of one name, in folders of their own.
    let [at_edge, at_office] = ["edge", "office"].map(|scope| vault.clients(scope).join("alice"));
    let leaf = |dir: &Path| std::fs::read(dir.join("cert.pem")).unwrap();
    assert_ne!(leaf(&at_edge), leaf(&at_office));
    edge.asks(&at_edge).expect_in();
    office.asks(&at_office).expect_in();
    for (host, dir) in [(&edge, &at_office), (&office, &at_edge)] {
        let refused = host.asks(dir);
        refused.expect_out();
        assert!(
            refused.text.contains("tls: certificate required")
                || refused.text.contains("tls: unknown certificate authority"),
            "{}",
            refused.text
        );
    }
    // One server anchor proves both to both.
    let trust = |dir: &Path| std::fs::read(dir.join("ca.pem")).unwrap();
    assert_eq!(trust(&at_edge), trust(&at_office));
    assert_ne!(
        std::fs::read(edge.trusted()).unwrap(),
        std::fs::read(office.trusted()).unwrap()
    );

    // It is told everywhere.
    let shown = vault.run("edge", &["ca", "show"]).ok();
    assert!(
        shown.contains("client of edge") && shown.contains("OU=office"),
        "{shown}"
    );
    let listed = vault.run("edge", &["cert", "list"]).ok();
    assert!(
        listed.contains("client of edge") && listed.contains("client of office"),
        "{listed}"
    );
    let scopes = vault.run("edge", &["--json", "ca", "scope", "list"]).ok();
    let scopes: serde_json::Value = serde_json::from_str(&scopes).unwrap();
    assert_eq!(scopes["scopes"][1]["scope"], "edge");
    assert_eq!(
        scopes["scopes"][1]["clients"],
        serde_json::json!(["alice", "bob"])
    );
    let clients = vault.run("office", &["client", "list"]).ok();
    assert!(
        clients.contains("alice") && !clients.contains("bob"),
        "{clients}"
    );
    let environment = vault.run("edge", &["client", "env", "bob"]).ok();
    assert!(
        environment.contains("/scopes/edge/clients/bob"),
        "{environment}"
    );
    let exported = vault
        .run("edge", &["ca", "export", "client", "--scope", "office"])
        .ok();
    assert_eq!(
        exported.as_bytes(),
        std::fs::read(office.trusted()).unwrap()
    );

    // A certificate for the other scope, made from here.
    let dir = vault.0.join("ci");
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(at_edge.join("ca.pem"), dir.join("ca.pem")).unwrap();
    let [cert, key] = ["cert.pem", "key.pem"].map(|file| dir.join(file).display().to_string());
    let issue = [
        "cert",
        "issue",
        "ci",
        "--profile",
        "client",
        "--cert",
        &cert,
        "--key",
        &key,
    ];
    let _ = vault
        .run("edge", &[&issue[..], &["--scope", "office"]].concat())
        .expect_code(0);
    office.asks(&dir).expect_in();
    edge.asks(&dir).expect_out();

    let before = leaf(&dir);
    let _ = vault.run("edge", &["renew", "ci", "--yes"]).expect_code(0);
    assert_ne!(leaf(&dir), before);
    office.asks(&dir).expect_in();
    edge.asks(&dir).expect_out();
    for scope in ["edge", "office"] {
        let _ = vault.run(scope, &["status"]).expect_code(0);
        let again = vault.run(scope, &["apply", "--yes"]).expect_code(0);
        assert!(again.stderr.starts_with("0 changes"), "{again}");
        let _ = vault.run(scope, &["check"]).expect_code(0);
    }

    let wrong = ["--yes", "cert", "revoke", "ci", "--scope", "edge"];
    let refused = vault.run("edge", &wrong).expect_code(2);
    assert!(
        refused
            .stderr
            .contains("those of ci are of the scope office"),
        "{refused}"
    );
    let right = ["--yes", "cert", "revoke", "ci", "--scope", "office"];
    let _ = vault.run("edge", &right).expect_code(0);

    // The same name in two scopes is revoked in both, with a list for each.
    let said = vault
        .run("edge", &["--yes", "cert", "revoke", "alice"])
        .expect_code(0);
    assert!(
        said.stderr.contains("of the scope edge") && said.stderr.contains("of the scope office"),
        "{said}"
    );
    for scope in ["edge", "office"] {
        assert!(
            vault
                .home()
                .join(format!("crl/sealock-client@{scope}-1.pem"))
                .exists()
        );
    }
    // Each host is swapped by itself.
    let said = vault
        .run("edge", &["--yes", "cert", "revoke", "alice", "--swap"])
        .expect_code(0);
    assert!(
        said.stderr
            .contains("the scope office of the authority sealock let alice in as before"),
        "{said}"
    );
    edge.asks(&at_edge).expect_out();
    edge.asks(&vault.clients("edge").join("bob")).expect_in();
    office.asks(&at_office).expect_in();
    edge.lives();
    office.lives();
    wrong_anchor_is_found(&vault, &office);
}

/// Somebody has copied the anchor of another scope beside the right one.
fn wrong_anchor_is_found(vault: &Vault, office: &Host) {
    let _ = vault.run("office", &["check"]);
    let other = vault.run("edge", &["ca", "export", "client"]).ok();
    let trusted = std::fs::canonicalize(office.trusted()).unwrap();
    let right = std::fs::read_to_string(&trusted).unwrap();
    std::fs::write(&trusted, format!("{right}{other}")).unwrap();
    let found = vault.run("office", &["check"]).expect_code(3);
    let said = found
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(said.contains("SL-F339"), "{found}");
    assert!(
        said.contains(
            "is the client anchor of the scope edge; that of the scope office is expected"
        ),
        "{found}"
    );
    // It is mended like any drift, and nobody is asked for leave to shut strangers out.
    let _ = vault.run("office", &["apply", "--yes"]).expect_code(0);
    assert_eq!(std::fs::read_to_string(office.trusted()).unwrap(), right);
    office.lives();
}

#[test]
fn a_host_that_changes_its_scope_shuts_the_old_one_out_with_leave() {
    let vault = Vault::new("moving");
    let _ = vault
        .run("none", &["ca", "scope", "add", "edge"])
        .expect_code(0);
    let host = Host::up(&vault, "edge", &["alice"]);
    let old = vault.0.join("old");
    std::fs::create_dir(&old).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        std::fs::copy(
            vault.clients("edge").join("alice").join(file),
            old.join(file),
        )
        .unwrap();
    }
    host.asks(&old).expect_in();
    let text = std::fs::read_to_string(vault.config("edge")).unwrap();
    let unknown = text.replace("scope = \"edge\"", "scope = \"egde\"");
    std::fs::write(vault.config("edge"), unknown).unwrap();
    let refused = vault.run("edge", &["apply", "--yes"]).expect_code(1);
    for words in ["SL-U084", "known are: edge", "write edge"] {
        assert!(refused.stderr.contains(words), "{refused}");
    }
    let absent = text.replace("name = \"sealock\"", "name = \"fresh\"");
    std::fs::write(vault.config("edge"), absent).unwrap();
    let refused = vault.run("edge", &["apply", "--yes"]).expect_code(1);
    for words in [
        "SL-U084",
        "not in the vault yet",
        "sealock ca create --name fresh",
    ] {
        assert!(refused.stderr.contains(words), "{refused}");
    }
    std::fs::write(vault.config("edge"), text.replace("scope = \"edge\"\n", "")).unwrap();
    let plan = vault.run("edge", &["plan"]).expect_code(3);
    assert!(plan.stderr.contains("ca.pem"), "{plan}");
    let refused = vault.run("edge", &["apply", "--yes"]).expect_code(1);
    for words in [
        "SL-U004",
        "from the scope edge to no scope",
        "--accept replace-tls",
    ] {
        assert!(refused.stderr.contains(words), "{refused}");
    }
    host.asks(&old).expect_in();
    let _ = vault
        .run("edge", &["apply", "--yes", "--accept", "replace-tls"])
        .expect_code(0);
    host.asks(&old).expect_out();
    host.asks(&vault.home().join("clients/alice")).expect_in();
    host.lives();
    let again = vault.run("edge", &["apply", "--yes"]).expect_code(0);
    assert!(again.stderr.starts_with("0 changes"), "{again}");
}

#[test]
fn mistakes_with_scopes_are_named() {
    let vault = Vault::new("mistaken");
    let issue = [
        "cert",
        "issue",
        "a",
        "--cert",
        "/dev/null",
        "--key",
        "/dev/null",
    ];
    let issue = |words: &[&str]| vault.run("none", &[&issue[..], words].concat());
    let says = |outcome: Outcome, code, words: &[&str]| {
        let outcome = outcome.expect_code(code);
        for word in words {
            assert!(outcome.stderr.contains(word), "{word}: {outcome}");
        }
    };
    let add = |name: &str| vault.run("none", &["ca", "scope", "add", name]);
    for name in ["a b", "../x", "", "\u{1b}[2J", &"x".repeat(33)] {
        says(add(name), 2, &["SL-U085"]);
    }
    says(
        issue(&["--profile", "client", "--scope", "edge"]),
        1,
        &["SL-U084", "it has none yet", "sealock ca scope add edge"],
    );
    let _ = add("edge").expect_code(0);
    says(add("edge"), 1, &["SL-U086", "sealock ca scope list"]);
    says(
        issue(&["--profile", "client", "--scope", "egde"]),
        1,
        &["SL-U084", "known are: edge", "write edge"],
    );
    says(
        issue(&["--profile", "server", "--scope", "edge"]),
        2,
        &["SL-U085", "a server certificate has no scope"],
    );
    says(
        vault.run("none", &["ca", "export", "client", "--scope", "no"]),
        1,
        &["SL-U084"],
    );
    // A swap where it would shut nobody out.
    let cert = vault.0.join("a.pem").display().to_string();
    let key = vault.0.join("a.key").display().to_string();
    let client = [
        "cert",
        "issue",
        "a",
        "--profile",
        "client",
        "--scope",
        "edge",
    ];
    let files = ["--cert", &cert, "--key", &key];
    let _ = vault
        .run("none", &[&client[..], &files].concat())
        .expect_code(0);
    std::fs::write(vault.config("own"), "version = 1\n[daemon]\n").unwrap();
    says(
        vault.run("own", &["--yes", "cert", "revoke", "a", "--swap"]),
        1,
        &[
            "SL-U087",
            "the scope edge of the authority sealock",
            "the revocation stands",
        ],
    );
    let shown = vault.run("own", &["ca", "crl", "show"]).ok();
    assert!(shown.contains("sealock client edge 1"), "{shown}");
    // A host of a scope whose authority is not there.
    let text = "version = 1\n[authority]\nname = \"other\"\nscope = \"edge\"\n[daemon]\n";
    std::fs::write(vault.config("other"), text).unwrap();
    says(
        vault.run("other", &["client", "add", "bob"]),
        1,
        &["SL-U006", "the vault has no authority other"],
    );
}

#[test]
fn a_scope_of_a_sealed_authority_is_sealed_with_the_same_passphrase() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("sealed");
    let secret = |name: &str, text: &str| {
        let path = scratch.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        format!("file:{}", path.display())
    };
    let (right, wrong) = (
        secret("right", "one two three four"),
        secret("wrong", "five"),
    );
    let vault = Vault(Scratch::new("vault"));
    let with =
        |seal: &str, words: &[&str]| vault.run("none", &[&["--passphrase", seal], words].concat());
    let _ = with(&right, &["ca", "create"]).expect_code(0);
    let slip = with(&wrong, &["ca", "scope", "add", "edge"]).expect_code(1);
    assert!(slip.stderr.contains("SL-V013"), "{slip}");
    let added = with(&right, &["ca", "scope", "add", "edge"]).expect_code(0);
    assert!(
        added.stderr.contains("key sealed with the passphrase"),
        "{added}"
    );
    let shown = vault.run("none", &["ca", "show"]).ok();
    assert!(!shown.contains("not sealed"), "{shown}");
}
