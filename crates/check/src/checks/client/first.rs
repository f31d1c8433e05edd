//! One break at a time in a healthy client, and what is told first of it.

use super::tests::{context, folder, goes_to, lose};
use crate::seen::{Outcome, Role, TlsUse};
use crate::testing::World;
use crate::{Perspective, findings};

type Break = (&'static str, fn() -> World, fn(&mut World));

const BREAKS: &[Break] = &[
    ("SL-F501", context, |world| {
        world.seen.clients[0].tls = TlsUse::Off;
        world.seen.clients[0].files.clear();
    }),
    ("SL-F502", context, |world| {
        let client = &mut world.seen.clients[0];
        client.tls = TlsUse::Unverified;
        client.context.as_mut().unwrap().skip_tls_verify = true;
    }),
    ("SL-F503", World::new, |world| {
        world.set("DOCKER_TLS_VERIFY", "0")
    }),
    ("SL-F503", World::new, |world| {
        world.set("DOCKER_TLS_VERIFY", "false");
        lose(world, Role::ClientAnchors);
    }),
    ("SL-F504", World::new, |world| {
        world.set("DOCKER_CERT_PATH", "/zone");
        world.set("DOCKER_TLS_VERIFY", "");
        world.seen.clients[0].tls = TlsUse::Off;
        world.seen.clients[0].files.clear();
    }),
    ("SL-F505", World::new, |world| {
        lose(world, Role::ClientAnchors)
    }),
    ("SL-F505", folder, |world| lose(world, Role::ClientAnchors)),
    ("SL-F506", World::new, |world| lose(world, Role::ClientKey)),
    ("SL-F506", context, |world| lose(world, Role::ClientKey)),
    ("SL-F506", context, |world| {
        lose(world, Role::ClientCertificate)
    }),
    ("SL-F506", folder, |world| {
        lose(world, Role::ClientCertificate)
    }),
    ("SL-F507", context, |world| {
        goes_to(
            world,
            "tcp://docker.example.org",
            "tcp://docker.example.org:443",
        );
    }),
    ("SL-F508", World::new, |world| {
        goes_to(world, "tcp://a:1,tcp://b:1", "tcp://a:1,tcp://b:1")
    }),
    ("SL-F511", World::new, |world| {
        goes_to(world, "https://h:2376", "https://h:2376")
    }),
    ("SL-F512", World::new, |world| {
        world.set("HTTPS_PROXY", "http://127.0.0.1:9")
    }),
    ("SL-F513", context, |world| {
        let facts = world.seen.clients[0].context.as_mut().unwrap();
        facts.unknown_files.push("extra.pem".to_owned());
    }),
    ("SL-F516", World::new, |world| {
        world.set("DOCKER_TLS_VERIFY", "");
        world.seen.clients[0].tls = TlsUse::Off;
        world.seen.clients[0].files.clear();
    }),
    ("SL-F517", context, |world| lose(world, Role::ClientAnchors)),
    ("SL-F518", World::new, |world| {
        world.set("DOCKER_TLS_VERIFY", "");
        world.set("DOCKER_TLS", "1");
        world.seen.clients[0].tls = TlsUse::Unverified;
    }),
    ("SL-F522", World::new, |world| {
        lose(world, Role::ClientKey);
        lose(world, Role::ClientCertificate);
    }),
    ("SL-F523", context, |world| {
        goes_to(
            world,
            "tcp://docker.example.org:2376/x",
            "tcp://docker.example.org:2376/x",
        );
    }),
    ("SL-F526", World::new, |world| {
        goes_to(world, "tpc://h:2376", "tpc://h:2376")
    }),
];

#[test]
fn the_break_is_told_first() {
    for (at, (code, make, damage)) in BREAKS.iter().enumerate() {
        let mut world = make();
        damage(&mut world);
        for perspective in [Perspective::Client, Perspective::Service] {
            let told = findings(&world.seen, perspective);
            let codes: Vec<&str> = told.iter().map(|finding| finding.check.code).collect();
            assert_eq!(codes.first(), Some(code), "break {at}: {codes:?}");
        }
    }
}

#[test]
fn a_plain_daemon_comes_before_the_client_that_is_right() {
    let mut world = World::new();
    world.endpoint_mut().plain = Some(Outcome::In);
    assert_eq!(world.codes().first(), Some(&"SL-F101"));
    assert!(world.codes().contains(&"SL-F515"), "{:?}", world.codes());
}
