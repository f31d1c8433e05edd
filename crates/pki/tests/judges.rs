//! What we issue, judged by others: OpenSSL with `-x509_strict`, GnuTLS, Python's cryptography,
//! pkilint and zlint, for every kind of key.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod lab;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use lab::{Counter, DAY, anchor_of, leaf_of};
use sealock_pki::{
    Crl, KeyKind, Passphrase, PrivateKey, Purpose, RevocationReason, Revoked, Timestamp,
    issue_leaf, make_crl, to_pkcs12,
};

/// Lints of zlint that speak of the public web, not of a private authority.
const ZLINT_IGNORED: &[&str] = &[
    // A private authority has no policies, and no HTTP service to fetch issuers and OCSP answers from.
    "e_sub_cert_cert_policy_empty",
    "e_sub_cert_certificate_policies_missing",
    "e_sub_cert_aia_missing",
    "e_sub_cert_aia_does_not_contain_ocsp_url",
    "w_sub_cert_aia_does_not_contain_issuing_ca_url",
    // It names private hosts and addresses: that is what it is for.
    "e_dnsname_not_valid_tld",
    "e_ext_san_contains_reserved_ip",
    // 825 days, Apple's limit for private roots, is asked for in this test; 90 are the default.
    "e_tls_server_cert_valid_time_longer_than_398_days",
    "w_tls_server_cert_valid_time_longer_than_397_days",
    // An authority of a few hosts has no country.
    "e_ca_country_name_missing",
    // Public CAs leave the path length of roots out; ours sign leaves only.
    "w_root_ca_basic_constraints_path_len_constraint_field_present",
    // Ed25519 is not yet allowed on the public web.
    "e_algorithm_identifier_improper_encoding",
    "e_signature_algorithm_not_supported",
    // The common name shows people whose certificate it is.
    "w_subject_common_name_included",
    // RFC 5280 requires it of CAs and recommends it for leaves; the Forum no longer does.
    "w_ext_subject_key_identifier_not_recommended_subscriber",
];

#[test]
fn openssl_accepts_every_kind() {
    each_kind(|case| {
        let purpose = if case.purpose == Purpose::Server {
            "sslserver"
        } else {
            "sslclient"
        };
        let (anchor, leaf) = (case.path("anchor.pem"), case.path("leaf.pem"));
        let mut verify = Command::new("openssl");
        verify
            .args([
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-purpose",
                purpose,
                "-CAfile",
            ])
            .arg(&anchor)
            .arg(&leaf);
        expect(case, &mut verify, ": OK");
        let mut with_list = Command::new("openssl");
        with_list.args([
            "verify",
            "-x509_strict",
            "-crl_check",
            "-purpose",
            purpose,
            "-CAfile",
        ]);
        with_list
            .arg(&anchor)
            .arg("-CRLfile")
            .arg(case.path("empty.crl"))
            .arg(&leaf);
        expect(case, &mut with_list, ": OK");
        let mut revoked = Command::new("openssl");
        revoked.args(["verify", "-x509_strict", "-crl_check", "-CAfile"]);
        revoked
            .arg(&anchor)
            .arg("-CRLfile")
            .arg(case.path("revoked.crl"))
            .arg(&leaf);
        let answer = run(&mut revoked);
        assert!(
            text(&answer).contains("certificate revoked"),
            "{}: {}",
            case.name,
            text(&answer)
        );
        if case.purpose == Purpose::Server {
            return;
        }
        // Keys: plain, sealed, and the archive.
        expect(
            case,
            Command::new("openssl")
                .args(["pkey", "-check", "-noout", "-in"])
                .arg(case.path("leaf.key")),
            "valid",
        );
        let mut sealed = Command::new("openssl");
        sealed
            .args(["pkey", "-noout", "-passin", "pass:correct horse", "-in"])
            .arg(case.path("sealed.key"));
        assert!(run(&mut sealed).status.success(), "{}", case.name);
        let mut archive = Command::new("openssl");
        archive
            .args([
                "pkcs12",
                "-info",
                "-noout",
                "-passin",
                "pass:correct horse",
                "-in",
            ])
            .arg(case.path("leaf.p12"));
        expect(
            case,
            &mut archive,
            "AES-256-CBC, Iteration 600000, PRF hmacWithSHA256",
        );
    });
}

#[test]
fn gnutls_accepts_every_kind() {
    each_kind(|case| {
        let purpose = if case.purpose == Purpose::Server {
            "1.3.6.1.5.5.7.3.1"
        } else {
            "1.3.6.1.5.5.7.3.2"
        };
        let mut verify = Command::new("certtool");
        verify
            .args([
                "--verify",
                "--verify-purpose",
                purpose,
                "--load-ca-certificate",
            ])
            .arg(case.path("anchor.pem"));
        verify.arg("--infile").arg(case.path("leaf.pem"));
        expect(case, &mut verify, "Verified. The certificate is trusted.");
        let mut list = Command::new("certtool");
        list.args(["--verify-crl", "--load-ca-certificate"])
            .arg(case.path("anchor.pem"));
        list.arg("--infile").arg(case.path("revoked.crl"));
        expect(case, &mut list, "Verified");
        if case.purpose == Purpose::Server {
            return;
        }
        let mut sealed = Command::new("certtool");
        sealed
            .args([
                "--pubkey-info",
                "--password",
                "correct horse",
                "--load-privkey",
            ])
            .arg(case.path("sealed.key"));
        expect(case, &mut sealed, "BEGIN PUBLIC KEY");
    });
}

