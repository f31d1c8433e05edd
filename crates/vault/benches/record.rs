//! 1,000 client certificates issued into the vault, against the raw rate of generating a P-256 key
//! and signing once with another, measured in the same run; and an authority with one server and
//! one client certificate from nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use sealock_pki::{
    AnchorRequest, AuthorityName, CommonName, Issuer, KeyKind, LeafRequest, PrivateKey, Purpose,
    Timestamp, create_anchor, issue_leaf, issue_leaves,
};
use sealock_vault::{NewAnchor, NewEntry, Scope, SystemEntropy, Usage, Vault};
use std::path::Path;
use std::time::{Duration, Instant};

const COUNT: usize = 1_000;
const DAY: Duration = Duration::from_secs(86_400);
const NOW: Timestamp = Timestamp::from_unix(1_790_000_000);

fn main() {
    let root = std::env::temp_dir().join(format!("sealock-bench-record-{}", std::process::id()));
    std::fs::create_dir(&root).unwrap();
    // The first use of the library pays for its start; both sides are measured without it.
    raw(10);
    let mut ratios = Vec::new();
    for round in 0..5 {
        let raw = raw(COUNT);
        let (issued, recorded) = vault(&root.join(format!("many-{round}")));
        let ratio = (issued + recorded).as_secs_f64() / raw.as_secs_f64();
        ratios.push(ratio);
        println!(
            "round {round}: raw P-256 keygen+sign {:.1} µs; issue {:.1} µs + record {:.1} µs per certificate; {:.0}% of the raw rate",
            micros(raw),
            micros(issued),
            micros(recorded),
            100.0 / ratio
        );
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "record/1000: median {:.0}% of the raw P-256 keygen-plus-sign rate (target: at least 50%)",
        100.0 / ratios[ratios.len() / 2]
    );

    let start = Instant::now();
    let cpu = cpu();
    let rounds: u32 = 20;
    for round in 0..rounds {
        nothing(&root.join(format!("nothing-{round}")));
    }
    println!(
        "authority + server + client from nothing: {:.2} ms of CPU, {:.2} ms of wall clock (target: 10 ms of CPU)",
        (self::cpu() - cpu) / f64::from(rounds),
        start.elapsed().as_secs_f64() * 1e3 / f64::from(rounds)
    );
    std::fs::remove_dir_all(&root).unwrap();
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6 / COUNT as f64
}

fn raw(count: usize) -> Duration {
    let random = SystemRandom::new();
    let make = || EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let signer = make();
    let start = Instant::now();
    for _ in 0..count {
        std::hint::black_box(make());
        std::hint::black_box(signer.sign(&random, b"to be signed").unwrap());
    }
    start.elapsed()
}

fn authority(home: &Path) -> (Vault, Issuer, Issuer) {
    let mut vault = Vault::create_or_open(home).unwrap();
    let name = AuthorityName::try_from("bench").unwrap();
    let make = |purpose| {
        let request = AnchorRequest {
            authority: name.clone(),
            purpose,
            scope: None,
            generation: 1,
            life: DAY * 3650,
        };
        let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
        create_anchor(&request, key, NOW, &mut SystemEntropy).unwrap()
    };
    let (server, client) = (make(Purpose::Server), make(Purpose::Client));
    let anchors = [
        NewAnchor::first(Purpose::Server, &server),
        NewAnchor::first(Purpose::Client, &client),
    ];
    vault
        .store_authority(
            &name,
            KeyKind::EcdsaP256,
            &anchors,
            None,
            &mut SystemEntropy,
            NOW,
        )
        .unwrap();
    (vault, server, client)
}

fn vault(home: &Path) -> (Duration, Duration) {
    let (mut vault, _, issuer) = authority(home);
    let start = Instant::now();
    let requests: Vec<_> = (0..COUNT)
        .map(|i| {
            let name = CommonName::try_from(format!("client-{i}").as_str()).unwrap();
            let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
            (LeafRequest::client(name, DAY * 90), key)
        })
        .collect();
    let requests: Vec<_> = requests
        .iter()
        .map(|(request, key)| (request.clone(), key.public_key()))
        .collect();
    let certificates = issue_leaves(&issuer, &requests, NOW, &mut SystemEntropy).unwrap();
    let issued = start.elapsed();
    let start = Instant::now();
    let entries: Vec<_> = certificates
        .iter()
        .map(|certificate| NewEntry {
            certificate,
            purpose: Purpose::Client,
            identity: "client",
            issuer: issuer.certificate().key_id(),
            generation: 1,
            scope: Scope::own(),
            usage: Usage::Standing,
            run: Some("bench"),
        })
        .collect();
    vault.record(&entries, NOW).unwrap();
    (issued, start.elapsed())
}

fn nothing(home: &Path) {
    let (mut vault, server, client) = authority(home);
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest::server(vec!["localhost".parse().unwrap()], DAY * 90).unwrap();
    let first = issue_leaf(&server, &request, key.public_key(), NOW, &mut SystemEntropy).unwrap();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let request = LeafRequest::client(CommonName::try_from("alice").unwrap(), DAY * 90);
    let second = issue_leaf(&client, &request, key.public_key(), NOW, &mut SystemEntropy).unwrap();
    let entry = |certificate, purpose, issuer: &Issuer| NewEntry {
        certificate,
        purpose,
        identity: "first",
        issuer: issuer.certificate().key_id(),
        generation: 1,
        scope: Scope::own(),
        usage: Usage::Standing,
        run: None,
    };
    vault
        .record(
            &[
                entry(&first, Purpose::Server, &server),
                entry(&second, Purpose::Client, &client),
            ],
            NOW,
        )
        .unwrap();
}

/// Milliseconds of CPU this process has used, user and system.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}
