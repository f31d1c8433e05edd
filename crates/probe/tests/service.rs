//! Services of every protocol, honest ones and hostile ones, in this process.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::{Authority, LOOPBACK, NOW, Seeded, forge};
use sealock_pki::{CommonName, KeyKind, LeafRequest, PrivateKey, Purpose, issue_leaf};
use sealock_probe::service::{Passage, ServiceSeen, ServiceTarget, TdsEncryption, Way, look};
use sealock_service::Protocol;
use sealock_tls::{
    ClientAuth, Clock, Identity, Server, ServerSettings, TlsStream, Version, Versions,
};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

fn listen(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(socket));
        }
    });
    address
}

fn target(address: SocketAddr, protocol: Protocol) -> ServiceTarget {
    ServiceTarget {
        address: address.to_string(),
        server_name: LOOPBACK.to_string(),
        protocol,
        timeout: PATIENCE,
        at: NOW,
    }
}

fn server(authority: &Authority, mutual: bool, versions: Versions) -> Server {
    Server::new(ServerSettings {
        identity: authority.server_identity(),
        client_auth: match mutual {
            true => ClientAuth::Required(fixture::anchors(&authority.client)),
            false => ClientAuth::None,
        },
        versions,
        clock: Clock::Fixed(NOW),
    })
    .unwrap()
    .speaking(&[])
}

fn client(authority: &Authority, name: &str) -> Identity {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest {
        purpose: Purpose::Client,
        common_name: CommonName::try_from(name).unwrap(),
        sans: Vec::new(),
        life: fixture::DAY,
        backdate: Duration::from_secs(300),
        not_before: None,
    };
    let leaf = issue_leaf(
        &authority.client,
        &request,
        key.public_key(),
        NOW,
        &mut Seeded(7),
    );
    Identity::new(vec![leaf.unwrap()], &key).unwrap()
}

fn asked(address: SocketAddr, protocol: Protocol, authority: &Authority) -> ServiceSeen {
    let identity = client(authority, "alice");
    let anchors = fixture::anchors(&authority.server);
    look(&target(address, protocol), Some(&identity), &anchors)
}

fn verdicts(seen: &ServiceSeen) -> (Way, Passage, Option<Passage>) {
    let with = seen.with.as_ref().map(|entry| entry.verdict);
    (seen.clear.verdict, seen.without.verdict, with)
}

/// Reads up to this many bytes of a message, at least one.
fn some(stream: &mut impl Read, most: usize) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let count = stream.read(&mut bytes).unwrap_or(0);
    bytes.truncate(count);
    bytes
}

/// One answer to the first words inside of TLS, and goodbye.
fn answering(
    server: Server,
    answer: &'static [u8],
) -> impl Fn(TcpStream) + Send + Sync + Clone + 'static {
    move |socket| {
        let Ok(mut stream) = server.accept(socket) else {
            return;
        };
        let _ = some(&mut stream, 4096);
        let _ = stream.write_all(answer);
        let _ = stream.close();
        drain(&mut stream);
    }
}

fn drain(stream: &mut TlsStream<TcpStream>) {
    while !some(stream, 4096).is_empty() {}
}

/// Protocol, answer inside TLS, and whether clear text means anything to such a peer.
const DIRECT: [(Protocol, &[u8]); 4] = [
    (
        Protocol::Https,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK",
    ),
    (Protocol::Redis, b"+PONG\r\n"),
    (Protocol::Amqp, &[1, 0, 0, 0, 0, 0, 9, 0, 10, 0, 10, 0]),
    (Protocol::Tls, b""),
];

#[test]
fn behind_mutual_tls_only_the_rightful_client_is_answered() {
    let authority = Authority::new();
    for versions in [
        Versions::Only(Version::Tls12),
        Versions::Only(Version::Tls13),
    ] {
        for (protocol, answer) in DIRECT {
            let address = listen(answering(server(&authority, true, versions), answer));
            let seen = asked(address, protocol, &authority);
            let expected = match protocol {
                Protocol::Tls => Way::NotAsked,
                _ => Way::NotSpoken,
            };
            let wanted = (expected, Passage::Refused, Some(Passage::In));
            assert_eq!(verdicts(&seen), wanted, "{seen:#?}");
            let tls = seen.tls.unwrap();
            assert!(tls.trusted && tls.name_matches && tls.asks_for_certificate);
            assert!(seen.without.said.contains("alert"), "{:?}", seen.without);
            // Somebody else's client stays outside too.
            let foreign = client(&Authority::new(), "alice");
            let anchors = fixture::anchors(&authority.server);
            let seen = look(&target(address, protocol), Some(&foreign), &anchors);
            assert_eq!(seen.with.unwrap().verdict, Passage::Refused);
        }
    }
}

