//! The gate against rustls' own client, in memory: who gets in, who comes back, who is turned away.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod authority;

use authority::{DAY, Holder, NOW, anchor, list};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind,
    SignatureScheme,
};
use sealock_pki::{Crl, Issuer, KeyKind, Purpose, San, Timestamp};
use sealock_tls::{
    ClientRefusal, Clock, DenyList, Gate, GateSession, GateSettings, Sealed, SettingsError,
    Standing, TlsError, Version, Versions,
};
use std::io::{Read, Write};
use std::sync::Arc;

struct World {
    servers: Issuer,
    clients: Issuer,
    alice: Holder,
}

impl World {
    fn new() -> Self {
        let clients = anchor(Purpose::Client, 1);
        Self {
            servers: anchor(Purpose::Server, 1),
            alice: Holder::of(&clients, Purpose::Client, KeyKind::EcdsaP256, 3),
            clients,
        }
    }

    fn settings(&self) -> GateSettings {
        GateSettings {
            identity: Holder::of(&self.servers, Purpose::Server, KeyKind::EcdsaP256, 5).identity(),
            anchors: vec![self.clients.certificate().clone()],
            lists: Some(vec![self.list(1, &[])]),
            denied: DenyList::default(),
            versions: Versions::Both,
            clock: Clock::Fixed(NOW),
        }
    }

    fn gate(&self) -> Gate {
        Gate::new(self.settings()).unwrap()
    }

    fn list(&self, number: u64, revoked: &[&Holder]) -> Crl {
        self.dated(number, revoked, NOW - DAY / 24, NOW + DAY)
    }

    fn dated(&self, number: u64, revoked: &[&Holder], from: Timestamp, to: Timestamp) -> Crl {
        let revoked: Vec<_> = revoked.iter().map(|holder| &holder.certificate).collect();
        list(&self.clients, number, &revoked, (from, to))
    }

    fn client(&self, holder: Option<&Holder>, version: Version) -> Arc<ClientConfig> {
        client(holder, version, default_provider().kx_groups)
    }
}

fn client(
    holder: Option<&Holder>,
    version: Version,
    groups: Vec<&'static dyn rustls::crypto::SupportedKxGroup>,
) -> Arc<ClientConfig> {
    let provider = rustls::crypto::CryptoProvider {
        kx_groups: groups,
        ..default_provider()
    };
    let versions: &[_] = match version {
        Version::Tls12 => &[&rustls::version::TLS12],
        Version::Tls13 => &[&rustls::version::TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = match holder {
        Some(holder) => {
            let key = holder.key.pkcs8_der().unwrap();
            let key = PrivateKeyDer::try_from(key.expose().as_slice())
                .unwrap()
                .clone_key();
            let chain = vec![CertificateDer::from(holder.certificate.der().to_vec())];
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)));
    Arc::new(config)
}

/// The client of these tests: the server is not what is judged here.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// A client and a session of a gate, joined by memory; the client's bytes arrive `step` at a time.
struct Wired {
    client: ClientConnection,
    session: GateSession,
    sealed: Sealed,
    received: Vec<u8>,
    step: usize,
}

impl Wired {
    fn new(config: &Arc<ClientConfig>, gate: &Gate) -> Self {
        let name = ServerName::try_from("daemon.example").unwrap();
        Self {
            client: ClientConnection::new(config.clone(), name).unwrap(),
            session: gate.session().unwrap(),
            sealed: Sealed::default(),
            received: Vec::new(),
            step: usize::MAX,
        }
    }

    /// Moves bytes until neither side has any; the client's error is told, the gate's returned.
    fn pump(&mut self) -> Result<(), TlsError> {
        loop {
            let mut moved = false;
            let mut flight = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut flight).unwrap();
            }
            let step = self.step.min(flight.len().max(1));
            for piece in flight.chunks(step) {
                moved = true;
                self.feed(piece)?;
            }
            moved |= self.answer();
            if !moved {
                return Ok(());
            }
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), TlsError> {
        let mut records = vec![0; self.session.carried()];
        records.extend_from_slice(bytes);
        let received = &mut self.received;
        let result = self.session.digest(
            &mut records,
            |data| received.extend_from_slice(data),
            &mut self.sealed,
        );
        if result.is_err() {
            self.answer();
        }
        result
    }

    /// Hands the gate's bytes to the client.
    fn answer(&mut self) -> bool {
        let moved = !self.sealed.is_empty();
        while !self.sealed.is_empty() {
            let mut bytes = self.sealed.bytes();
            let count = self.client.read_tls(&mut bytes).unwrap();
            self.sealed.sent(count);
            if self.client.process_new_packets().is_err() {
                self.sealed.clear();
            }
        }
        moved
    }

    fn says(&mut self, data: &[u8]) {
        for piece in data.chunks(16_000) {
            self.client.writer().write_all(piece).unwrap();
            self.pump().unwrap();
        }
    }

    fn hears(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.client.reader().read(&mut buffer) {
            heard.extend_from_slice(&buffer[..count]);
        }
        heard
    }

    /// The alert that the client got, if any.
    fn alert(&mut self) -> Option<AlertDescription> {
        match self.client.process_new_packets() {
            Err(rustls::Error::AlertReceived(alert)) => Some(alert),
            _ => None,
        }
    }
}

