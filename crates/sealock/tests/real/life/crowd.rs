//! Three clients that work without a pause, and somebody who watches the daemon come and go.

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sealock_testkit::lab::{Version, lab};

use crate::common::Host;

/// One `docker ps`.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) who: &'static str,
    pub(super) begun: Instant,
    pub(super) ended: Instant,
    /// What it said when it failed.
    pub(super) failed: Option<String>,
}

/// How a client is told where to go.
pub(super) struct Way {
    pub(super) who: &'static str,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) words: Vec<String>,
}

/// The crowd at work.
pub(super) struct Crowd {
    stop: Arc<AtomicBool>,
    visits: Arc<Mutex<Vec<Visit>>>,
    /// When the socket answered nobody: from, to.
    away: Arc<Mutex<Vec<(Instant, Instant)>>>,
    threads: Vec<JoinHandle<()>>,
}

/// What became of the visits of a while.
pub(super) struct Record {
    pub(super) visits: Vec<Visit>,
    pub(super) away: Vec<(Instant, Instant)>,
}

impl Crowd {
    pub(super) fn new(host: &Host, ways: Vec<Way>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let visits = Arc::new(Mutex::new(Vec::new()));
        let away = Arc::new(Mutex::new(Vec::new()));
        let mut threads = Vec::new();
        for way in ways {
            let (stop, visits) = (Arc::clone(&stop), Arc::clone(&visits));
            let home = host.daemon.folder().join("sealock");
            threads.push(std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let visit = visit(&way, &home);
                    visits.lock().unwrap().push(visit);
                }
            }));
        }
        let (flag, intervals, socket) =
            (Arc::clone(&stop), Arc::clone(&away), host.daemon.socket());
        threads.push(std::thread::spawn(move || {
            watch(&socket, &flag, &intervals)
        }));
        Self {
            stop,
            visits,
            away,
            threads,
        }
    }

    /// What happened since the last time, once everybody has come through after the daemon came back.
    pub(super) fn record(&self) -> Record {
        // Every client finishes what it is at, and does it once more.
        let from = Instant::now();
        let came = |visits: &[Visit], who: &str| {
            let mut mine = visits.iter().filter(|visit| visit.who == who);
            mine.any(|visit| visit.begun > from)
        };
        let deadline = from + Duration::from_secs(20);
        while !["alice", "bob", "carol"]
            .iter()
            .all(|who| came(&self.visits.lock().unwrap(), who))
        {
            assert!(Instant::now() < deadline, "somebody works no more");
            std::thread::sleep(Duration::from_millis(20));
        }
        Record {
            visits: std::mem::take(&mut *self.visits.lock().unwrap()),
            away: std::mem::take(&mut *self.away.lock().unwrap()),
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _panicked = thread.join();
        }
    }
}

impl Record {
    /// How often the daemon was away.
    pub(super) fn restarts(&self) -> usize {
        self.away.len()
    }

    /// The longest time from a failure to the next success of the same client.
    pub(super) fn gap(&self) -> Duration {
        let mut longest = Duration::ZERO;
        for who in ["alice", "bob", "carol"] {
            let mut since: Option<Instant> = None;
            for visit in self.visits.iter().filter(|visit| visit.who == who) {
                match (&visit.failed, since) {
                    (Some(_), None) => since = Some(visit.begun),
                    (None, Some(from)) => {
                        longest = longest.max(visit.ended - from);
                        since = None;
                    }
                    _ => {}
                }
            }
        }
        longest
    }

    /// Failures that do not touch any time in which the daemon was away. A daemon that answers on its socket opens its
    /// port within the next moments, and ends connections a moment before it is gone.
    pub(super) fn unexplained(&self) -> Vec<&Visit> {
        const MARGIN: Duration = Duration::from_millis(400);
        self.visits
            .iter()
            .filter(|visit| visit.failed.is_some())
            .filter(|visit| {
                !self
                    .away
                    .iter()
                    .any(|(from, to)| visit.ended + MARGIN >= *from && visit.begun <= *to + MARGIN)
            })
            .collect()
    }
}

fn visit(way: &Way, home: &Path) -> Visit {
    let begun = Instant::now();
    let output = Command::new(lab().docker_cli(Version::V28))
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", home)
        .envs(way.variables.iter().map(|(name, value)| (*name, value)))
        .args(&way.words)
        .args(["ps", "-q"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Visit {
        who: way.who,
        begun,
        ended: Instant::now(),
        failed: (!output.status.success()).then_some(said),
    }
}

fn watch(socket: &PathBuf, stop: &AtomicBool, away: &Mutex<Vec<(Instant, Instant)>>) {
    let mut since = None;
    while !stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        match (UnixStream::connect(socket).is_ok(), since) {
            (false, None) => since = Some(now),
            (true, Some(from)) => {
                away.lock().unwrap().push((from, now));
                since = None;
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
