//! Runs of sealock whose time, memory and bytes are looked at.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sealock_testkit::process::Outcome;
use serde_json::Value;

/// A run, how long it took and how much memory it had at most.
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) wall: Duration,
    pub(crate) peak_kib: u64,
}

impl Measured {
    pub(crate) fn of(mut command: Command, folder: &Path) -> Self {
        let number = std::thread::current().id();
        let said = ["out", "err"].map(|name| folder.join(format!("said-{number:?}.{name}")));
        let begun = Instant::now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(fs::File::create(&said[0]).unwrap())
            .stderr(fs::File::create(&said[1]).unwrap())
            .spawn()
            .unwrap();
        let mut peak_kib = 0;
        let status = loop {
            peak_kib = peak(child.id()).unwrap_or(0).max(peak_kib);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let wall = begun.elapsed();
        let [stdout, stderr] = said.map(|path| String::from_utf8(fs::read(path).unwrap()).unwrap());
        let outcome = Outcome {
            command: format!("{command:?}"),
            code: status.code().unwrap_or(-1),
            stdout,
            stderr,
        };
        Self {
            outcome,
            wall,
            peak_kib,
        }
    }

    /// Eight exchanges of a second each at most, and what it takes to start; memory for what one peer may send.
    #[track_caller]
    pub(crate) fn is_bounded(&self) {
        assert!(
            self.wall < Duration::from_secs(9),
            "{:?}: {}",
            self.wall,
            self.outcome
        );
        assert!(
            self.peak_kib < 100 * 1024,
            "{} KiB: {}",
            self.peak_kib,
            self.outcome
        );
    }
}

/// The most memory that the process had so far, as the kernel counts it.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Insists that a terminal would show what is there.
#[track_caller]
pub(crate) fn expect_visible(outcome: &Outcome) {
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(
            !text.chars().any(is_harmful),
            "{}",
            outcome.to_string().escape_debug()
        );
    }
}

/// The same of every string in the JSON, once it is read.
#[track_caller]
pub(crate) fn expect_no_control(json: &Value) {
    match json {
        Value::String(text) => assert!(!text.chars().any(is_harmful), "{}", text.escape_debug()),
        Value::Array(items) => items.iter().for_each(expect_no_control),
        Value::Object(fields) => fields.values().for_each(expect_no_control),
        _ => {}
    }
}

fn is_harmful(character: char) -> bool {
    let turns_direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (character.is_control() && character != '\n') || turns_direction
}
