//! Our client at our server: who gets in, who is told what, and what both saw.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod authority;

use authority::{Counting, DAY, Holder, NOW, anchor};
use sealock_pki::{
    AnchorRequest, AuthorityName, Certificate, CommonName, Issuer, KeyKind, LeafRequest,
    PrivateKey, Purpose, San, create_anchor, issue_leaf,
};
use sealock_tls::danger::Unverified;
use sealock_tls::{
    Client, ClientAuth, ClientRefusal, ClientSettings, Clock, Identity, Seen, Server,
    ServerRefusal, ServerSettings, SettingsError, Spoken, TlsError, Trust, Version, Versions,
};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

fn leaf(issuer: &Issuer, purpose: Purpose, kind: KeyKind) -> Identity {
    Holder::of(issuer, purpose, kind, 2).identity()
}

fn only(issuer: &Issuer) -> Vec<Certificate> {
    vec![issuer.certificate().clone()]
}

struct World {
    servers: Issuer,
    clients: Issuer,
}

impl World {
    fn new() -> Self {
        Self {
            servers: anchor(Purpose::Server, 1),
            clients: anchor(Purpose::Client, 1),
        }
    }

    fn server(&self) -> ServerSettings {
        ServerSettings {
            identity: leaf(&self.servers, Purpose::Server, KeyKind::EcdsaP256),
            client_auth: ClientAuth::Required(only(&self.clients)),
            versions: Versions::Both,
            clock: Clock::Fixed(NOW),
        }
    }

    fn client(&self) -> ClientSettings {
        ClientSettings {
            trust: Trust::Anchors(only(&self.servers)),
            identity: Some(leaf(&self.clients, Purpose::Client, KeyKind::EcdsaP256)),
            versions: Versions::Both,
            clock: Clock::Fixed(NOW),
        }
    }
}

/// Both sides of one connection: what the client got to read, and what the server says.
fn meet(
    client: ClientSettings,
    server: ServerSettings,
    name: &str,
    seen: &mut Seen,
) -> (Result<String, TlsError>, Result<Vec<Certificate>, TlsError>) {
    let (here, there) = UnixStream::pair().unwrap();
    let server = Server::new(server).unwrap();
    let client = Client::new(client).unwrap();
    let serving = std::thread::spawn(move || {
        let mut stream = server.accept(&there)?;
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"world").unwrap();
        stream.close().unwrap();
        Ok(stream.peer_chain())
    });
    let result = client
        .connect_seen(&here, &name.parse().unwrap(), seen)
        .and_then(|mut stream| {
            let _ = stream.write_all(b"hello");
            let mut answer = String::new();
            let read = stream.read_to_string(&mut answer);
            read.map_err(|error| TlsError::from_io(&error))?;
            Ok(answer)
        });
    drop(here);
    (result, serving.join().unwrap())
}

#[test]
fn the_rightful_client_gets_in_with_every_version_and_key() {
    let world = World::new();
    for version in Version::ALL {
        for kind in [
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::Ed25519,
            KeyKind::Rsa2048,
        ] {
            let mut client = world.client();
            client.versions = Versions::Only(version);
            let identity = leaf(&world.clients, Purpose::Client, kind);
            client.identity = Some(identity.clone());
            let mut server = world.server();
            server.identity = leaf(&world.servers, Purpose::Server, kind);
            let shown = server.identity.clone();
            let mut seen = Seen::default();
            let (got, peer) = meet(client, server, "daemon.example", &mut seen);
            assert_eq!(got.unwrap(), "world", "{version} {kind}");
            assert_eq!(peer.unwrap(), identity.chain());
            assert_eq!(seen.version, Some(version));
            assert_eq!(seen.chain(), shown.chain());
            assert_eq!(seen.protocol.as_deref(), Some("http/1.1"));
            assert!(seen.suite.unwrap().starts_with("TLS_"));
            assert_eq!(seen.group.as_deref(), Some("X25519"));
            assert!(seen.certificate_requested);
            let subject = world.clients.certificate().subject_der().to_vec();
            assert_eq!(seen.authorities, [subject]);
        }
    }
}

#[test]
fn wrong_clients_are_told_why_in_every_version() {
    let world = World::new();
    let stranger = anchor(Purpose::Client, 1);
    let stolen = leaf(&world.clients, Purpose::Server, KeyKind::EcdsaP256);
    let cases = [
        (None, 116, "no certificate"),
        (
            Some(leaf(&stranger, Purpose::Client, KeyKind::EcdsaP256)),
            48,
            "unknown issuer",
        ),
        (Some(stolen), 43, "extended key usage"),
    ];
    for version in Version::ALL {
        for (identity, alert, reason) in &cases {
            let mut client = world.client();
            client.versions = Versions::Only(version);
            client.identity.clone_from(identity);
            let (got, peer) = meet(
                client,
                world.server(),
                "daemon.example",
                &mut Seen::default(),
            );
            let Err(TlsError::AlertReceived { alert: received }) = got else {
                panic!("{version} {reason}: {got:?}");
            };
            assert_eq!(received.number(), *alert, "{version} {reason}");
            let Err(TlsError::ClientRefused(refusal)) = peer else {
                panic!("{version} {reason}: {peer:?}");
            };
            let refusal = refusal.to_string().to_lowercase();
            assert!(
                refusal.contains(&reason.replace(' ', "")) || refusal.contains(reason),
                "{refusal}"
            );
        }
    }
}

