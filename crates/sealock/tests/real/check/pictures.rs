//! What the README and docs/check.md show: drawn by `cargo xtask picture` from the snapshots of this file, which are what
//! the binary prints about real daemons.

use sealock_testkit::lab::Version;
use sealock_testkit::redact::Redactor;

use crate::common::Host;

/// Not this machine's own names, which are others on every machine.
const NAMES: &[&str] = &["--name", "docker.example.org", "--name", "127.0.0.1"];
/// The width that everything must fit.
const COLUMNS: usize = 80;

#[test]
fn the_matrix_of_a_cloaked_daemon() {
    let host = Host::new(Version::V28);
    let _ = host.up(NAMES).expect_code(0);
    let endpoint = format!("tcp://{}", host.listen());
    let shown = host
        .sealock
        .run(&["--color", "always", "check", &endpoint])
        .expect_code(0);
    picture("matrix", &host, &shown.stdout);
}

#[test]
fn the_finding_of_a_daemon_that_trusts_the_system() {
    let host = Host::new(Version::V28);
    let _ = host.up(NAMES).expect_code(0);
    let path = host.daemon.config_file();
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("tlscacert"))
        .unwrap();
    std::fs::write(&path, text.replace(&format!("{line}\n"), "")).unwrap();
    host.daemon.restart();
    let shown = host
        .sealock
        .run(&["--color", "always", "check"])
        .expect_code(3);
    picture("finding", &host, &shown.stdout);
}

/// Holds what was printed against its snapshot, at 80 columns, with and without colour.
#[track_caller]
fn picture(name: &str, host: &Host, printed: &str) {
    // Lines are folded before a placeholder takes the place of a path, so the widths are those that a user sees.
    for line in printed.lines() {
        let plain = anstream::adapter::strip_str(line).to_string();
        let own = plain.contains(&host.daemon.folder().display().to_string());
        assert!(
            own || plain.chars().count() <= COLUMNS,
            "{} columns: {plain}",
            plain.chars().count()
        );
    }
    let shown = Redactor::new()
        .replace(host.daemon.folder().join("etc"), "docker")
        .replace(host.daemon.folder(), "host")
        .redact(printed);
    // What stands for the docs is what a real host would show in those places.
    let shown = shown
        .replace("<docker>", "/etc/docker")
        .replace("127.0.0.1:<port>", "127.0.0.1:2376")
        .replace("<time>", "2027-02-20T08:00:00Z");
    let shown = after(&shown, "anchor 1 ", |c| c.is_ascii_hexdigit(), "4f1c22ab");
    let shown = after(&shown, "28.5.", |c| !c.is_whitespace() && c != ',', "2");
    insta::assert_snapshot!(name, shown);
}

/// What stands behind every `mark` is another on every machine: `instead` is shown.
fn after(text: &str, mark: &str, goes: impl Fn(char) -> bool, instead: &str) -> String {
    let mut parts = text.split(mark);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(mark);
        out.push_str(instead);
        out.push_str(part.trim_start_matches(&goes));
    }
    out
}
