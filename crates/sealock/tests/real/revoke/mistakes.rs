//! Every mistake has a code, a place and a way on.

use std::fs;
use std::process::Command;

use sealock_testkit::process::{Outcome, run};

use super::Authority;

#[track_caller]
fn says(outcome: Outcome, code: i32, words: &[&str]) {
    let outcome = outcome.expect_code(code);
    for word in words {
        assert!(outcome.stderr.contains(word), "{word}: {outcome}");
    }
}

#[test]
fn every_mistake_is_named() {
    let ca = Authority::new("mistakes");
    says(
        ca.revoke(&["alice"]),
        2,
        &["SL-U080", "it has issued none yet"],
    );
    let alice = ca.issue("alice", "90");
    for (words, expected) in [
        (
            &["alcie"][..],
            &["SL-U080", "sealock cert revoke alice"][..],
        ),
        (&["nobody-of-that-name"], &["SL-U080", "sealock cert list"]),
        (&["\u{1b}[2J"], &["SL-U080", "\\u{1b}"]),
        (&["4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a"], &["SL-U080"]),
        (
            &["alice", "--reason", "keyCompromise"],
            &[
                "SL-U082",
                "known are unspecified, key-compromise",
                "--reason key-compromise",
            ],
        ),
        (
            &["alice", "--reason", "why"],
            &["SL-U082", "privilege-withdrawn"],
        ),
        (
            &["alice", "--reason", "certificate-hold"],
            &["SL-U083", "for good", "sealock client add"],
        ),
    ] {
        says(ca.revoke(words), 2, expected);
    }
    // A file with a certificate of somebody else, and one with none.
    let foreign = ca.scratch.join("foreign.pem");
    let made = run(Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-subj", "/CN=alice", "-keyout", "/dev/null", "-out"])
        .arg(&foreign));
    let _ = made.expect_code(0);
    says(
        ca.revoke(&[&foreign.display().to_string()]),
        1,
        &["SL-U081", "foreign.pem", "signed by `CN=alice`"],
    );
    let empty = ca.scratch.write("empty.pem", "");
    says(
        ca.revoke(&[&empty.display().to_string()]),
        1,
        &["SL-P", "empty.pem"],
    );
    // Nothing of all this has revoked anybody.
    let listed = ca.sealock.run(&["cert", "list"]).ok();
    assert!(!listed.contains("revoked"), "{listed}");
    let nobody = ca.sealock.run(&["cert", "revoke", "alice"]);
    says(nobody, 1, &["SL-U003", "of alice as revoked"]);
    let _ = alice;
    let listed = ca.sealock.run(&["cert", "list"]).ok();
    assert!(!listed.contains("revoked"), "{listed}");
}

#[test]
fn a_key_that_is_gone_is_told_and_stops_nothing_else() {
    let ca = Authority::new("keyless");
    let _ = ca.issue("alice", "90");
    let issuers = ca.sealock.home().join("issuers");
    let key = |purpose: &str| {
        let shown = ca.sealock.run(&["--json", "ca", "show"]).ok();
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let anchors = shown["anchors"].as_array().unwrap().iter();
        let mut of = anchors.filter(|one| one["purpose"] == purpose);
        issuers.join(format!(
            "{}.key",
            of.next().unwrap()["keyId"].as_str().unwrap()
        ))
    };
    let away = ca.scratch.join("away.key");
    fs::rename(key("server"), &away).unwrap();
    let said = ca.sealock.run(&["ca", "crl", "publish"]).expect_code(0);
    assert!(
        said.stderr
            .contains("server anchor of generation 1 has no list"),
        "{said}"
    );
    assert_eq!(ca.shown()["generation"], 1);
    // Without the key of its own anchor a revocation is noted, and that no list says so is told.
    fs::rename(&away, key("server")).unwrap();
    fs::rename(key("client"), &away).unwrap();
    let said = ca.revoke(&["alice"]).expect_code(0);
    assert!(
        said.stderr
            .contains("client anchor of generation 1 has no list"),
        "{said}"
    );
    assert_eq!(ca.shown()["revoked"].as_array().unwrap().len(), 0);
    // The next publication says it.
    fs::rename(&away, key("client")).unwrap();
    let _ = ca.sealock.run(&["ca", "crl", "publish"]).expect_code(0);
    assert_eq!(ca.shown()["revoked"][0]["identity"], "alice");
}

