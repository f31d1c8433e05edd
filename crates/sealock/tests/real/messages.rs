//! Real programs are made to complain, and what they print is pasted into `sealock explain`.

mod certificates;
mod handshakes;
mod settings;
mod starting;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use sealock_testkit::process::Outcome;

use crate::common::{program, report};

/// Pastes what was said, and remembers what was read wrongly.
#[derive(Default)]
struct Reader {
    messages: usize,
    wrong: String,
}

impl Reader {
    /// The first reading has to be this one.
    fn first(&mut self, who: &str, said: &str, code: &str) {
        let read = explain(said);
        self.judge(
            read.first().is_some_and(|first| first == code),
            who,
            said,
            code,
            &read,
        );
    }

    /// A message that several things cause: the right one has to be among its readings.
    fn among(&mut self, who: &str, said: &str, code: &str) {
        let read = explain(said);
        self.judge(read.iter().any(|one| one == code), who, said, code, &read);
    }

    fn judge(&mut self, right: bool, who: &str, said: &str, code: &str, read: &[String]) {
        self.messages += 1;
        if !right {
            let _ = writeln!(
                self.wrong,
                "{who}: wanted {code}, read {read:?} in:\n{said}\n"
            );
        }
    }

    /// Insists that all of them were read rightly.
    #[track_caller]
    fn done(self, what: &str, least: usize) {
        assert!(self.wrong.is_empty(), "{}", self.wrong);
        assert!(self.messages >= least, "{what}: only {}", self.messages);
        report(&format!(
            "messages: {what}: {} provoked and read",
            self.messages
        ));
    }
}

/// The codes of the readings, in their order, without `SL-`.
pub(crate) fn explain(said: &str) -> Vec<String> {
    let mut child = Command::new(program())
        .env_clear()
        .args(["--json", "explain", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(said.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
        return Vec::new();
    };
    let readings = value["readings"].as_array().cloned().unwrap_or_default();
    let code =
        |reading: &serde_json::Value| reading["code"].as_str().map(|code| code.replace("SL-", ""));
    readings.iter().filter_map(code).collect()
}

/// What a program said, without the command that a person would not paste.
fn said(outcome: &Outcome) -> String {
    format!("{}{}", outcome.stdout, outcome.stderr)
}

/// The same, of a client's attempt.
pub(crate) fn told(text: &str) -> &str {
    text.split_once("\n--- stdout\n")
        .map_or(text, |(_, said)| said)
}