/// webpki does not look at the dates of anchors; a daemon in Go does, and so do we.
#[test]
fn expired_anchors_vouch_for_nobody() {
    // One key, two certificates of it: leaves are signed below the long-lived one.
    let pair = |purpose| {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let [long, short] = [DAY * 10, DAY].map(|life| {
            let authority = AuthorityName::try_from("test").unwrap();
            let request = AnchorRequest {
                authority,
                purpose,
                scope: None,
                generation: 1,
                life,
            };
            create_anchor(&request, key.clone(), NOW, &mut Counting(1)).unwrap()
        });
        (long, short)
    };
    let (servers, short_servers) = pair(Purpose::Server);
    let (clients, short_clients) = pair(Purpose::Client);
    let world = World { servers, clients };
    let later = Clock::Fixed(NOW + DAY * 2);
    let lasting = |issuer, purpose, sans: &[&str]| {
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        let sans = sans.iter().map(|san| san.parse().unwrap()).collect();
        let name = CommonName::try_from("leaf").unwrap();
        let request = LeafRequest::new(purpose, name, sans, DAY * 5);
        let leaf = issue_leaf(issuer, &request, key.public_key(), NOW, &mut Counting(2)).unwrap();
        Identity::new(vec![leaf], &key).unwrap()
    };
    let mut client = world.client();
    client.clock = later;
    client.identity = Some(lasting(&world.clients, Purpose::Client, &[]));
    let mut server = world.server();
    server.clock = later;
    server.identity = lasting(&world.servers, Purpose::Server, &["daemon.example"]);
    let here = |client: &ClientSettings, server: &ServerSettings| {
        meet(
            client.clone(),
            server.clone(),
            "daemon.example",
            &mut Seen::default(),
        )
    };
    assert_eq!(here(&client, &server).0.unwrap(), "world");

    let mut strict_server = server.clone();
    strict_server.client_auth = ClientAuth::Required(only(&short_clients));
    let (got, peer) = here(&client, &strict_server);
    assert!(
        matches!(got, Err(TlsError::AlertReceived { .. })),
        "{got:?}"
    );
    let Err(TlsError::ClientRefused(ClientRefusal::Unacceptable { detail })) = peer else {
        panic!("{peer:?}");
    };
    assert!(
        detail.contains("the anchor") && detail.contains("expired"),
        "{detail}"
    );

    client.trust = Trust::Anchors(only(&short_servers));
    let (got, _) = here(&client, &server);
    let Err(TlsError::ServerRefused(ServerRefusal::Unacceptable { detail })) = got else {
        panic!("{got:?}");
    };
    assert!(
        detail.contains("the anchor") && detail.contains("expired"),
        "{detail}"
    );
}

/// webpki takes a certificate without extended key usage for whatever is needed.
#[test]
fn a_certificate_that_does_not_say_what_it_is_for_is_nobodys() {
    let anchor = Certificate::from_pem(include_bytes!("no-eku/ca.pem")).unwrap();
    let leaf = Certificate::from_pem(include_bytes!("no-eku/leaf.pem")).unwrap();
    let key = PrivateKey::from_pem(include_bytes!("no-eku/leaf.key"), None).unwrap();
    let mute = Identity::new(vec![leaf], &key).unwrap();
    let world = World::new();

    let mut client = world.client();
    client.identity = Some(mute.clone());
    let mut server = world.server();
    server.client_auth = ClientAuth::Required(vec![anchor.clone()]);
    let (got, _) = meet(client, server, "daemon.example", &mut Seen::default());
    assert!(
        matches!(&got, Err(TlsError::AlertReceived { alert }) if alert.number() == 43),
        "{got:?}"
    );

    let mut client = world.client();
    client.trust = Trust::Anchors(vec![anchor]);
    let mut server = world.server();
    server.identity = mute;
    let (got, _) = meet(client, server, "daemon.example", &mut Seen::default());
    assert!(
        matches!(
            &got,
            Err(TlsError::ServerRefused(ServerRefusal::WrongPurpose { .. }))
        ),
        "{got:?}"
    );
}

