//! What issuing costs beside the raw key generation and signature it contains.
//!
//! `cargo bench -p sealock-pki`: medians of rounds that alternate, one thread.
#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use sealock_pki::{
    AnchorRequest, CommonName, Entropy, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose,
    Timestamp, create_anchor, issue_leaf, issue_leaves,
};

const CERTIFICATES: usize = 1000;
const ROUNDS: usize = 5;

struct System(SystemRandom);

impl Entropy for System {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.0.fill(buffer).unwrap();
    }
}

fn main() {
    let mut entropy = System(SystemRandom::new());
    let now = Timestamp::from_unix(1_800_000_000);
    let request = AnchorRequest {
        authority: "bench".parse().unwrap(),
        purpose: Purpose::Client,
        scope: None,
        generation: 1,
        life: Duration::from_secs(3650 * 86_400),
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let issuer = create_anchor(&request, key, now, &mut entropy).unwrap();
    let life = Duration::from_secs(90 * 86_400);
    let requests: Vec<_> = (0..CERTIFICATES)
        .map(|n| {
            LeafRequest::client(
                CommonName::try_from(format!("client-{n}").as_str()).unwrap(),
                life,
            )
        })
        .collect();

    let (mut raw, mut single, mut batch) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        raw.push(timed(raw_work));
        single.push(timed(|| {
            for request in &requests {
                let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
                issue_leaf(&issuer, request, key.public_key(), now, &mut entropy).unwrap();
            }
        }));
        batch.push(timed(|| batched(&issuer, &requests, now, &mut entropy)));
    }
    let raw = median(raw);
    println!("raw P-256 keygen + sign           {:8.1} µs each", raw);
    for (name, took) in [
        ("keygen + issue_leaf (verifies each)", median(single)),
        ("keygen + issue_leaves (samples)", median(batch)),
    ] {
        println!(
            "{name:<35} {took:6.1} µs each, {:.2} of the raw rate",
            raw / took
        );
    }
}

fn raw_work() {
    let random = SystemRandom::new();
    let issuer = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let message = [7; 400];
    for _ in 0..CERTIFICATES {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        std::hint::black_box((key, issuer.sign(&random, &message).unwrap()));
    }
}

fn batched(issuer: &Issuer, requests: &[LeafRequest], now: Timestamp, entropy: &mut dyn Entropy) {
    let keys: Vec<_> = requests
        .iter()
        .map(|_| PrivateKey::generate(KeyKind::EcdsaP256).unwrap())
        .collect();
    let work: Vec<_> = requests
        .iter()
        .cloned()
        .zip(keys.iter().map(PrivateKey::public_key))
        .collect();
    std::hint::black_box(issue_leaves(issuer, &work, now, entropy).unwrap());
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6 / CERTIFICATES as f64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
