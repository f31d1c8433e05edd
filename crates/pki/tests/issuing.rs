//! Issuing, signing requests and foreign authorities.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod lab;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use lab::{Counter, DAY, anchor_of, leaf_of, leaf_request};
use sealock_diag::Diagnose;
use sealock_pki::{
    AnchorRequest, Certificate, CertificateRequest, CsrNames, CsrPolicy, Issuer, KeyKind,
    LeafRequest, PrivateKey, Purpose, San, Timestamp, VerifyOptions, create_anchor, issue_leaf,
    issue_leaves, make_crl, sign_csr, verify,
};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn anchor(purpose: Purpose, kind: KeyKind, now: Timestamp) -> Issuer {
    anchor_of(PrivateKey::generate(kind).unwrap(), purpose, now)
}

fn leaf(
    issuer: &Issuer,
    purpose: Purpose,
    kind: KeyKind,
    now: Timestamp,
) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(kind).unwrap();
    (leaf_of(issuer, &key, purpose, now), key)
}

#[test]
fn every_kind_of_issuer_issues_for_every_kind_of_key() {
    let kinds = [
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::Ed25519,
        KeyKind::Rsa2048,
    ];
    // Made once: an RSA key takes longer than everything that is done with it.
    let pairs = kinds.map(|kind| [(); 2].map(|()| PrivateKey::generate(kind).unwrap()));
    for [above, _] in &pairs {
        for [_, key] in &pairs {
            for purpose in [Purpose::Server, Purpose::Client] {
                let issuer = anchor_of(above.clone(), purpose, NOW);
                let leaf = leaf_of(&issuer, key, purpose, NOW);
                let path = verify(
                    std::slice::from_ref(&leaf),
                    std::slice::from_ref(issuer.certificate()),
                    &VerifyOptions::new(purpose, NOW),
                );
                assert_eq!(path.unwrap().leaf().key_id(), key.key_id());
                assert_eq!(leaf.purposes().only(), Some(purpose));
                assert_eq!(leaf.not_before(), NOW - Duration::from_secs(300));
            }
        }
    }
}

#[test]
fn anchors_are_named_by_generation_and_key() {
    let issuer = anchor(Purpose::Server, KeyKind::EcdsaP256, NOW);
    let id: String = issuer.key().key_id().to_string().chars().take(8).collect();
    assert_eq!(
        issuer.certificate().subject(),
        format!("O=lab, CN=sealock lab server anchor 1 {id}")
    );
    let said = issuer.certificate().describe();
    assert_eq!(said.key_usage.unwrap().to_string(), "keyCertSign, cRLSign");
    assert_eq!(said.basic_constraints.unwrap().path_length, Some(0));
    assert_eq!(said.subject_key_id, said.authority_key_id);
}

#[test]
fn an_anchor_of_a_scope_says_so_in_its_subject() {
    let request = AnchorRequest {
        scope: Some("edge".parse().unwrap()),
        ..AnchorRequest::new("lab".parse().unwrap(), Purpose::Client, DAY * 30)
    };
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let issuer = create_anchor(&request, key, NOW, &mut Counter(1)).unwrap();
    let id: String = issuer.key().key_id().to_string().chars().take(8).collect();
    assert_eq!(
        issuer.certificate().subject(),
        format!("O=lab, OU=edge, CN=sealock lab client anchor 1 {id}")
    );
}

