//! The lists: numbered, dated, one for each generation, in files that others can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use sealock_testkit::process::call;
use sealock_testkit::scratch::Scratch;
use serde_json::Value;

use super::{Authority, field};
use crate::common::Sealock;

#[test]
fn openssl_and_we_believe_the_list() {
    let ca = Authority::new("believe");
    let (alice, bob) = (ca.issue("alice", "90"), ca.issue("bob", "90"));
    let said = ca
        .revoke(&["alice", "--reason", "key-compromise"])
        .expect_code(0);
    for words in [
        "of alice as revoked (key compromise)",
        "Stock dockerd reads no revocation list: it still lets alice in",
        "90 days from now",
        "sealock cert revoke alice --swap",
    ] {
        assert!(said.stderr.contains(words), "{words}: {said}");
    }
    let refused = ca.openssl(&alice).expect_code(2);
    assert!(refused.stderr.contains("certificate revoked"), "{refused}");
    let _ = ca.openssl(&bob).expect_code(0);
    let refused = ca.verify(&alice).expect_code(3);
    assert!(refused.stderr.contains("SL-P634"), "{refused}");
    let _ = ca.verify(&bob).expect_code(0);

    // Both forms, for everybody to read.
    let der = ca.list().with_extension("crl");
    let again = call(
        "openssl",
        &["crl", "-inform", "DER", "-in", &der.display().to_string()],
    );
    assert_eq!(again.ok(), fs::read_to_string(ca.list()).unwrap());
    for path in [&der, &ca.list()] {
        assert_eq!(
            fs::metadata(path).unwrap().permissions().mode() & 0o777,
            0o644
        );
    }
    let text = call(
        "openssl",
        &[
            "crl",
            "-noout",
            "-text",
            "-in",
            &ca.list().display().to_string(),
        ],
    )
    .ok();
    assert!(
        text.contains("Key Compromise") && text.contains("CRL Number"),
        "{text}"
    );

    let again = ca.revoke(&["alice"]).expect_code(0);
    assert!(
        again.stderr.contains("0 changes: alice is revoked already"),
        "{again}"
    );
    let listed = ca.sealock.run(&["cert", "list"]).ok();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("alice") && line.contains("revoked"))
    );
}

#[test]
fn numbers_grow_from_list_to_list_and_over_a_backup() {
    let ca = Authority::new("numbers");
    let (alice, _) = (ca.issue("alice", "90"), ca.issue("bob", "90"));
    let _ = ca.revoke(&["alice"]).expect_code(0);
    let mut last = ca.number();
    let database = ca.sealock.home().join("vault.db");
    let kept = fs::read(&database).unwrap();
    for _ in 0..3 {
        let _ = ca.sealock.run(&["ca", "crl", "publish"]).expect_code(0);
        assert!(ca.number() > last);
        last = ca.number();
        assert_eq!(
            field(&ca.list(), "-crlnumber"),
            format!("crlNumber=0x{last:X}")
        );
    }
    // The database as it was before: what has been published since is younger than what it remembers.
    fs::write(&database, kept).unwrap();
    assert!(ca.number() < last);
    let _ = ca.revoke(&["bob"]).expect_code(0);
    assert!(ca.number() > last, "{} after {last}", ca.number());
    last = ca.number();
    // A clock that has lost a year makes no smaller number, though no younger date.
    let early = ca.at("-365d", &["ca", "crl", "publish"]);
    assert!(
        early.stderr.contains("SL-U022"),
        "the anchor is not born yet: {early}"
    );
    let _ = ca.at("+90d", &["ca", "crl", "publish"]).expect_code(0);
    let far = ca.number();
    assert!(far > last + 7_000_000);
    let _ = ca.sealock.run(&["ca", "crl", "publish"]).expect_code(0);
    assert_eq!(ca.number(), far + 1);
    let _ = ca.openssl(&alice).expect_code(2);
}

