//! Clients that were revoked: what webpki says, what our own judgement says, and what the client is told.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod authority;

use authority::{DAY, Holder, NOW, anchor, list};
use rustls::RootCertStore;
use rustls::pki_types::UnixTime;
use rustls::server::WebPkiClientVerifier;
use sealock_diag::Diagnose;
use sealock_pki::{
    Certificate, Crl, Issuer, KeyKind, Purpose, Revocation, Timestamp, VerifyOptions, verify,
};
use sealock_tls::{
    Client, ClientAuth, ClientSettings, Clock, Server, ServerSettings, SettingsError, TlsError,
    Trust, Version, Versions,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

/// Two generations of a client anchor, and alice of the first.
struct World {
    servers: Issuer,
    first: Issuer,
    second: Issuer,
    alice: Holder,
}

impl World {
    fn new() -> Self {
        let first = anchor(Purpose::Client, 1);
        Self {
            servers: anchor(Purpose::Server, 1),
            second: anchor(Purpose::Client, 2),
            alice: Holder::of(&first, Purpose::Client, KeyKind::EcdsaP256, 3),
            first,
        }
    }

    fn anchors(&self) -> Vec<Certificate> {
        [&self.first, &self.second]
            .map(|issuer| issuer.certificate().clone())
            .to_vec()
    }

    /// A list of this issuer, on which alice stands or does not, made an hour ago.
    fn list(&self, issuer: &Issuer, hit: bool, number: u64) -> Crl {
        self.dated(issuer, hit, number, NOW - DAY / 24, NOW + DAY)
    }

    fn dated(
        &self,
        issuer: &Issuer,
        hit: bool,
        number: u64,
        from: Timestamp,
        to: Timestamp,
    ) -> Crl {
        let alice = [&self.alice.certificate];
        let revoked: &[_] = if hit { &alice } else { &[] };
        list(issuer, number, revoked, (from, to))
    }

    fn cases(&self) -> Vec<Case> {
        let (one, two) = (&self.first, &self.second);
        let overdue = self.dated(one, false, 1, NOW - DAY, NOW - DAY / 2);
        let tomorrow = self.dated(one, false, 1, NOW + DAY, NOW + DAY * 2);
        let mut broken = self.list(one, false, 1).der().to_vec();
        *broken.last_mut().unwrap() ^= 1;
        let broken = Crl::from_der(broken).unwrap();
        vec![
            Case::new("not on it", vec![self.list(one, false, 1)], "", true),
            Case::new("on it", vec![self.list(one, true, 1)], "SL-P634", false),
            Case::new("overdue", vec![overdue], "SL-P636", false),
            Case::new("missing", vec![self.list(two, true, 1)], "SL-P635", false),
            Case::new("broken", vec![broken], "SL-P638", false),
            Case::new(
                "the newest counts, last",
                vec![self.list(one, false, 1), self.list(one, true, 2)],
                "SL-P634",
                false,
            ),
            Case::new(
                "the newest counts, first",
                vec![self.list(one, true, 2), self.list(one, false, 1)],
                "SL-P634",
                false,
            ),
            Case::new(
                "that of the other generation is no matter",
                vec![self.list(two, true, 9), self.list(one, false, 1)],
                "",
                true,
            ),
            // webpki does not look when a list begins.
            Case::new("of tomorrow", vec![tomorrow], "SL-P637", true),
        ]
    }

    fn server(&self, client_auth: ClientAuth, versions: Versions) -> ServerSettings {
        ServerSettings {
            identity: Holder::of(&self.servers, Purpose::Server, KeyKind::EcdsaP256, 5).identity(),
            client_auth,
            versions,
            clock: Clock::Fixed(NOW),
        }
    }

    /// What alice is told, and what the server says of her.
    fn meet(&self, lists: &[Crl], version: Version) -> (Option<TlsError>, Option<TlsError>) {
        let auth = ClientAuth::Unrevoked {
            anchors: self.anchors(),
            lists: lists.to_vec(),
        };
        let server = Server::new(self.server(auth, Versions::Only(version))).unwrap();
        let client = Client::new(ClientSettings {
            trust: Trust::Anchors(vec![self.servers.certificate().clone()]),
            identity: Some(self.alice.identity()),
            versions: Versions::Both,
            clock: Clock::Fixed(NOW),
        })
        .unwrap();
        let (here, there) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            let serving = scope.spawn(move || {
                let mut stream = server.accept(&there)?;
                stream.write_all(b"in").unwrap();
                stream.close().unwrap();
                Ok::<_, TlsError>(())
            });
            let told = client
                .connect(&here, &"daemon.example".parse().unwrap())
                .and_then(|mut stream| {
                    let read = stream.read_to_end(&mut Vec::new());
                    read.map(drop).map_err(|error| TlsError::from_io(&error))
                });
            (told.err(), serving.join().unwrap().err())
        })
    }
}

