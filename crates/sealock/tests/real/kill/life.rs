//! Rotation and rekey, killed: the next command finishes or undoes, and the right ones get in.
//!
//! A site goes round: trust both, issue, swap, drop, rekey, and again. Each of these is one command, and each has a list of
//! calls; on every round the command of that place dies at the next call of its list. Then either the same command comes
//! again and finishes, or `apply` makes the host what the vault says, or a rotation is taken back.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealock_testkit::kill::{self, Instant};

use super::judge::{self, Watch};
use super::site::Site;
use super::walk::{Say, Stop, kill_there};

/// The commands of one round, by the phase that each of them reaches.
const ROUND: [&str; 5] = ["trusted", "issued", "swapped", "dropped", "rekeyed"];
/// Every how many-th call of each list is tried, beside those of [`is_a_turn`]; with `SEALOCK_SWEEP=all` it is every one.
const EVERY: usize = 12;

/// The calls at which each command dies.
pub(super) struct Listed([Vec<Instant>; 5]);

/// Goes round once, and writes down the calls.
fn listed(site: &dyn Site) -> Listed {
    let _ = site.run(&site.up_words()).ok();
    let lists = ROUND.map(|place| {
        let (instants, outcome) = kill::instants_by_path(&site.program(&words(site, place)));
        let _ = outcome.ok();
        instants
    });
    Listed(lists)
}

/// The command that leads from the place before to this one.
fn words(site: &dyn Site, place: &str) -> Vec<String> {
    match place {
        "rekeyed" => site.words(&["rekey", "--yes"]),
        _ => site.words(&["ca", "rotate", "--step", "--yes"]),
    }
}

/// What several sites did.
#[derive(Default)]
pub(super) struct Sweep {
    listed: AtomicUsize,
    tried: AtomicUsize,
    elsewhere: AtomicUsize,
    finished: AtomicUsize,
    applied: AtomicUsize,
    asked: AtomicUsize,
}

impl Sweep {
    pub(super) fn say(&self, took: Duration) {
        let number = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        crate::common::report(&format!(
            "rotation and rekey: {} calls that change something, killed at {} of them in {:.0} s; {} times the same command came \
             next, {} times apply; {} questions to the port in between; {} runs died at a neighbouring call first",
            number(&self.listed),
            number(&self.tried),
            took.as_secs_f64(),
            number(&self.finished),
            number(&self.applied),
            number(&self.asked),
            number(&self.elsewhere),
        ));
    }

    /// Takes every `count`-th call of its lists, from `which` on.
    pub(super) fn work_through(&self, site: &dyn Site, which: usize, count: usize) {
        let all = std::env::var("SEALOCK_SWEEP").is_ok_and(|value| value == "all");
        let lists = listed(site).0;
        if which == 0 {
            let listed = lists.iter().map(Vec::len).sum();
            self.listed.store(listed, Ordering::Relaxed);
        }
        let mut open: Vec<VecDeque<Instant>> = lists
            .into_iter()
            .map(|list| {
                let numbered = list.into_iter().enumerate();
                numbered
                    .filter(|(index, instant)| index % count == which && can_be_found(instant))
                    .filter(|(index, instant)| all || index % EVERY == 0 || is_a_turn(instant))
                    .map(|(_, instant)| instant)
                    .collect()
            })
            .collect();
        let watch = Watch::new();
        std::thread::scope(|scope| {
            scope.spawn(|| watch.keep_asking(site));
            // A panic must not leave the other thread asking for ever.
            let stop = Stop(&watch);
            while open.iter().any(|list| !list.is_empty()) {
                for (list, place) in open.iter_mut().zip(ROUND) {
                    match list.pop_front() {
                        Some(instant) => self.die(site, place, &instant),
                        None => reach(site, place),
                    }
                }
            }
            drop(stop);
        });
        self.asked.fetch_add(watch.asked(), Ordering::Relaxed);
        let _ = site.run(&site.words(&["down", "--yes"])).ok();
    }

    /// One killed command, and what comes after it, until the place is reached.
    fn die(&self, site: &dyn Site, place: &'static str, instant: &Instant) {
        let shown = format!("{place}: {instant:?}");
        let guard = Say(&shown);
        let missed = kill_there(site, &words(site, place), instant, |_| {
            // It died elsewhere: on to the place, round to the one before it, and again.
            reach(site, place);
            let here = ROUND.iter().position(|one| *one == place).unwrap();
            for step in 1..ROUND.len() {
                reach(site, ROUND[(here + step) % ROUND.len()]);
            }
        });
        self.elsewhere.fetch_add(missed, Ordering::Relaxed);
        site.wait_for_children();
        judge::nobody_gets_in(site);
        judge::the_daemon_can_start(site);
        // By turns, whatever part of the lists is taken.
        if self.tried.load(Ordering::Relaxed).is_multiple_of(2) {
            self.finished.fetch_add(1, Ordering::Relaxed);
        } else {
            // What the vault says is made true, whatever that is by now.
            let _ = site.run(&site.words(&["apply", "--yes"])).ok();
            is_right(site);
            self.applied.fetch_add(1, Ordering::Relaxed);
        }
        reach(site, place);
        self.tried.fetch_add(1, Ordering::Relaxed);
        std::mem::forget(guard);
    }
}

/// Where a run is committed, the daemon gets other files, or a process is told something.
fn is_a_turn(instant: &Instant) -> bool {
    let is_commit = instant.call == "rename" && instant.line.contains("/ledger\"");
    is_commit || instant.call.starts_with("symlink") || instant.call == "kill"
}

/// A file whose name is drawn anew in each run cannot be waited for by name, and openings are too many to be counted to it. An
/// instant later, at its first write, it is empty; an instant before, nothing was opened.
fn can_be_found(instant: &Instant) -> bool {
    instant.call != "openat" || instant.path.is_some()
}

/// Goes to a place from wherever the command before it, or a kill, has left the site; and insists that all is right there.
fn reach(site: &dyn Site, place: &str) {
    if site.home().join("changes/journal").exists() {
        // It was noted, and killed before it was committed: there is nothing left to do but to clear up.
        let _ = site.run(&site.words(&["apply", "--yes"])).ok();
    }
    if place == "rekeyed" {
        // A rekey that had only made its anchors is begun again, one that was done is done.
        let _ = site.run(&words(site, place)).ok();
        is_right(site);
        return;
    }
    for _ in 0..3 {
        if phase(site) == place {
            break;
        }
        let _ = site.run(&words(site, place)).ok();
    }
    assert_eq!(phase(site), place);
    is_right(site);
}

/// How far the rotation is; "dropped" when none is under way.
fn phase(site: &dyn Site) -> String {
    let look = site.run(&site.words(&["ca", "rotate", "--dry-run", "--json"]));
    let look: serde_json::Value =
        serde_json::from_str(&look.stdout).unwrap_or_else(|_| panic!("{look}"));
    if look["underWay"] == false {
        return "dropped".to_owned();
    }
    let phases = look["phases"].as_array().unwrap();
    let reached = phases.iter().rfind(|phase| phase["reached"] == true);
    reached.map_or_else(String::new, |phase| {
        phase["phase"].as_str().unwrap().to_owned()
    })
}

/// The rightful client gets in, nobody else does, the proof of all generations holds, and nothing is half.
fn is_right(site: &dyn Site) {
    judge::alice_gets_in(site);
    judge::nobody_gets_in(site);
    let _ = site.run(&site.words(&["status"])).ok();
    judge::nothing_half(&super::site::files(&site.home()));
    assert!(!site.home().join("rehearsal").exists());
    judge::lives(site);
}
