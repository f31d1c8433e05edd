//! The sweep itself: from bare to cloaked and back, with a kill on every way.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sealock_testkit::kill::{self, Instant};

use super::judge::{self, Reference, Watch};
use super::site::{Site, difference};

/// The instants of one clean `up` and of the `down` after it.
pub(super) struct Listed {
    pub(super) up: Vec<Instant>,
    pub(super) down: Vec<Instant>,
}

impl Listed {
    /// Every so many-th of them, and those at which another process is started or told something; all of them with
    /// `SEALOCK_SWEEP=all`.
    pub(super) fn every(mut self, step: usize) -> Self {
        if std::env::var("SEALOCK_SWEEP").is_ok_and(|value| value == "all") {
            return self;
        }
        let told = ["kill", "clone", "vfork", "symlink"];
        for list in [&mut self.up, &mut self.down] {
            let mut index = 0;
            list.retain(|instant| {
                index += 1;
                (index - 1) % step == 0 || told.iter().any(|call| instant.call.starts_with(call))
            });
        }
        self
    }
}

/// Lists them.
pub(super) fn listed(site: &dyn Site) -> Listed {
    let list = |words: &[String]| {
        let (instants, outcome) = kill::instants(&site.program(words));
        let _ = outcome.ok();
        instants
    };
    let up = list(&site.up_words());
    let down = list(&site.words(&["down", "--yes"]));
    forget(site);
    Listed { up, down }
}

/// The two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

/// One run that dies.
#[derive(Clone, Debug)]
struct Task {
    way: Way,
    instant: Instant,
    /// Whether the next command goes on, or back.
    onward: bool,
    /// Whether the power goes too, so that the daemon starts from the files as they lie.
    power_cut: bool,
}

/// The list that several sites work through.
pub(super) struct Walk {
    open: Mutex<Open>,
    tried: [AtomicUsize; 2],
    elsewhere: AtomicUsize,
    not_yet: AtomicUsize,
    asked: AtomicUsize,
    cuts: AtomicUsize,
}

struct Open {
    up: VecDeque<Task>,
    down: VecDeque<Task>,
    /// States of the host's files that a daemon was started from.
    seen: BTreeSet<String>,
}

impl Walk {
    pub(super) fn new(listed: Listed) -> Self {
        let tasks = |way, instants: Vec<Instant>| {
            let task = |(index, instant)| Task {
                way,
                instant,
                onward: index % 2 == 0,
                power_cut: false,
            };
            instants.into_iter().enumerate().map(task).collect()
        };
        let open = Open {
            up: tasks(Way::Up, listed.up),
            down: tasks(Way::Down, listed.down),
            seen: BTreeSet::new(),
        };
        let count = AtomicUsize::default;
        Self {
            open: Mutex::new(open),
            tried: [count(), count()],
            elsewhere: count(),
            not_yet: count(),
            asked: count(),
            cuts: count(),
        }
    }

    /// What was done, for whoever reads the log.
    pub(super) fn say(&self, place: &str, took: Duration) {
        let number = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        crate::common::report(&format!(
            "{place}: killed at {} instants of up and {} of down in {:.0} s; \
             {} times there was no goal yet and `up` was the way; {} distinct states of the host's files, each started from after a power cut; \
             {} questions to the port in between; {} runs died at a neighbouring call first",
            number(&self.tried[0]),
            number(&self.tried[1]),
            took.as_secs_f64(),
            number(&self.not_yet),
            number(&self.cuts),
            number(&self.asked),
            number(&self.elsewhere),
        ));
    }

    /// Takes tasks until none is left.
    pub(super) fn work_through(&self, site: &dyn Site) {
        let watch = Watch::new();
        std::thread::scope(|scope| {
            scope.spawn(|| watch.keep_asking(site));
            // A panic must not leave the other thread asking for ever.
            let stop = Stop(&watch);
            self.walk(site);
            drop(stop);
        });
        self.asked.fetch_add(watch.asked(), Ordering::Relaxed);
    }

    fn walk(&self, site: &dyn Site) {
        let mut walker = Walker::new(site);
        loop {
            let way = if walker.cloaked { Way::Down } else { Way::Up };
            match self.next(way) {
                Some(task) => self.die(&mut walker, &task),
                None if self.is_done() => break,
                None if walker.cloaked => walker.back(),
                None => walker.onward(),
            }
        }
        if walker.cloaked {
            walker.back();
        }
    }

    fn next(&self, way: Way) -> Option<Task> {
        let mut open = self.open.lock().unwrap();
        match way {
            Way::Up => open.up.pop_front(),
            Way::Down => open.down.pop_front(),
        }
    }

    fn is_done(&self) -> bool {
        let open = self.open.lock().unwrap();
        open.up.is_empty() && open.down.is_empty()
    }

