//! One look at an endpoint: what it says of engines in every mode, and of peers that misbehave.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::{Authority, LOOPBACK, NOW, engine};
use sealock_check::seen::{ClientMode, Endpoint, Outcome, Protocol, Reach, Visitor};
use sealock_check::{Perspective, Seen, findings};
use sealock_engine::{Engine, Mode};
use sealock_pki::San;
use sealock_probe::{Depth, Place, Visitors, look, look_at_all};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

fn full(engine: &Engine, visitors: &Visitors) -> Endpoint {
    look(
        &Place::at(engine.address()),
        visitors,
        Depth::Full,
        PATIENCE,
        NOW,
    )
}

fn mode(endpoint: &Endpoint, mode: ClientMode) -> Option<Outcome> {
    let found = endpoint.modes.iter().find(|visit| visit.mode == mode);
    found.unwrap().outcome.clone()
}

#[test]
fn a_mutual_endpoint_is_seen_through() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let visitors = Visitors::of_kit(&authority.kit(&server));
    let seen = full(&engine, &visitors);
    assert_eq!(seen.reach, Reach::Reached);
    assert_eq!(seen.plain, Some(Outcome::WantsTls));
    assert_eq!(seen.leaf(), Some(server.leaf()));
    assert!(seen.asks_for_certificate);
    let anchor = authority.client.certificate();
    assert_eq!(seen.authorities, [anchor.subject_der().to_vec()]);
    for visit in &seen.visits {
        let rightful = visit.visitor == Visitor::Rightful;
        assert_eq!(visit.outcome == Outcome::In, rightful, "{visit:?}");
        assert_eq!(visit.outcome.is_refusal(), !rightful, "{visit:?}");
    }
    assert_eq!(seen.visits.len(), 11);
    let refused = Outcome::Alert("certificate_required".to_owned(), 116);
    assert_eq!(mode(&seen, ClientMode::Plain), Some(Outcome::WantsTls));
    assert_eq!(mode(&seen, ClientMode::Tls), Some(refused.clone()));
    assert_eq!(
        mode(&seen, ClientMode::TlsWithCertificate),
        Some(Outcome::In)
    );
    assert_eq!(
        mode(&seen, ClientMode::VerifyWithoutCertificate),
        Some(refused)
    );
    assert_eq!(mode(&seen, ClientMode::Verify), Some(Outcome::In));
    assert_eq!(seen.api.unwrap().version.as_deref(), Some("1.51"));
    assert_eq!(seen.misbehaviour, Vec::<String>::new());
}

#[test]
fn a_healthy_endpoint_has_no_finding() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let visitors = Visitors::of_kit(&authority.kit(&server));
    for depth in [Depth::Short, Depth::Full] {
        let mut seen = Seen::new(NOW);
        let place = Place::at(engine.address());
        seen.endpoints = vec![look(&place, &visitors, depth, PATIENCE, NOW)];
        let found = findings(&seen, Perspective::Service);
        assert!(found.is_empty(), "{depth:?}: {found:?}");
    }
}

#[test]
fn what_we_think_of_the_server_does_not_hide_what_it_does_to_clients() {
    let authority = Authority::new();
    let server = authority.server_named(vec!["elsewhere.example".parse::<San>().unwrap()], NOW);
    let engine = engine(&authority.mutual(server.clone()));
    let visitors = Visitors::of_kit(&authority.kit(&server));
    let seen = full(&engine, &visitors);
    assert!(seen.lets_in(Visitor::Rightful));
    assert_eq!(
        mode(&seen, ClientMode::TlsWithCertificate),
        Some(Outcome::In)
    );
    let Some(Outcome::NotTrusted(why)) = mode(&seen, ClientMode::Verify) else {
        panic!("{:?}", seen.modes);
    };
    assert!(why.contains("elsewhere.example"), "{why}");
}