#[test]
fn leaves_stay_within_their_issuer() {
    let issuer = anchor(Purpose::Server, KeyKind::EcdsaP256, NOW);
    let ca = issuer.certificate().clone();
    let key = PrivateKey::generate(KeyKind::EcdsaP256).unwrap();
    let make = |request: &LeafRequest, now| {
        issue_leaf(&issuer, request, key.public_key(), now, &mut Counter(1))
    };
    let server = leaf_request(Purpose::Server);
    let client = leaf_request(Purpose::Client);

    let at_birth = make(&server, ca.not_before()).unwrap();
    assert_eq!(at_birth.not_before(), ca.not_before());
    let long = make(&server, NOW).unwrap();
    assert_eq!(
        long.not_after().since(long.not_before()) + Duration::from_secs(1),
        825 * DAY
    );
    let late = make(&server, ca.not_after() - DAY).unwrap();
    assert_eq!(late.not_after(), ca.not_after());
    let dead = LeafRequest {
        not_before: Some(NOW - DAY),
        life: Duration::from_secs(60),
        ..client.clone()
    };
    assert!(make(&dead, NOW).unwrap().not_after() < NOW);

    let no_names = LeafRequest {
        sans: Vec::new(),
        ..server.clone()
    };
    let server_names = LeafRequest {
        sans: server.sans.clone(),
        ..client.clone()
    };
    let bad_mail = LeafRequest {
        sans: vec![San::Email("x\u{1b}@y".into())],
        ..client.clone()
    };
    let crowd = LeafRequest {
        sans: vec!["a".parse().unwrap(); 501],
        ..server.clone()
    };
    for (request, now, code) in [
        (&no_names, NOW, "SL-P316"),
        (&server_names, NOW, "SL-P317"),
        (&bad_mail, NOW, "SL-P013"),
        (&crowd, NOW, "SL-P318"),
        (
            &LeafRequest {
                life: Duration::ZERO,
                ..client.clone()
            },
            NOW,
            "SL-P312",
        ),
        (
            &LeafRequest {
                life: 826 * DAY,
                ..server.clone()
            },
            NOW,
            "SL-P313",
        ),
        (&client, ca.not_before() - DAY, "SL-P314"),
        (&client, ca.not_after() + DAY, "SL-P315"),
    ] {
        assert_eq!(make(request, now).unwrap_err().code().0, code);
    }
    assert_eq!(
        LeafRequest::server(Vec::new(), DAY).unwrap_err().code().0,
        "SL-P316"
    );
    let long_name: San = format!("{}.example.org", "a".repeat(60)).parse().unwrap();
    assert_eq!(
        LeafRequest::server(vec![long_name], DAY)
            .unwrap()
            .common_name
            .as_str(),
        "a".repeat(60)
    );
}

