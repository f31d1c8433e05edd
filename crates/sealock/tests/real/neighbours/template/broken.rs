//! What goes wrong with a service is put back byte for byte, and told.

use std::fs;

use super::{Stage, block};
use crate::common::Tree;

/// The page's command with something in it replaced, and something at its end.
fn told(stage: &Stage, from: &str, to: &str) {
    let text = block("commands");
    assert!(text.contains(from), "{text}");
    let _ = stage.shell(&text.replace(from, to)).expect_code(0);
}

/// A command that fails, then one that changes nothing: each time everything is as before, and Redis serves what it served.
#[test]
fn a_broken_take_up_is_undone_byte_for_byte() {
    let stage = Stage::new();
    let _ = stage.added().expect_code(0);
    let (tls, served) = (stage.tls(), fs::read(stage.file("cert.pem")).unwrap());
    let before = Tree::of(&[&tls]).seen_by_users();
    for (from, to, code, words) in [
        (
            "    --reload '",
            "    --reload 'echo the reason >&2; exit 7; ",
            "SL-U123",
            "exit code 7: the reason",
        ),
        (
            "    --reload '",
            "    --reload 'exit 0; ",
            "SL-U124",
            "another certificate than that of its file",
        ),
    ] {
        told(&stage, from, to);
        let said = stage.sealock(&["renew", "redis"]).expect_code(4);
        assert!(
            said.stderr.contains(code) && said.stderr.contains(words),
            "{said}"
        );
        assert!(said.stderr.contains("rolled back and verified"), "{said}");
        Tree::of(&[&tls]).seen_by_users().expect_same(&before);
        stage.gets_in(&stage.alice());
        assert_eq!(fs::read(stage.file("cert.pem")).unwrap(), served);
    }
    // One that cannot take up the old files either: the host is not as before, and that is said.
    let stop = format!(
        "    --reload '{}; exit 1; ",
        stage.redis.server().stop_script().display()
    );
    told(&stage, "    --reload '", &stop);
    let said = stage.sealock(&["renew", "redis"]).expect_code(5);
    assert!(
        said.stderr.contains("does not answer as it did before"),
        "{said}"
    );
    Tree::of(&[&tls]).seen_by_users().expect_same(&before);
    // Who is not there is not waited for: his files are written, and he reads them when he comes.
    told(&stage, "redis-cli -e", "redis-cli -e");
    let said = stage.sealock(&["renew", "redis"]).expect_code(0);
    assert!(
        said.stderr
            .contains("redis does not answer; it takes its files up when it is started"),
        "{said}"
    );
    let _ = stage.sealock(&["status"]).expect_code(3);
    stage.redis.server().start();
    stage.is_at_rest();
}

/// What cannot be is refused before anything is written; a service that forgets to demand certificates is not proved, and
/// where none was before none is after.
#[test]
fn what_cannot_be_is_refused() {
    let stage = Stage::new();
    let text = block("commands");
    stage.configure("tls-auth-clients yes", "tls-auth-clients optional");
    let said = stage.added().expect_code(4);
    let words = "a client without a certificate gets in";
    assert!(
        said.stderr.contains("SL-U124") && said.stderr.contains(words),
        "{said}"
    );
    assert!(!stage.tls().exists(), "{said}");
    assert_eq!(stage.redis.server().pid(), None, "{said}");
    stage.configure("tls-auth-clients yes", "tls-auth-clients yes");

    for (from, to, words) in [
        (
            "--mode 0640",
            "--mode 0644",
            "everybody on this host could read the key",
        ),
        (
            "--address 127.0.0.1:6379",
            "--address 0.0.0.0:6379",
            "reached from here",
        ),
        (
            "service add redis",
            "service add dockerd",
            "what the daemon is called",
        ),
    ] {
        let said = stage.shell(&text.replace(from, to)).expect_code(2);
        assert!(
            said.stderr.contains("SL-U120") && said.stderr.contains(words),
            "{said}"
        );
    }
    let nobody = stage
        .sealock(&["service", "remove", "nothing"])
        .expect_code(1);
    assert!(nobody.stderr.contains("SL-U126"), "{nobody}");

    told(&stage, "--owner root:redis", "--owner nobody-knows-me");
    let said = stage.sealock(&["apply"]).expect_code(1);
    assert!(said.stderr.contains("SL-U122"), "{said}");
    let home = stage
        .host
        .sealock
        .home()
        .join("redis.pem")
        .display()
        .to_string();
    told(
        &stage,
        "--cert /etc/redis/tls/cert.pem",
        &format!("--cert {home}"),
    );
    let said = stage.sealock(&["apply"]).expect_code(1);
    assert!(said.stderr.contains("SL-U121"), "{said}");

    // Nobody can take it up: nothing is proved, and nothing that has to be proved begins.
    let hands = text
        .split("    --reload")
        .next()
        .unwrap()
        .trim_end()
        .trim_end_matches('\\');
    let _ = stage.shell(hands).expect_code(0);
    let said = stage.sealock(&["apply"]).expect_code(0);
    assert!(said.stderr.contains("nothing is proved of it"), "{said}");
    for words in [&["rekey"][..], &["rekey", "--rehearse"], &["ca", "rotate"]] {
        let said = stage.sealock(words).expect_code(1);
        for words in ["SL-U092", "cannot restart the service redis"] {
            assert!(said.stderr.contains(words), "{words}: {said}");
        }
    }
    let said = stage.sealock(&["status"]).expect_code(3);
    assert!(said.stdout.contains("redis: 127.0.0.1:"), "{said}");
    stage.redis.server().start();
    stage.is_at_rest();
}