/// What mkcert makes, and docker-machine, and minica: a CA that may sign certificates and nothing else.
#[test]
fn an_imported_anchor_that_may_sign_no_lists_is_told_of() {
    let scratch = sealock_testkit::scratch::Scratch::new("mkcert");
    let ca = scratch.join("ca");
    fs::create_dir(&ca).unwrap();
    let made = run(Command::new("openssl")
        .current_dir(&ca)
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args([
            "-subj",
            "/O=mkcert development CA/CN=mkcert me",
            "-days",
            "3650",
        ])
        .args(["-addext", "keyUsage=critical,keyCertSign"])
        .args(["-keyout", "rootCA-key.pem", "-out", "rootCA.pem"]));
    let _ = made.expect_code(0);
    let sealock = crate::common::Sealock::in_folder(scratch.path());
    let _ = sealock
        .run(&["ca", "import", "--yes", &ca.display().to_string()])
        .expect_code(0);
    let files = ["a.pem", "a.key"].map(|file| scratch.join(file).display().to_string());
    let issue = ["cert", "issue", "alice", "--profile", "client"];
    let _ = sealock
        .run(&[&issue[..], &["--cert", &files[0], "--key", &files[1]]].concat())
        .expect_code(0);
    let said = sealock
        .run(&["--yes", "cert", "revoke", "alice"])
        .expect_code(0);
    assert!(
        said.stderr.contains("its key usage is keyCertSign"),
        "{said}"
    );
    assert!(!said.stderr.contains("whoever reads the list"), "{said}");
    let listed = sealock.run(&["cert", "list"]).ok();
    assert!(listed.contains("revoked"), "{listed}");
    let none = sealock.run(&["ca", "crl", "publish"]).expect_code(0);
    assert!(none.stderr.contains("0 lists are published"), "{none}");
}

#[test]
fn a_sealed_authority_needs_its_passphrase_only_for_a_signature() {
    let ca = Authority::new("open");
    let sealed = crate::common::Sealock::in_folder(&ca.scratch.join("sealed"));
    fs::create_dir(ca.scratch.join("sealed")).unwrap();
    let seal = ca.scratch.write("seal", "correct horse battery staple");
    let wrong = ca.scratch.write("wrong", "no such horse");
    for path in [&seal, &wrong] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let with = |seal: &std::path::Path, words: &[&str]| {
        let source = format!("file:{}", seal.display());
        sealed.run(&[&["--passphrase", &source], words].concat())
    };
    let _ = with(&seal, &["ca", "create"]).expect_code(0);
    let cert = ca.scratch.join("s.pem").display().to_string();
    let key = ca.scratch.join("s.key").display().to_string();
    let issue = [
        "cert",
        "issue",
        "alice",
        "--profile",
        "client",
        "--cert",
        &cert,
        "--key",
        &key,
    ];
    let _ = with(&seal, &issue).expect_code(0);
    says(
        with(&wrong, &["--yes", "cert", "revoke", "alice"]),
        1,
        &["SL-V013"],
    );
    let _ = with(&seal, &["--yes", "cert", "revoke", "alice"]).expect_code(0);
    // Nothing is to be signed, so nobody is asked.
    let again = sealed
        .run(&["--yes", "cert", "revoke", "alice"])
        .expect_code(0);
    assert!(again.stderr.contains("0 changes"), "{again}");
    let _ = sealed.run(&["ca", "crl", "show"]).expect_code(0);
}
