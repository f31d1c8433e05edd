//! Peers that lie, stall and flood, looked at closely: bounded time, something found, nothing printed raw.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::forge::certificate;
use fixture::{LOOPBACK, NOW};
use sealock_check::seen::Endpoint;
use sealock_check::{Finding, Perspective, Seen, findings};
use sealock_probe::{Depth, Place, Visitors, look};
use sealock_tls::{ClientAuth, Clock, Identity, Server, ServerSettings, Versions};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(300);
/// Eight rounds of patience, and the scheduling of a busy machine.
const LONGEST: Duration = Duration::from_millis(8 * 300 + 2000);

/// A peer that treats every connection like this, each in a thread of its own.
fn peer(behave: impl Fn(TcpStream) + Send + Sync + 'static) -> Place {
    let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
    let place = Place::at(listener.local_addr().unwrap());
    let behave = Arc::new(behave);
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let behave = behave.clone();
            std::thread::spawn(move || behave(socket));
        }
    });
    place
}

/// A server that shows this identity and answers nothing.
fn server(identity: Identity) -> Place {
    let server = Server::new(ServerSettings {
        identity,
        client_auth: ClientAuth::None,
        versions: Versions::Both,
        clock: Clock::Fixed(NOW),
    })
    .unwrap();
    peer(move |socket| {
        if let Ok(mut stream) = server.accept(&socket) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\nOK");
            let _ = stream.close();
        }
    })
}

/// Looks at both depths, in bounded time, and judges what was seen; the finding asked for is among them.
fn looked_at(place: &Place, code: &str) -> (Endpoint, Vec<Finding>) {
    let mut last = None;
    for depth in [Depth::Short, Depth::Full] {
        let begun = Instant::now();
        let endpoint = look(place, &Visitors::default(), depth, PATIENCE, NOW);
        assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
        let mut seen = Seen::new(NOW);
        seen.endpoints.push(endpoint.clone());
        let begun = Instant::now();
        let found = findings(&seen, Perspective::Service);
        assert!(
            begun.elapsed() < Duration::from_secs(2),
            "{:?}",
            begun.elapsed()
        );
        let codes: Vec<&str> = found.iter().map(|finding| finding.check.code).collect();
        assert!(codes.contains(&code), "{depth:?}: {codes:?}, {endpoint:?}");
        for spot in found.iter().flat_map(|finding| &finding.spots) {
            for text in [&spot.place, &spot.cause] {
                assert_eq!(&sealock_diag::escape(text), text);
                assert!(text.len() < 4096, "{} bytes", text.len());
            }
        }
        last = Some((endpoint, found));
    }
    last.unwrap()
}

#[test]
fn another_service() {
    let place = peer(|mut socket| {
        let _ = socket.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\x1b]0;owned\x07");
        let _ = socket.read(&mut [0; 1024]);
    });
    looked_at(&place, "SL-F904");
}

#[test]
fn silence() {
    let place = peer(|mut socket| {
        let _ = socket.read_to_end(&mut Vec::new());
    });
    looked_at(&place, "SL-F905");
}

