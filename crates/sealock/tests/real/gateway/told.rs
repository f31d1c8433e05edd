//! What is wrong before a gateway runs is told before anything is opened.

use sealock_testkit::lab::Version;
use sealock_testkit::process::Outcome;

use crate::common::{Host, Sealock};
use sealock_testkit::Scratch;

#[track_caller]
fn refused(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, code, "{outcome}");
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "`{word}` is missing: {outcome}"
        );
    }
}

#[test]
fn a_gateway_that_cannot_be_says_why() {
    let scratch = Scratch::new("told");
    let sealock = Sealock::in_folder(scratch.path());
    let run = |words: &[&str]| sealock.run(words);
    refused(&run(&["gateway"]), 2, &["SL-U100", "there is no such file"]);
    std::fs::write(sealock.config(), "version = 1\n").unwrap();
    refused(&run(&["gateway"]), 2, &["SL-U100", "it has no [gateway]"]);
    std::fs::write(sealock.config(), "version = 1\n[gateway]\n").unwrap();
    refused(
        &run(&["gateway"]),
        1,
        &["SL-U109", "neither `listen` nor `local`"],
    );
    let text = "version = 1\n[[gateway.tcp]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n\
                upstream = \"127.0.0.1:2\"\nallow = [\"alice\"]\n";
    std::fs::write(sealock.config(), text).unwrap();
    refused(
        &run(&["gateway"]),
        1,
        &["SL-U109", "`allow` of a", "expected KIND:VALUE"],
    );
    std::fs::write(
        sealock.config(),
        "version = 1\n[gateway]\nlisten = [\"x\"]\n",
    )
    .unwrap();
    refused(&run(&["gateway"]), 1, &["sealock.toml:3", "ADDRESS:PORT"]);
    refused(
        &run(&["gateway", "--listen", "2376"]),
        2,
        &["SL-U109", "ADDRESS:PORT"],
    );
    let nowhere = [
        "gateway",
        "--listen",
        "127.0.0.1:0",
        "--certificates",
        "/nowhere/tls",
    ];
    refused(&run(&nowhere), 2, &["port 0"]);
    let nowhere = [
        "gateway",
        "--listen",
        "127.0.0.1:1",
        "--certificates",
        "/nowhere/tls",
    ];
    refused(
        &run(&nowhere),
        1,
        &["SL-U101", "/nowhere/tls/server-cert.pem"],
    );
    let control = scratch.join("control").display().to_string();
    for verb in ["reload", "drain", "upgrade"] {
        let asked = run(&["gateway", verb, "--control", &control]);
        refused(&asked, 1, &["SL-U102", &control]);
    }
    for words in [
        ["gateway", "--docker", "unix:///run/d.sock"].as_slice(),
        &["gateway", "--listen", "127.0.0.1:1", "--web", "127.0.0.1:2"],
        &[
            "gateway",
            "--listen",
            "127.0.0.1:1",
            "--tcp",
            "127.0.0.1:2",
            "--policy",
            "p",
        ],
        &["gateway", "--listen", "127.0.0.1:1", "--docker", "box:1"],
        &[
            "gateway",
            "--listen",
            "127.0.0.1:1",
            "--tcp",
            "127.0.0.1:2",
            "--allow",
            "alice",
        ],
    ] {
        refused(&run(words), 2, &["error"]);
    }
}

#[test]
fn without_systemd_there_is_no_gateway_mode_and_nothing_is_written() {
    let host = Host::new(Version::V20);
    let paths =
        [host.daemon.config_file(), host.daemon.socket()].map(|path| path.display().to_string());
    let words = [
        "up",
        "--mode",
        "gateway",
        "--yes",
        "--listen",
        &host.listen(),
        "--client",
        "alice",
        "--docker-config",
        &paths[0],
        "--docker-socket",
        &paths[1],
    ];
    refused(
        &host.sealock.run(&words),
        1,
        &["SL-U105", "nothing was changed"],
    );
    assert!(!host.sealock.config().exists() && !host.is_open());
    host.lives();
}