#[test]
fn bytes_go_both_ways_however_they_are_cut() {
    let world = World::new();
    let gate = world.gate();
    let data: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    for version in Version::ALL {
        for step in [1, 7, 4096, usize::MAX] {
            let sent = if step == 1 { &data[..20_000] } else { &data };
            let mut wired = Wired::new(&world.client(Some(&world.alice), version), &gate);
            wired.step = step;
            wired.pump().unwrap();
            assert!(!wired.session.is_handshaking());
            assert_eq!(wired.session.version(), Some(version));
            assert_eq!(
                wired.session.peer().unwrap().leaf(),
                &world.alice.certificate
            );
            wired.says(sent);
            assert_eq!(wired.received, sent, "{version}, {step} at a time");
            assert_eq!(wired.session.carried(), 0, "an idle session holds nothing");
            let mut heard = Vec::new();
            for piece in sent.chunks(20_000) {
                wired.session.seal(piece, &mut wired.sealed).unwrap();
                wired.answer();
                heard.extend(wired.hears());
            }
            assert_eq!(heard, sent);
        }
    }
}

#[test]
fn each_half_is_closed_for_itself() {
    let world = World::new();
    let gate = world.gate();
    for version in Version::ALL {
        let mut wired = Wired::new(&world.client(Some(&world.alice), version), &gate);
        wired.pump().unwrap();
        wired.says(b"last words");
        wired.client.send_close_notify();
        wired.pump().unwrap();
        assert!(wired.session.peer_closed());
        assert_eq!(wired.received, b"last words");
        // The other half still works, long after.
        wired.session.seal(b"an answer", &mut wired.sealed).unwrap();
        wired.answer();
        assert_eq!(wired.hears(), b"an answer");

        let mut wired = Wired::new(&world.client(Some(&world.alice), version), &gate);
        wired.pump().unwrap();
        wired.session.close(&mut wired.sealed);
        wired.session.close(&mut wired.sealed);
        wired.answer();
        let end = wired.client.process_new_packets().unwrap();
        assert!(end.peer_has_closed());
        wired.says(b"still here");
        assert_eq!(wired.received, b"still here");
        assert_eq!(
            wired.session.seal(b"no", &mut wired.sealed),
            Err(TlsError::Closed)
        );
    }
}

#[test]
fn the_hybrid_group_is_taken_when_it_is_offered() {
    let world = World::new();
    let gate = world.gate();
    for (offered, taken) in [
        (
            vec![kx_group::X25519MLKEM768, kx_group::X25519],
            "X25519MLKEM768",
        ),
        (vec![kx_group::X25519], "X25519"),
        (vec![kx_group::SECP256R1], "secp256r1"),
        (vec![kx_group::SECP384R1], "secp384r1"),
    ] {
        let config = client(Some(&world.alice), Version::Tls13, offered);
        let mut wired = Wired::new(&config, &gate);
        wired.pump().unwrap();
        assert_eq!(wired.session.group().as_deref(), Some(taken));
    }
}

#[test]
fn keys_may_be_of_every_kind_and_may_be_changed_under_way() {
    let world = World::new();
    let gate = world.gate();
    for kind in [
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
    ] {
        let holder = Holder::of(&world.clients, Purpose::Client, kind, 7);
        let mut wired = Wired::new(&world.client(Some(&holder), Version::Tls13), &gate);
        wired.pump().unwrap();
        wired.says(b"before");
        wired.client.refresh_traffic_keys().unwrap();
        wired.says(b" after");
        wired.session.seal(b"answer", &mut wired.sealed).unwrap();
        wired.answer();
        assert_eq!(wired.received, b"before after", "{kind}");
        assert_eq!(wired.hears(), b"answer", "{kind}");
    }
}

