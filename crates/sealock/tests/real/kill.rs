//! SIGKILL at every mutating system call of `up` and of `down`, of the run that recovers from one, and on a whole machine.
//!
//! A first run lists the calls. By hand each of them gets a run that dies there; on whole machines, and in a rotation or rekey,
//! every so many-th of them and all turning points, and with `SEALOCK_SWEEP=all` every one. Two daemons work through
//! one list side by side, and each alternates: after a kill the next `apply` must reach the goal, or the next `down` put
//! everything back, and what it reached is where the next killed run begins.
//!
//! For a kill before `sealock.toml` is in force there is no goal yet that `apply` could know: it says so, changes nothing,
//! and `up` is the way. The same holds when a `down` was killed after it was committed.

mod by_hand;
mod judge;
mod life;
mod on_machine;
mod politely;
mod site;
mod walk;

use std::time::Instant;

use by_hand::ByHand;
use on_machine::OnMachine;
use sealock_testkit::kill;
use site::Site;
use walk::{Walk, listed};

/// What `up` and `down` do to the host they do in their main thread: the only one that is counted and killed.
#[test]
fn no_other_thread_changes_anything() {
    let site = ByHand::new();
    for words in [
        site.up_words(),
        site.words(&["apply", "--yes"]),
        site.words(&["down", "--yes"]),
    ] {
        assert_eq!(
            kill::changes_by_other_threads(&site.program(&words)),
            Vec::<String>::new(),
            "{words:?}"
        );
    }
}

#[test]
fn up_and_down_killed_at_every_call_by_hand() {
    let start = Instant::now();
    let sites = [ByHand::new(), ByHand::new()];
    let walk = Walk::new(listed(&sites[0]));
    std::thread::scope(|scope| {
        for site in &sites {
            scope.spawn(|| walk.work_through(site));
        }
    });
    walk.say("by hand", start.elapsed());
}

/// The run that cleans up after a kill is killed as well, at each of its calls until nothing is left to clean up. What comes
/// after that is an `apply` like any other, the one that the sweep above kills.
#[test]
fn the_recovery_killed_at_every_call() {
    let start = Instant::now();
    let site = ByHand::new();
    let (mut first, mut tried) = (0, 0);
    for instant in walk::turning_points(&listed(&site).up) {
        first += 1;
        tried += walk::kill_the_recovery(&site, &instant);
    }
    crate::common::report(&format!(
        "recovery: killed at {tried} instants, after {first} first kills, in {:.0} s",
        start.elapsed().as_secs_f64()
    ));
}

/// A rotation phase by phase, and a rekey: each killed at its calls, on two daemons side by side.
#[test]
fn rotation_and_rekey_killed_at_every_call() {
    let start = Instant::now();
    let sites = [ByHand::new(), ByHand::new()];
    let sweep = life::Sweep::default();
    std::thread::scope(|scope| {
        for (which, site) in sites.iter().enumerate() {
            let sweep = &sweep;
            scope.spawn(move || sweep.work_through(site, which, 2));
        }
    });
    sweep.say(start.elapsed());
}

#[test]
fn up_and_down_killed_at_every_call_under_systemd() {
    let start = Instant::now();
    let sites = [OnMachine::new(), OnMachine::new()];
    // The same program makes the same calls as by hand; what differs is systemd, which it talks to at few of them.
    let walk = Walk::new(listed(&sites[0]).every(3));
    std::thread::scope(|scope| {
        for site in &sites {
            scope.spawn(|| walk.work_through(site));
        }
    });
    walk.say("under systemd", start.elapsed());
}
