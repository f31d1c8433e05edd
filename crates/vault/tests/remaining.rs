//! What is in use and near its end, as the warning beside every command learns it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod house;

use house::*;
use sealock_pki::Purpose;
use sealock_vault::{Scope, State, Usage, remaining};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn what_is_in_use_and_short_is_told_and_nothing_else() {
    let house = House::new("remaining");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let leaves = ["alice", "bob", "old", "session"].map(|who| leaf(&issuer, who, 100));
    for (leaf, who) in leaves.iter().zip(["alice", "bob", "old", "session"]) {
        let mut entry = entries(&issuer, std::slice::from_ref(leaf), who, None);
        if who == "session" {
            entry[0].usage = Usage::Session;
        }
        vault.record(&entry, NOW).unwrap();
    }
    let serial = leaves[2].serial();
    vault.set_state(serial, &State::Superseded).unwrap();
    for place in ["/b", "/a"] {
        vault.installed(leaves[0].serial(), place, NOW).unwrap();
    }
    let names = |days: u32| -> Vec<String> {
        let found = remaining(&house.home(), NOW + DAY * days, 20).unwrap();
        found.into_iter().map(|one| one.name).collect()
    };
    assert!(names(79).is_empty());
    assert_eq!(names(81), ["alice", "bob"]);
    assert_eq!(names(200), ["alice", "bob"]);

    // Somebody carried a bundle of it away: it counts until it ends, or until she has carried a younger one away.
    vault.installed(serial, "archive:/old.tar", NOW).unwrap();
    assert_eq!(names(81), ["alice", "bob", "old"]);
    assert_eq!(names(200), ["alice", "bob"]);
    let younger = leaf(&issuer, "old", 100);
    let entry = entries(&issuer, std::slice::from_ref(&younger), "old", None);
    vault.record(&entry, NOW).unwrap();
    assert_eq!(names(81), ["alice", "bob", "old", "old"]);
    vault
        .installed(younger.serial(), "archive:/old.tar", NOW)
        .unwrap();
    assert_eq!(names(81), ["alice", "bob", "old"]);
    let state = State::Superseded;
    vault.set_state(younger.serial(), &state).unwrap();

    let found = remaining(&house.home(), NOW + DAY * 3000, 20).unwrap();
    let anchors: Vec<_> = found
        .iter()
        .filter(|one| one.anchor.is_some())
        .map(|one| (one.name.as_str(), one.purpose, one.anchor.clone()))
        .collect();
    let own = Some(Scope::own().clone());
    assert_eq!(
        anchors,
        [
            ("main", Purpose::Client, own.clone()),
            ("main", Purpose::Server, own)
        ]
    );
    let mut places = found[0].places.clone();
    places.sort();
    assert_eq!(places, ["/a", "/b"]);
}

/// A rekey that is killed and taken back leaves certificates that were never put anywhere.
#[test]
fn what_a_run_that_was_taken_back_had_issued_is_not_in_use() {
    let house = House::new("remaining-left-over");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let placed = [("db", "/etc/db/cert.pem"), ("web", "cert:/srv/web.pem")];
    for (who, place) in placed {
        for place in [Some(place), None] {
            let leaf = leaf(&issuer, who, 100);
            let entry = entries(&issuer, std::slice::from_ref(&leaf), who, None);
            vault.record(&entry, NOW).unwrap();
            if let Some(place) = place {
                vault.installed(leaf.serial(), place, NOW).unwrap();
            }
        }
    }
    let found = remaining(&house.home(), NOW + DAY * 81, 20).unwrap();
    let mut found: Vec<(&str, &[String])> = found
        .iter()
        .map(|one| (one.name.as_str(), &one.places[..]))
        .collect();
    found.sort_unstable();
    // What was signed for somebody lies where only he knows, whatever else has his name.
    let places = placed.map(|(_, place)| vec![place.to_owned()]);
    let expected: [(&str, &[String]); 3] = [("db", &places[0]), ("web", &[]), ("web", &places[1])];
    assert_eq!(found, expected);
}

#[test]
fn nothing_is_made_where_there_is_no_vault() {
    let house = House::new("remaining-none");
    assert!(remaining(&house.home(), NOW, 20).is_err());
    assert!(!house.home().exists());
}