#[test]
fn a_batch_is_what_single_leaves_would_be() {
    let issuer = anchor(Purpose::Client, KeyKind::EcdsaP256, NOW);
    let keys: Vec<_> = (0..40)
        .map(|_| PrivateKey::generate(KeyKind::EcdsaP256).unwrap())
        .collect();
    let work: Vec<_> = keys
        .iter()
        .map(|key| (leaf_request(Purpose::Client), key.public_key()))
        .collect();
    let made = issue_leaves(&issuer, &work, NOW, &mut Counter(5)).unwrap();
    for (leaf, key) in made.iter().zip(&keys) {
        assert_eq!(leaf.spki_der(), key.spki_der());
        verify(
            std::slice::from_ref(leaf),
            std::slice::from_ref(issuer.certificate()),
            &VerifyOptions::new(Purpose::Client, NOW),
        )
        .unwrap();
    }
    assert!(
        issue_leaves(&issuer, &[], NOW, &mut Counter(5))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_key_of_another_certificate_makes_no_issuer() {
    let issuer = anchor(Purpose::Client, KeyKind::EcdsaP256, NOW);
    let (leaf, key) = leaf(&issuer, Purpose::Client, KeyKind::EcdsaP256, NOW);
    assert_eq!(
        Issuer::new(leaf, key.clone()).unwrap_err().code().0,
        "SL-P301"
    );
    assert_eq!(
        Issuer::new(issuer.certificate().clone(), key)
            .unwrap_err()
            .code()
            .0,
        "SL-P304"
    );
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn openssl(&self, arguments: &[&str]) {
        let done = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.0)
            .output();
        let done = done.expect("openssl; run through: cargo xtask test");
        assert!(
            done.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.join(file)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_foreign_authority_with_an_odd_name_keeps_every_byte_of_it() {
    let folder = Folder::new("foreign");
    folder.openssl(&[
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-out",
        "ca.key",
    ]);
    // A repeated OU and an RDN of two values; no keyUsage, as Docker's own recipe makes it.
    folder.openssl(&[
        "req",
        "-x509",
        "-new",
        "-key",
        "ca.key",
        "-sha256",
        "-days",
        "3650",
        "-multivalue-rdn",
        "-utf8",
        "-subj",
        "/O=Odd/OU=one/OU=two/CN=ca+emailAddress=ca@example.org",
        "-out",
        "ca.pem",
    ]);
    let ca = Certificate::from_pem(&folder.read("ca.pem")).unwrap();
    let now = ca.not_before() + DAY;
    let key = PrivateKey::from_pem(&folder.read("ca.key"), None).unwrap();
    let issuer = Issuer::new(ca.clone(), key).unwrap();
    let (leaf, _) = leaf(&issuer, Purpose::Server, KeyKind::EcdsaP256, now);
    assert_eq!(leaf.issuer_der(), ca.subject_der());
    std::fs::write(folder.0.join("leaf.pem"), leaf.to_pem()).unwrap();
    let crl = make_crl(&issuer, &[], 1, ca.not_before(), now + DAY).unwrap();
    std::fs::write(folder.0.join("ca.crl"), crl.to_pem()).unwrap();
    let at = now.as_unix().to_string();
    folder.openssl(&[
        "verify",
        "-attime",
        &at,
        "-crl_check",
        "-CAfile",
        "ca.pem",
        "-CRLfile",
        "ca.crl",
        "leaf.pem",
    ]);
}

#[test]
fn requests_give_a_key_and_permitted_names_only() {
    let folder = Folder::new("requests");
    let request = |extra: &[&str]| {
        let mut arguments = vec![
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "k.pem",
            "-subj",
            "/O=ignored/CN=bob",
            "-out",
            "r.csr",
        ];
        arguments.extend(extra);
        folder.openssl(&arguments);
        CertificateRequest::from_pem(&folder.read("r.csr"))
    };
    let permitted = || CsrNames::Requested {
        permitted: vec![
            "*.example.org".parse().unwrap(),
            "192.0.2.7".parse().unwrap(),
        ],
    };
    let server = CsrPolicy::new(Purpose::Server, permitted(), 30 * DAY);
    let client = CsrPolicy::new(Purpose::Client, permitted(), 30 * DAY);
    let issuer = anchor(Purpose::Server, KeyKind::EcdsaP256, NOW);
    let sign = |csr: &CertificateRequest, policy: &CsrPolicy| {
        sign_csr(&issuer, csr, policy, NOW, &mut Counter(3))
    };

    let asks = [
        "-addext",
        "subjectAltName=DNS:a.example.org,IP:192.0.2.7",
        "-addext",
        "keyUsage=keyCertSign",
        "-addext",
        "extendedKeyUsage=codeSigning",
    ];
    let csr = request(&asks).unwrap();
    assert_eq!(csr.ignored(), ["keyUsage", "extKeyUsage"]);
    let made = sign(&csr, &server).unwrap();
    assert_eq!(made.subject(), "CN=a.example.org");
    assert_eq!(made.purposes().only(), Some(Purpose::Server));
    assert_eq!(
        made.describe().key_usage.unwrap().to_string(),
        "digitalSignature"
    );
    assert!(!made.is_ca());
    assert_eq!(sign(&csr, &client).unwrap_err().code().0, "SL-P317");

    let plain = request(&[]).unwrap();
    assert_eq!(sign(&plain, &client).unwrap().subject(), "CN=bob");
    assert_eq!(sign(&plain, &server).unwrap_err().code().0, "SL-P316");
    let given = CsrNames::Given {
        common_name: "carol".parse().unwrap(),
        sans: Vec::new(),
    };
    assert_eq!(
        sign(&plain, &CsrPolicy::new(Purpose::Client, given, DAY))
            .unwrap()
            .subject(),
        "CN=carol"
    );

    for (extra, code) in [
        ("subjectAltName=DNS:evil.example.net", "SL-P320"),
        ("subjectAltName=DNS:*.example.org", "ok"),
        ("subjectAltName=DNS:a.b.example.org", "SL-P320"),
        ("subjectAltName=IP:192.0.2.8", "SL-P320"),
        ("subjectAltName=otherName:1.2.3;UTF8:x", "SL-P320"),
        ("basicConstraints=critical,CA:TRUE", "SL-P319"),
    ] {
        let csr = request(&["-addext", extra]).unwrap();
        let answer = sign(&csr, &server).map_or_else(|error| error.code().0, |_| "ok");
        assert_eq!(answer, code, "{extra}");
    }

    let mut der = folder.read("r.csr");
    let at = der.len() / 2;
    der[at] = if der[at] == b'A' { b'B' } else { b'A' };
    assert!(CertificateRequest::from_pem(&der).is_err());
    for (options, code) in [
        (&["-newkey", "rsa:1024", "-sha256"][..], "SL-P208"),
        (&["-newkey", "rsa:2048", "-sha1"], "SL-P403"),
        (
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
            "SL-P209",
        ),
    ] {
        let mut arguments = vec![
            "req", "-new", "-nodes", "-keyout", "k.pem", "-subj", "/CN=x", "-out", "w.csr",
        ];
        arguments.extend(options);
        folder.openssl(&arguments);
        let error = CertificateRequest::from_pem(&folder.read("w.csr")).unwrap_err();
        assert_eq!(error.code().0, code, "{options:?}");
    }
}
