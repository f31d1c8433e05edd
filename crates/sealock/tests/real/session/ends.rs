//! How a session ends: with what its command says, whoever ends it.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use sealock_testkit::process::{becomes, run};
use sealock_vault::StateKind;

use super::{Desk, Live, goes, inventory, session, signal};

#[test]
fn its_exit_code_is_that_of_the_command() {
    let desk = Desk::new("ends");
    for (script, code) in [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -HUP $$; exit 5", 129),
        ("kill -INT $$", 130),
    ] {
        let _ = desk.sealock.run(&session(&[], script)).expect_code(code);
    }
    let (_, sessions) = inventory(&desk.sealock);
    assert_eq!(sessions.len(), 7);
    assert!(
        sessions
            .iter()
            .all(|entry| entry.state.kind() == StateKind::Withdrawn)
    );
}

#[test]
fn a_command_that_cannot_run_ends_as_in_a_shell() {
    let desk = Desk::new("starts");
    let plain = desk.file("plain", "#!/bin/sh\n", 0o644);
    let orphan = desk.file("orphan", "#!/no/such/interpreter\n", 0o755);
    let folder = desk.scratch.path().display().to_string();
    for (program, exit, code, cause) in [
        (
            "no-such-command",
            127,
            "SL-U030",
            "no directory of PATH has it",
        ),
        (
            "/no/such/command",
            127,
            "SL-U030",
            "No such file or directory",
        ),
        (orphan.as_str(), 127, "SL-U030", "its #! line"),
        (plain.as_str(), 126, "SL-U031", "Permission denied"),
        (folder.as_str(), 126, "SL-U031", "Permission denied"),
    ] {
        let outcome = desk.sealock.run(&["session", "alice", "--", program]);
        let outcome = outcome.expect_code(exit);
        assert!(
            outcome.stderr.contains(&format!("error[{code}]")),
            "{outcome}"
        );
        assert!(outcome.stderr.contains(cause), "{outcome}");
        assert!(
            outcome.stderr.contains("the certificate was withdrawn"),
            "{outcome}"
        );
    }
    let (_, sessions) = inventory(&desk.sealock);
    assert_eq!(sessions.len(), 5);
    assert!(
        sessions
            .iter()
            .all(|entry| entry.state.kind() == StateKind::Withdrawn)
    );
}

#[test]
fn signals_that_reach_only_sealock_are_passed_on() {
    let desk = Desk::new("signals");
    for (name, number, code) in [("TERM", Signal::TERM, 21), ("HUP", Signal::HUP, 22)] {
        let script = format!(
            "trap 'exit {code}' {name}; echo $DOCKER_CERT_PATH; echo $$; while :; do sleep 0.02; done"
        );
        let mut live = Live::of(desk.sealock.command(&session(&[], &script)));
        let directory = live.directory.clone();
        signal(live.sealock.id(), number);
        assert_eq!(live.sealock.wait().unwrap().code(), Some(code), "{name}");
        assert!(!directory.exists());
    }
    // One that does not heed it goes on, and so does sealock: the key lives as long as who uses it.
    let mut live = Live::of(desk.sealock.command(&session(
        &[],
        "trap '' TERM; echo $DOCKER_CERT_PATH; echo $$; read line; exit 9",
    )));
    signal(live.sealock.id(), Signal::TERM);
    signal(live.sealock.id(), Signal::INT);
    signal(live.sealock.id(), Signal::QUIT);
    let ended = becomes(Duration::from_millis(300), || {
        live.sealock.try_wait().unwrap().is_some()
    });
    assert!(!ended && live.directory.exists());
    let directory = live.directory.clone();
    assert_eq!(live.end(), Some(9));
    assert!(goes(&directory));
}

#[test]
fn under_nohup_nobody_hears_a_hangup() {
    let desk = Desk::new("nohup");
    let inner = desk
        .sealock
        .command(&session(&[], "kill -HUP $$ $PPID; exit 5"));
    let mut nohup = Command::new("nohup");
    nohup
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear();
    nohup
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", desk.scratch.path());
    let _ = run(&mut nohup).expect_code(5);
}

#[test]
fn no_core_of_sealock_is_written() {
    let desk = Desk::new("core");
    let mut command = Command::new("bash");
    let inner = desk.sealock.command(&session(&[], super::WAIT));
    // As a developer has it.
    command
        .args(["-c", "ulimit -c unlimited; exec \"$@\"", "bash"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .current_dir(desk.scratch.path());
    let mut live = Live::of(command);
    signal(live.sealock.id(), Signal::ABORT);
    let status = live.sealock.wait().unwrap();
    assert!(
        status.signal().is_some() && !status.core_dumped(),
        "{status}"
    );
}

#[test]
fn it_ends_with_the_anchor_at_the_latest() {
    // Anchors live for 3652 days, and these have one of them left.
    let old = Desk::of_age("old", "-3651d");
    let words = ["session", "alice", "--ttl", "2d", "--", "true"];
    let outcome = old.sealock.run(&words).expect_code(0);
    assert!(
        outcome.stderr.contains("note: the client anchor ends at "),
        "{outcome}"
    );
    let (_, sessions) = inventory(&old.sealock);
    let left = sessions[0].not_after.since(sessions[0].issued_at).as_secs();
    assert!((80_000..=86_400).contains(&left), "{left}");
    // Another day, and there is nothing to sign with.
    let over = Desk::of_age("over", "-3653d");
    let outcome = over.sealock.run(&words).expect_code(1);
    assert!(
        outcome.stderr.contains("the client anchor of sealock"),
        "{outcome}"
    );
    let (_, sessions) = inventory(&over.sealock);
    assert!(sessions.is_empty());
}
