//! Rekey, rotation, and the ways out.

use std::fs;

use super::{Stage, block};
use crate::common::Tree;

/// One rekey renews the daemon, the client and Redis together, and the old files open nothing any more; a rotation of the
/// client anchor goes through its phases, and in between both generations get in.
#[test]
fn a_rekey_and_a_rotation_take_redis_with_them() {
    let stage = Stage::new();
    let _ = stage.added().expect_code(0);
    let old = stage.keep_alice("old");
    let pid = stage.redis.server().pid();
    stage.gets_in(&old);
    let rehearsed = stage.sealock(&["rekey", "--rehearse"]).expect_code(0);
    assert!(
        !stage.host.sealock.home().join("rehearsal").exists(),
        "{rehearsed}"
    );
    stage.gets_in(&old);

    let said = stage.sealock(&["rekey"]).expect_code(0);
    assert!(said.stderr.contains("reload redis"), "{said}");
    stage.gets_in(&stage.alice());
    stage.is_refused(&old);
    // Who trusts the old anchor does not take the new certificate for Redis', whatever he shows.
    let mixed = stage.keep_alice("mixed");
    fs::copy(old.join("ca.pem"), mixed.join("ca.pem")).unwrap();
    stage.is_refused(&mixed);

    let old = stage.keep_alice("before");
    let step = ["ca", "rotate", "client", "--step"];
    let _ = stage.sealock(&step).expect_code(0);
    let anchors = fs::read_to_string(stage.file("ca.pem")).unwrap();
    assert_eq!(anchors.matches("BEGIN CERTIFICATE").count(), 2, "{anchors}");
    stage.gets_in(&old);
    let _ = stage.sealock(&step).expect_code(0);
    stage.gets_in(&old);
    stage.gets_in(&stage.alice());
    let _ = stage.sealock(&["ca", "rotate", "client"]).expect_code(0);
    stage.is_refused(&old);
    stage.gets_in(&stage.alice());
    assert_eq!(stage.redis.server().pid(), pid, "Redis was restarted");
    stage.is_at_rest();
}

/// `down` and `service remove` give back the files that were there, and Redis serves them again.
#[test]
fn what_was_there_before_comes_back() {
    let stage = Stage::new();
    fs::create_dir(stage.tls()).unwrap();
    let path = |name: &str| stage.file(name).display().to_string();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let _ = sealock_testkit::process::call(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=before",
            "-keyout",
            &key,
            "-out",
            &cert,
        ],
    )
    .ok();
    fs::copy(&cert, stage.file("ca.pem")).unwrap();
    stage.redis.server().start();
    let tls = stage.tls();
    let before = Tree::of(&[&tls]).seen_by_users();
    let _ = stage.shell(&block("commands")).expect_code(0);
    for way in [&["service", "remove", "redis"][..], &["down"]] {
        let _ = stage.shell(&block("commands")).expect_code(0);
        let _ = stage.shell(&block("apply")).expect_code(0);
        stage.gets_in(&stage.alice());
        let said = stage.sealock(way).expect_code(0);
        assert!(
            said.stderr
                .contains("let redis take up the files that are back"),
            "{said}"
        );
        Tree::of(&[&tls]).seen_by_users().expect_same(&before);
        let mine = stage.redis.cli(&[
            "--tls", "--cacert", &cert, "--cert", &cert, "--key", &key, "--sni", "before", "ping",
        ]);
        assert_eq!(mine.stdout.trim(), "PONG", "{way:?}: {mine}");
        stage.is_refused(&stage.alice());
    }
}
