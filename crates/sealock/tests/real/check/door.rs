//! Everybody who can get in and must not, at real daemons and at a real proxy; each is let in before our eyes.

mod proxy;

use std::fs;
use std::path::Path;
use std::process::Command;

use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, call, run};
use serde_json::{Map, Value, json};

use super::ground::Found;
use crate::common::{Host, Sealock, faketime};

#[test]
fn docker_20() {
    doors(Version::V20);
}

#[test]
fn docker_28() {
    doors(Version::V28);
}

fn doors(version: Version) {
    let host = Host::new(version);
    // The anchors have to be older than what has expired under them.
    let create = host.sealock.command(&["ca", "create"]);
    let _ = run(&mut faketime("-300d", create)).expect_code(0);
    let _ = host.up(&[]).expect_code(0);
    let healthy = fs::read_to_string(host.daemon.config_file()).unwrap();
    for door in &SETTINGS {
        door.is_set(&host, &healthy);
        told(&look(&host), door.code, "latent");
    }
    let nobody_named = changed(&healthy, &[("tlscacert", None)]);
    fs::write(host.daemon.config_file(), &nobody_named).unwrap();
    told(&look(&host), "SL-F104", "latent");
    for door in &SETTINGS {
        door.is_set(&host, &healthy);
        door.opens(&host);
    }
    fs::write(host.daemon.config_file(), nobody_named).unwrap();
    any_authority_of_the_system(&host);
    fs::write(host.daemon.config_file(), &healthy).unwrap();
    host.daemon.restart();
    look(&host).expect_nothing();
    a_clock_that_is_behind(&host);
    if version == Version::V28 {
        proxy::lets_in(&host);
    }
    revoked(&host);
    host.lives();
}

/// Settings of `daemon.json` with which anybody gets in.
struct Door {
    code: &'static str,
    /// What is told of it from outside.
    outside: &'static str,
    changes: &'static [(&'static str, Option<bool>)],
    /// How anybody gets in.
    scheme: &'static str,
}

const SETTINGS: [Door; 3] = [
    Door {
        code: "SL-F112",
        outside: "SL-F102",
        changes: &[("tlsverify", Some(false))],
        scheme: "https",
    },
    Door {
        code: "SL-F110",
        outside: "SL-F101",
        changes: &[("tls", None), ("tlsverify", None)],
        scheme: "http",
    },
    Door {
        code: "SL-F108",
        outside: "SL-F101",
        changes: &[
            ("tls", Some(false)),
            ("tlsverify", None),
            ("tlscacert", None),
            ("tlscert", None),
            ("tlskey", None),
        ],
        scheme: "http",
    },
];

impl Door {
    fn is_set(&self, host: &Host, healthy: &str) {
        let changes = self.changes.iter();
        let changes: Vec<_> = changes
            .map(|(key, value)| (*key, value.map(Value::from)))
            .collect();
        fs::write(host.daemon.config_file(), changed(healthy, &changes)).unwrap();
    }

    #[track_caller]
    fn opens(&self, host: &Host) {
        host.daemon.restart();
        let url = format!("{}://{}/_ping", self.scheme, host.listen());
        assert_eq!(curl(&[&url]).ok(), "OK");
        told(&look(host), self.code, "open");
        told(&outside(host), self.outside, "open");
    }
}

/// The healthy text with other values; none takes a key away.
fn changed(healthy: &str, changes: &[(&str, Option<Value>)]) -> String {
    let mut keys: Map<String, Value> = serde_json::from_str(healthy).unwrap();
    for (key, value) in changes {
        match value {
            None => keys.remove(*key),
            Some(value) => keys.insert((*key).to_owned(), value.clone()),
        };
    }
    json!(keys).to_string()
}

#[track_caller]
fn look(host: &Host) -> Found {
    host.sealock.check(&["--short"])
}

#[track_caller]
fn outside(host: &Host) -> Found {
    host.sealock.check(&[&format!("tcp://{}", host.listen())])
}

#[track_caller]
fn told(found: &Found, code: &str, severity: &str) {
    found.expect_first(code);
    assert_eq!(found.finding(code)["severity"], severity, "{found}");
}