#[test]
fn python_cryptography_accepts_every_kind() {
    // Its verifier knows the web's profile: client chains are verified as such, Ed25519 is no web key.
    const SCRIPT: &str = r#"
import sys, ipaddress
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.verification import PolicyBuilder, Store
d, purpose, kind = sys.argv[1:4]
read = lambda name: open(f"{d}/{name}", "rb").read()
anchor = x509.load_pem_x509_certificate(read("anchor.pem"))
leaf = x509.load_pem_x509_certificate(read("leaf.pem"))
leaf.verify_directly_issued_by(anchor)
anchor.verify_directly_issued_by(anchor)
assert x509.load_pem_x509_crl(read("revoked.crl")).is_signature_valid(anchor.public_key())
key = serialization.load_pem_private_key(read("leaf.key"), None)
assert key.public_key() == leaf.public_key()
if purpose == "client":
    assert serialization.load_pem_private_key(read("sealed.key"), b"correct horse").public_key() == leaf.public_key()
    packed, certificate, more = pkcs12.load_key_and_certificates(read("leaf.p12"), b"correct horse")
    assert certificate == leaf and [anchor] == more and packed.public_key() == leaf.public_key()
if purpose == "server" and kind != "ed25519":
    for name in (x509.DNSName("localhost"), x509.DNSName("a.docker.example.org"), x509.IPAddress(ipaddress.ip_address("2001:db8::7"))):
        PolicyBuilder().store(Store([anchor])).build_server_verifier(name).verify(leaf, [])
print("accepted")
"#;
    let python = tool("venv/bin/python");
    each_kind(|case| {
        let mut judge = Command::new(&python);
        judge
            .args(["-c", SCRIPT])
            .arg(&case.folder)
            .args([case.purpose.as_str(), case.kind.as_str()]);
        expect(case, &mut judge, "accepted");
    });
}

#[test]
fn pkilint_has_nothing_above_notice() {
    // One interpreter for all files of a case: to start it takes longer than to judge.
    // `plain.pem`: RFC 5280's name syntax knows neither wildcards nor hosts of one label.
    const SCRIPT: &str = r#"
import sys
from pkilint.bin import lint_crl, lint_pkix_cert, lint_pkix_signer_signee_cert_chain
d = sys.argv[1]
found = 0
for judge, profile, files in (
    (lint_pkix_cert, [], ["anchor.pem"]),
    (lint_pkix_cert, [], ["plain.pem"]),
    (lint_pkix_signer_signee_cert_chain, [], ["anchor.pem", "plain.pem"]),
    (lint_crl, ["-t", "CRL", "-p", "PKIX"], ["empty.crl"]),
    (lint_crl, ["-t", "CRL", "-p", "PKIX"], ["revoked.crl"]),
):
    if judge.main(["lint", *profile, "-s", "WARNING", *(f"{d}/{file}" for file in files)]) != 0:
        print(judge.__name__, files)
        found = 1
sys.exit(found)
"#;
    let python = tool("venv/bin/python");
    each_kind(|case| {
        quiet(
            case,
            Command::new(&python).args(["-c", SCRIPT]).arg(&case.folder),
        );
    });
}

#[test]
fn zlint_has_nothing_outside_the_list() {
    let zlint = tool("prefix/sid/usr/bin/zlint");
    let (mut found, mut ignored_and_met) = (Vec::new(), BTreeSet::new());
    each_kind(|case| {
        for file in ["anchor.pem", "leaf.pem"] {
            let answer = run(Command::new(&zlint).arg(case.path(file)));
            assert!(answer.status.success(), "{}: {}", case.name, text(&answer));
            // {"lint_name":{"result":"pass"},…}: flat enough to be read without a parser.
            for entry in text(&answer).split('}') {
                let Some((name, result)) = entry.split_once(":{") else {
                    continue;
                };
                let name = name.trim_matches([',', '{', '"', ' ', '\n']);
                let bad = ["error", "warn", "fatal"]
                    .iter()
                    .any(|level| result.contains(&format!("\"result\":\"{level}\"")));
                match ZLINT_IGNORED.iter().find(|ignored| **ignored == name) {
                    Some(ignored) if bad => drop(ignored_and_met.insert(*ignored)),
                    None if bad => found.push(format!("{} {file}: {name}", case.name)),
                    _ => {}
                }
            }
        }
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
    let needless: Vec<_> = ZLINT_IGNORED
        .iter()
        .filter(|lint| !ignored_and_met.contains(*lint))
        .collect();
    assert!(
        needless.is_empty(),
        "no longer met, so no longer to be ignored: {needless:?}"
    );
}

/// One kind of key and purpose, written as files.
struct Case {
    name: String,
    kind: KeyKind,
    purpose: Purpose,
    folder: PathBuf,
}

impl Case {
    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }
}

/// The other tools ask the clock of the machine, so this test does as well.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_unix(since.as_secs() as i64)
}