#[test]
fn a_session_is_resumed_by_the_gate_that_gave_the_ticket_and_by_no_other() {
    let world = World::new();
    for version in Version::ALL {
        let gate = world.gate();
        let config = world.client(Some(&world.alice), version);
        let kinds = |gate: &Gate| {
            let mut wired = Wired::new(&config, gate);
            wired.pump().unwrap();
            wired.says(b"hello");
            assert_eq!(wired.received, b"hello");
            // Judged like a new one.
            assert_eq!(
                wired.session.peer().unwrap().leaf(),
                &world.alice.certificate
            );
            let resumed = wired.client.handshake_kind() == Some(HandshakeKind::Resumed);
            assert_eq!(wired.session.resumed(), resumed);
            resumed
        };
        assert!(!kinds(&gate), "{version}: the first time");
        assert!(kinds(&gate), "{version}: the second time");
        assert!(!kinds(&world.gate()), "{version}: another gate");
    }
}

#[test]
fn a_ticket_does_not_save_who_was_revoked() {
    let world = World::new();
    for version in Version::ALL {
        let config = world.client(Some(&world.alice), version);
        let gate = world.gate();
        for _ in 0..2 {
            let mut wired = Wired::new(&config, &gate);
            wired.pump().unwrap();
            wired.says(b"hello");
        }
        let by_list = GateSettings {
            lists: Some(vec![world.list(2, &[&world.alice])]),
            ..world.settings()
        };
        let serial = world.alice.certificate.serial();
        let by_serial = GateSettings {
            denied: DenyList::parse(format!("serial:{serial}").as_bytes()).unwrap(),
            ..world.settings()
        };
        for settings in [by_list, by_serial] {
            let after = Gate::new(settings).unwrap();
            let mut wired = Wired::new(&config, &after);
            assert_eq!(
                wired.pump(),
                Err(TlsError::ClientRefused(ClientRefusal::Revoked)),
                "{version}"
            );
            assert_eq!(wired.alert(), Some(AlertDescription::CertificateRevoked));
            assert!(wired.received.is_empty());
            let again = wired.session.digest(&mut [], |_| {}, &mut wired.sealed);
            assert!(again.is_err(), "a failed session stays failed");
            assert!(wired.session.seal(b"no", &mut wired.sealed).is_err());
        }
    }
}

#[test]
fn who_does_not_belong_is_told_why() {
    let world = World::new();
    let stranger = Holder::of(
        &anchor(Purpose::Client, 9),
        Purpose::Client,
        KeyKind::EcdsaP256,
        3,
    );
    let server = Holder::of(&world.servers, Purpose::Server, KeyKind::EcdsaP256, 11);
    let late = GateSettings {
        clock: Clock::Fixed(NOW + DAY * 4),
        lists: Some(vec![world.dated(1, &[], NOW, NOW + DAY * 9)]),
        ..world.settings()
    };
    let overdue = GateSettings {
        clock: Clock::Fixed(NOW + DAY * 2),
        ..world.settings()
    };
    let foreign = list(&anchor(Purpose::Client, 7), 1, &[], (NOW - DAY, NOW + DAY));
    let missing = GateSettings {
        lists: Some(vec![foreign]),
        ..world.settings()
    };
    use AlertDescription as Is;
    for version in Version::ALL {
        for (what, settings, holder, alerts) in [
            (
                "no certificate",
                world.settings(),
                None,
                vec![Is::CertificateRequired],
            ),
            (
                "a stranger",
                world.settings(),
                Some(&stranger),
                vec![Is::UnknownCA],
            ),
            (
                "a server",
                world.settings(),
                Some(&server),
                vec![Is::UnknownCA, Is::UnsupportedCertificate],
            ),
            (
                "expired",
                late.clone(),
                Some(&world.alice),
                vec![Is::CertificateExpired],
            ),
            (
                "an overdue list",
                overdue.clone(),
                Some(&world.alice),
                vec![Is::CertificateUnknown, Is::CertificateExpired],
            ),
            (
                "no list of this anchor",
                missing.clone(),
                Some(&world.alice),
                vec![Is::CertificateUnknown],
            ),
        ] {
            let gate = Gate::new(settings).unwrap();
            let mut wired = Wired::new(&world.client(holder, version), &gate);
            let error = wired.pump().unwrap_err();
            assert!(
                matches!(error, TlsError::ClientRefused(_)),
                "{what}: {error}"
            );
            let alert = wired.alert().unwrap();
            assert!(alerts.contains(&alert), "{what}, {version}: {alert:?}");
        }
    }
}