#[test]
fn lists_are_dated_and_written_where_one_wants_them() {
    let ca = Authority::new("dated");
    let _ = ca.issue("alice", "90");
    let public = ca.scratch.join("public/crl");
    let settings = format!(
        "version = 1\n[authority]\ncrl-dir = \"{}\"\ncrl-life = \"2d\"\n[daemon]\n",
        public.display()
    );
    fs::write(ca.sealock.config(), settings).unwrap();
    let _ = ca.revoke(&["alice"]).expect_code(0);
    let shown = ca.shown();
    assert_eq!(shown["files"].as_array().unwrap().len(), 4);
    let copy = public.join("sealock-client-1.pem");
    assert_eq!(fs::read(&copy).unwrap(), fs::read(ca.list()).unwrap());
    assert_eq!(
        fs::metadata(&public).unwrap().permissions().mode() & 0o777,
        0o755
    );
    let date = |option| field(&copy, option).split_once('=').unwrap().1.to_owned();
    let seconds = |text: String| {
        call("date", &["-d", &text, "+%s"])
            .ok()
            .trim()
            .parse::<i64>()
            .unwrap()
    };
    assert_eq!(
        seconds(date("-nextupdate")) - seconds(date("-lastupdate")),
        // The clocks of others may be a little behind.
        2 * 86_400 + 300
    );

    // A list that went away is written again by the next revocation, without a new number.
    let number = ca.number();
    fs::remove_file(&copy).unwrap();
    let again = ca.revoke(&["alice"]).expect_code(0);
    assert!(copy.exists() && ca.number() == number, "{again}");
}

#[test]
fn what_is_past_its_end_drops_off_after_one_more_list() {
    let ca = Authority::new("drops");
    let _ = ca.issue("alice", "2");
    let _ = ca.issue("bob", "90");
    let _ = ca.revoke(&["alice"]).expect_code(0);
    let _ = ca.revoke(&["bob"]).expect_code(0);
    let names = || {
        let shown = ca.shown();
        let revoked = shown["revoked"].as_array().unwrap().iter();
        let mut names: Vec<String> = revoked
            .map(|one| one["identity"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let publish = |when| {
        let _ = ca.at(when, &["ca", "crl", "publish"]).expect_code(0);
        names()
    };
    assert_eq!(publish("+1d"), ["alice", "bob"]);
    assert_eq!(
        publish("+3d"),
        ["alice", "bob"],
        "one list past its end has it still"
    );
    assert_eq!(publish("+4d"), ["bob"]);
}

#[test]
fn one_certificate_is_named_by_its_serial_or_its_file() {
    let ca = Authority::new("one");
    let first = ca.issue("alice", "90");
    let old = ca.scratch.join("old.pem");
    fs::copy(&first, &old).unwrap();
    let second = ca.issue("alice", "90");
    let words = [
        "x509",
        "-noout",
        "-serial",
        "-in",
        &old.display().to_string(),
    ];
    let serial = call("openssl", &words).ok();
    let serial = serial.trim().split_once('=').unwrap().1.to_lowercase();
    let said = ca
        .sealock
        .run(&["--json", "--yes", "cert", "revoke", &serial])
        .ok();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["revoked"].as_array().unwrap().len(), 1);
    assert_eq!(said["revoked"][0]["serial"], serial.as_str());
    assert_eq!(
        (&said["name"], &said["stillLetIn"]),
        (&"alice".into(), &1.into())
    );
    assert_eq!(said["lists"][0]["number"], ca.number());
    let _ = ca.openssl(&old).expect_code(2);
    let _ = ca.openssl(&second).expect_code(0);
    let _ = ca.revoke(&[&second.display().to_string()]).expect_code(0);
    let _ = ca.openssl(&second).expect_code(2);
}

/// What an anchor has signed before its vault had it, as after an import.
#[test]
fn a_certificate_that_the_inventory_never_saw_is_revoked_by_its_file() {
    let ca = Authority::new("unseen");
    let carol = {
        let copy = Scratch::new("copy");
        let home = ca.sealock.home().display().to_string();
        let other = copy.path().display().to_string();
        let _ = call("cp", &["-a", &home, &other]).ok();
        let elsewhere = Sealock::in_folder(copy.path());
        let [cert, key] = ["pem", "key"].map(|end| ca.scratch.join(&format!("carol.{end}")));
        let words = [cert.display().to_string(), key.display().to_string()];
        let profile = ["cert", "issue", "carol", "--profile", "client"];
        let issue = [&profile[..], &["--cert", &words[0], "--key", &words[1]]].concat();
        let _ = elsewhere.run(&issue).expect_code(0);
        cert
    };
    let unknown = ca.revoke(&["carol"]).expect_code(2);
    assert!(unknown.stderr.contains("SL-U080"), "{unknown}");
    let _ = ca.revoke(&[&carol.display().to_string()]).expect_code(0);
    let _ = ca.openssl(&carol).expect_code(2);
    let listed = ca.sealock.run(&["cert", "list"]).ok();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("carol") && line.contains("revoked"))
    );
}
