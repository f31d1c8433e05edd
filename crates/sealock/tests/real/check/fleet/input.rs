//! Lists that are none, and dates that are far away.

use sealock_testkit::process::run;

use crate::check::ground::Found;
use crate::check::peers::{Kit, expect_visible};

#[test]
fn lists_that_are_none_are_named_with_their_line() {
    let kit = Kit::new();
    let long = "x".repeat(1_000_000);
    let cases = [
        (
            "tcp://127.0.0.1:1\n\n# one\nunix:///run/docker.sock\n".to_owned(),
            "SL-U016",
            "fleet.txt, line 4",
        ),
        ("127.0.0.1:0\n".to_owned(), "SL-U016", "line 1"),
        ("h:2376/v1.41 # a path\n".to_owned(), "SL-U016", "line 1"),
        (format!("# a\n{long}\n{long}\n"), "SL-U016", "line 2"),
        (format!("127.0.0.1:{long}\n"), "SL-U016", "line 1"),
        ("\u{1b}[2Jx y\n".to_owned(), "SL-U016", "\\u{1b}[2Jx y"),
        ("\u{feff}127.0.0.1:1\n".to_owned(), "SL-U016", "line 1"),
        (String::new(), "SL-U016", "the list holds no endpoint"),
        (
            "# nothing\n\n   \n".to_owned(),
            "SL-U016",
            "the list holds no endpoint",
        ),
        ("\0\0\0\0".to_owned(), "SL-U016", "line 1"),
    ];
    for (text, code, words) in cases {
        kit.list(&text);
        let said = kit.fleet(&[]).expect_code(2);
        assert_eq!(said.stdout, "");
        expect_visible(&said);
        assert!(
            said.stderr.contains(code) && said.stderr.contains(words),
            "{said}"
        );
        assert!(said.stderr.len() < 1000, "{} bytes", said.stderr.len());
    }
    // A comment of a megabyte is one.
    kit.list(&format!("#{long}\n127.0.0.1:1 # {long}\n"));
    let _ = Found::of(kit.fleet(&["--format", "json"])).expect_first("SL-F901");
    std::fs::remove_file(kit.path("fleet.txt")).unwrap();
    let said = kit.fleet(&[]).expect_code(1);
    assert!(
        said.stderr.contains("SL-U008") && said.stderr.contains("there is no such file"),
        "{said}"
    );
    std::fs::create_dir(kit.path("fleet.txt")).unwrap();
    assert!(
        kit.fleet(&[])
            .expect_code(1)
            .stderr
            .contains("it is a directory")
    );
    std::fs::remove_dir(kit.path("fleet.txt")).unwrap();
    let big = std::fs::File::create(kit.path("fleet.txt")).unwrap();
    big.set_len(1 << 30).unwrap();
    assert!(
        kit.fleet(&[])
            .expect_code(1)
            .stderr
            .contains("it is larger than 16 MiB")
    );
}

#[test]
fn a_list_comes_through_a_pipe() {
    let kit = Kit::new();
    let engine = kit.engine();
    let words = kit.words(&["--from", "-", "--short"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let command = kit.sealock().command(&words);
    let mut shell = std::process::Command::new("sh");
    shell
        .args([
            "-c",
            "echo \"$1\" | { shift; \"$@\"; }",
            "sh",
            &super::place(&engine),
        ])
        .arg(command.get_program())
        .args(command.get_args());
    let said = run(&mut shell);
    assert_eq!(said.code, 0, "{said}");
}

#[test]
fn everything_that_ends_within_so_many_days_is_named() {
    let kit = Kit::new();
    let engine = kit.engine();
    let look = |days: &str| {
        Found::of(
            kit.measured(
                &[
                    &["--json".to_owned()],
                    &kit.words(&["--min-days", days, &super::place(&engine)])[..],
                ]
                .concat(),
                crate::check::peers::plain,
            )
            .outcome,
        )
    };
    look("30").expect_nothing();
    let found = look("4000");
    // The server's, the client's, and the anchor of the server: of the client's anchor alice has no copy.
    let count = |code: &str| found.codes().iter().filter(|found| *found == code).count();
    assert_eq!((count("SL-F303"), count("SL-F320")), (2, 1), "{found}");
    assert_eq!(found.codes().len(), 3, "{found}");
}