#[test]
fn untrusted_servers_are_refused_with_values() {
    let world = World::new();
    let stranger = World::new();
    let mut later = world.client();
    later.clock = Clock::Fixed(NOW + DAY * 4);
    let mut earlier = world.client();
    earlier.clock = Clock::Fixed(NOW - DAY);
    let mut posing = world.server();
    posing.identity = leaf(&world.servers, Purpose::Client, KeyKind::EcdsaP256);
    let cases = [
        (
            stranger.client(),
            world.server(),
            "daemon.example",
            "SL-T111",
        ),
        (world.client(), world.server(), "other.example", "SL-T112"),
        (world.client(), world.server(), "127.0.0.2", "SL-T112"),
        (later, world.server(), "daemon.example", "SL-T113"),
        (earlier, world.server(), "daemon.example", "SL-T114"),
        (world.client(), posing, "daemon.example", "SL-T115"),
    ];
    for (client, server, name, code) in cases {
        let shown = server.identity.clone();
        let mut seen = Seen::default();
        let (got, _) = meet(client, server, name, &mut seen);
        let error = got.unwrap_err();
        assert_eq!(
            sealock_diag::Diagnose::code(&error).to_string(),
            code,
            "{error:?}"
        );
        // What was refused can still be looked at.
        assert_eq!(seen.chain(), shown.chain());
    }
    let (got, _) = meet(
        world.client(),
        world.server(),
        "other.example",
        &mut Seen::default(),
    );
    let Err(TlsError::ServerRefused(ServerRefusal::NameMismatch {
        expected,
        presented,
    })) = got
    else {
        panic!("{got:?}");
    };
    assert_eq!(expected, "other.example");
    assert_eq!(presented.len(), 2);
}

#[test]
fn looking_without_trust_sees_everything() {
    let world = World::new();
    let mut client = World::new().client();
    client.trust = Trust::Unverified(Unverified::for_looking_only());
    client.identity = None;
    let mut server = world.server();
    server.client_auth = ClientAuth::None;
    let mut seen = Seen::default();
    let (got, _) = meet(client, server, "whatever.example", &mut seen);
    assert_eq!(got.unwrap(), "world");
    assert!(!seen.certificate_requested);
    assert_eq!(seen.chain().len(), 1);
}

#[test]
fn versions_without_overlap_are_a_named_alert() {
    let world = World::new();
    let mut server = world.server();
    server.versions = Versions::Only(Version::Tls13);
    let mut client = world.client();
    client.versions = Versions::Only(Version::Tls12);
    let (got, _) = meet(client, server, "daemon.example", &mut Seen::default());
    assert!(
        matches!(&got, Err(TlsError::AlertReceived { alert }) if alert.number() == 70),
        "{got:?}"
    );
}

#[test]
fn plain_peers_are_named_on_both_sides() {
    let world = World::new();
    for (sent, expected) in [
        (&b"GET /_ping HTTP/1.1\r\n\r\n"[..], Spoken::Http),
        (b"\x00\x01\x02\x03\x04\x05", Spoken::Other),
    ] {
        let (mut here, there) = UnixStream::pair().unwrap();
        here.write_all(sent).unwrap();
        let error = Server::new(world.server())
            .unwrap()
            .accept(&there)
            .unwrap_err();
        assert!(matches!(error, TlsError::PlainText { spoken, .. } if spoken == expected));
        drop(there);
        let mut answer = Vec::new();
        let _ = here.read_to_end(&mut answer);
        assert!(answer.is_empty(), "nothing was sent to a peer without TLS");
    }
    let (here, mut there) = UnixStream::pair().unwrap();
    there
        .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .unwrap();
    let client = Client::new(world.client()).unwrap();
    let error = client
        .connect(&here, &"daemon.example".parse().unwrap())
        .unwrap_err();
    assert!(
        matches!(
            error,
            TlsError::PlainText {
                spoken: Spoken::Http,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let world = World::new();
    let one = leaf(&world.clients, Purpose::Client, KeyKind::EcdsaP256);
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    assert!(matches!(
        Identity::new(one.chain().to_vec(), &key),
        Err(SettingsError::KeyMismatch { .. })
    ));
    assert!(matches!(
        Identity::new(Vec::new(), &key),
        Err(SettingsError::EmptyChain)
    ));
    let mut client = world.client();
    client.trust = Trust::Anchors(Vec::new());
    assert!(matches!(Client::new(client), Err(SettingsError::NoAnchors)));
    let mut server = world.server();
    server.client_auth = ClientAuth::Required(Vec::new());
    assert!(matches!(Server::new(server), Err(SettingsError::NoAnchors)));
    assert!(!format!("{one:?}").contains("PRIVATE"));
    let mail: San = "email:a@example.org".parse().unwrap();
    let client = Client::new(world.client()).unwrap();
    let (here, _there) = UnixStream::pair().unwrap();
    assert!(client.connect(&here, &mail).is_err());
}
