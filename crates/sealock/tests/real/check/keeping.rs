//! The vault, the clocks, and what sealock.toml asks for, of a host that was cloaked a day ago.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{run, wait_for};

use super::ground::Found;
use crate::common::{Host, faketime};

#[test]
fn what_is_kept() {
    let host = Host::new(Version::V28);
    cloaked(&host, "-1d");
    // It keeps what is good, and notes how the daemon is restarted.
    let _ = host.up(&[]).expect_code(0);
    look(&host).expect_nothing();
    clocks(&host);
    vault(&host);
    drift(&host);
    interrupted(&host);
    inventory(&host);
    host.lives();
}

#[test]
fn what_is_due() {
    let host = Host::new(Version::V20);
    cloaked(&host, "-62d");
    let found = host.sealock.check(&["--short", "--min-days", "10"]);
    told(&found, "SL-F806", "soon");
    let _ = host.up(&[]).expect_code(0);
    host.sealock
        .check(&["--short", "--min-days", "10"])
        .expect_nothing();
}

/// Cloaked at another time. No proof at that time: dockerd, whose clock is right, would refuse what sealock proves with.
fn cloaked(host: &Host, when: &str) {
    let up = host.up_without_restart(&[]);
    let _ = run(&mut faketime(when, up)).expect_code(3);
    host.daemon.restart();
}

#[track_caller]
fn look(host: &Host) -> Found {
    host.sealock.check(&["--short"])
}

#[track_caller]
fn told(found: &Found, code: &str, severity: &str) {
    found.expect_first(code);
    assert_eq!(found.finding(code)["severity"], severity, "{found}");
}

fn clocks(host: &Host) {
    let at = |when: &str, words: &[&str]| {
        let mut all = vec!["--json", "check"];
        all.extend(words);
        Found::of(run(&mut faketime(when, host.sealock.command(&all))))
    };
    told(&at("-30d", &["--short"]), "SL-F801", "down");
    let endpoint = format!("tcp://{}", host.listen());
    let behind = at("-8m", &[&endpoint]);
    told(&behind, "SL-F802", "weak");
    assert!(
        behind.to_string().contains("minutes ahead of ours"),
        "{behind}"
    );
}

fn vault(host: &Host) {
    let path = host.sealock.home().join("vault.db");
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    told(&look(host), "SL-F803", "latent");
    fs::write(&path, "no database").unwrap();
    told(&look(host), "SL-F803", "latent");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    look(host).expect_nothing();
}

/// Somebody took our listener out of `daemon.json`.
fn drift(host: &Host) {
    let config = host.daemon.config_file();
    let text = fs::read_to_string(&config).unwrap();
    let ours = format!(", \"tcp://{}\"", host.listen());
    assert!(text.contains(&ours), "{text}");
    fs::write(&config, text.replace(&ours, "")).unwrap();
    told(&look(host), "SL-F805", "latent");
    fs::write(&config, text).unwrap();
    look(host).expect_nothing();
}

/// Killed while the daemon was about to restart.
fn interrupted(host: &Host) {
    let script = host.daemon.restart_script();
    let (text, gate) = (
        fs::read_to_string(&script).unwrap(),
        host.daemon.folder().join("gate"),
    );
    let gated = format!(
        "#!/bin/sh\ntouch {0}.reached\nwhile [ -e {0} ]; do sleep 0.02; done\nexit 1\n",
        gate.display()
    );
    fs::write(&gate, "").unwrap();
    fs::write(&script, gated).unwrap();
    fs::remove_file(host.live().join("server-cert.pem")).unwrap();
    let mut apply = host
        .sealock
        .command(&["apply", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the restart", Duration::from_secs(30), || {
        gate.with_extension("reached").exists()
    });
    apply.kill().unwrap();
    let _killed = apply.wait().unwrap();
    fs::remove_file(&gate).unwrap();
    fs::write(&script, text).unwrap();
    let found = look(host);
    told(&found, "SL-F804", "latent");
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    look(host).expect_nothing();
}

/// Bob's certificate in the folder of alice.
fn inventory(host: &Host) {
    let _ = host.sealock.run(&["client", "add", "bob"]).expect_code(0);
    let copy = |from: &str, to: &str| {
        for file in ["cert.pem", "key.pem"] {
            let to = host.client(to).join(file);
            let _absent = fs::remove_file(&to);
            fs::copy(host.client(from).join(file), to).unwrap();
        }
    };
    fs::create_dir(host.client("kept")).unwrap();
    copy("alice", "kept");
    copy("bob", "alice");
    told(
        &host.sealock.check(&["--client", "alice"]),
        "SL-F807",
        "latent",
    );
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    fs::remove_dir_all(host.client("kept")).unwrap();
    look(host).expect_nothing();
}
