//! What a handshake costs a gate, and what an idle session weighs: beside a plain rustls server with the
//! same certificates and webpki alone.
//!
//! `cargo run --release -p sealock-tls --example gate` prints CPU time of the server's side only, as the
//! median of several rounds that take turns, and the growth of the resident memory by 2,000 idle sessions.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout
)]

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientSessionMemoryCache, Resumption};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, ServerConfig,
    ServerConnection, SignatureScheme,
};
use sealock_pki::{
    AnchorRequest, Certificate, CommonName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey,
    Purpose, San, Timestamp, create_anchor, issue_leaf, make_crl,
};
use sealock_tls::{Clock, DenyList, Gate, GateSession, GateSettings, Identity, Sealed, Versions};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
const ROUNDS: usize = 9;
const HANDSHAKES: usize = 200;
const IDLE: usize = 2_000;

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(7);
            *byte = self.0;
        }
    }
}

/// CPU time of this thread.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn anchor(purpose: Purpose, now: Timestamp) -> Issuer {
    let request = AnchorRequest::new("bench".parse().unwrap(), purpose, DAY * 100);
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    create_anchor(&request, key, now - DAY, &mut Counting(1)).unwrap()
}

fn leaf(issuer: &Issuer, purpose: Purpose, now: Timestamp) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let name = CommonName::try_from("leaf").unwrap();
    let sans: Vec<San> = match purpose {
        Purpose::Server => vec!["localhost".parse().unwrap()],
        Purpose::Client => Vec::new(),
    };
    let request = LeafRequest::new(purpose, name, sans, DAY * 3);
    let leaf = issue_leaf(issuer, &request, key.public_key(), now, &mut Counting(9)).unwrap();
    (leaf, key)
}

fn rustls_pair(
    (certificate, key): &(Certificate, PrivateKey),
) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
    let key = key.pkcs8_der().unwrap();
    let key = PrivateKeyDer::try_from(key.expose().as_slice())
        .unwrap()
        .clone_key();
    (vec![CertificateDer::from(certificate.der().to_vec())], key)
}

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

/// The server's side of a connection, whoever makes it.
trait Side {
    fn take(&mut self, bytes: &[u8]);
    fn give(&mut self, out: &mut Vec<u8>);
}

struct Ours(GateSession, Sealed);

impl Side for Ours {
    fn take(&mut self, bytes: &[u8]) {
        let mut records = vec![0; self.0.carried()];
        records.extend_from_slice(bytes);
        self.0.digest(&mut records, |_| {}, &mut self.1).unwrap();
        if !self.0.is_handshaking() {
            self.0.peer().unwrap();
        }
    }

    fn give(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.1.bytes());
        self.1 = Sealed::default();
    }
}

struct Plain(ServerConnection);

impl Side for Plain {
    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            self.0.read_tls(&mut bytes).unwrap();
            self.0.process_new_packets().unwrap();
        }
    }

    fn give(&mut self, out: &mut Vec<u8>) {
        while self.0.wants_write() {
            self.0.write_tls(out).unwrap();
        }
    }
}

/// One handshake; the CPU time of the server's side.
fn handshake<S: Side>(config: &Arc<ClientConfig>, make: impl FnOnce() -> S) -> (Duration, S) {
    let name = ServerName::try_from("localhost").unwrap();
    let mut client = ClientConnection::new(config.clone(), name).unwrap();
    let mut spent = Duration::ZERO;
    let begun = cpu();
    let mut side = make();
    spent += cpu() - begun;
    loop {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        let mut answer = Vec::new();
        let begun = cpu();
        if !flight.is_empty() {
            side.take(&flight);
        }
        side.give(&mut answer);
        spent += cpu() - begun;
        if flight.is_empty() && answer.is_empty() {
            return (spent, side);
        }
        let mut answer = answer.as_slice();
        while !answer.is_empty() {
            client.read_tls(&mut answer).unwrap();
            client.process_new_packets().unwrap();
        }
    }
}

