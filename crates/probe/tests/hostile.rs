//! Peers that lie, stall, reset and flood: bounded time, bounded memory, the right answer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::{Authority, LOOPBACK, NOW};
use sealock_pki::San;
use sealock_probe::{Answer, Dress, Target, ask, served_certificate};
use sealock_tls::{
    ClientAuth, ClientSettings, Clock, Identity, Server, ServerSettings, Trust, Version, Versions,
};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_millis(400);
/// Scheduling of a busy machine, never another round of patience.
const SLACK: Duration = Duration::from_millis(1500);

/// Runs a peer that treats every connection like this, as long as the test lives.
fn peer(behave: impl Fn(TcpStream) + Send + 'static) -> Target {
    let listener = TcpListener::bind((LOOPBACK, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            behave(socket);
        }
    });
    Target::tcp(address, San::Ip(LOOPBACK)).within(PATIENCE)
}

fn tls_dress(authority: &Authority) -> Dress {
    Dress::tls(ClientSettings {
        trust: Trust::Anchors(fixture::anchors(&authority.server)),
        identity: None,
        versions: Versions::Both,
        clock: Clock::Fixed(NOW),
    })
    .unwrap()
}

/// Asks with and without TLS, and holds the peer to its time.
fn both(target: &Target) -> [Answer; 2] {
    let authority = Authority::new();
    [Dress::plain(), tls_dress(&authority)].map(|dress| {
        let begun = Instant::now();
        let observed = ask(target, &dress);
        assert!(begun.elapsed() < PATIENCE + SLACK, "{:?}", begun.elapsed());
        observed.answer
    })
}

#[test]
fn garbage_is_nonsense() {
    let target = peer(|mut socket| {
        let _ = socket.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\x1b]0;owned\x07");
        let _ = socket.read(&mut [0; 1024]);
    });
    for answer in both(&target) {
        let Answer::Nonsense { what } = answer else {
            panic!("{answer:?}");
        };
        assert!(what.contains("SSH-2.0"), "{what}");
        assert!(!what.contains('\u{1b}'), "{what:?}");
    }
}

#[test]
fn closing_at_once_is_closed() {
    let target = peer(drop);
    for answer in both(&target) {
        assert!(matches!(answer, Answer::Closed { .. }), "{answer:?}");
    }
}

#[test]
fn reading_and_closing_is_closed() {
    let target = peer(|mut socket| {
        let _ = socket.read(&mut [0; 4096]);
    });
    for answer in both(&target) {
        assert!(matches!(answer, Answer::Closed { .. }), "{answer:?}");
    }
}

#[test]
fn silence_times_out() {
    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            let mut sink = Vec::new();
            let _ = socket.read_to_end(&mut sink);
        });
    });
    for answer in both(&target) {
        assert_eq!(answer, Answer::TimedOut { after: PATIENCE });
    }
}

#[test]
fn dripping_bytes_gains_no_time() {
    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            // A record header that promises 16 KiB, or an HTTP head without an end.
            for byte in b"HTTP/1.1 200 OK\r\nX: "
                .iter()
                .chain(std::iter::repeat(&b'x'))
            {
                if socket.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(30));
            }
        });
    });
    let [plain, _] = both(&target);
    assert_eq!(plain, Answer::TimedOut { after: PATIENCE });

    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            for byte in [22, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(0)) {
                if socket.write_all(&[byte]).is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(30));
            }
        });
    });
    let [_, tls] = both(&target);
    assert_eq!(tls, Answer::TimedOut { after: PATIENCE });
}

#[test]
fn ten_megabytes_of_head_are_not_read() {
    let flood = |socket: TcpStream| {
        std::thread::spawn(move || {
            let mut socket = socket;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n");
            let line =
                b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(1000);
            let mut sent = 0;
            while sent < 10_000_000 && socket.write_all(&line).is_ok() {
                sent += line.len();
            }
            sent
        });
    };
    let [plain, tls] = both(&peer(flood));
    let Answer::Nonsense { what } = plain else {
        panic!("{plain:?}");
    };
    assert!(what.contains("longer than"), "{what}");
    assert!(
        matches!(tls, Answer::PlainTextInsteadOfTls { .. }),
        "{tls:?}"
    );
}

#[test]
fn endless_bodies_are_cut() {
    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\n\r\n");
            while socket.write_all(&[b'x'; 4096]).is_ok() {}
        });
    });
    let [plain, _] = both(&target);
    let Answer::Answered(reply) = plain else {
        panic!("{plain:?}");
    };
    assert!(reply.body.len() <= 256);
}