#[test]
fn behind_tls_alone_everybody_is_answered() {
    let authority = Authority::new();
    for (protocol, answer) in DIRECT {
        let address = listen(answering(server(&authority, false, Versions::Both), answer));
        let seen = asked(address, protocol, &authority);
        let (_, without, with) = verdicts(&seen);
        assert_eq!(
            (without, with),
            (Passage::In, Some(Passage::In)),
            "{seen:#?}"
        );
        let tls = seen.tls.unwrap();
        assert!(tls.trusted && !tls.asks_for_certificate);
        assert_eq!(tls.version.as_deref(), Some("TLS 1.3"));
        assert_eq!(tls.certificates, 1);
    }
}

#[test]
fn a_server_that_is_not_trusted_is_told_and_looked_at_all_the_same() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let address = listen(answering(
        server(&authority, true, Versions::Both),
        b"+PONG\r\n",
    ));
    let identity = client(&authority, "alice");
    let seen = look(
        &target(address, Protocol::Redis),
        Some(&identity),
        &fixture::anchors(&stranger.server),
    );
    let tls = seen.tls.as_ref().unwrap();
    assert!(!tls.trusted && tls.name_matches);
    assert!(
        tls.why_not
            .as_ref()
            .unwrap()
            .contains("none of our anchors")
    );
    assert_eq!(verdicts(&seen).1, Passage::Refused);
    assert_eq!(verdicts(&seen).2, Some(Passage::In));
    let other = ServiceTarget {
        server_name: "other.example".to_owned(),
        ..target(address, Protocol::Redis)
    };
    let seen = look(&other, None, &fixture::anchors(&authority.server));
    let tls = seen.tls.unwrap();
    assert!(!tls.trusted && !tls.name_matches);
    assert_eq!(seen.with, None);
}