    /// One killed run, and what comes after it.
    fn die(&self, walker: &mut Walker<'_>, task: &Task) {
        let shown = format!("{task:?}");
        let guard = Say(&shown);
        let site = walker.site;
        let words = match task.way {
            Way::Up => {
                forget(site);
                site.up_words()
            }
            Way::Down => {
                // What an earlier `down` wrote down need not be written again: one call less.
                let _absent = std::fs::remove_file(site.home().join("sealock.toml.last"));
                site.words(&["down", "--yes"])
            }
        };
        let missed = kill_there(site, &words, &task.instant, |_| {
            // It died, but elsewhere: as good a kill as any, and the way to the next attempt.
            walker.cloaked = true;
            match task.way {
                Way::Up => {
                    walker.back();
                    forget(site);
                }
                Way::Down => walker.onward(),
            }
        });
        self.elsewhere.fetch_add(missed, Ordering::Relaxed);
        site.wait_for_children();
        judge::nobody_gets_in(site);
        judge::the_daemon_can_start(site);
        self.look_at_files(site, task);
        if task.power_cut {
            let _ = site.power_cut().ok();
            judge::nobody_gets_in(site);
            if site.container() != Some(site.container_at_first()) {
                site.new_container();
            }
            self.cuts.fetch_add(1, Ordering::Relaxed);
        }
        let on = (task.way == Way::Up) == task.onward;
        if on {
            walker.onward();
        } else {
            walker.back();
        }
        self.not_yet
            .fetch_add(std::mem::take(&mut walker.not_yet), Ordering::Relaxed);
        self.tried[usize::from(task.way == Way::Down)].fetch_add(1, Ordering::Relaxed);
        std::mem::forget(guard);
    }

    /// A state of the host's files that is new is one more task: the same kill, and then the power goes.
    fn look_at_files(&self, site: &dyn Site, task: &Task) {
        let state = without_numbers(&format!("{:?}", judge::shape(&site.host_files())));
        let mut open = self.open.lock().unwrap();
        if open.seen.insert(state) {
            let again = Task {
                power_cut: true,
                ..task.clone()
            };
            match task.way {
                Way::Up => open.up.push_back(again),
                Way::Down => open.down.push_back(again),
            }
        }
    }
}

/// One site on its way.
pub(super) struct Walker<'a> {
    site: &'a dyn Site,
    reference: Reference,
    cloaked: bool,
    not_yet: usize,
}

impl<'a> Walker<'a> {
    /// Sees once how the place is when nothing goes wrong.
    pub(super) fn new(site: &'a dyn Site) -> Self {
        let bare = site.host_files();
        let _ = site.run(&site.up_words()).ok();
        let cloaked = judge::shape(&site.host_files());
        let mut walker = Self {
            site,
            reference: Reference { bare, cloaked },
            cloaked: true,
            not_yet: 0,
        };
        judge::is_cloaked(site, &walker.reference);
        let again = site.run(&site.words(&["apply", "--yes"]));
        assert!(again.stderr.contains("0 changes"), "{again}");
        walker.back();
        walker
    }

    /// `apply` reaches the goal; where there is none yet it says so, has changed nothing, and `up` does.
    fn onward(&mut self) {
        let site = self.site;
        let applied = site.run(&site.words(&["apply", "--yes"]));
        if applied.code == 1 && applied.stderr.contains("error[SL-U006]") {
            assert!(applied.stderr.contains("nothing was changed"), "{applied}");
            let host = difference(&self.reference.bare, &site.host_files());
            assert_eq!(host, Vec::<String>::new(), "{applied}");
            self.not_yet += 1;
            let _ = site.run(&site.up_words()).ok();
        } else {
            let _ = applied.ok();
        }
        judge::is_cloaked(site, &self.reference);
        self.cloaked = true;
    }

    /// `down` puts everything back.
    fn back(&mut self) {
        let _ = self.site.run(&self.site.words(&["down", "--yes"])).ok();
        judge::is_bare(self.site, &self.reference);
        self.cloaked = false;
    }
}

/// Takes the vault and all memory away, so that the next `up` is a first one.
fn forget(site: &dyn Site) {
    let home = site.home();
    if home.exists() {
        std::fs::remove_dir_all(home).unwrap();
    }
}