#[test]
fn what_a_client_is_worth_after_a_change() {
    let world = World::new();
    let mut wired = Wired::new(
        &world.client(Some(&world.alice), Version::Tls13),
        &world.gate(),
    );
    wired.pump().unwrap();
    let alice = wired.session.peer().unwrap();
    let standing = |settings| Gate::new(settings).unwrap().standing(&alice);
    assert_eq!(standing(world.settings()), Standing::Good);
    let revoked = GateSettings {
        lists: Some(vec![world.list(1, &[]), world.list(2, &[&world.alice])]),
        ..world.settings()
    };
    assert_eq!(standing(revoked.clone()), Standing::Revoked);
    let key = aws_lc_rs::digest::digest(
        &aws_lc_rs::digest::SHA256,
        world.alice.certificate.spki_der(),
    );
    let hex: String = key
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let denied = GateSettings {
        denied: DenyList::parse(format!("spki:{hex}").as_bytes()).unwrap(),
        ..world.settings()
    };
    assert_eq!(standing(denied), Standing::Revoked);
    let overdue = GateSettings {
        clock: Clock::Fixed(NOW + DAY * 2),
        ..world.settings()
    };
    assert!(matches!(standing(overdue), Standing::Lapsed(_)));
    // Expired and revoked is revoked.
    let both = GateSettings {
        clock: Clock::Fixed(NOW + DAY * 20),
        ..revoked
    };
    assert_eq!(standing(both), Standing::Revoked);
    let other = GateSettings {
        anchors: vec![anchor(Purpose::Client, 2).certificate().clone()],
        lists: None,
        ..world.settings()
    };
    assert!(matches!(standing(other), Standing::Untrusted(_)));
    // Neither is it a matter of time alone when the anchor is gone and her own time is over as well.
    let other_and_late = GateSettings {
        anchors: vec![anchor(Purpose::Client, 2).certificate().clone()],
        lists: None,
        clock: Clock::Fixed(NOW + DAY * 20),
        ..world.settings()
    };
    assert!(matches!(standing(other_and_late), Standing::Untrusted(_)));
}

#[test]
fn a_list_of_another_anchor_with_the_same_name_hides_nobody_who_was_revoked() {
    let mut world = World::new();
    let mut wired = Wired::new(
        &world.client(Some(&world.alice), Version::Tls13),
        &world.gate(),
    );
    wired.pump().unwrap();
    let alice = wired.session.peer().unwrap();
    let (first, hit) = (
        world.clients.certificate().clone(),
        world.list(2, &[&world.alice]),
    );
    // Made anew with the same name and another key, and further on in its numbers.
    world.clients = anchor(Purpose::Client, 1);
    let settings = GateSettings {
        anchors: vec![first, world.clients.certificate().clone()],
        lists: Some(vec![hit, world.list(9, &[])]),
        clock: Clock::Fixed(NOW + DAY * 20),
        ..world.settings()
    };
    let standing = Gate::new(settings).unwrap().standing(&alice);
    assert_eq!(standing, Standing::Revoked);
}

#[test]
fn the_serial_of_an_anchor_shuts_out_nobody_below_it() {
    let world = World::new();
    let gate = |line: String| {
        let denied = DenyList::parse(line.as_bytes()).unwrap();
        Gate::new(GateSettings {
            denied,
            ..world.settings()
        })
        .unwrap()
    };
    let met = |gate: &Gate| {
        let client = world.client(Some(&world.alice), Version::Tls13);
        Wired::new(&client, gate).pump()
    };
    // Many anchors have the serial 1, and so have many certificates.
    let anchor = world.clients.certificate();
    met(&gate(format!("serial:{}", anchor.serial()))).unwrap();
    met(&gate(format!(
        "serial:{}",
        world.alice.certificate.serial()
    )))
    .unwrap_err();
    // Its key is nobody else's.
    let key = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, anchor.spki_der());
    let hex: String = key
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    met(&gate(format!("spki:{hex}"))).unwrap_err();
}

