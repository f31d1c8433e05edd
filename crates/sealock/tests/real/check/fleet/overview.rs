//! What people see of a fleet.

use std::fmt::Write as _;
use std::process::Command;

use sealock_engine::Mode;
use sealock_testkit::Redactor;
use sealock_testkit::lab::Version;
use sealock_testkit::process::run;
use serde_json::Value;

use crate::check::ground::Found;
use crate::check::peers::{Closed, Kit, expect_visible, listen_only, peer, write_all};
use crate::common::Host;

fn ssh() -> String {
    peer(|socket| {
        write_all(&socket, b"SSH-2.0-OpenSSH_9.2\r\n");
        listen_only(socket);
    })
}

#[test]
fn two_hundred_endpoints_keep_their_order() {
    let kit = Kit::new();
    let daemon = Host::new(Version::V28);
    let _ = daemon.up(&[]).expect_code(0);
    let ssh = ssh();
    let plain = kit.engine_as(&Mode::Plain);
    let (mut engines, mut closed) = (Vec::new(), Vec::new());
    let mut expected: Vec<(String, Option<&str>)> = Vec::new();
    for number in 0..200 {
        expected.push(match number {
            // Not signed by whom alice trusts, and alice is nobody there.
            7 => (format!("tcp://{}", daemon.listen()), Some("SL-F3")),
            50 => (super::place(&plain), Some("SL-F101")),
            51 => (ssh.clone(), Some("SL-F904")),
            number if number % 20 == 3 => {
                closed.push(Closed::new());
                (closed.last().unwrap().place(), Some("SL-F901"))
            }
            _ => {
                engines.push(kit.engine());
                (super::place(engines.last().unwrap()), None)
            }
        });
    }
    let mut text = "# the whole fleet\n\n".to_owned();
    for (number, (place, _)) in expected.iter().enumerate() {
        match number % 4 {
            0 => writeln!(text, "{place}"),
            1 => writeln!(text, "  {place}   # behind a comment\r"),
            2 => writeln!(text, "{}\n\n#{place}", place.trim_start_matches("tcp://")),
            // The same again is one endpoint.
            _ => writeln!(text, "{place}\n{place}"),
        }
        .unwrap();
    }
    kit.list(&text);
    let found = Found::of(kit.fleet(&["--short", "--format", "json"]));
    assert_eq!(found.outcome.stderr, "");
    let reports = found.json["reports"].as_array().unwrap();
    assert_eq!(reports.len(), expected.len());
    for (report, (place, code)) in reports.iter().zip(&expected) {
        assert_eq!(report["subject"], **place);
        let first = report["findings"].as_array().unwrap().first();
        let first = first
            .and_then(|finding| finding["code"].as_str())
            .unwrap_or("nothing");
        assert!(
            first.starts_with(code.unwrap_or("nothing")),
            "{place}: {first}\n{report:#}"
        );
    }
    assert_eq!(
        reports
            .iter()
            .filter(|report| report["worst"] == Value::Null)
            .count(),
        187
    );

    let text = kit.fleet(&["--short"]).expect_code(3);
    assert_eq!(text.stderr, "");
    expect_visible(&text);
    fits(&text.stdout);
    let rows: Vec<&str> = text.stdout.lines().take(201).collect();
    for (row, (place, _)) in rows.iter().skip(1).zip(&expected) {
        assert!(row.starts_with(place.trim_start_matches("tcp://")), "{row}");
    }
    assert!(
        text.stdout
            .ends_with("\nsomething found at 13 of 200 endpoints\n"),
        "{}",
        text.stdout
    );
}

#[track_caller]
fn fits(text: &str) {
    for line in text.lines() {
        // A name stays whole where it is told of, to be pasted.
        let whole = line.starts_with("tcp://") || line.starts_with("   where: ");
        assert!(whole || line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn an_overview_is_read_at_80_columns() {
    let kit = Kit::new();
    let long = "docker-with-a-very-long-name.in.a.department.of.example.invalid:2376";
    kit.server("escape", "/CN=\u{1b}[2J", "IP:127.0.0.1,DNS:docker.example");
    let (one, escape) = (kit.engine(), kit.serve("escape", "-cipher ECDHE+AESGCM"));
    let (plain, closed) = (kit.engine_as(&Mode::Plain), Closed::new());
    kit.list(&format!(
        "{}\n{}\n{}\n{}\n{long}\n{}\n",
        super::place(&one),
        escape.place(),
        super::place(&plain),
        ssh(),
        closed.place(),
    ));
    let said = run(&mut crate::check::endpoint::resolving(
        &kit,
        &kit.fleet_command(&[]),
    ))
    .expect_code(3);
    fits(&said.stdout);
    // A second may have passed since the certificate was made.
    let text = said.stdout.replace("364 days", "365 days");
    insta::assert_snapshot!(Redactor::new().redact(&text));
}

#[test]
fn a_bar_is_drawn_on_a_terminal_only() {
    let kit = Kit::new();
    let engines = [kit.engine(), kit.engine(), kit.engine()];
    let list: String = engines
        .iter()
        .map(|engine| super::place(engine) + "\n")
        .collect();
    kit.list(&list);
    let quiet = kit.fleet(&["--short"]).expect_code(0);
    assert_eq!(quiet.stderr, "");
    assert!(!quiet.stdout.contains('\u{1b}'));
    let command = kit.fleet_command(&["--short"]);
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    let seen = run(Command::new("script").env("TERM", "xterm").args([
        "-qefc",
        &words.join(" "),
        "/dev/null",
    ]));
    assert_eq!(seen.code, 0, "{seen}");
    assert!(
        seen.stdout.contains("3/3"),
        "{}",
        seen.stdout.escape_debug()
    );
    assert!(
        seen.stdout.contains("nothing found at 3 endpoints"),
        "{}",
        seen.stdout.escape_debug()
    );
    // One endpoint is not waited for long enough to draw anything.
    kit.list(&super::place(&engines[0]));
    assert_eq!(kit.fleet(&["--short"]).expect_code(0).stderr, "");
}
