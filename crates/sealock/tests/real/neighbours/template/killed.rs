//! A run that is killed while a service takes its files up.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use sealock_testkit::process::{becomes, naming};

use super::{Stage, block};

/// Before the files are taken up and after it: the next `apply` finishes, and whoever got in before gets in.
#[test]
fn a_run_that_was_killed_is_finished_by_the_next() {
    let stage = Stage::new();
    let _ = stage.added().expect_code(0);
    let once = stage.redis.server().join("once");
    let marker = once.display().to_string();
    // The command's parent is sealock: a kill from there comes at a moment that is known.
    let script = |before: &str, after: &str| {
        let text = block("commands");
        let (_, command) = text.split_once("--reload '").unwrap();
        let command = stage.here(command.trim_end().trim_end_matches('\''));
        let script = format!(
            "#!/bin/sh\nkill() {{ if rm '{marker}' 2>/dev/null; then command kill -9 $PPID; fi; }}\n{before}\n{{ {command}; }} || exit 1\n{after}\n"
        );
        let path = stage.redis.server().write("take-up", script);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    for (before, after, words) in [
        ("kill", "", &["renew", "redis"][..]),
        ("", "kill", &["rekey"]),
    ] {
        let path = script(before, after);
        let text = block("commands");
        let (head, _) = text.split_once("--reload '").unwrap();
        let _ = stage
            .shell(&format!("{head}--reload 'exec {}'", path.display()))
            .expect_code(0);
        fs::write(&once, "").unwrap();
        let old = fs::read(stage.file("cert.pem")).unwrap();
        let killed = stage.sealock(words);
        assert_ne!(killed.code, 0, "{killed}");
        assert!(!once.exists(), "{killed}");
        // As after a real kill, the command runs on.
        let ended = becomes(Duration::from_secs(60), || naming(&path).is_empty());
        assert!(ended, "the command does not end");
        let again = match words {
            ["rekey"] => stage.sealock(words).expect_code(0),
            _ => stage.sealock(&["apply"]).expect_code(0),
        };
        assert!(again.stderr.contains("an interrupted run"), "{again}");
        assert!(again.stderr.contains("reload redis"), "{again}");
        stage.gets_in(&stage.alice());
        stage.is_at_rest();
        let now = fs::read(stage.file("cert.pem")).unwrap();
        assert_eq!(now == old, words[0] == "renew", "{again}");
    }
}
