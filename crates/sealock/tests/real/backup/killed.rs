//! A restore that is killed leaves nothing or everything, and the next one finishes.

use std::fs;

use sealock_testkit::Scratch;
use sealock_testkit::kill;

use super::ground::{Home, Keys};
use crate::common::Sealock;

#[test]
fn a_killed_restore_leaves_nothing_or_everything() {
    let scratch = Scratch::new("killed-restore");
    let sealock = super::made(&scratch);
    let keys = Keys::new(&scratch, "holder");
    let archive = scratch.join("vault.age").display().to_string();
    let _ = sealock
        .run(&["backup", "-o", &archive, "--to", &keys.recipient])
        .expect_code(0);
    let config = fs::read(sealock.config()).unwrap();
    let whole = Home::of(&sealock.home());
    let place = scratch.join("place");
    let other = Sealock::in_folder(&place);
    let words = ["restore", &archive, "--identity", &keys.file, "--yes"];
    let (mut nothing, mut everything, mut plain) = (0, 0, 0);
    let count = kill::at_instants(
        // Every rename, and some of what stands between them.
        |instant| {
            plain += 1;
            instant.call.starts_with("rename") || instant.call == "mkdir" || plain % 4 == 0
        },
        || {
            let _gone = fs::remove_dir_all(&place);
            fs::create_dir(&place).unwrap();
        },
        || other.command(&words),
        |killed| {
            let at = &killed.instant.line;
            let there = other.home().join("vault.db").exists();
            if there {
                // The copy of sealock.toml waits until the file is in its place.
                let _gone = fs::remove_file(other.home().join("sealock.toml.restored"));
                Home::of(&other.home()).expect_same(&whole);
                let _ = other.run(&["ca", "show"]).expect_code(0);
                everything += 1;
            } else {
                assert!(!other.home().join("issuers").exists(), "{at}");
                assert!(!other.config().exists(), "{at}");
                nothing += 1;
            }
            let again = other.run(&words).expect_code(0);
            assert!(!again.stderr.contains("error"), "{at}: {again}");
            Home::of(&other.home()).expect_same(&whole);
            assert_eq!(fs::read(other.config()).unwrap(), config);
            assert!(!place.join(".home.sealock-new").exists(), "{at}");
        },
    );
    assert!(
        count.killed > 10 && nothing > 3 && everything > 1,
        "{count:?} {nothing} {everything}"
    );
}

#[test]
fn a_backup_after_a_killed_run_holds_an_intact_vault() {
    let scratch = Scratch::new("killed-run");
    let sealock = super::made(&scratch);
    let keys = Keys::new(&scratch, "holder");
    let add = || sealock.command(&["client", "add", "bob"]);
    let (instants, outcome) = kill::instants(&add().into());
    assert_eq!(outcome.code, 0, "{outcome}");
    let _ = sealock
        .run(&["client", "remove", "bob", "--yes"])
        .expect_code(0);
    // In the middle of the run: its journal is there, and the files of the client are on their way.
    let key = instants
        .iter()
        .rev()
        .find(|instant| instant.call.starts_with("rename"));
    let _ = kill::kill_at(&add().into(), key.unwrap()).expect_code(128 + 9);
    assert!(sealock.home().join("changes/journal").exists());

    let archive = scratch.join("vault.age").display().to_string();
    let backup = ["backup", "-o", &archive, "--to", &keys.recipient, "--json"];
    let said = sealock.run(&backup).expect_code(0);
    assert!(said.stdout.contains("\"calm\": false"), "{said}");
    assert!(said.stderr.contains("was killed"), "{said}");
    assert!(
        sealock.home().join("changes/journal").exists(),
        "a backup changes nothing"
    );
    let other = Sealock::in_folder(&scratch.join("other"));
    let restore = [
        "restore",
        &archive,
        "--identity",
        &keys.file,
        "--yes",
        "--json",
    ];
    let said = other.run(&restore).expect_code(0);
    assert!(said.stdout.contains("\"config\": \"written\""), "{said}");
    assert!(!other.home().join("changes/journal").exists());
    let _ = other.run(&["client", "add", "bob"]).expect_code(0);
    assert_eq!(super::ground::clients_are_whole(&other.home()), 2);
}

#[test]
fn what_a_killed_restore_left_is_cleared_up_by_any_command_that_changes_something() {
    let scratch = Scratch::new("killed-leftover");
    let sealock = super::made(&scratch);
    let left = scratch.join(".home.sealock-new");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("key"), "a key").unwrap();
    let names = ["cert.pem", "key.pem"].map(|name| scratch.join(name).display().to_string());
    let words = [
        "cert",
        "issue",
        "bob",
        "--profile",
        "client",
        "--cert",
        &names[0],
        "--key",
        &names[1],
    ];
    let _ = sealock.run(&words).expect_code(0);
    assert!(!left.exists());
}