/// curl, which believes any server.
fn curl(words: &[&str]) -> Outcome {
    let mut all = vec!["-sk", "--noproxy", "*", "--max-time", "10"];
    all.extend(words);
    call("curl", &all)
}

/// A folder with a client's certificate of another sealock, and `client-ca.pem`, which signed it.
fn stranger(host: &Host) -> std::path::PathBuf {
    let folder = host.daemon.folder().join("stranger");
    fs::create_dir(&folder).unwrap();
    let sealock = Sealock::in_folder(&folder);
    let _ = sealock.run(&["ca", "create"]).expect_code(0);
    let [cert, key] = ["cert.pem", "key.pem"].map(|file| folder.join(file).display().to_string());
    let issue = [
        "cert",
        "issue",
        "alice",
        "--profile",
        "client",
        "--cert",
        &cert,
        "--key",
        &key,
    ];
    let _ = sealock.run(&issue).expect_code(0);
    let anchor = sealock.run(&["ca", "export", "client"]).expect_code(0);
    fs::write(folder.join("client-ca.pem"), anchor.stdout).unwrap();
    folder
}

/// Without tlscacert in `daemon.json` Go takes the authorities of the system. Here the system believes a stranger.
fn any_authority_of_the_system(host: &Host) {
    let stranger = stranger(host);
    let scripts = [host.daemon.start_script(), host.daemon.restart_script()];
    let plain = scripts
        .each_ref()
        .map(|script| fs::read_to_string(script).unwrap());
    let roots = format!(
        "env -i SSL_CERT_FILE='{}' ",
        stranger.join("client-ca.pem").display()
    );
    for (script, text) in scripts.iter().zip(&plain) {
        fs::write(script, text.replace("env -i ", &roots)).unwrap();
    }
    host.daemon.restart();
    let as_client = |folder: &Path| {
        let [cert, key] =
            ["cert.pem", "key.pem"].map(|file| folder.join(file).display().to_string());
        curl(&[
            "--cert",
            &cert,
            "--key",
            &key,
            &format!("https://{}/_ping", host.listen()),
        ])
    };
    assert_eq!(as_client(&stranger).ok(), "OK");
    assert!(as_client(&host.client("alice")).code != 0);
    told(&look(host), "SL-F104", "open");
    told(&outside(host), "SL-F104", "open");
    for (script, text) in scripts.iter().zip(&plain) {
        fs::write(script, text).unwrap();
    }
}

/// By its own clock the daemon is right: the certificate has five minutes left.
fn a_clock_that_is_behind(host: &Host) {
    let endpoint = format!("tcp://{}", host.listen());
    let check = host.sealock.command(&["--json", "check", &endpoint]);
    let found = Found::of(run(&mut faketime("+65m", check)));
    told(&found, "SL-F105", "open");
    found.expect("SL-F802");
}

/// dockerd reads no list of what was revoked.
fn revoked(host: &Host) {
    let set = |state: &str| {
        let script = format!(
            "import sqlite3\nc = sqlite3.connect('{}')\nc.execute(\"UPDATE certificate SET state = '{state}', \
             state_at = issued_at, reason = 1 WHERE identity LIKE '%alice%'\")\nassert c.total_changes == 1\nc.commit()",
            host.sealock.home().join("vault.db").display()
        );
        let _ = run(Command::new(lab().python()).args(["-c", &script])).ok();
    };
    set("revoked");
    let [cert, key] =
        ["cert.pem", "key.pem"].map(|file| host.client("alice").join(file).display().to_string());
    let url = format!("https://{}/_ping", host.listen());
    assert_eq!(curl(&["--cert", &cert, "--key", &key, &url]).ok(), "OK");
    told(&look(host), "SL-F107", "open");
    told(&outside(host), "SL-F107", "open");
    // Without the key at hand the anchor that is still trusted says so.
    fs::rename(host.client("alice"), host.client("elsewhere")).unwrap();
    told(&look(host), "SL-F107", "open");
    fs::rename(host.client("elsewhere"), host.client("alice")).unwrap();
    set("active");
    look(host).expect_nothing();
}
