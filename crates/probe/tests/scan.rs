//! What the scan says of servers that are not ours: `openssl s_server`, where there is one, and of engines.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod fixture;

use fixture::{Authority, LOOPBACK, NOW, engine};
use sealock_check::seen::{Endpoint, Flaw, Offer, Outcome, Protocol, Scan, Visitor};
use sealock_pki::{AnchorRequest, AuthorityName, KeyKind, PrivateKey, Purpose, create_anchor};
use sealock_probe::{Depth, Place, Visitors, look};
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const OPENSSL: &str = "/usr/bin/openssl";

fn scanned(address: SocketAddr) -> Endpoint {
    let place = Place::at(address);
    let patience = Duration::from_secs(5);
    look(&place, &Visitors::default(), Depth::Full, patience, NOW)
}

fn offered(scan: &Scan) -> Vec<Protocol> {
    let yes = |(protocol, offer): &(Protocol, Offer)| (*offer == Offer::Yes).then_some(*protocol);
    scan.protocols.iter().filter_map(yes).collect()
}

fn names(scan: &Scan, protocol: Protocol) -> Vec<&str> {
    let suites = scan.suites.iter();
    let of = suites.filter(|suite| suite.protocol == protocol);
    of.map(|suite| suite.name.as_str()).collect()
}

#[test]
fn an_engine_offers_what_is_sound() {
    let authority = Authority::new();
    let engine = engine(&authority.mutual(authority.server_identity()));
    let seen = scanned(engine.address());
    assert_eq!(seen.misbehaviour, Vec::<String>::new());
    let scan = seen.scan.unwrap();
    assert_eq!(offered(&scan), [Protocol::Tls12, Protocol::Tls13]);
    assert_eq!(
        names(&scan, Protocol::Tls13),
        [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
        ]
    );
    assert_eq!(
        names(&scan, Protocol::Tls12),
        [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        ]
    );
    let mut groups = scan.groups.clone();
    groups.sort();
    groups.retain(|name| name != "X25519MLKEM768");
    assert_eq!(groups, ["P-256", "P-384", "X25519"]);
    assert_eq!(scan.alpn, ["http/1.1"]);
    assert!(!scan.compression);
    let none = |(_, offer): &(Protocol, Offer)| *offer == Offer::Unclear;
    assert!(!scan.protocols.iter().any(none), "{:?}", scan.protocols);
}