#[test]
fn whoever_has_nothing_still_sees_much() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let mutual = engine(&authority.mutual(server.clone()));
    let seen = full(&mutual, &Visitors::default());
    assert!(seen.lets_in(Visitor::NoCertificate).eq(&false));
    // The stranger bears the name that the server hinted at, and is refused for its signature.
    let strangers: Vec<_> = seen.outcomes(Visitor::Foreign).collect();
    assert_eq!(strangers.len(), 2);
    for visit in strangers {
        assert_eq!(visit.outcome, Outcome::Alert("unknown_ca".to_owned(), 48));
    }
    assert_eq!(seen.outcomes(Visitor::Rightful).count(), 0);
    assert_eq!(mode(&seen, ClientMode::Verify), None);

    let open = engine(&Mode::OneWay { identity: server });
    let seen = full(&open, &Visitors::default());
    assert!(seen.lets_in(Visitor::NoCertificate));
    assert!(!seen.asks_for_certificate);
    assert_eq!(mode(&seen, ClientMode::Tls), Some(Outcome::In));
}

#[test]
fn a_plain_endpoint_has_no_certificate_to_show() {
    let engine = engine(&Mode::Plain);
    let seen = full(&engine, &Visitors::default());
    assert_eq!(seen.plain, Some(Outcome::In));
    assert!(seen.chain.is_empty());
    assert!(seen.scan.is_none());
    assert_eq!(mode(&seen, ClientMode::Plain), Some(Outcome::In));
    assert_eq!(mode(&seen, ClientMode::Tls), Some(Outcome::SpeaksPlain));
    assert_eq!(seen.api.unwrap().version.as_deref(), Some("1.51"));
}

#[test]
fn a_short_look_takes_three_connections() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engine = engine(&authority.mutual(server.clone()));
    let visitors = Visitors::of_kit(&authority.kit(&server));
    let place = Place::at(engine.address());
    let seen = look(&place, &visitors, Depth::Short, PATIENCE, NOW);
    assert_eq!(seen.visits.len(), 3);
    assert!(seen.lets_in(Visitor::Rightful));
    assert!(seen.scan.is_none() && seen.modes.is_empty());
    assert_eq!(seen.visits[2].protocol, Some(Protocol::Tls13));
}

#[test]
fn where_nobody_is_nothing_is_seen() {
    let free = TcpListener::bind((LOOPBACK, 0)).unwrap();
    let address: SocketAddr = free.local_addr().unwrap();
    drop(free);
    let visitors = Visitors::default();
    let seen = look(&Place::at(address), &visitors, Depth::Full, PATIENCE, NOW);
    assert_eq!(seen.reach, Reach::Refused);
    assert!(seen.visits.is_empty() && seen.plain.is_none());
    let nowhere = Place::parse("no-such-host.invalid:2376").unwrap();
    let seen = look(&nowhere, &visitors, Depth::Short, PATIENCE, NOW);
    assert!(
        matches!(seen.reach, Reach::Unresolved(_)),
        "{:?}",
        seen.reach
    );
}

#[test]
fn a_name_leads_to_the_address_that_answers() {
    let authority = Authority::new();
    let server = authority.server_named(vec!["localhost".parse().unwrap()], NOW);
    let engine = engine(&authority.mutual(server.clone()));
    // `localhost` may be ::1 first, where nobody listens.
    let place = Place::parse(&format!("localhost:{}", engine.address().port())).unwrap();
    let visitors = Visitors::of_kit(&authority.kit(&server));
    let seen = look(&place, &visitors, Depth::Full, PATIENCE, NOW);
    assert_eq!(seen.address, engine.address().to_string());
    assert_eq!(mode(&seen, ClientMode::Verify), Some(Outcome::In));
    assert!(seen.other_leaves.is_empty());
}

#[test]
fn many_are_looked_at_side_by_side() {
    let authority = Authority::new();
    let server = authority.server_identity();
    let engines: Vec<Engine> = (0..12)
        .map(|_| engine(&authority.mutual(server.clone())))
        .collect();
    let places: Vec<Place> = engines.iter().map(|e| Place::at(e.address())).collect();
    let visitors = Visitors::of_kit(&authority.kit(&server));
    let mut done = vec![0; places.len()];
    look_at_all(
        &places,
        &visitors,
        Depth::Short,
        5,
        PATIENCE,
        NOW,
        &mut |index, seen| {
            assert_eq!(seen.address, engines[index].address().to_string());
            assert!(seen.lets_in(Visitor::Rightful));
            done[index] += 1;
        },
    );
    assert!(done.iter().all(|count| *count == 1), "{done:?}");
    let mut none = 0;
    look_at_all(
        &[],
        &visitors,
        Depth::Short,
        64,
        PATIENCE,
        NOW,
        &mut |_, _| none += 1,
    );
    assert_eq!(none, 0);
}