fn round<S: Side>(config: &Arc<ClientConfig>, make: impl Fn() -> S) -> f64 {
    let total: Duration = (0..HANDSHAKES).map(|_| handshake(config, &make).0).sum();
    total.as_secs_f64() * 1e6 / HANDSHAKES as f64
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn resident() -> usize {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Growth of the resident memory for each of many idle sessions.
fn weigh<S: Side>(config: &Arc<ClientConfig>, make: impl Fn() -> S) -> f64 {
    let before = resident();
    let held: Vec<S> = (0..IDLE).map(|_| handshake(config, &make).1).collect();
    let after = resident();
    drop(held);
    (after - before) as f64 / IDLE as f64 / 1024.0
}

fn main() {
    let now = Clock::System.now();
    let (servers, clients) = (anchor(Purpose::Server, now), anchor(Purpose::Client, now));
    let server = leaf(&servers, Purpose::Server, now);
    let alice = leaf(&clients, Purpose::Client, now);
    let client = |resumption, group| {
        let provider = rustls::crypto::CryptoProvider {
            kx_groups: vec![group],
            ..default_provider()
        };
        let (chain, key) = rustls_pair(&alice);
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody))
            .with_client_auth_cert(chain, key)
            .unwrap();
        config.resumption = resumption;
        Arc::new(config)
    };
    let classical = client(Resumption::disabled(), kx_group::X25519);
    let hybrid = client(Resumption::disabled(), kx_group::X25519MLKEM768);
    let again = || {
        let cache = ClientSessionMemoryCache::new(64);
        client(Resumption::store(Arc::new(cache)), kx_group::X25519)
    };

    let list = make_crl(&clients, &[], 1, now - DAY, now + DAY).unwrap();
    let gate = Gate::new(GateSettings {
        identity: Identity::new(vec![server.0.clone()], &server.1).unwrap(),
        anchors: vec![clients.certificate().clone()],
        lists: Some(vec![list.clone()]),
        denied: DenyList::parse(b"serial:00ff\n").unwrap(),
        versions: Versions::Both,
        clock: Clock::System,
    })
    .unwrap();
    let ours = || Ours(gate.session().unwrap(), Sealed::default());

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(clients.certificate().der().to_vec()))
        .unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .build()
            .unwrap();
    let (chain, key) = rustls_pair(&server);
    let bare = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(rustls::ALL_VERSIONS)
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let mut ticketed = bare.clone();
    ticketed.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().unwrap();
    let (bare, ticketed) = (Arc::new(bare), Arc::new(ticketed));
    let plain = || Plain(ServerConnection::new(bare.clone()).unwrap());
    let plain_tickets = || Plain(ServerConnection::new(ticketed.clone()).unwrap());

    // Memory first: what the rounds leave behind would hide it.
    let weight = (weigh(&classical, ours), weigh(&classical, plain));
    let (ours_again, plain_again) = (again(), again());
    let mut figures: Vec<(&str, Vec<f64>)> = vec![
        ("full, ours", vec![]),
        ("full, rustls with webpki", vec![]),
        ("full with X25519MLKEM768, ours", vec![]),
        ("full with X25519MLKEM768, rustls", vec![]),
        ("resumed, ours", vec![]),
        ("resumed, rustls", vec![]),
    ];
    for _ in 0..ROUNDS {
        let now = [
            round(&classical, ours),
            round(&classical, plain),
            round(&hybrid, ours),
            round(&hybrid, plain),
            round(&ours_again, ours),
            round(&plain_again, plain_tickets),
        ];
        for ((_, all), one) in figures.iter_mut().zip(now) {
            all.push(one);
        }
    }
    for (name, all) in figures {
        println!("{name:36} {:7.1} µs", median(all));
    }
    println!("{:36} {:7.1} KiB", "idle session, ours", weight.0);
    println!("{:36} {:7.1} KiB", "idle session, rustls", weight.1);
}