/// What is judged: made once, because RSA keys and sealing take their time, and in parallel.
struct Made {
    kind: KeyKind,
    purpose: Purpose,
    files: Vec<(&'static str, Vec<u8>)>,
}

static MADE: LazyLock<Vec<Made>> = LazyLock::new(|| {
    std::thread::scope(|scope| {
        let kinds: Vec<_> = KeyKind::ALL
            .into_iter()
            .map(|kind| scope.spawn(move || make_both(kind)))
            .collect();
        kinds
            .into_iter()
            .flat_map(|kind| kind.join().unwrap())
            .collect()
    })
});

fn each_kind(mut judge: impl FnMut(&Case)) {
    for Made {
        kind,
        purpose,
        files,
    } in MADE.iter()
    {
        let name = format!("{kind} {purpose}");
        let thread = std::thread::current();
        let unique = format!(
            "judge-{}-{}-{kind}-{purpose}",
            std::process::id(),
            thread.name().unwrap_or("main")
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(unique);
        std::fs::create_dir_all(&folder).unwrap();
        for (file, content) in files {
            std::fs::write(folder.join(file), content).unwrap();
        }
        judge(&Case {
            name,
            kind: *kind,
            purpose: *purpose,
            folder: folder.clone(),
        });
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// Both purposes of a kind share their keys, so how keys are written is judged once, with the client's
/// certificate: to seal and to open is slow on purpose.
fn make_both(kind: KeyKind) -> [Made; 2] {
    let [above, below] = [(); 2].map(|()| PrivateKey::generate(kind).unwrap());
    [Purpose::Server, Purpose::Client].map(|purpose| Made {
        kind,
        purpose,
        files: make(&above, &below, purpose),
    })
}

fn make(above: &PrivateKey, key: &PrivateKey, purpose: Purpose) -> Vec<(&'static str, Vec<u8>)> {
    let now = now();
    let issuer = anchor_of(above.clone(), purpose, now);
    let leaf = leaf_of(&issuer, key, purpose, now);
    let passphrase = Passphrase::new("correct horse".into()).unwrap();
    let list = |revoked: &[Revoked], number| -> Crl {
        make_crl(&issuer, revoked, number, now, now + 30 * DAY).unwrap()
    };
    let entry = Revoked {
        serial: leaf.serial().clone(),
        at: now,
        reason: RevocationReason::KeyCompromise,
    };
    let chain = [leaf.clone(), issuer.certificate().clone()];
    let mut plain = lab::leaf_request(purpose);
    plain.sans.retain(|san| {
        !matches!(
            san.to_string().as_str(),
            "DNS:localhost" | "DNS:*.docker.example.org"
        )
    });
    if purpose == Purpose::Server {
        plain.sans.push("docker.example.org".parse().unwrap());
    }
    let plain = issue_leaf(&issuer, &plain, key.public_key(), now, &mut Counter(77)).unwrap();
    let mut files = vec![
        ("plain.pem", plain.to_pem().into_bytes()),
        ("anchor.pem", issuer.certificate().to_pem().into_bytes()),
        ("leaf.pem", leaf.to_pem().into_bytes()),
        ("empty.crl", list(&[], 1).to_pem().into_bytes()),
        ("revoked.crl", list(&[entry], 2).to_pem().into_bytes()),
        ("leaf.key", key.to_pem().unwrap().expose().clone()),
    ];
    if purpose == Purpose::Client {
        let sealed = key.to_sealed_pem(&passphrase, &mut Counter(7)).unwrap();
        let again = PrivateKey::from_pem(sealed.expose(), Some(&passphrase)).unwrap();
        assert_eq!(again.key_id(), leaf.key_id());
        let packed = to_pkcs12(&chain, key, "alice", &passphrase).unwrap();
        files.push(("sealed.key", sealed.expose().clone()));
        files.push(("leaf.p12", packed.expose().clone()));
    }
    files
}

/// A tool of the lab. A judge that is missing is a failure: silence would look like consent.
fn tool(name: &str) -> PathBuf {
    let path = std::env::var_os("SEALOCK_LAB").map(|lab| Path::new(&lab).join(name));
    path.filter(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing; run through: cargo xtask test"))
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; run through: cargo xtask test"))
}

fn text(answer: &Output) -> String {
    String::from_utf8_lossy(&answer.stdout).into_owned() + &String::from_utf8_lossy(&answer.stderr)
}

fn expect(case: &Case, command: &mut Command, wanted: &str) {
    let answer = run(command);
    assert!(
        answer.status.success() && text(&answer).contains(wanted),
        "{}: {command:?}: {}",
        case.name,
        text(&answer)
    );
}

fn quiet(case: &Case, command: &mut Command) {
    let answer = run(command);
    let said = text(&answer);
    assert!(
        answer.status.success() && said.trim().is_empty(),
        "{}: {command:?}: {said}",
        case.name
    );
}
