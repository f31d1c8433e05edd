//! Copies of a vault: whole beside a writer, and told apart from broken ones.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::*;
use sealock_diag::Diagnose;
use sealock_pki::Passphrase;
use sealock_vault::{AnchorState, Filter, Scope, Vault};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

fn put(home: &Path, name: &str, bytes: &[u8], mode: u32) {
    let path = home.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _gone = std::fs::remove_file(&path);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A home of its own for a copy of the database.
fn restored(house: &House, bytes: &[u8]) -> Vault {
    let home = house.home().with_file_name("copy");
    let _gone = std::fs::remove_dir_all(&home);
    std::fs::create_dir(&home).unwrap();
    std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).unwrap();
    put(&home, "vault.db", bytes, 0o600);
    Vault::open(&home).unwrap()
}

#[test]
fn a_copy_beside_a_writer_holds_whole_transactions() {
    let house = House::new("snapshot-writer");
    let issuer = found(&mut house.vault(), &name("main")).unwrap();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut vault = Vault::open(&house.home()).unwrap();
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                // Seven at a time: a copy with another number holds half a transaction.
                let batch = leaves(&issuer, 7);
                vault
                    .record(&entries(&issuer, &batch, "many", None), NOW)
                    .unwrap();
                written += 7;
            }
            written
        });
        let mut reader = Vault::open(&house.home()).unwrap();
        let mut seen = Vec::new();
        while seen.len() < 12 || seen.first() == seen.last() {
            let copy = restored(&house, &reader.snapshot().unwrap());
            copy.check_integrity().unwrap();
            let count = copy.entries(Filter::all()).unwrap().len();
            assert_eq!(count % 7, 0);
            seen.push(count);
        }
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().unwrap();
        assert!(
            seen.is_sorted() && seen[0] < written,
            "{seen:?} of {written}"
        );
    });
}

#[test]
fn the_same_vault_gives_the_same_bytes() {
    let house = House::new("snapshot-same");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let before = vault.snapshot().unwrap();
    assert_eq!(
        Vault::open(&house.home()).unwrap().snapshot().unwrap(),
        before
    );
    assert_eq!(restored(&house, &before).snapshot().unwrap(), before);
    vault
        .record(&entries(&issuer, &leaves(&issuer, 1), "one", None), NOW)
        .unwrap();
    assert_ne!(vault.snapshot().unwrap(), before);
}

#[test]
fn the_keys_of_every_anchor_are_looked_for() {
    let house = House::new("snapshot-keys");
    let mut vault = house.vault();
    found(&mut vault, &name("main")).unwrap();
    found(&mut vault, &name("other")).unwrap();
    let files = vault.key_files().unwrap();
    assert_eq!(files.len(), 4);
    vault.check_keys(None).unwrap();

    let code = |vault: &Vault| vault.check_keys(None).unwrap_err().code().0;
    let held = std::fs::read(&files[3].path).unwrap();
    std::fs::remove_file(&files[3].path).unwrap();
    assert_eq!(code(&vault), "SL-V014");
    let at = |text: &Path| {
        text.strip_prefix(house.home())
            .unwrap()
            .display()
            .to_string()
    };
    put(&house.home(), &at(&files[3].path), b"-----BEGIN", 0o400);
    assert_eq!(code(&vault), "SL-V015");
    let other = std::fs::read(&files[0].path).unwrap();
    put(&house.home(), &at(&files[3].path), &other, 0o400);
    assert_eq!(code(&vault), "SL-V016");
    put(&house.home(), &at(&files[3].path), &held, 0o444);
    assert_eq!(code(&vault), "SL-V002");

    // A generation that nobody trusts any more may have lost its key; one that is trusted may not.
    std::fs::remove_file(&files[3].path).unwrap();
    let anchor = &files[3].anchor;
    let states = [(anchor.purpose, anchor.generation, AnchorState::Withdrawn)];
    vault
        .set_anchor_states(&files[3].authority, Scope::own(), &states)
        .unwrap();
    vault.check_keys(None).unwrap();
    assert!(!vault.key_files().unwrap()[3].is_needed());
}

#[test]
fn a_sealed_key_shows_itself_to_the_passphrase_only() {
    let house = House::new("snapshot-sealed");
    let mut vault = house.vault();
    let words = Passphrase::new("correct horse".into()).unwrap();
    found_with(&mut vault, &name("main"), Some(&words)).unwrap();
    vault.check_keys(None).unwrap();
    vault.check_keys(Some(&words)).unwrap();
    let wrong = Passphrase::new("wrong".into()).unwrap();
    assert_eq!(
        vault.check_keys(Some(&wrong)).unwrap_err().code().0,
        "SL-V013"
    );
}
