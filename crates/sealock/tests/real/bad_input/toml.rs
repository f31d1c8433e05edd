//! `sealock.toml` as people break it.

use super::ground::{Ground, TOML};

/// The good file with one piece replaced.
fn with(piece: &str, other: &str) -> String {
    assert!(TOML.contains(piece), "{piece}");
    TOML.replacen(piece, other, 1)
}

#[test]
fn broken_files() {
    let mut ground = Ground::bare("toml-files");
    ground.about("none yet, for each command that needs it");
    for words in [
        &["plan"][..],
        &["apply"],
        &["status"],
        &["client", "list"],
        &["client", "add", "bob"],
        &["client", "env", "bob"],
    ] {
        ground.refuse(words, "SL-U006", 1);
    }
    ground.about("not text");
    ground.write("etc/sealock.toml", [0xff, 0xfe, b'v', 0, b'e', 0]);
    ground.refuse(&["plan"], "SL-U008", 1);
    ground.about("empty");
    ground.toml("");
    ground.refuse(&["plan"], "SL-H103", 1);
    ground.about("binary, but text");
    ground.toml("\u{0}\u{1}\u{1b}[2J");
    ground.refuse(&["plan"], "SL-H101", 1);
    ground.about("larger than any configuration");
    ground.tool("truncate -s 70M etc/sealock.toml");
    ground.refuse(&["plan"], "SL-C014", 1);
    ground.about("a directory");
    ground.tool("rm etc/sealock.toml; mkdir etc/sealock.toml");
    ground.refuse(&["plan"], "SL-C006", 1);
    ground.about("a link that leads nowhere");
    ground.tool("rmdir etc/sealock.toml; ln -s /nowhere etc/sealock.toml");
    ground.refuse(&["plan"], "SL-C001", 1);
    ground.about("a pipe: must not hang");
    ground.tool("rm etc/sealock.toml; mkfifo etc/sealock.toml");
    ground.refuse(&["plan"], "SL-C011", 1);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn marks_and_line_ends_of_other_systems_do_no_harm() {
    let mut ground = Ground::with_authority("toml-crlf");
    ground.about("CRLF");
    ground.toml(&TOML.replace('\n', "\r\n"));
    ground.accept(&["client", "list"], 0);
    ground.about("a byte order mark");
    ground.toml(&format!("\u{feff}{TOML}"));
    ground.accept(&["client", "list"], 0);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn keys_and_values() {
    let mut ground = Ground::with_authority("toml-values");
    let cases = [
        (
            "a string that does not end",
            with("name = \"sealock\"", "name = \"sealock"),
            "SL-H101",
        ),
        (
            "a table twice",
            with("[daemon]", "[authority]\n\n[daemon]"),
            "SL-H101",
        ),
        (
            "a key twice",
            with("name = \"sealock\"", "name = \"a\"\nname = \"b\""),
            "SL-H101",
        ),
        ("an unknown key, misspelt", with("names", "name"), "SL-H102"),
        (
            "an unknown key with an underscore",
            with("docker-config", "docker_config"),
            "SL-H102",
        ),
        (
            "an unknown key like nothing",
            with("listen", "frobnicate"),
            "SL-H102",
        ),
        (
            "a key that would clear the screen",
            with("listen", "\"\\u001b[2J\""),
            "SL-H102",
        ),
        (
            "an unknown table",
            with("[authority]", "[authorities]"),
            "SL-H102",
        ),
        (
            "a wrong type",
            with("[\"127.0.0.1:24376\"]", "24376"),
            "SL-H103",
        ),
        (
            "a string for a list",
            with("[\"localhost\", \"127.0.0.1\"]", "\"localhost\""),
            "SL-H103",
        ),
        (
            "a number in a list of strings",
            with("[\"localhost\", \"127.0.0.1\"]", "[\"localhost\", 1]"),
            "SL-H103",
        ),
        (
            "a table for a list of tables",
            with("[[client]]", "[client]"),
            "SL-H103",
        ),
        ("no version", with("version = 1\n", ""), "SL-H103"),
        (
            "a version of the future",
            with("version = 1", "version = 2"),
            "SL-H103",
        ),
        (
            "a version that is a text",
            with("version = 1", "version = \"1\""),
            "SL-H103",
        ),
        (
            "an unknown kind of key",
            with("name = \"sealock\"", "name = \"sealock\"\nkey = \"dsa\""),
            "SL-H103",
        ),
        (
            "an authority with a hostile name",
            with("name = \"sealock\"", "name = \"../x\""),
            "SL-H103",
        ),
        (
            "an authority with a long name",
            with(
                "name = \"sealock\"",
                "name = \"abcdefghijklmnopqrstuvwxyz\"",
            ),
            "SL-H103",
        ),
        (
            "a listener without a port",
            with("127.0.0.1:24376", "127.0.0.1"),
            "SL-H103",
        ),
        (
            "a listener that is a name",
            with("127.0.0.1:24376", "docker.example.org:2376"),
            "SL-H103",
        ),
        ("port 0", with("127.0.0.1:24376", "192.0.2.7:0"), "SL-H103"),
        (
            "port 70000",
            with("127.0.0.1:24376", "192.0.2.7:70000"),
            "SL-H103",
        ),
        (
            "a unix socket",
            with("127.0.0.1:24376", "unix:///var/run/docker.sock"),
            "SL-H103",
        ),
        (
            "two listeners that meet",
            with("[\"127.0.0.1:24376\"]", "[\"0.0.0.0:1\", \"127.0.0.1:1\"]"),
            "SL-H103",
        ),
        (
            "no listener",
            with("[\"127.0.0.1:24376\"]", "[]"),
            "SL-H119",
        ),
        (
            "a relative path",
            with("%HERE%/etc/daemon.json", "daemon.json"),
            "SL-H103",
        ),
        (
            "a life without a unit",
            with("[[client]]", "server-life = \"90\"\n\n[[client]]"),
            "SL-H103",
        ),
        (
            "a life of nothing",
            with("[[client]]", "server-life = \"0d\"\n\n[[client]]"),
            "SL-H103",
        ),
        (
            "a life beyond all measure",
            with("[[client]]", "server-life = \"200y\"\n\n[[client]]"),
            "SL-H103",
        ),
        (
            "a life too long for a server",
            with("[[client]]", "server-life = \"10y\"\n\n[[client]]"),
            "SL-P313",
        ),
        (
            "a life that is a number",
            with("[[client]]", "server-life = 90\n\n[[client]]"),
            "SL-H103",
        ),
    ];
    for (about, text, code) in cases {
        ground.about(about);
        ground.toml(&text);
        ground.refuse(&["plan"], code, 1);
    }
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn names_of_the_host() {
    let mut ground = Ground::with_authority("toml-names");
    let long = format!("\"{}.example.org\"", "a".repeat(300));
    let many: Vec<String> = (0..600)
        .map(|number| format!("\"h{number}.example.org\""))
        .collect();
    let cases = [
        ("an empty name", "\"\"", "SL-H103"),
        ("white space", "\" \"", "SL-H103"),
        ("an escape sequence", "\"a\\u001b[2J\"", "SL-H103"),
        ("a bidirectional override", "\"abc\\u202eedoc\"", "SL-H103"),
        ("300 characters", &long, "SL-H103"),
        ("a wildcard in the middle", "\"a.*.example.org\"", "SL-H103"),
        ("a wildcard for everything", "\"*\"", "SL-H103"),
        ("half a wildcard", "\"a*.example.org\"", "SL-H103"),
        ("an URL", "\"https://example.org\"", "SL-H103"),
        ("a name and a port", "\"example.org:2376\"", "SL-H103"),
        ("an e-mail address", "\"email:a@example.org\"", "SL-H103"),
        ("a name beyond ASCII", "\"bücher.example.org\"", "SL-H103"),
        ("no name at all", "", "SL-P316"),
        ("600 names", &many.join(", "), "SL-P318"),
    ];
    for (about, names, code) in cases {
        ground.about(about);
        ground.toml(&with("\"localhost\", \"127.0.0.1\"", names));
        ground.refuse(&["plan"], code, 1);
    }
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn clients_in_the_file() {
    let mut ground = Ground::with_authority("toml-clients");
    let alice = "name = \"alice\"\n";
    let long = format!("name = \"{}\"\n", "x".repeat(65));
    let cases = [
        (
            "the same client twice",
            "name = \"alice\"\n\n[[client]]\nname = \"alice\"\n",
            "SL-H103",
        ),
        ("no name", "life = \"90d\"\n", "SL-H103"),
        ("an empty name", "name = \"\"\n", "SL-H103"),
        ("a path", "name = \"../x\"\n", "SL-H103"),
        ("a slash", "name = \"a/b\"\n", "SL-H103"),
        ("an option", "name = \"-rf\"\n", "SL-H103"),
        ("a line break", "name = \"a\\nb\"\n", "SL-H103"),
        ("65 characters", &long, "SL-H103"),
        (
            "letters that look like others",
            "name = \"аlice\"\n",
            "SL-H103",
        ),
        (
            "installed at a relative path",
            "name = \"alice\"\ninstall = [\"docker\"]\n",
            "SL-H103",
        ),
        (
            "installed as no context",
            "name = \"alice\"\ninstall = [\"context:a/b\"]\n",
            "SL-H103",
        ),
        (
            "installed as a context that is reserved",
            "name = \"alice\"\ninstall = [\"context:default\"]\n",
            "SL-H103",
        ),
        (
            "installed for nobody",
            "name = \"alice\"\ninstall = [\"context:prod@nosuchuser\"]\n",
            "SL-U007",
        ),
        (
            "a life that cannot be",
            "name = \"alice\"\nlife = \"-1d\"\n",
            "SL-H103",
        ),
    ];
    for (about, text, code) in cases {
        ground.about(about);
        ground.toml(&with(alice, text));
        ground.refuse(&["plan"], code, 1);
    }
    insta::assert_snapshot!(ground.transcript());
}
