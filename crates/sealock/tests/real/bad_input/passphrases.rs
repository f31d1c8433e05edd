//! Passphrases: where they come from, and where they must never appear.

use super::ground::{Ground, TOML};

#[test]
fn sources() {
    let mut ground = Ground::bare("passphrases");
    ground.toml(TOML);
    ground.write("right", "correct horse battery staple\n");
    ground.write("wrong", "Tr0ub4dor&3\n");
    ground.write("empty", "");
    ground.write("newline", "\nsecond line\n");
    ground.write("binary", [0xff, 0xfe, 0x00]);
    ground.write("long", "x".repeat(5000));
    ground.tool("mkdir folder; mkfifo pipe; ln -s /nowhere dangling");
    let create = |source: &'static str| ["--passphrase", source, "ca", "create"];
    ground.about("a new authority");
    for source in [
        "file:absent",
        "file:folder",
        "file:empty",
        "file:newline",
        "file:binary",
        "file:long",
        "file:pipe",
        "file:dangling",
        "file:/dev/zero",
        "fd:77",
        "credential:none",
    ] {
        ground.refuse(&create(source), "SL-U011", 1);
    }
    ground.about("a prompt without a terminal");
    ground.refuse(&create("prompt"), "SL-U010", 1);
    ground.about("no source at all");
    for source in [
        "",
        "file:",
        "fd:",
        "fd:-1",
        "fd:x",
        "credential:",
        "credential:../x",
        "env:SECRET",
    ] {
        ground.refuse(&create(source), "SL-U014", 2);
    }
    let made = ground.run(&create("file:right")).ok();
    assert!(!made.contains("horse"));
    ground.about("an authority that is sealed");
    ground.refuse(&["client", "add", "bob"], "SL-U010", 1);
    ground.refuse(
        &["--passphrase", "file:wrong", "client", "add", "bob"],
        "SL-V013",
        1,
    );
    ground.refuse(
        &["--passphrase", "file:empty", "client", "add", "bob"],
        "SL-U011",
        1,
    );
    ground.refuse(&["status"], "SL-U010", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn a_secret_in_the_place_of_its_source_is_not_repeated() {
    let mut ground = Ground::bare("secret");
    for words in [
        &["--passphrase", "hunter2", "status"][..],
        &["--passphrase=hunter2", "status"],
        &["status", "--passphrase", "hunter2:x"],
        &[
            "cert",
            "issue",
            "a",
            "--profile",
            "client",
            "--cert",
            "c",
            "--key",
            "k",
            "--p12",
            "p",
            "--p12-passphrase",
            "hunter2",
        ],
    ] {
        let said = ground.run(words);
        assert!(
            !format!("{}{}", said.stdout, said.stderr).contains("hunter2"),
            "{said}"
        );
        let json = ground.run(&[words, &["--json"]].concat());
        assert!(
            !format!("{}{}", json.stdout, json.stderr).contains("hunter2"),
            "{json}"
        );
        ground.refuse(words, "SL-U014", 2);
    }
    insta::assert_snapshot!(ground.transcript());
}