struct Case {
    what: &'static str,
    lists: Vec<Crl>,
    /// The code of our own refusal, or nothing.
    ours: &'static str,
    /// Whether webpki lets her in.
    webpki: bool,
}

impl Case {
    fn new(what: &'static str, lists: Vec<Crl>, ours: &'static str, webpki: bool) -> Self {
        Self {
            what,
            lists,
            ours,
            webpki,
        }
    }
}

/// webpki alone, told as our server tells it.
fn webpki_takes(world: &World, lists: &[Crl]) -> bool {
    let mut roots = RootCertStore::empty();
    for anchor in world.anchors() {
        roots.add(anchor.der().to_vec().into()).unwrap();
    }
    let mut sorted = lists.to_vec();
    sorted.sort_by_key(|list| std::cmp::Reverse(list.number()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .with_crls(sorted.iter().map(|list| list.der().to_vec().into()))
        .enforce_revocation_expiration()
        .build()
        .unwrap();
    let leaf = world.alice.certificate.der().to_vec().into();
    let seconds = Duration::from_secs(NOW.as_unix().unsigned_abs());
    let now = UnixTime::since_unix_epoch(seconds);
    verifier.verify_client_cert(&leaf, &[], now).is_ok()
}

#[test]
fn both_judges_agree_and_the_stricter_one_counts() {
    let world = World::new();
    for case in world.cases() {
        let options = VerifyOptions {
            crls: &case.lists,
            revocation: Revocation::Required,
            ..VerifyOptions::new(Purpose::Client, NOW)
        };
        let ours = verify(
            std::slice::from_ref(&world.alice.certificate),
            &world.anchors(),
            &options,
        );
        let code = ours.err().map_or("", |refusal| refusal.code().0);
        assert_eq!(code, case.ours, "{}", case.what);
        assert_eq!(
            webpki_takes(&world, &case.lists),
            case.webpki,
            "{}",
            case.what
        );
    }
}

#[test]
fn who_was_revoked_or_may_have_been_is_refused_on_both_versions() {
    let world = World::new();
    for version in [Version::Tls12, Version::Tls13] {
        for case in world.cases() {
            let (told, said) = world.meet(&case.lists, version);
            let code = said.as_ref().map_or("", |error| error.code().0);
            let (expected, alert) = match case.ours {
                "" => ("", None),
                "SL-P634" => ("SL-T123", Some(44)),
                _ => ("SL-T124", Some(46)),
            };
            let what = format!("{}, {version:?}: {said:?}", case.what);
            assert_eq!(code, expected, "{what}");
            let told = told.map(|error| match error {
                TlsError::AlertReceived { alert } => alert.number(),
                other => panic!("{what}: {other:?}"),
            });
            assert_eq!(told, alert, "{what}");
        }
    }
}

#[test]
fn why_it_cannot_be_told_is_said() {
    let world = World::new();
    for (what, words) in [("overdue", "list expired"), ("of tomorrow", "is of")] {
        let case = world.cases().into_iter().find(|case| case.what == what);
        let (_, said) = world.meet(&case.unwrap().lists, Version::Tls13);
        let cause = Diagnose::cause(&said.unwrap()).unwrap();
        assert!(
            cause.contains("cannot be told") && cause.contains(words),
            "{cause}"
        );
    }
}

#[test]
fn a_server_that_asks_for_lists_is_not_made_without_any() {
    let world = World::new();
    let auth = |anchors, lists| ClientAuth::Unrevoked { anchors, lists };
    let made = |auth| Server::new(world.server(auth, Versions::Both)).err();
    assert_eq!(
        made(auth(world.anchors(), Vec::new())),
        Some(SettingsError::NoLists)
    );
    let list = world.list(&world.first, false, 1);
    assert_eq!(
        made(auth(Vec::new(), vec![list.clone()])),
        Some(SettingsError::NoAnchors)
    );
    // A list of version 1, which has no extensions and so no number: ours reads it, webpki does not.
    let old = Crl::from_pem(include_bytes!("crl-v1.pem")).unwrap();
    let found = made(auth(world.anchors(), vec![list, old]));
    assert!(
        matches!(&found, Some(SettingsError::ListUnusable { .. })),
        "{found:?}"
    );
}