#[test]
fn dripping_bytes() {
    let place = peer(|mut socket| {
        let start = [22, 3, 3, 0x40, 0];
        for byte in start.into_iter().chain(std::iter::repeat(0)) {
            if socket.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    looked_at(&place, "SL-F905");
}

#[test]
fn resets() {
    // Closing over unread bytes resets the connection.
    let place = peer(|mut socket| {
        let _ = socket.read(&mut [0; 1]);
    });
    looked_at(&place, "SL-F906");
}

#[test]
fn another_web_service() {
    let place = peer(|mut socket| {
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnope");
    });
    looked_at(&place, "SL-F909");
}

#[test]
fn records_without_end() {
    let place = peer(|mut socket| {
        let mut record = vec![22, 3, 3, 0x40, 0];
        record.extend([0; 0x4000]);
        while socket.write_all(&record).is_ok() {}
    });
    looked_at(&place, "SL-F912");
}

#[test]
fn a_body_without_end() {
    let place = peer(|mut socket| {
        let _ = socket.read(&mut [0; 4096]);
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n");
        while socket.write_all(&[b'x'; 4096]).is_ok() {}
    });
    looked_at(&place, "SL-F101");
}

#[test]
fn ten_thousand_names() {
    let names: Vec<String> = (0..10_000_u32)
        .map(|n| {
            let letter = |by: u32| char::from(b'a' + u8::try_from(n / by % 26).unwrap());
            [letter(676), letter(26), letter(1)].iter().collect()
        })
        .collect();
    let place = server(certificate("many", &names, 0));
    let (endpoint, _) = looked_at(&place, "SL-F907");
    assert_eq!(endpoint.leaf().unwrap().sans().len(), 10_000);
}

#[test]
fn ten_megabytes_of_certificate() {
    // Pieces that we can still read ourselves, together far beyond what TLS libraries take.
    let heavy = certificate("heavy", &["h.example".to_owned()], 3_000_000);
    let certificates = vec![heavy.leaf().clone(); 4];
    let identity = rechained(certificates);
    let (endpoint, _) = looked_at(&server(identity), "SL-F907");
    assert!(endpoint.chain.is_empty() && endpoint.chain_size.1 > 0xffff);
}

#[test]
fn a_chain_of_a_hundred() {
    let one = certificate("one", &["one.example".to_owned()], 0);
    let (endpoint, _) = looked_at(&server(rechained(vec![one.leaf().clone(); 100])), "SL-F907");
    assert_eq!((endpoint.chain.len(), endpoint.chain_size.0), (16, 101));
}

#[test]
fn escape_sequences_in_a_name() {
    let evil = certificate("\u{1b}]0;owned\u{7}\u{202e}", &["h.example".to_owned()], 0);
    let (endpoint, found) = looked_at(&server(evil), "SL-F908");
    assert!(
        endpoint.misbehaviour.is_empty(),
        "{:?}",
        endpoint.misbehaviour
    );
    let is_about_it = |finding: &&Finding| finding.check.code == "SL-F908";
    let spot = &found.iter().find(is_about_it).unwrap().spots[0];
    assert!(spot.cause.contains("CN=\\u{1b}]0"), "{}", spot.cause);
}

#[test]
fn a_suite_that_nobody_offered() {
    let place = peer(|mut socket| {
        let mut asked = [0; 4096];
        let _ = socket.read(&mut asked);
        if asked[0] != 22 {
            return;
        }
        let mut hello = vec![2, 0, 0, 38, 3, 3];
        hello.extend([7; 32]);
        hello.extend([0, 0x0a, 0x0a, 0]);
        let length = u8::try_from(hello.len()).unwrap();
        let _ = socket.write_all(&[&[22, 3, 3, 0, length], &hello[..]].concat());
        let _ = socket.read(&mut [0; 64]);
    });
    let (endpoint, found) = looked_at(&place, "SL-F912");
    assert_eq!(
        endpoint.misbehaviour.len(),
        2,
        "{:?}",
        endpoint.misbehaviour
    );
    assert_eq!(found[0].check.code, "SL-F912");
}

#[test]
fn addresses_of_one_name_that_differ() {
    let named = |name: &str| server(certificate(name, &["twice.example".to_owned()], 0));
    let address = |place: &Place| SocketAddr::new(LOOPBACK, place.port);
    let (one, other) = (named("one"), named("other"));
    let silent = peer(|mut socket| {
        let _ = socket.read_to_end(&mut Vec::new());
    });
    let place = Place::parse("twice.example").unwrap();
    let place = place.leading_to(&[address(&one), address(&other), address(&silent)]);
    let seen = look(&place, &Visitors::default(), Depth::Full, PATIENCE, NOW);
    assert_eq!(seen.address, address(&one).to_string());
    let others: Vec<&str> = seen
        .other_leaves
        .iter()
        .map(|(at, _)| at.as_str())
        .collect();
    assert_eq!(others, [address(&other).to_string()]);
}

/// A small leaf with a key, and these certificates behind it.
fn rechained(behind: Vec<sealock_pki::Certificate>) -> Identity {
    let key = sealock_pki::PrivateKey::generate(sealock_pki::KeyKind::EcdsaP256).unwrap();
    let request = sealock_pki::AnchorRequest {
        authority: sealock_pki::AuthorityName::try_from("lab").unwrap(),
        purpose: sealock_pki::Purpose::Server,
        scope: None,
        generation: 1,
        life: fixture::DAY,
    };
    let issuer =
        sealock_pki::create_anchor(&request, key.clone(), NOW, &mut fixture::Seeded(5)).unwrap();
    let mut chain = vec![issuer.certificate().clone()];
    chain.extend(behind);
    Identity::new(chain, &key).unwrap()
}
