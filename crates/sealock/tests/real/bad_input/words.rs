//! The command line itself.

use std::process::Command;

use sealock_testkit::process::run;

use super::ground::Ground;
use crate::common::program;

#[test]
fn listeners_and_names() {
    let mut ground = Ground::with_authority("up-words");
    for listen in [
        "",
        "2376",
        "0.0.0.0",
        ":2376",
        "*:2376",
        "[::]",
        "::1:2376",
        "0.0.0.0:0",
        "0.0.0.0:70000",
        "0.0.0.0:x",
        "host:2376",
        "unix:///x",
        "tcp://",
        "a\u{1b}[2J:1",
    ] {
        ground.refuse(&["up", "--listen", listen], "SL-U013", 2);
    }
    for (name, code) in [
        ("", "SL-P010"),
        (" a", "SL-P013"),
        ("a b", "SL-P013"),
        ("a\u{1b}[2J", "SL-P013"),
        ("*", "SL-P013"),
        ("https://a", "SL-P013"),
    ] {
        ground.refuse(&["up", "--name", name], code, 2);
    }
    ground.refuse(&["up", "--client", "../x"], "SL-U007", 2);
    ground.refuse(&["up", "--key", "rsa-1024"], "SL-U014", 2);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn explain() {
    let mut ground = Ground::bare("explain");
    ground.accept(&["explain", "sl-h107"], 0);
    ground.accept(&["explain", " SL-H107 "], 0);
    ground.refuse(&["explain", "SL-H999"], "SL-U001", 2);
    ground.refuse(&["explain", "H107"], "SL-U001", 2);
    ground.refuse(&["explain", ""], "SL-U001", 2);
    ground.refuse(&["explain", "\u{1b}[2J"], "SL-U001", 2);
    insta::assert_snapshot!(ground.transcript());
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for words in [
        "explain",
        "explain --markdown",
        "explain --json",
        "completions bash",
        "demo --json",
    ] {
        let line = format!(
            "{} {words} | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}",
            program().display()
        );
        let said = run(Command::new("bash").args(["-c", &line]));
        assert_eq!(
            (said.stdout.as_str(), said.stderr.as_str()),
            ("0\n", ""),
            "{said}"
        );
    }
    for words in ["explain > /dev/full", "explain >&-"] {
        let line = format!("{} {words}", program().display());
        let said = run(Command::new("bash").args(["-c", &line]));
        assert!(!said.stderr.contains("panic") && said.code != 70, "{said}");
    }
}
