//! Private keys as OpenSSL writes and wrote them, in every form users have.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::Write;
use std::process::{Command, Stdio};

use sealock_diag::Diagnose;
use sealock_pki::{KeyKind, Passphrase, PrivateKey};

fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl; run through: cargo xtask test");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments}");
    output.stdout
}

fn judged(text: &[u8], passphrase: Option<&str>) -> String {
    let passphrase = passphrase.map(|text| Passphrase::new(text.into()).unwrap());
    match PrivateKey::from_pem(text, passphrase.as_ref()) {
        Ok(key) => key.kind().to_string(),
        Err(error) => error.code().0.to_owned(),
    }
}

#[test]
fn every_form_is_read_or_named() {
    let ec = openssl(
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        b"",
    );
    let p384 = openssl(
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        b"",
    );
    let rsa = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", b"");
    let ed = openssl("genpkey -algorithm ED25519", b"");
    let certificate = openssl("req -x509 -new -key /dev/stdin -subj /CN=x", &ec);
    let parameters = openssl("ecparam -name prime256v1 -genkey", b"");
    let sealed =
        |options: &str| openssl(&format!("pkcs8 -topk8 -passout pass:horse {options}"), &ec);
    let der = openssl("pkey -outform DER", &ec);
    // OpenSSL itself makes no key as greedy as this: N from 2^14 to 2^15-1, r from 8 to 127.
    let mut scrypt = sealed("-scrypt -outform DER");
    let at = scrypt
        .windows(7)
        .position(|part| part == [2, 2, 0x40, 0, 2, 1, 8])
        .unwrap();
    scrypt[at..at + 7].copy_from_slice(&[2, 2, 0x7f, 0xff, 2, 1, 0x7f]);
    let body = String::from_utf8(openssl("base64", &scrypt)).unwrap();
    let greedy = format!(
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n{body}-----END ENCRYPTED PRIVATE KEY-----\n"
    )
    .into_bytes();
    let crlf = String::from_utf8(ec.clone())
        .unwrap()
        .replace('\n', "\r\n")
        .into_bytes();
    let half = ec[..ec.len() / 2].to_vec();
    let cases: Vec<(&str, Vec<u8>, Option<&str>, &str)> = vec![
        ("PKCS#8 P-256", ec.clone(), None, "ecdsa-p256"),
        ("PKCS#8 P-384", p384.clone(), None, "ecdsa-p384"),
        ("PKCS#8 RSA", rsa.clone(), None, "rsa-2048"),
        ("PKCS#8 Ed25519", ed.clone(), None, "ed25519"),
        (
            "a passphrase that is not needed",
            ec.clone(),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PKCS#1",
            openssl("rsa -traditional", &rsa),
            None,
            "rsa-2048",
        ),
        ("SEC1", openssl("ec", &ec), None, "ecdsa-p256"),
        ("SEC1 P-384", openssl("ec", &p384), None, "ecdsa-p384"),
        ("EC PARAMETERS first", parameters, None, "ecdsa-p256"),
        ("CR LF", crlf, None, "ecdsa-p256"),
        (
            "byte order mark",
            [b"\xef\xbb\xbf", &ec[..]].concat(),
            None,
            "ecdsa-p256",
        ),
        (
            "certificate beside it",
            [&certificate[..], &ec].concat(),
            None,
            "ecdsa-p256",
        ),
        (
            "PBES2 default",
            sealed("-v2 aes-256-cbc"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PBES2 AES-128",
            sealed("-v2 aes-128-cbc"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PBES2 AES-256 SHA-1",
            sealed("-v2 aes-256-cbc -v2prf hmacWithSHA1"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PBES2 AES-256 SHA-512",
            sealed("-v2 aes-256-cbc -v2prf hmacWithSHA512"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PBES2 3DES",
            sealed("-v2 des3 -v2prf hmacWithSHA1"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PBES2 scrypt",
            sealed("-scrypt"),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "PKCS#12 PBE",
            sealed("-v1 PBE-SHA1-3DES"),
            Some("horse"),
            "SL-P206",
        ),
        ("no passphrase", sealed("-v2 aes-256-cbc"), None, "SL-P203"),
        (
            "wrong passphrase",
            sealed("-v2 aes-256-cbc"),
            Some("cow"),
            "SL-P204",
        ),
        (
            "too many rounds",
            sealed("-v2 aes-256-cbc -iter 10000001"),
            Some("horse"),
            "SL-P207",
        ),
        ("too much scrypt", greedy, Some("horse"), "SL-P207"),
        (
            "RFC 1423",
            openssl("rsa -traditional -aes128 -passout pass:horse", &rsa),
            Some("horse"),
            "rsa-2048",
        ),
        (
            "RFC 1423, AES-256",
            openssl("rsa -traditional -aes256 -passout pass:horse", &rsa),
            Some("horse"),
            "rsa-2048",
        ),
        (
            "RFC 1423, EC with 3DES",
            openssl("ec -des3 -passout pass:horse", &ec),
            Some("horse"),
            "ecdsa-p256",
        ),
        (
            "RFC 1423, a wrong passphrase",
            openssl("ec -des3 -passout pass:horse", &ec),
            Some("cow"),
            "SL-P204",
        ),
        (
            "RFC 1423, a cipher that is not read",
            openssl("ec -camellia128 -passout pass:horse", &ec),
            Some("horse"),
            "SL-P205",
        ),
        (
            "RFC 1423, no passphrase",
            openssl("ec -des3 -passout pass:horse", &ec),
            None,
            "SL-P205",
        ),
        (
            "weak",
            openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", b""),
            None,
            "SL-P208",
        ),
        (
            "P-521",
            openssl(
                "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
                b"",
            ),
            None,
            "SL-P209",
        ),
        (
            "X25519",
            openssl("genpkey -algorithm X25519", b""),
            None,
            "SL-P209",
        ),
        ("empty", Vec::new(), None, "SL-P101"),
        ("DER", der, None, "SL-P103"),
        ("text", b"no key at all".to_vec(), None, "SL-P104"),
        ("cut off", half, None, "SL-P105"),
        ("certificate", certificate, None, "SL-P107"),
        ("two keys", [&ec[..], &rsa].concat(), None, "SL-P108"),
        (
            "nonsense inside",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
            None,
            "SL-P210",
        ),
        (
            "nonsense sealed",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
                .to_vec(),
            None,
            "SL-P210",
        ),
        (
            "OpenSSH",
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
                .to_vec(),
            None,
            "SL-P209",
        ),
    ];
    for (what, text, passphrase, wanted) in cases {
        assert_eq!(judged(&text, passphrase), wanted, "{what}");
    }
}

#[test]
fn what_is_written_is_read_again() {
    for kind in KeyKind::ALL {
        let key = PrivateKey::generate(kind).unwrap();
        let text = key.to_pem().unwrap();
        let again = PrivateKey::from_pem(text.expose(), None).unwrap();
        assert_eq!(again.key_id(), key.key_id());
        let public = openssl("pkey -pubout -outform DER", text.expose());
        assert_eq!(public, key.spki_der(), "{kind}");
    }
}
