//! `--watch`: the first look, then what changes, until somebody ends it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use sealock_testkit::process::{call, free_port};
use serde_json::Value;

use crate::check::peers::{Kit, listen_only, loopback, peer};

/// A watching sealock whose lines come as they are printed.
struct Watching {
    child: Child,
    lines: Receiver<String>,
}

impl Watching {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = channel();
        let _ends_with_the_child = std::thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .all(|line| tell.send(line).is_ok())
        });
        Self { child, lines }
    }

    /// The next line that holds these words.
    #[track_caller]
    fn expect(&self, words: &str) -> String {
        let until = Instant::now() + Duration::from_secs(20);
        let mut others = Vec::new();
        loop {
            match self
                .lines
                .recv_timeout(until.saturating_duration_since(Instant::now()))
            {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => others.push(line),
                Err(error) => panic!("no `{words}` ({error}): {others:?}"),
            }
        }
    }

    /// Sends it a signal; it must end within a second, and say nothing more.
    #[track_caller]
    fn end(mut self, signal: &str, code: i32) {
        self.signal(signal);
        self.ends(code);
    }

    fn signal(&self, signal: &str) {
        let _ = call("kill", &[signal, &self.child.id().to_string()]).ok();
    }

    #[track_caller]
    fn ends(&mut self, code: i32) {
        let begun = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(begun.elapsed() < Duration::from_secs(1), "it still runs"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(code));
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

#[test]
fn what_changes_is_told_in_a_line() {
    let kit = Kit::new();
    let address = loopback(free_port());
    let place = format!("tcp://{address}");
    let serve = || kit.serve_at(address, "server", "-cipher ECDHE+AESGCM");
    let server = serve();
    kit.list(&format!("{}\n{place}\n", super::place(&kit.engine())));
    let engine = kit.engine();
    kit.list(&format!("{}\n{place}\n", super::place(&engine)));
    let watching = Watching::start(kit.fleet_command(&["--short", "--watch", "1"]));
    watching.expect("nothing found at 2 endpoints");
    // Nothing changes, and nothing is said.
    let quiet = watching.lines.recv_timeout(Duration::from_millis(2500));
    assert_eq!(quiet, Err(RecvTimeoutError::Timeout));
    drop(server);
    let line = watching.expect("SL-F901");
    assert!(line.ends_with(&format!(" new: SL-F901 {place}")), "{line}");
    let server = serve();
    let line = watching.expect("SL-F901");
    assert!(line.ends_with(&format!(" gone: SL-F901 {place}")), "{line}");
    watching.end("-INT", 0);
    drop(server);

    let watching = Watching::start(kit.fleet_command(&["--short", "--watch", "1"]));
    watching.expect("something found at 1 of 2 endpoints");
    watching.end("-TERM", 3);
}

#[test]
fn programs_get_every_look() {
    let kit = Kit::new();
    let engine = kit.engine();
    kit.list(&super::place(&engine));
    let watching =
        Watching::start(kit.fleet_command(&["--short", "--watch", "1", "--format", "json"]));
    let mut moments = Vec::new();
    for _ in 0..3 {
        let line = watching
            .lines
            .recv_timeout(Duration::from_secs(10))
            .unwrap();
        let json: Value = serde_json::from_str(&line).unwrap();
        moments.push(json["at"].as_str().unwrap().to_owned());
    }
    assert!(moments.windows(2).all(|two| two[0] < two[1]), "{moments:?}");
    watching.end("-INT", 0);

    let file = kit.path("sealock.prom");
    let words = [
        "--short",
        "--watch",
        "1",
        "--format",
        "prometheus",
        "-o",
        file.to_str().unwrap(),
    ];
    let watching = Watching::start(kit.fleet_command(&words));
    let look = || {
        let text = fs::read_to_string(&file).ok()?;
        let line = text
            .lines()
            .find(|line| line.starts_with("sealock_look_seconds "))?;
        line.rsplit_once(' ')?.1.parse::<i64>().ok()
    };
    let mut first = None;
    sealock_testkit::process::wait_for("the file to be replaced", Duration::from_secs(10), || {
        match first {
            None => {
                first = look();
                false
            }
            Some(first) => look().is_some_and(|now| now > first),
        }
    });
    watching.end("-INT", 0);
}

#[test]
fn who_insists_does_not_wait_for_the_end_of_a_look() {
    let kit = Kit::new();
    kit.list(&peer(listen_only));
    let list = kit.path("fleet.txt").display().to_string();
    let words = ["check", "--from", &list, "--watch", "1", "--timeout", "60"];
    let mut watching = Watching::start(kit.sealock().command(&words));
    std::thread::sleep(Duration::from_millis(700));
    watching.signal("-INT");
    std::thread::sleep(Duration::from_millis(300));
    assert!(watching.child.try_wait().unwrap().is_none());
    watching.signal("-INT");
    watching.ends(130);
}
