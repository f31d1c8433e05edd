//! A rotation that stops half-way, is taken back, or waits for somebody.

use super::{is_in, is_in_believing, keep};
use crate::check::ground::Found;
use crate::common::Host;
use sealock_testkit::kill;
use sealock_testkit::lab::Version;

/// Somebody has carried a bundle away: the old anchor is not dropped under her until she has fetched the new one.
#[test]
fn who_has_not_fetched_the_new_bundle_is_named_and_waited_for() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let archive = host.daemon.folder().join("alice.tar").display().to_string();
    let bundle = ["client", "bundle", "alice", "-o", &archive];
    let _ = host.sealock.run(&bundle).expect_code(0);
    let taken = keep(&host, "alice", "taken");

    let preview = host
        .sealock
        .run(&["ca", "rotate", "--dry-run"])
        .expect_code(3);
    assert!(preview.stdout.contains("alice"), "{preview}");
    let pid = host.daemon.pid();
    let waits = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(3);
    assert!(waits.stdout.contains("alice"), "{waits}");
    assert_ne!(host.daemon.pid(), pid, "both are trusted by now");
    // Between: whoever has the old files and whoever has the new ones gets in, and nobody else.
    assert!(is_in(&host, &taken));
    assert!(is_in(&host, &host.client("alice")));
    let status = host.sealock.run(&["status"]).expect_code(0);
    assert!(!status.stdout.contains("drift"), "{status}");
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);

    // Again without a change: it still waits.
    let again = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(3);
    assert!(again.stdout.contains("alice"), "{again}");
    let _ = host.sealock.run(&bundle).expect_code(0);
    let fetched = keep(&host, "alice", "fetched");
    let _ = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(0);
    assert!(is_in(&host, &fetched));
    assert!(!is_in(&host, &taken));
    assert!(!is_in_believing(&host, &taken, &fetched));
    let done = host.sealock.run(&["ca", "rotate", "--undo", "--yes"]);
    assert!(done.expect_code(1).stderr.contains("SL-U091"));
    host.lives();
}

/// Taken back in the middle: the old generation signs and is trusted again, the new one is refused.
#[test]
fn a_rotation_is_taken_back() {
    let host = Host::new(Version::V20);
    let _ = host.up(&[]).expect_code(0);
    let archive = host.daemon.folder().join("alice.tar").display().to_string();
    let bundle = ["client", "bundle", "alice", "-o", &archive];
    let _ = host.sealock.run(&bundle).expect_code(0);
    let old = keep(&host, "alice", "old");
    let _ = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(3);
    let new = keep(&host, "alice", "new");
    assert!(is_in(&host, &old) && is_in(&host, &new));
    let other = host.sealock.run(&["rekey", "--yes"]).expect_code(1);
    assert!(other.stderr.contains("SL-U090"), "{other}");
    // Now she has the new one, and is waited for on the way back.
    let _ = host.sealock.run(&bundle).expect_code(0);
    let back = ["ca", "rotate", "--undo", "--yes"];
    let waits = host.sealock.run(&back).expect_code(3);
    assert!(waits.stdout.contains("alice"), "{waits}");
    let _ = host.sealock.run(&bundle).expect_code(0);
    let _ = host.sealock.run(&["ca", "rotate", "--yes"]).expect_code(0);
    assert!(is_in(&host, &old), "the old generation is back");
    assert!(!is_in_believing(&host, &new, &old));
    let anchors = host.sealock.run(&["ca", "show"]).ok();
    assert!(anchors.contains("withdrawn"), "{anchors}");
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    host.lives();
}

/// Told to, it drops the old anchor under those who wait.
#[test]
fn the_old_anchor_is_dropped_under_somebody_when_told_to() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let archive = host.daemon.folder().join("alice.tar").display().to_string();
    let bundle = ["client", "bundle", "alice", "-o", &archive];
    let _ = host.sealock.run(&bundle).expect_code(0);
    let old = keep(&host, "alice", "old");
    let words = ["ca", "rotate", "client", "--drop-waiting", "--yes"];
    let _ = host.sealock.run(&words).expect_code(0);
    assert!(!is_in_believing(&host, &old, &host.client("alice")));
    assert!(is_in(&host, &host.client("alice")));
    host.lives();
}

/// Declined, nothing has begun; and a daemon that only a person can restart is refused before anything is made.
#[test]
fn what_is_declined_has_not_begun() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    for words in [&["ca", "rotate"][..], &["rekey"]] {
        let declined = host.sealock.run(words).expect_code(1);
        assert!(declined.stderr.contains("SL-U003"), "{declined}");
        let nothing = host.sealock.run(&["ca", "rotate", "--undo", "--yes"]);
        assert!(nothing.expect_code(1).stderr.contains("SL-U091"));
        let _ = host.sealock.run(&["status"]).expect_code(0);
    }
    let toml = std::fs::read_to_string(host.sealock.config()).unwrap();
    let without: String = toml
        .lines()
        .filter(|line| !line.starts_with("restart-command"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(host.sealock.config(), without).unwrap();
    for words in [&["ca", "rotate", "--yes"][..], &["rekey", "--yes"]] {
        let refused = host.sealock.run(words).expect_code(1);
        assert!(refused.stderr.contains("SL-U092"), "{refused}");
    }
    host.lives();
}

/// Between two phases a host is healthy, for `status` and for `check`, from inside and outside.
#[test]
fn a_check_finds_nothing_in_any_phase() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let endpoint = format!("tcp://{}", host.listen());
    let looks = || {
        let _ = host.sealock.run(&["status"]).expect_code(0);
        for words in [
            &["--json", "check", "--short"][..],
            &["--json", "check", "--short", &endpoint],
        ] {
            Found::of(host.sealock.run(words)).expect_nothing();
        }
    };
    for phase in ["trusted", "issued", "swapped", "dropped"] {
        let step = host
            .sealock
            .run(&["ca", "rotate", "--step", "--yes"])
            .expect_code(0);
        assert!(step.stderr.contains(&format!("{phase}: ")), "{step}");
        looks();
    }
    let _ = host.sealock.run(&["rekey", "--yes"]).expect_code(0);
    looks();
    host.lives();
}

/// Something else was interrupted: that is cleared up, and then the rekey is really made.
#[test]
fn a_rekey_after_another_interrupted_run_is_a_rekey() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let add = |name| host.sealock.command(&["client", "add", name]);
    let (instants, outcome) = kill::instants(&add("bob").into());
    let _ = outcome.expect_code(0);
    let is_commit = |one: &&kill::Instant| one.call == "rename" && one.line.contains("/ledger\"");
    let commit = instants.iter().find(is_commit).unwrap();
    assert_eq!(kill::kill_at(&add("carol").into(), commit).code, 137);
    let bundle = host.daemon.folder().join("alice.tar").display().to_string();
    let made = host
        .sealock
        .run(&["client", "bundle", "alice", "-o", &bundle]);
    let _ = made.expect_code(0);
    let old = keep(&host, "alice", "old");
    let rekey = host.sealock.run(&["rekey", "--yes"]).expect_code(0);
    assert!(rekey.stderr.contains("was undone"), "{rekey}");
    assert!(
        rekey.stderr.contains("sealock client bundle alice"),
        "{rekey}"
    );
    assert!(!is_in(&host, &old));
    assert!(is_in(&host, &host.client("alice")));
    host.lives();
}
