//! What a session refuses, before it makes anything.

use std::process::Command;

use sealock_testkit::process::{Outcome, run};

use super::{Desk, inventory};

#[track_caller]
fn refused(outcome: Outcome, exit: i32, code: &str, words: &[&str]) {
    let outcome = outcome.expect_code(exit);
    assert!(
        outcome.stderr.contains(&format!("error[{code}]")),
        "{outcome}"
    );
    for word in words {
        assert!(outcome.stderr.contains(word), "no `{word}`: {outcome}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let desk = Desk::new("refused");
    let run = |words: &[&str]| desk.sealock.run(words);
    refused(
        run(&["session", "bob", "--", "true"]),
        1,
        "SL-U009",
        &["known are: alice", "sealock client add bob"],
    );
    refused(run(&["session", "a/b", "--", "true"]), 2, "SL-U007", &[]);
    for endpoint in ["unix:///run/docker.sock", "0.0.0.0", "tcp://"] {
        let words = ["session", "alice", "--endpoint", endpoint, "--", "true"];
        refused(run(&words), 2, "SL-H520", &["the command line"]);
    }
    refused(
        run(&["session", "alice", "--ttl", "91d", "--", "true"]),
        2,
        "SL-U034",
        &["--ttl is 91d; certificates of alice live 90d"],
    );
    for words in [
        &["session", "alice", "--ttl", "0s", "--", "true"][..],
        &["session", "alice"],
        &["session", "alice", "--shell", "--", "true"],
    ] {
        refused(run(words), 2, "SL-U014", &[]);
    }
    let (standing, sessions) = inventory(&desk.sealock);
    assert!(standing.is_empty() && sessions.is_empty());

    std::fs::remove_file(desk.sealock.config()).unwrap();
    refused(
        run(&["session", "alice", "--", "true"]),
        1,
        "SL-U006",
        &["sealock up"],
    );
}

#[test]
fn without_a_vault_there_is_nothing_to_sign_with() {
    let desk = Desk::new("no-vault");
    std::fs::remove_dir_all(desk.sealock.home()).unwrap();
    let outcome = desk.sealock.run(&["session", "alice", "--", "true"]);
    refused(outcome, 1, "SL-V001", &[]);
    // A vault with another authority only, made before there was a sealock.toml.
    let toml = std::fs::read(desk.sealock.config()).unwrap();
    std::fs::remove_file(desk.sealock.config()).unwrap();
    let _ = desk.sealock.run(&["ca", "create", "--name", "other"]).ok();
    std::fs::write(desk.sealock.config(), toml).unwrap();
    let outcome = desk.sealock.run(&["session", "alice", "--", "true"]);
    refused(
        outcome,
        1,
        "SL-U006",
        &["the vault has no authority sealock"],
    );
}

#[test]
fn a_sealed_vault_asks_for_its_passphrase_or_says_that_it_cannot() {
    let phrase = sealock_testkit::Scratch::new("phrase");
    let good = phrase.write("good", "vier bunte Boote\n");
    let bad = phrase.write("bad", "ein Boot\n");
    let source = |path: &std::path::Path| format!("file:{}", path.display());
    let desk = Desk::with("sealed", &["--passphrase", &source(&good)]);
    let with = |words: &[&str]| {
        desk.sealock
            .run(&[words, &["session", "alice", "--", "true"]].concat())
    };
    refused(with(&[]), 1, "SL-U010", &[]);
    refused(
        with(&["--passphrase", &source(&bad)]),
        1,
        "SL-V013",
        &["passphrase"],
    );
    let _ = with(&["--passphrase", &source(&good)]).expect_code(0);
}

#[test]
fn a_json_caller_gets_its_errors_as_json_and_else_only_what_the_command_says() {
    let desk = Desk::new("json");
    let good = desk
        .sealock
        .run(&["--json", "session", "alice", "--", "echo", "words"]);
    assert_eq!(good.ok(), "words\n");
    let bad = desk
        .sealock
        .run(&["--json", "session", "alice", "--", "no-such-command"]);
    let bad = bad.expect_code(127);
    let script = "import json,sys; e = json.load(sys.stdin)['error']; print(e['code'], e['exit'])";
    let mut python = Command::new("sh");
    python.args([
        "-c",
        "printf %s \"$1\" | python3 -c \"$2\"",
        "sh",
        &bad.stdout,
        script,
    ]);
    assert_eq!(run(&mut python).ok(), "SL-U030 127\n");
}
