//! The loop: what it tells its manager, what signals do, and how it ends.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sealock_testkit::process::{call, wait_for};

use super::once::{make_due, up};
use crate::common::Host;

/// The loop, where it logs, and what a manager hears of it.
struct Loop<'a> {
    host: &'a Host,
    child: Child,
    manager: UnixDatagram,
    heard: Vec<String>,
}

impl<'a> Loop<'a> {
    fn start(host: &'a Host) -> Self {
        let socket = host.daemon.folder().join("notify");
        let manager = UnixDatagram::bind(&socket).unwrap();
        manager
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let log = fs::File::create(host.daemon.folder().join("agent.log")).unwrap();
        let mut command = host.sealock.command(&["agent", "--every", "1h"]);
        command
            .env("NOTIFY_SOCKET", &socket)
            .env("WATCHDOG_USEC", "400000")
            .env("JOURNAL_STREAM", "8:1")
            .stdin(Stdio::null())
            .stderr(log);
        Self {
            host,
            child: command.spawn().unwrap(),
            manager,
            heard: Vec::new(),
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.host.daemon.folder().join("agent.log")).unwrap()
    }

    #[track_caller]
    fn logs(&self, words: &str) {
        wait_for(words, Duration::from_secs(30), || {
            self.log().contains(words)
        });
    }

    /// Listens until the manager was told this, by now or before.
    #[track_caller]
    fn hears(&mut self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut buffer = [0; 1024];
        while !self.heard.iter().any(|one| one.starts_with(words)) {
            let length = self.manager.recv(&mut buffer).ok();
            let length = length.filter(|_| Instant::now() < deadline);
            let length = length.unwrap_or_else(|| panic!("{words}: {:?}", self.heard));
            let said = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard.push(said);
        }
    }

    fn signal(&self, name: &str) {
        let _ = call("kill", &[name, &self.child.id().to_string()]).ok();
    }
}

impl Drop for Loop<'_> {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[test]
fn signals_wake_it_and_end_it_and_its_manager_hears_of_it() {
    let host = up();
    let mut agent = Loop::start(&host);
    agent.hears("READY=1");
    agent.hears("STATUS=looking");
    agent.hears("WATCHDOG=1");
    agent.hears("STATUS=nothing is due; next: ");
    agent.logs("<6>nothing is due; next: ");

    make_due(&host);
    agent.signal("-HUP");
    agent.logs("<6>SIGHUP: looks now");
    agent.logs("<6>renewed dockerd; one restart, 1 container alive");
    host.lives();

    agent.signal("-TERM");
    agent.hears("STOPPING=1");
    assert_eq!(
        agent.child.wait().unwrap().code(),
        Some(0),
        "{}",
        agent.log()
    );
    let log = agent.log();
    assert!(log.ends_with("<6>stopped\n"), "{log}");
    assert!(
        log.lines()
            .all(|line| line.starts_with('<') && !line.contains('\u{1b}')),
        "{log}"
    );
}

#[test]
fn a_stop_in_the_middle_of_a_run_takes_the_run_back() {
    let host = up();
    make_due(&host);
    let script = host.daemon.restart_script();
    let works = fs::read_to_string(&script).unwrap();
    let asked = host.daemon.folder().join("asked");
    // The restart takes as long as it takes; the signal arrives meanwhile, and the step is done to its end.
    let slow = works.replacen('\n', &format!("\ntouch {}\nsleep 1\n", asked.display()), 1);
    fs::write(&script, slow).unwrap();
    let mut agent = Loop::start(&host);
    wait_for("the restart", Duration::from_secs(20), || asked.exists());
    agent.signal("-TERM");
    assert_eq!(
        agent.child.wait().unwrap().code(),
        Some(0),
        "{}",
        agent.log()
    );
    assert!(agent.log().ends_with("<6>stopped\n"), "{}", agent.log());
    fs::write(&script, works).unwrap();
    host.lives();
    let _ = host.sealock.run(&["agent", "--once"]).expect_code(0);
    let status = host.sealock.run(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    host.lives();
}
