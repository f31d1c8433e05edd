//! A rekey that is killed: what is open in between, and how it is finished.
//!
//! At three moments that tell, and with `SEALOCK_SWEEP=all` at [`MOST`] besides, spread evenly over the calls that touch what
//! belongs to the services and the clients, or start a process.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use sealock_testkit::kill::{self, Instant, Program};
use sealock_testkit::process::{becomes, naming};

use super::doors::{Came, Door, Visitor};
use super::house::{FIGURES, House};

/// The order in which the doors come to the new generation.
const ORDER: [Door; 5] = [
    Door::Postgres,
    Door::Registry,
    Door::SqlServer,
    Door::SqlPad,
    Door::Daemon,
];

/// How many moments the long form tries: ten minutes' worth.
const MOST: usize = 24;

pub(super) fn everywhere() {
    let house = House::new();
    inside_a_take_up(&house);
    between_two_services(&house);
    behind_the_swap(&house);
    if super::is_long() {
        sweep(&house);
    }
}

/// The same at many moments. By turns the same command comes next, or `apply`; what is reached is where the next one begins.
fn sweep(house: &House) {
    let begun = std::time::Instant::now();
    let (all, outcome) = kill::instants_by_path(&rekey(house));
    let _ = outcome.ok();
    let ours = |instant: &&Instant| {
        let starts = ["fork", "vfork", "clone", "clone3"].contains(&instant.call.as_str());
        let folders = house.folders();
        let touches = |path: &String| folders.iter().any(|folder| path.starts_with(folder));
        starts || instant.path.as_ref().is_some_and(touches)
    };
    let ours: Vec<&Instant> = all.iter().filter(ours).collect();
    let (mut tried, mut killed) = (0, 0);
    let every = ours.len().div_ceil(MOST).max(1);
    for instant in ours.iter().step_by(every) {
        println!("{instant:?}");
        let old = house.keep(&format!("sweep-{tried}"));
        let outcome = kill::kill_at(&rekey(house), instant);
        assert!([0, 128 + 9].contains(&outcome.code), "{outcome}");
        tried += 1;
        killed += usize::from(outcome.code != 0);
        let at_rest = becomes(Duration::from_secs(120), || {
            let scripts = house.scripts();
            scripts.iter().all(|script| naming(script).is_empty())
        });
        assert!(at_rest, "a script does not end");
        for door in Door::ALL {
            of_one_generation(house, door, &old);
        }
        if tried % 2 == 0 {
            let _ = house.sealock(&["apply"]).expect_code(0);
            house.is_right(&[]);
        }
        if tried % 2 == 1 || is_same(house, &old) {
            let _ = house.sealock(&["rekey"]).expect_code(0);
        }
        house.is_right(&[&old]);
    }
    house.is_at_rest();
    println!(
        "{FIGURES}rekey of everything: {} calls that change something, {} of them about services, clients and processes; tried at \
         {tried}, killed at {killed}, in {:.0} s",
        all.len(),
        ours.len(),
        begun.elapsed().as_secs_f64()
    );
}

fn rekey(house: &House) -> Program<'static> {
    house.host.sealock.command(&["--yes", "rekey"]).into()
}

/// Whether alice's certificate is the one that was kept.
fn is_same(house: &House, kept: &Path) -> bool {
    let read = |folder: &Path| fs::read(folder.join("cert.pem")).unwrap();
    read(&house.host.client("alice")) == read(kept)
}

/// Whatever is half by now: somebody with the files from before or with those that lie there gets in, and no stranger does.
#[track_caller]
fn of_one_generation(house: &House, door: Door, old: &Path) {
    let new = house.host.client("alice");
    let pairs = [old, &*new].map(|folder| Visitor::of("alice", folder));
    let all = pairs
        .iter()
        .flat_map(|who| [who.trusting(old), who.trusting(&new)]);
    let found = all
        .into_iter()
        .find(|who| house.knock(door, who) == Came::In);
    let rightful = found.unwrap_or_else(|| panic!("nobody gets in at {door:?}"));
    house.no_stranger_gets_in(door, &rightful);
}

/// The registry's own script kills the rekey before it does anything, and then goes on, as after any kill. The same command
/// finishes.
fn inside_a_take_up(house: &House) {
    let old = house.keep("inside-old");
    killed_by_the_registry(house, "kill -9 $PPID", "");
    came_as_far_as(house, Door::Registry, &old);
    let again = house.sealock(&["rekey"]).expect_code(0);
    for words in ["an interrupted run", "goes on"] {
        assert!(again.stderr.contains(words), "{words}: {again}");
    }
    house.is_right(&[&old]);
}

