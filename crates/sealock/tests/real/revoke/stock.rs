//! A stock daemon reads no list. What is said of it is true, and so is what ends it.

use std::fs;
use std::path::Path;

use sealock_testkit::clients::{Attempt, Request, Told};
use sealock_testkit::lab::{Version, lab};

use crate::common::{Host, Tree};

fn asks(host: &Host, dir: &Path) -> Attempt {
    Request::new("127.0.0.1", host.port, dir)
        .docker(&lab().docker_cli(Version::V28), &Told::CertPath)
}

/// The three files as somebody has them elsewhere.
fn kept(host: &Host, name: &str, place: &str) -> std::path::PathBuf {
    let kept = host.daemon.folder().join(place);
    fs::create_dir(&kept).unwrap();
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(host.client(name).join(file), kept.join(file)).unwrap();
    }
    kept
}

fn starts(host: &Host) -> usize {
    host.daemon.log().matches("Starting up").count()
}

#[test]
fn who_was_revoked_is_let_in_until_the_anchor_is_swapped() {
    let host = Host::new(Version::V28);
    let _ = host.up(&["--client", "bob"]).expect_code(0);
    let (alice, bob) = (kept(&host, "alice", "a"), kept(&host, "bob", "b"));
    let pid = host.daemon.pid();
    let sealock = |words: &[&str]| host.sealock.run(words);

    // Revoked, and still in: as was said.
    let said = sealock(&["--yes", "cert", "revoke", "alice"]).expect_code(0);
    assert!(said.stderr.contains("it still lets alice in"), "{said}");
    asks(&host, &alice).expect_in();
    let found = sealock(&["--json", "check"]);
    assert!(found.stdout.contains("SL-F107"), "{found}");

    // Nothing gives her a new certificate in passing.
    let before = Tree::of(&[&host.client("alice")]);
    for words in [&["apply", "--yes"][..], &["renew", "--all", "--yes"]] {
        let done = sealock(words).expect_code(0);
        assert!(
            done.stderr.contains("alice was revoked at") || words[0] == "apply",
            "{done}"
        );
        Tree::of(&[&host.client("alice")]).expect_same(&before);
    }
    for words in [
        &["client", "bundle", "alice", "-o", "/dev/null"][..],
        &["session", "alice", "--", "true"],
    ] {
        let refused = sealock(words).expect_code(1);
        assert!(refused.stderr.contains("SL-U088"), "{refused}");
    }
    let listed = sealock(&["client", "list"]).ok();
    assert!(listed.contains("revoked at"), "{listed}");
    let count = starts(&host);

    // The swap: she is out, bob has what he needs, and nothing else has happened.
    let swap = ["--yes", "cert", "revoke", "alice", "--swap"];
    let said = sealock(&swap).expect_code(0);
    assert!(
        said.stderr
            .contains("alice is refused by this host from now on"),
        "{said}"
    );
    assert_eq!(starts(&host), count + 1, "exactly one restart");
    asks(&host, &alice).expect_out();
    asks(&host, &bob).expect_out();
    asks(&host, &host.client("bob")).expect_in();
    host.lives();
    assert_ne!(host.daemon.pid(), pid);
    let _ = sealock(&["status"]).expect_code(0);
    let shown = sealock(&["ca", "crl", "show"]).ok();
    for list in ["sealock client 1", "sealock client 2"] {
        assert!(shown.contains(list), "{shown}");
    }

    // Again: nothing to do, and nothing is restarted.
    let again = sealock(&swap).expect_code(0);
    assert!(again.stderr.contains("0 changes"), "{again}");
    assert_eq!(starts(&host), count + 1);

    // By her name she comes back, with a new key.
    let _ = sealock(&["client", "add", "alice"]).expect_code(0);
    asks(&host, &host.client("alice")).expect_in();
    asks(&host, &alice).expect_out();
    let _ = sealock(&["apply", "--yes"]).expect_code(0);
    asks(&host, &host.client("alice")).expect_in();
    // So does who is renewed by name.
    let _ = sealock(&["--yes", "cert", "revoke", "alice"]).expect_code(0);
    let second = kept(&host, "alice", "c");
    let renewed = sealock(&["renew", "alice", "--yes"]).expect_code(0);
    assert!(renewed.stderr.contains("alice (client)"), "{renewed}");
    let fresh = fs::read(host.client("alice").join("cert.pem")).unwrap();
    assert_ne!(fresh, fs::read(second.join("cert.pem")).unwrap());
    host.lives();
}