#[test]
fn a_protocol_of_its_own_is_refused_by_an_http_door_and_agreed_to_by_any_other() {
    let world = World::new();
    let gate = world.gate();
    for version in Version::ALL {
        for (offered, agreed) in [
            (&["tds/8.0"][..], Some("tds/8.0")),
            (&["h2", "http/1.1"], Some("http/1.1")),
            (&[], None),
        ] {
            let mut config = (*world.client(Some(&world.alice), version)).clone();
            config.alpn_protocols = offered
                .iter()
                .map(|name| name.as_bytes().to_vec())
                .collect();
            let config = Arc::new(config);
            let mut wired = Wired::new(&config, &gate);
            let http = wired.pump().is_ok();
            assert_eq!(http, agreed != Some("tds/8.0"), "{offered:?} {version}");
            let mut wired = Wired::new(&config, &gate);
            let mut hello = Vec::new();
            wired.client.write_tls(&mut hello).unwrap();
            assert!(Gate::hello_is_whole(&hello) && !Gate::hello_is_whole(&hello[..50]));
            wired.session = gate.session_for(&hello).unwrap();
            wired.feed(&hello).unwrap();
            wired.answer();
            wired.pump().unwrap();
            assert!(wired.session.peer().is_ok(), "{offered:?} {version}");
            assert_eq!(wired.client.alpn_protocol(), agreed.map(str::as_bytes));
        }
    }
}

#[test]
fn settings_that_would_let_nobody_in_are_refused() {
    let world = World::new();
    let no_anchors = GateSettings {
        anchors: Vec::new(),
        ..world.settings()
    };
    assert_eq!(Gate::new(no_anchors).unwrap_err(), SettingsError::NoAnchors);
    let no_lists = GateSettings {
        lists: Some(Vec::new()),
        ..world.settings()
    };
    assert_eq!(Gate::new(no_lists).unwrap_err(), SettingsError::NoLists);
}

#[test]
fn a_gate_tries_itself_as_a_client_would() {
    let world = World::new();
    let name: San = "daemon.example".parse().unwrap();
    let anchors = [world.servers.certificate().clone()];
    world.gate().prove(Some(&anchors), &name).unwrap();
    world.gate().prove(None, &name).unwrap();
    let others = [world.clients.certificate().clone()];
    let error = world.gate().prove(Some(&others), &name).unwrap_err();
    assert!(matches!(error, TlsError::ServerRefused(_)), "{error}");
    let elsewhere: San = "elsewhere.example".parse().unwrap();
    let error = world.gate().prove(Some(&anchors), &elsewhere).unwrap_err();
    assert!(matches!(error, TlsError::ServerRefused(_)), "{error}");
    let late = GateSettings {
        clock: Clock::Fixed(NOW + DAY * 9),
        ..world.settings()
    };
    let error = Gate::new(late).unwrap().prove(Some(&anchors), &name);
    assert!(
        matches!(error, Err(TlsError::ServerRefused(_))),
        "{error:?}"
    );
}

#[test]
fn a_gate_serves_both_versions_whatever_its_key() {
    let world = World::new();
    let name: San = "daemon.example".parse().unwrap();
    let anchors = [world.servers.certificate().clone()];
    for kind in [
        KeyKind::EcdsaP384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
        KeyKind::Rsa4096,
    ] {
        let holder = Holder::of(&world.servers, Purpose::Server, kind, 13);
        let settings = GateSettings {
            identity: holder.identity(),
            ..world.settings()
        };
        let gate = Gate::new(settings).unwrap();
        gate.prove(Some(&anchors), &name).unwrap();
    }
}

#[test]
fn noise_is_refused_without_harm() {
    let world = World::new();
    let gate = world.gate();
    let endless = [22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff];
    for noise in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[22, 3, 1, 0, 1, 0],
        &[0; 100],
        &endless,
    ] {
        let mut session = gate.session().unwrap();
        let mut sealed = Sealed::default();
        let mut ended = false;
        for _ in 0..200 {
            let mut records = vec![0; session.carried()];
            records.extend_from_slice(noise);
            if session
                .digest(&mut records, |_| panic!("plaintext"), &mut sealed)
                .is_err()
            {
                ended = true;
                break;
            }
            assert!(session.carried() <= 64 * 1024);
        }
        assert!(ended || session.carried() > 0);
        assert!(session.peer().is_err());
        assert!(session.seal(b"no", &mut sealed).is_err());
        session.close(&mut sealed);
    }
}