/// The registry has its new files, and SQL Server is not told yet. `apply` puts everything back to the generation that the
/// vault knows, and half a generation opens nothing. A rekey then finds the registry stopped, and is done without it: it
/// comes back with the new files.
fn between_two_services(house: &House) {
    let old = house.keep("between-old");
    killed_by_the_registry(house, "", "kill -9 $PPID");
    came_as_far_as(house, Door::Registry, &old);
    let half = house.keep("between-half");
    let back = house.sealock(&["apply"]).expect_code(0);
    assert!(back.stderr.contains("an interrupted run"), "{back}");
    let now = fs::read(house.host.client("alice").join("cert.pem")).unwrap();
    assert_eq!(now, fs::read(old.join("cert.pem")).unwrap());
    house.is_right(&[&half]);
    each_is_listed_once(house);

    house.registry.stop();
    let done = house.sealock(&["rekey"]).expect_code(0);
    let words = "images does not answer; it takes its files up when it is started";
    assert!(done.stderr.contains(words), "{done}");
    house.registry.start();
    house.is_right(&[&old]);
}

/// What the rekey had issued before it was taken back is in nobody's hands, and in nobody's list.
#[track_caller]
fn each_is_listed_once(house: &House) {
    let said = house.sealock(&["--json", "status"]);
    let status: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let items = status["timeline"].as_array().unwrap();
    let leaf = |item: &&serde_json::Value| {
        ["daemon", "client", "service"].contains(&item["kind"].as_str().unwrap())
    };
    let mut names: Vec<_> = items
        .iter()
        .filter(leaf)
        .map(|item| &item["name"])
        .collect();
    names.sort_by_key(|name| name.to_string());
    let all = names.len();
    names.dedup();
    assert!(all == names.len() && all >= 5, "{said}");
}

/// Everything is proved and the vault has withdrawn the old anchors; what is left is the end of the run's journal.
fn behind_the_swap(house: &House) {
    let old = house.keep("swapped-old");
    let ledger = house
        .host
        .sealock
        .home()
        .join("changes/.ledger.sealock-new");
    let instant = Instant {
        call: "rename".to_owned(),
        number: 1,
        line: String::new(),
        path: Some(ledger.display().to_string()),
    };
    let (outcome, line) = kill::kill_and_see(&rekey(house), &instant);
    assert_eq!(outcome.code, 128 + 9, "{outcome}");
    assert!(line.contains("ledger"), "{line}");
    came_as_far_as(house, Door::Daemon, &old);
    let again = house.sealock(&["rekey"]).expect_code(0);
    let words = "the interrupted rekey is finished";
    assert!(again.stderr.contains(words), "{again}");
    house.is_right(&[&old]);
    house.is_at_rest();
}

/// A rekey that dies in the registry's script, before or behind what it does.
fn killed_by_the_registry(house: &House, before: &str, after: &str) {
    let once = house.scratch.write("once", "");
    let path = house.script();
    let once = once.display();
    let text = format!(
        "#!/bin/sh\nonce() {{ rm '{once}' 2>/dev/null; }}\nif once; then killing=y; else killing=; fi\n\
         if [ -n \"$killing\" ]; then {}; fi\n{} || exit 1\nif [ -n \"$killing\" ]; then {}; fi\n",
        or_nothing(before),
        house.registry.restart_script().display(),
        or_nothing(after),
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let killed = house.sealock(&["rekey"]);
    assert_eq!(killed.code, 128 + 9, "{killed}");
    let ended = becomes(Duration::from_secs(120), || naming(&path).is_empty());
    assert!(ended, "the script does not end");
}

fn or_nothing(words: &str) -> &str {
    match words {
        "" => ":",
        words => words,
    }
}

/// Up to this door the new files count, and behind it the old ones: each door belongs to one generation, and whoever has
/// its files gets in. Strangers do nowhere.
#[track_caller]
fn came_as_far_as(house: &House, last: Door, old: &Path) {
    let new = house.rightful("alice");
    let before = Visitor::of("alice", old);
    let reached = ORDER.iter().position(|door| *door == last).unwrap();
    for (place, door) in ORDER.into_iter().enumerate() {
        let (served, refused) = match place <= reached {
            true => (&new, &before),
            false => (&before, &new),
        };
        assert_eq!(house.knock(door, served), Came::In, "{door:?}");
        house.is_out(door, refused);
        house.no_stranger_gets_in(door, served);
    }
}
