//! Revocations, and the lists that were published of them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::{House, NOW, entries, found, leaf, name};
use sealock_pki::{Crl, Issuer, Purpose, RevocationReason, Serial, make_crl};
use sealock_vault::{PublishedList, Scope, State, Vault, VaultError};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn list(issuer: &Issuer, number: u64) -> Crl {
    make_crl(issuer, &[], number, NOW, NOW + DAY).unwrap()
}

fn published(list: Crl) -> PublishedList {
    PublishedList {
        purpose: Purpose::Client,
        scope: Scope::own().clone(),
        generation: 1,
        list,
    }
}

fn numbers(vault: &Vault) -> Vec<Option<u64>> {
    let lists = vault.lists(&name("main")).unwrap();
    lists.iter().map(|one| one.list.number()).collect()
}

#[test]
fn all_are_revoked_or_none() {
    let house = House::new("revoke");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let leaves = [leaf(&issuer, "alice", 90), leaf(&issuer, "alice", 30)];
    vault
        .record(&entries(&issuer, &leaves, "alice", None), NOW)
        .unwrap();
    let reason = RevocationReason::KeyCompromise;
    let mut serials: Vec<Serial> = leaves.iter().map(|leaf| leaf.serial().clone()).collect();
    serials.push(Serial::from_bytes(&[7]));
    assert!(matches!(
        vault.revoke(&serials, NOW, reason),
        Err(VaultError::SerialUnknown { .. })
    ));
    let anchor = vault.authority(&name("main")).unwrap().unwrap().anchors[0].clone();
    assert_eq!(vault.revoked_by(&anchor).unwrap().len(), 0);

    serials.pop();
    vault.revoke(&serials, NOW, reason).unwrap();
    let entry = vault.find(&serials[0]).unwrap().unwrap();
    assert_eq!(entry.state, State::Revoked { at: NOW, reason });
    let revoked = vault.revoked_by(&anchor).unwrap();
    serials.sort();
    let listed: Vec<Serial> = revoked.iter().map(|(one, _)| one.serial.clone()).collect();
    assert_eq!(listed, serials);
    assert!(revoked.iter().all(|(one, _)| one.reason == reason));
}

#[test]
fn numbers_grow() {
    let house = House::new("numbers");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    assert_eq!(numbers(&vault), []);
    vault
        .note_lists(&name("main"), &[published(list(&issuer, 5))])
        .unwrap();
    vault
        .note_lists(&name("main"), &[published(list(&issuer, 6))])
        .unwrap();
    assert_eq!(numbers(&vault), [Some(6)]);
    for stale in [6, 5, u64::MAX] {
        // With a good one beside it: that is not noted either.
        let mut of_servers = published(list(&issuer, 1));
        of_servers.purpose = Purpose::Server;
        let both = [of_servers, published(list(&issuer, stale))];
        let refused = vault.note_lists(&name("main"), &both);
        assert!(matches!(refused, Err(VaultError::Known { .. })), "{stale}");
        assert_eq!(numbers(&vault), [Some(6)], "{stale}");
    }
    let kept = &vault.lists(&name("main")).unwrap()[0];
    let stored = vault.authority(&name("main")).unwrap().unwrap();
    let of: Vec<bool> = stored.anchors.iter().map(|one| kept.is_of(one)).collect();
    assert_eq!(of, [true, false]);
}
