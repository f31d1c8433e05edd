//! A vault whose issuer keys are sealed with a passphrase.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use sealock_testkit::lab::Version;
use sealock_testkit::leak::Secrets;
use sealock_testkit::process::{Outcome, run};

use crate::common::{Host, Sealock};

const PASSPHRASE: &str = "vier bunte Boote im Nebel";

#[test]
fn issuer_keys_are_sealed_and_the_passphrase_is_seen_nowhere() {
    let host = Host::new(Version::V28);
    let file = passphrase_file(&host, "pass", PASSPHRASE);
    let up = host.up_without_restart(&["--passphrase", &file]);
    let secrets = Secrets::new().word(PASSPHRASE);
    // Restarted by hand: strace would follow dockerd and wait for its end.
    let (leaks, up) = secrets.in_run(&up);
    let _ = up.expect_code(3);
    assert_eq!(leaks, []);
    host.daemon.restart();
    assert_eq!(secrets.in_readable_files(&host.sealock.home()), []);
    assert_eq!(
        secrets.in_text("dockerd's log", host.daemon.log().as_bytes()),
        []
    );
    for key in fs::read_dir(host.sealock.home().join("issuers")).unwrap() {
        let pem = fs::read_to_string(key.unwrap().path()).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    }

    let without = host.sealock.run(&["status"]).expect_code(1);
    assert!(without.stderr.contains("error[SL-U010]"), "{without}");
    let wrong = passphrase_file(&host, "wrong", "fünf bunte Boote");
    let wrong = host.sealock.run(&["status", "--passphrase", &wrong]);
    let wrong = wrong.expect_code(1);
    assert!(wrong.stderr.contains("error[SL-V"), "{wrong}");
    assert!(wrong.stderr.contains("passphrase"), "{wrong}");

    let _ = host
        .sealock
        .run(&["status", "--passphrase", &file])
        .expect_code(0);
    let by_descriptor =
        with_descriptor(&host.sealock, &file, &["status", "--passphrase", "fd:3"]).expect_code(0);
    assert!(by_descriptor.stdout.contains("healthy"), "{by_descriptor}");
    let apply = host
        .sealock
        .run(&["apply", "--yes", "--passphrase", &file])
        .expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");

    let script = host.daemon.restart_script().display().to_string();
    let second = format!("127.0.0.2:{}", host.port);
    let up = run(&mut host.up_without_restart(&[
        "--restart-command",
        &script,
        "--passphrase",
        &file,
        "--listen",
        &second,
    ]));
    let _ = up.expect_code(0);
    for of_dockerd in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{of_dockerd}", host.daemon.pid().unwrap());
        assert_eq!(secrets.in_text(&path, &fs::read(&path).unwrap()), []);
    }

    // The way back needs no secret: who lost the passphrase must not be locked in.
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    host.lives();
}

/// Writes a passphrase where only root reads it; gives the word for `--passphrase`.
fn passphrase_file(host: &Host, name: &str, passphrase: &str) -> String {
    let path = host.daemon.folder().join(name);
    fs::write(&path, format!("{passphrase}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// Runs sealock with descriptor 3 open on the file.
fn with_descriptor(sealock: &Sealock, file: &str, words: &[&str]) -> Outcome {
    let command = sealock.command(words);
    let path = file.strip_prefix("file:").unwrap();
    run(Command::new("sh")
        .args(["-c", "exec \"$@\" 3<\"$0\"", path])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin"))
}
