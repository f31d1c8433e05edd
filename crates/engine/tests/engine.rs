//! The engine as a peer sees it: what it says to whom, and that it goes when it is dropped.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use sealock_engine::{Engine, Mode};
use sealock_pki::{
    AnchorRequest, AuthorityName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose, San,
    Timestamp, create_anchor, issue_leaf,
};
use sealock_tls::{Client, ClientSettings, Clock, Identity, Trust, Versions};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

fn server() -> (Issuer, Identity) {
    let request = AnchorRequest {
        authority: AuthorityName::try_from("test").unwrap(),
        purpose: Purpose::Server,
        scope: None,
        generation: 1,
        life: Duration::from_secs(86_400),
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let issuer = create_anchor(&request, key, NOW, &mut Counting(0)).unwrap();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let life = Duration::from_secs(3600);
    let request = LeafRequest::server(vec![San::Ip(LOOPBACK)], life).unwrap();
    let leaf = issue_leaf(&issuer, &request, key.public_key(), NOW, &mut Counting(9)).unwrap();
    let identity = Identity::new(vec![leaf], &key).unwrap();
    (issuer, identity)
}

fn start(mode: &Mode) -> Engine {
    Engine::start(mode, LOOPBACK, Clock::Fixed(NOW)).unwrap()
}

fn exchange(stream: &mut (impl Read + Write), request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_plain_engine_answers_plainly() {
    let engine = start(&Mode::Plain);
    let mut socket = TcpStream::connect(engine.address()).unwrap();
    let answer = exchange(
        &mut socket,
        "GET /v1.41/version HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
    );
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\nApi-Version: 1."),
        "{answer}"
    );
    assert!(answer.contains("\"MinAPIVersion\""));
}

#[test]
fn plain_http_at_a_tls_engine_gets_gos_answer() {
    let (_, identity) = server();
    let engine = start(&Mode::OneWay { identity });
    let mut socket = TcpStream::connect(engine.address()).unwrap();
    let answer = exchange(&mut socket, "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n");
    assert_eq!(
        answer,
        "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    );
}

#[test]
fn a_tls_engine_serves_several_requests_on_one_connection() {
    let (issuer, identity) = server();
    let engine = start(&Mode::OneWay { identity });
    let client = Client::new(ClientSettings {
        trust: Trust::Anchors(vec![issuer.certificate().clone()]),
        identity: None,
        versions: Versions::Both,
        clock: Clock::Fixed(NOW),
    })
    .unwrap();
    let socket = TcpStream::connect(engine.address()).unwrap();
    let mut stream = client.connect(socket, &San::Ip(LOOPBACK)).unwrap();
    let answers = exchange(
        &mut stream,
        "HEAD /_ping HTTP/1.1\r\nHost: d\r\n\r\nGET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2);
    assert!(answers.ends_with("\r\n\r\nOK"));
}

#[test]
fn dropping_an_engine_ends_connections_and_closes_the_port() {
    let engine = start(&Mode::Plain);
    let address = engine.address();
    let mut idle: Vec<_> = (0..40)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    // One that was certainly accepted, because it was served.
    idle[0]
        .write_all(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")
        .unwrap();
    idle[0].read_exact(&mut [0; 8]).unwrap();
    let begun = Instant::now();
    drop(engine);
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(TcpStream::connect(address).is_err());
    for mut socket in idle {
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        let mut rest = Vec::new();
        let ended = socket.read_to_end(&mut rest);
        let timed_out = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        assert!(!timed_out);
    }
}

#[test]
fn more_clients_than_threads_are_all_served() {
    let engine = start(&Mode::Plain);
    let address = engine.address();
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(move || {
                let mut socket = TcpStream::connect(address).unwrap();
                let answer = exchange(
                    &mut socket,
                    "GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n",
                );
                assert!(answer.ends_with("OK"));
            });
        }
    });
}