/// A server of OpenSSL on a free port, ended with the test.
struct Other {
    child: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Other {
    fn start(test: &str, arguments: &[&str]) -> Option<Self> {
        let folder = folder(test)?;
        let key = PrivateKey::generate(KeyKind::Rsa2048).unwrap();
        let request = AnchorRequest {
            authority: AuthorityName::try_from("other").unwrap(),
            purpose: Purpose::Server,
            scope: None,
            generation: 1,
            life: fixture::DAY,
        };
        std::fs::write(folder.join("key.pem"), key.to_pem().unwrap().expose()).unwrap();
        let issuer = create_anchor(&request, key, NOW, &mut fixture::Seeded(9)).unwrap();
        let pem = issuer.certificate().to_pem();
        std::fs::write(folder.join("cert.pem"), pem).unwrap();
        Some(Self::serve(folder, arguments))
    }

    /// Serves `cert.pem` and `key.pem` of the folder.
    fn serve(folder: PathBuf, arguments: &[&str]) -> Self {
        let free = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let mut child = Command::new(OPENSSL)
            .args(["s_server", "-accept", &address.to_string(), "-www"])
            .arg("-cert")
            .arg(folder.join("cert.pem"))
            .arg("-key")
            .arg(folder.join("key.pem"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        let ready = lines.any(|line| line == "ACCEPT");
        // Nobody reads what it says of every connection: it must not wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        let other = Self {
            child,
            address,
            folder,
        };
        assert!(ready, "s_server {arguments:?} does not start");
        other
    }
}

/// A folder for the test; `None` where there is no OpenSSL.
fn folder(test: &str) -> Option<PathBuf> {
    if !Path::new(OPENSSL).exists() {
        return None;
    }
    let name = format!("sealock-scan-{test}-{}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn an_old_version_alone_is_found() {
    let arguments = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let Some(other) = Other::start("old", &arguments) else {
        return;
    };
    let seen = scanned(other.address);
    let scan = seen.scan.unwrap();
    assert_eq!(offered(&scan), [Protocol::Tls11], "{:?}", scan.protocols);
    assert!(scan.suites.len() > 5, "{:?}", scan.suites);
    assert!(
        scan.suites
            .iter()
            .all(|suite| suite.protocol == Protocol::Tls11)
    );
}

#[test]
fn every_old_version_and_flaw_is_found() {
    let arguments = [
        "-cipher",
        "ALL:COMPLEMENTOFALL:@SECLEVEL=0",
        "-min_protocol",
        "TLSv1",
    ];
    let Some(other) = Other::start("flaws", &arguments) else {
        return;
    };
    let seen = scanned(other.address);
    let scan = seen.scan.unwrap();
    assert_eq!(
        offered(&scan),
        [
            Protocol::Tls10,
            Protocol::Tls11,
            Protocol::Tls12,
            Protocol::Tls13
        ],
        "{:?}",
        scan.protocols
    );
    let has = |flaw| scan.suites.iter().any(|suite| suite.flaw() == Some(flaw));
    for flaw in [Flaw::Null, Flaw::Anonymous, Flaw::StaticKey, Flaw::Cbc] {
        assert!(has(flaw), "{flaw:?}: {:?}", scan.suites);
    }
    assert!(!has(Flaw::Rc4) && !has(Flaw::Export), "{:?}", scan.suites);
    assert!(
        scan.groups.contains(&"X25519".to_owned()),
        "{:?}",
        scan.groups
    );
    assert_eq!(seen.misbehaviour, Vec::<String>::new());
}

#[test]
fn one_suite_without_forward_secrecy_is_all_there_is() {
    let arguments = ["-tls1_2", "-cipher", "AES128-SHA"];
    let Some(other) = Other::start("static", &arguments) else {
        return;
    };
    let scan = scanned(other.address).scan.unwrap();
    assert_eq!(offered(&scan), [Protocol::Tls12]);
    assert_eq!(
        names(&scan, Protocol::Tls12),
        ["TLS_RSA_WITH_AES_128_CBC_SHA"]
    );
    assert!(scan.groups.is_empty());
}

#[test]
fn the_prime_of_diffie_hellman_is_measured() {
    let arguments = ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"];
    // No parameters are made here, that takes minutes: OpenSSL has a group of its own for this key.
    let Some(other) = Other::start("prime", &arguments) else {
        return;
    };
    let scan = scanned(other.address).scan.unwrap();
    assert_eq!(scan.groups, ["DH-2048"]);
}

#[test]
fn curves_of_tls_1_2_are_named() {
    let arguments = [
        "-tls1_2",
        "-cipher",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "-groups",
        "P-256:P-384",
        "-alpn",
        "h2",
    ];
    let Some(other) = Other::start("curves", &arguments) else {
        return;
    };
    let scan = scanned(other.address).scan.unwrap();
    assert_eq!(scan.groups, ["P-256", "P-384"]);
    assert_eq!(scan.alpn, ["h2"]);
}

#[test]
fn a_key_too_weak_to_be_checked_hides_nothing() {
    let Some(folder) = folder("weak") else {
        return;
    };
    let made = Command::new(OPENSSL)
        .args([
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=weak",
        ])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success());
    let other = Other::serve(folder, &["-cipher", "DEFAULT:@SECLEVEL=0"]);
    let seen = scanned(other.address);
    assert_eq!(seen.chain.len(), 1);
    // A web page in both versions, not a failed handshake; and no lie.
    for visit in seen.outcomes(Visitor::NoCertificate) {
        assert_eq!(visit.outcome, Outcome::NotTheApi(200));
    }
    assert_eq!(seen.misbehaviour, Vec::<String>::new());
}

#[test]
fn a_weak_curve_is_found_beside_a_key_on_a_sound_one() {
    let Some(folder) = folder("curve") else {
        return;
    };
    let made = Command::new(OPENSSL)
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=c"])
        .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success());
    let arguments = [
        "-cipher",
        "ECDHE+AESGCM:@SECLEVEL=0",
        "-groups",
        "P-192:X25519",
    ];
    let scan = scanned(Other::serve(folder, &arguments).address)
        .scan
        .unwrap();
    assert_eq!(scan.groups, ["X25519", "secp192r1"]);
}