#[test]
fn endless_interim_answers_are_cut() {
    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
            while socket.write_all(&many).is_ok() {}
        });
    });
    let [plain, _] = both(&target);
    assert!(matches!(plain, Answer::Nonsense { .. }), "{plain:?}");
}

#[test]
fn endless_records_are_cut() {
    let target = peer(|socket| {
        std::thread::spawn(move || {
            let mut socket = socket;
            // Handshake records full of a message type nobody knows.
            let mut record = vec![22, 3, 3, 0x40, 0];
            record.extend([0; 0x4000]);
            while socket.write_all(&record).is_ok() {}
        });
    });
    let [plain, tls] = both(&target);
    assert_eq!(plain, Answer::TlsInsteadOfPlain);
    assert!(matches!(tls, Answer::Nonsense { .. }), "{tls:?}");
}

#[test]
fn an_answer_before_a_reset_is_an_answer() {
    let target = peer(|mut socket| {
        let _ = socket.read(&mut [0; 1]);
        // The rest of the request stays unread, so closing sends a reset.
        let _ = socket
            .write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 9\r\n\r\nOK");
    });
    let [plain, _] = both(&target);
    assert!(matches!(plain, Answer::Answered(_)), "{plain:?}");
}

#[test]
fn a_chain_of_a_hundred_is_refused() {
    let authority = Authority::new();
    let short = authority.server_identity();
    let key = sealock_pki::PrivateKey::generate(sealock_pki::KeyKind::EcdsaP256).unwrap();
    let request = sealock_pki::LeafRequest {
        purpose: sealock_pki::Purpose::Server,
        common_name: sealock_pki::CommonName::try_from("daemon").unwrap(),
        sans: vec![San::Ip(LOOPBACK)],
        life: fixture::DAY,
        backdate: Duration::from_secs(300),
        not_before: None,
    };
    let leaf = sealock_pki::issue_leaf(
        &authority.server,
        &request,
        key.public_key(),
        NOW,
        &mut fixture::Seeded(4),
    )
    .unwrap();
    let mut chain = vec![leaf];
    chain.extend(std::iter::repeat_n(short.leaf().clone(), 99));
    let identity = Identity::new(chain, &key).unwrap();
    for version in Version::ALL {
        let server = Server::new(ServerSettings {
            identity: identity.clone(),
            client_auth: ClientAuth::None,
            versions: Versions::Only(version),
            clock: Clock::Fixed(NOW),
        })
        .unwrap();
        let target = peer(move |socket| {
            let _ = server.accept(&socket);
        });
        let [_, tls] = both(&target);
        let Answer::ServerNotTrusted(refusal) = tls else {
            panic!("{tls:?}");
        };
        assert!(
            refusal.to_string().contains("sent 100 certificates"),
            "{refusal}"
        );
        assert_eq!(served_certificate(&target).unwrap().chain.len(), 100);
    }
}

#[test]
fn another_service_over_tls_is_not_the_api() {
    let authority = Authority::new();
    let server = Server::new(ServerSettings {
        identity: authority.server_identity(),
        client_auth: ClientAuth::None,
        versions: Versions::Both,
        clock: Clock::Fixed(NOW),
    })
    .unwrap();
    let target = peer(move |socket| {
        if let Ok(mut stream) = server.accept(&socket) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            let _ = stream.close();
        }
    });
    let observed = ask(&target, &tls_dress(&authority));
    assert!(matches!(&observed.answer, Answer::Answered(reply) if reply.body == "hello"));
    assert_eq!(observed.verdict(), sealock_probe::Verdict::Unclear);
}

#[test]
fn unix_sockets_are_asked_too() {
    let directory = std::env::temp_dir().join(format!("sealock-probe-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("docker.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let there = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let count = socket.read(&mut request).unwrap();
        socket
            .write_all(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK")
            .unwrap();
        String::from_utf8_lossy(&request[..count]).into_owned()
    });
    let observed = ask(&Target::unix(&path), &Dress::plain());
    assert_eq!(observed.verdict(), sealock_probe::Verdict::In);
    assert!(there.join().unwrap().contains("Host: docker\r\n"));
    std::fs::remove_dir_all(&directory).unwrap();
    let gone = ask(&Target::unix(&path), &Dress::plain());
    assert!(matches!(gone.answer, Answer::Unreachable { .. }));
}
