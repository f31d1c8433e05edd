//! Names and places of clients on the command line.

use super::ground::Ground;

#[test]
fn hostile_names() {
    let mut ground = Ground::with_authority("client-names");
    let long = "x".repeat(65);
    let names = [
        "",
        ".",
        "../x",
        "a/b",
        "/etc/passwd",
        "a\nb",
        "a b",
        "a\u{1b}[2J",
        "abc\u{202e}fdp",
        "ünï",
        "a;id",
        "a\\b",
        "$HOME",
        &long,
    ];
    for name in names {
        ground.refuse(&["client", "add", name], "SL-U007", 2);
    }
    ground.about("an option, and a name that looks like one");
    ground.refuse(&["client", "add", "-rf"], "SL-U014", 2);
    ground.refuse(&["client", "add", "--", "-rf"], "SL-U007", 2);
    ground.about("nobody of that name");
    for words in [
        &["client", "env", "mallory"][..],
        &["client", "bundle", "mallory"],
        &["client", "remove", "mallory"],
        &["client", "env", "\u{1b}[2J"],
    ] {
        ground.refuse(words, "SL-U009", 1);
    }
    ground.about("listed, but never issued");
    ground.refuse(&["client", "env", "alice"], "SL-H502", 1);
    ground.refuse(&["client", "bundle", "alice"], "SL-H502", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn numbers_and_places() {
    let mut ground = Ground::with_client("client-places");
    ground.refuse(&["client", "add", "bob", "--days", "0"], "SL-U014", 2);
    ground.refuse(&["client", "add", "bob", "--days", "-1"], "SL-U014", 2);
    ground.refuse(
        &["client", "add", "bob", "--days", "99999999999"],
        "SL-U014",
        2,
    );
    ground.refuse(&["client", "add", "bob", "--days", "ninety"], "SL-U014", 2);
    ground.refuse(
        &["client", "add", "bob", "--install", "context:"],
        "SL-U007",
        2,
    );
    ground.refuse(
        &["client", "add", "bob", "--install", "context:../x"],
        "SL-U007",
        2,
    );
    ground.refuse(
        &["client", "add", "bob", "--install", "context:default"],
        "SL-U007",
        2,
    );
    ground.refuse(
        &[
            "client",
            "add",
            "bob",
            "--install",
            "context:prod@nobody-here",
        ],
        "SL-U007",
        1,
    );
    ground.write("occupied/notes.txt", "mine\n");
    ground.about("a directory of other things");
    ground.refuse(
        &["client", "install", "alice", "--to", "dir:occupied"],
        "SL-H507",
        1,
    );
    ground.about("a link where the directory belongs");
    ground.tool("ln -s /tmp lure");
    ground.refuse(
        &["client", "install", "alice", "--to", "dir:lure"],
        "SL-H507",
        1,
    );
    ground.about("a file where the directory belongs");
    ground.write("file", "");
    ground.refuse(
        &["client", "install", "alice", "--to", "dir:file"],
        "SL-H507",
        1,
    );
    ground.about("below a file");
    ground.refuse(
        &["client", "install", "alice", "--to", "dir:file/below"],
        "SL-C005",
        1,
    );
    ground.about("endpoints");
    for endpoint in [
        "",
        "unix:///x",
        "tcp://a b:1",
        "tcp://:2376",
        "http://a:70000",
        "\u{1b}[2J",
    ] {
        ground.refuse(
            &[
                "client",
                "install",
                "alice",
                "--to",
                "context:prod",
                "--endpoint",
                endpoint,
            ],
            "SL-H520",
            1,
        );
    }
    ground.about("somebody else's certificate is there");
    let _bob = ground
        .run(&[
            "client",
            "add",
            "bob",
            "--install",
            &format!("dir:{}/bobs", ground.path().display()),
        ])
        .ok();
    ground.refuse(
        &["client", "install", "alice", "--to", "dir:bobs"],
        "SL-H506",
        1,
    );
    ground.about("a context that somebody else made");
    let name = "prod";
    ground.tool(&format!(
        "d=.docker/contexts/meta/$(printf %s {name} | sha256sum | cut -c1-64); mkdir -p $d; printf '{{\"Name\":\"{name}\",\"Metadata\":{{}},\"Endpoints\":{{\"docker\":{{\"Host\":\"tcp://x:1\"}}}}}}' > $d/meta.json"
    ));
    ground.refuse(
        &["client", "install", "alice", "--to", "context:prod"],
        "SL-H511",
        1,
    );
    ground.about("a context that is no JSON");
    ground.tool("for f in .docker/contexts/meta/*/meta.json; do echo '{' > $f; done");
    ground.refuse(
        &["client", "install", "alice", "--to", "context:prod"],
        "SL-H513",
        1,
    );
    insta::assert_snapshot!(ground.transcript());
}