#[test]
fn clear_text_is_told_by_what_it_says() {
    let cases: [(Protocol, &'static [u8], Way); 14] = [
        (Protocol::Redis, b"+PONG\r\n", Way::Accepted),
        (
            Protocol::Redis,
            b"-NOAUTH Authentication required.\r\n",
            Way::Accepted,
        ),
        (
            Protocol::Redis,
            b"-DENIED Redis is running in protected mode\r\n",
            Way::Refused,
        ),
        (
            Protocol::Redis,
            b"-ERR max number of clients reached\r\n",
            Way::Unclear,
        ),
        (
            Protocol::Redis,
            b"220 mail.example ESMTP\r\n",
            Way::NotSpoken,
        ),
        (Protocol::Amqp, b"AMQP\0\0\x09\x01", Way::Accepted),
        (Protocol::Amqp, b"AMQP\x02\x01\0\0", Way::Refused),
        (
            Protocol::Amqp,
            &[1, 0, 0, 0, 0, 0, 9, 0, 10, 0, 10],
            Way::Accepted,
        ),
        (Protocol::Https, b"HTTP/1.0 200 OK\r\n\r\n", Way::Accepted),
        (
            Protocol::Https,
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            Way::Refused,
        ),
        (Protocol::Postgres, b"R\0\0\0\x08\0\0\0\x05", Way::Accepted),
        (
            Protocol::Postgres,
            b"E\0\0\0\x1dSFATAL\0C28000\0Mno entry\0\0",
            Way::Refused,
        ),
        (Protocol::Postgres, &[21, 3, 3, 0, 2, 2, 10], Way::NotSpoken),
        (
            Protocol::Mysql,
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            Way::NotSpoken,
        ),
    ];
    let authority = Authority::new();
    for (protocol, answer, expected) in cases {
        let address = listen(move |mut socket: TcpStream| {
            if protocol != Protocol::Mysql {
                let _ = some(&mut socket, 4096);
            }
            let _ = socket.write_all(answer);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            while !some(&mut socket, 4096).is_empty() {}
        });
        let seen = asked(address, protocol, &authority);
        assert_eq!(
            seen.clear.verdict, expected,
            "{protocol} {answer:?} {seen:#?}"
        );
        assert_eq!(seen.tls, None);
        assert_ne!(seen.without.verdict, Passage::In, "{seen:#?}");
        assert_ne!(seen.with.unwrap().verdict, Passage::In);
    }
}

/// PostgreSQL's way: an S, TLS, then this answer to the login; in clear text another.
#[test]
fn postgres_is_asked_on_both_sides_of_its_tls() {
    let authority = Authority::new();
    let inside = server(&authority, true, Versions::Only(Version::Tls13));
    let address = listen(move |mut socket: TcpStream| {
        let mut head = [0; 8];
        if socket.read_exact(&mut head).is_err() {
            return;
        }
        if head[4..] != [0x04, 0xd2, 0x16, 0x2f] {
            let _ = socket.write_all(b"E\0\0\0\x1dSFATAL\0C28000\0Mno entry\0\0");
            while !some(&mut socket, 4096).is_empty() {}
            return;
        }
        let _ = socket.write_all(b"S");
        answering(inside.clone(), b"R\0\0\0\x08\0\0\0\x0a")(socket);
    });
    let seen = asked(address, Protocol::Postgres, &authority);
    let wanted = (Way::Refused, Passage::Refused, Some(Passage::In));
    assert_eq!(verdicts(&seen), wanted, "{seen:#?}");
    assert_eq!(seen.clear.said, "28000 no entry");
    assert_eq!(seen.with.unwrap().said, "it asks for a password (SASL)");
    assert!(seen.tls.unwrap().trusted);
}

#[test]
fn a_postgres_without_ssl_has_no_tls() {
    let address = listen(move |mut socket: TcpStream| {
        let _ = some(&mut socket, 4096);
        let _ = socket.write_all(b"N");
        while !some(&mut socket, 4096).is_empty() {}
    });
    let seen = asked(address, Protocol::Postgres, &Authority::new());
    assert_eq!(seen.without.verdict, Passage::NoTls);
    assert_eq!(seen.with.unwrap().verdict, Passage::NoTls);
    assert!(seen.without.said.contains("ssl is off"));
}

#[test]
fn what_a_man_in_the_middle_puts_before_tls_is_no_tls() {
    let authority = Authority::new();
    let inside = server(&authority, false, Versions::Both);
    let address = listen(move |mut socket: TcpStream| {
        let _ = some(&mut socket, 4096);
        // Injected behind the S (CVE-2021-23222): it must not be taken for an answer from inside.
        let _ = socket.write_all(b"SR\0\0\0\x08\0\0\0\0");
        answering(inside.clone(), b"")(socket);
    });
    let seen = asked(address, Protocol::Postgres, &authority);
    assert_eq!(seen.tls, None);
    assert_eq!(seen.without.verdict, Passage::NoTls, "{seen:#?}");
}

/// A MySQL server that knows alice by her certificate, and nobody else.
#[test]
fn a_judged_login_is_refused_when_another_gets_in() {
    let authority = Authority::new();
    for (mutual, without) in [(true, Passage::Refused), (false, Passage::In)] {
        let inside = server(&authority, mutual, Versions::Both);
        let address = listen(move |mut socket: TcpStream| {
            let mut greeting = b"\x0a8.0.36\0aaaasaltsalt\0\xff\xff\x21\0\0".to_vec();
            greeting.splice(..0, [u8::try_from(greeting.len()).unwrap(), 0, 0, 0]);
            let _ = socket.write_all(&greeting);
            let mut head = [0; 36];
            if socket.read_exact(&mut head).is_err() {
                return;
            }
            if head[4] == 0 || head[5] & 8 == 0 {
                let _ = socket.write_all(b"\x09\0\0\x02\xff\x57\x0cno TLS");
                while !some(&mut socket, 4096).is_empty() {}
                return;
            }
            let answer: &[u8] = match mutual {
                true => b"\x07\0\0\x03\0\0\0\x02\0\0\0",
                false => b"\x09\0\0\x03\xff\x15\x04denied",
            };
            answering(inside.clone(), answer)(socket);
        });
        let seen = asked(address, Protocol::Mysql, &authority);
        let wanted = (Way::Refused, without, Some(Passage::In));
        assert_eq!(verdicts(&seen), wanted, "{seen:#?}");
    }
}

#[test]
fn certificates_of_no_sane_issuer_are_safe_to_print() {
    let names: Vec<String> = (0..200).map(|n| format!("n{n}\u{1b}[2J.example")).collect();
    let identity = forge::certificate("evil\u{1b}]0;owned\u{7}", &names, 1000);
    let server = Server::new(ServerSettings {
        identity,
        client_auth: ClientAuth::None,
        versions: Versions::Both,
        clock: Clock::Fixed(NOW),
    })
    .unwrap()
    .speaking(&[]);
    let authority = Authority::new();
    let address = listen(answering(server, b"+\x1b[2JPONG\r\n"));
    let seen = asked(address, Protocol::Redis, &authority);
    let printed = serde_json::to_string(&seen).unwrap();
    assert!(!format!("{seen:?}").contains('\u{1b}'));
    assert!(!printed.contains(r"\u001b"), "{printed}");
    assert!(printed.len() < 8192, "{} bytes", printed.len());
    assert!(!seen.tls.unwrap().trusted);
}

#[test]
fn hostile_peers_end_within_the_time() {
    let authority = Authority::new();
    let patience = Duration::from_millis(900);
    let silence: fn(TcpStream) = |mut socket| while !some(&mut socket, 4096).is_empty() {};
    let flood: fn(TcpStream) = |mut socket| {
        for _ in 0..10_000 {
            if socket.write_all(&[b'R'; 1024]).is_err() {
                return;
            }
        }
    };
    let drip: fn(TcpStream) = |mut socket| {
        while socket.write_all(b"E").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let reset: fn(TcpStream) = drop;
    for behave in [silence, flood, drip, reset] {
        let address = listen(behave);
        for protocol in Protocol::ALL {
            let identity = client(&authority, "alice");
            let anchors = fixture::anchors(&authority.server);
            let target = ServiceTarget {
                timeout: patience,
                ..target(address, protocol)
            };
            let begun = Instant::now();
            let seen = look(&target, Some(&identity), &anchors);
            // Scheduling of a busy machine, never another round of patience.
            assert!(begun.elapsed() < patience + Duration::from_secs(4));
            assert_ne!(seen.without.verdict, Passage::In, "{protocol} {seen:#?}");
            assert_ne!(seen.clear.verdict, Way::Accepted, "{protocol} {seen:#?}");
            assert_ne!(seen.with.unwrap().verdict, Passage::In);
        }
    }
}

#[test]
fn what_is_not_there_is_told() {
    let gone = TcpListener::bind((LOOPBACK, 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let seen = asked(gone, Protocol::Redis, &Authority::new());
    assert_eq!(
        seen.unreached.as_deref(),
        Some("the connection was refused")
    );
    for address in [
        "",
        "localhost",
        "127.0.0.1",
        "tcp://127.0.0.1:80",
        "[::1]",
        "a b:80",
        "h:0:1",
    ] {
        let target = ServiceTarget {
            address: address.to_owned(),
            ..target(gone, Protocol::Redis)
        };
        assert!(look(&target, None, &[]).unreached.is_some(), "{address}");
    }
    let target = ServiceTarget {
        server_name: "*.example".to_owned(),
        ..target(gone, Protocol::Redis)
    };
    assert!(look(&target, None, &[]).unreached.is_some());
}

#[test]
fn a_seen_service_is_data() {
    let authority = Authority::new();
    let address = listen(answering(
        server(&authority, true, Versions::Both),
        b"+PONG\r\n",
    ));
    let seen = asked(address, Protocol::Redis, &authority);
    let json = serde_json::to_value(&seen).unwrap();
    assert_eq!(json["protocol"], "redis");
    assert_eq!(json["clear"]["verdict"], "not-spoken");
    assert_eq!(json["without"]["verdict"], "refused");
    assert_eq!(json["with"]["verdict"], "in");
    assert_eq!(json["with"]["said"], "+PONG");
    assert_eq!(json["tls"]["trusted"], true);
    assert_eq!(json["tls"]["subject"], "CN=daemon");
    assert_eq!(
        serde_json::to_value(TdsEncryption::LoginOnly).unwrap(),
        "login-only"
    );
}