/// Kills at exactly this call. A run that waits for others may come there by another number than the one that was listed: then
/// the neighbours are tried, after `put_back`. Gives how often it died elsewhere.
pub(super) fn kill_there(
    site: &dyn Site,
    words: &[String],
    instant: &Instant,
    mut put_back: impl FnMut(&str),
) -> usize {
    let wanted = label(&instant.line);
    let mut died_at = Vec::new();
    for offset in [0_isize, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6] {
        let number = instant.number.saturating_add_signed(offset);
        if number == 0 {
            continue;
        }
        let attempt = Instant {
            number,
            ..instant.clone()
        };
        let (outcome, line) = kill::kill_and_see(&site.program(words), &attempt);
        assert!(outcome.code == 137 || outcome.code == 0, "{outcome}");
        // What is said to a peer changes nothing here, and how often it is asked depends on how long it
        // takes: any word to one is as good as another.
        let word = |call: &str| matches!(call, "connect" | "sendto");
        if label(&line) == wanted || (word(&instant.call) && outcome.code == 137) {
            return died_at.len();
        }
        site.wait_for_children();
        put_back(&line);
        died_at.push(line);
    }
    panic!("no run came to {wanted}; they died at {died_at:?}");
}

/// A call without what differs from run to run: its name, its paths, and what it asks of a peer.
fn label(line: &str) -> String {
    let call = line.split('(').next().unwrap_or_default();
    // What a call gives back is not known of one that was killed.
    let line = line
        .rsplit_once(") ")
        .map_or(line, |(arguments, _)| arguments);
    let mut words: Vec<&str> = line
        .split(['"', '<', '>'])
        .filter(|word| {
            word.starts_with('/') || word.starts_with("GET ") || word.starts_with("POST ")
        })
        .collect();
    if call.contains("write") {
        // Data may look like a path.
        words.truncate(1);
    }
    words
        .iter_mut()
        .for_each(|word| *word = word.split("\\r").next().unwrap_or_default());
    without_numbers(&judge::masked(&format!("{call} {}", words.join(" "))))
}

/// Two sites differ in the numbers in their folders' names.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    for c in text
        .chars()
        .map(|c| if c.is_ascii_digit() { '#' } else { c })
    {
        if c != '#' || !out.ends_with('#') {
            out.push(c);
        }
    }
    out
}

/// The calls of an `up` after which its recovery has most to do: the intent written, the credentials there, the daemon told of
/// its loan, the files complete, the daemon restarted, the run committed.
pub(super) fn turning_points(up: &[Instant]) -> Vec<Instant> {
    let position = |wanted: &dyn Fn(&Instant) -> bool| up.iter().position(wanted);
    let last = |wanted: &dyn Fn(&Instant) -> bool| up.iter().rposition(wanted);
    let call = |name: &'static str, path: &'static str| {
        move |i: &Instant| i.call.starts_with(name) && i.line.contains(path)
    };
    let after = |index: Option<usize>| index.map(|index| index + 1);
    let points = [
        after(position(&call("rename", "/sealock.toml\""))),
        position(&call("symlink", "live")),
        position(&call("kill", "SIGHUP")),
        after(last(&call("rename", "daemon.json\""))),
        after(last(&|i: &Instant| {
            i.call.starts_with("clone") || i.call == "vfork"
        })),
        last(&call("rename", "ledger\"")),
        last(&call("unlink", "changes/journal")),
    ];
    let found: Vec<Instant> = points
        .iter()
        .flatten()
        .filter_map(|index| up.get(*index))
        .cloned()
        .collect();
    assert_eq!(found.len(), points.len(), "{found:?}");
    found
}

/// Kills `up` at `first`, and the `apply` after it at each of its calls until the recovery is over. Gives their number.
pub(super) fn kill_the_recovery(site: &dyn Site, first: &Instant) -> usize {
    let mut walker = Walker::new(site);
    let apply = site.words(&["apply", "--yes"]);
    let die_first = |walker: &mut Walker<'_>| {
        forget(site);
        kill_there(site, &site.up_words(), first, |_| {
            walker.back();
            forget(site);
        });
        site.wait_for_children();
    };
    die_first(&mut walker);
    let (mut instants, _) = kill::instants(&site.program(&apply));
    // The journal goes, its directory is synced, and the first call after that is an apply like any other.
    let over = instants
        .iter()
        .position(|i| i.call.starts_with("unlink") && i.line.contains("changes/journal"));
    instants.truncate(over.expect("a recovery removes the journal") + 3);
    for (index, instant) in instants.iter().enumerate() {
        let shown = format!("first {first:?}, then {instant:?}");
        let guard = Say(&shown);
        walker.back();
        die_first(&mut walker);
        kill_there(site, &apply, instant, |_| {
            walker.back();
            die_first(&mut walker);
        });
        site.wait_for_children();
        judge::nobody_gets_in(site);
        judge::the_daemon_can_start(site);
        if index % 2 == 0 {
            walker.onward();
        }
        std::mem::forget(guard);
    }
    walker.back();
    forget(site);
    instants.len()
}

/// Says what was being tried when a judgement panics.
pub(super) struct Say<'a>(pub(super) &'a str);

impl Drop for Say<'_> {
    fn drop(&mut self) {
        println!("while killed at {}", self.0);
    }
}

/// Ends the watch, whatever happens.
pub(super) struct Stop<'a>(pub(super) &'a Watch);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}
