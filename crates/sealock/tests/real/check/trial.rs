//! The blind trial: a healthy host is broken in a random way, and `sealock check` has to name that first.
//!
//! What is drawn depends on a seed: always the same one unless `SEALOCK_TRIAL_SEED` names another, or says `random`, so that
//! a change is judged by itself and not by chance. `SEALOCK_TRIAL_BREAKS` and `SEALOCK_TRIAL_PAIRS` make a run longer: three
//! hundred of each try every kind on both versions.

mod breaks;
mod clients;
mod configuration;
mod deck;
mod ground;
mod keeping;
mod oracle;
mod pairs;
mod server;
mod shell;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sealock_testkit::lab::Version;

use crate::common::report;
use breaks::{Bites, Break, When};
use deck::Deck;
use ground::Ground;
use oracle::Felt;

/// The seed of every run that names none.
const SEED: u64 = 5;

/// What came of the trial on one host.
#[derive(Default)]
struct Tally {
    breaks: usize,
    first: usize,
    kinds: Vec<&'static str>,
    pairs: usize,
    in_order: usize,
    judged_by_a_message: usize,
    wrong: Vec<String>,
}

/// What breaks were felt to do, one by one, on one host.
type Known = BTreeMap<&'static str, Felt>;

#[test]
fn a_random_break_is_named_first_and_of_two_the_one_that_bites_first() {
    let seed = match std::env::var("SEALOCK_TRIAL_SEED").as_deref() {
        Ok("random") => deck::chance(),
        _ => number("SEALOCK_TRIAL_SEED").unwrap_or(SEED),
    };
    report(&format!("blind trial: SEALOCK_TRIAL_SEED={seed}"));
    let breaks = number("SEALOCK_TRIAL_BREAKS").unwrap_or(100);
    let pairs = number("SEALOCK_TRIAL_PAIRS").unwrap_or(25);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        // Three of five on the newer one.
        let threads = [(Version::V28, 3), (Version::V20, 2)].map(|(version, share)| {
            scope.spawn(move || one_host(version, seed, breaks * share / 5, pairs * share / 5))
        });
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|tally| tally.expect("a host that can be healed"))
            .collect()
    });
    let sum = |of: fn(&Tally) -> usize| tallies.iter().map(of).sum::<usize>();
    let mut kinds: Vec<&str> = tallies
        .iter()
        .flat_map(|tally| tally.kinds.iter().copied())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    report(&format!(
        "blind trial: {} of {} kinds, {} breaks, {} first; {} pairs, both named and in order {}, {} of them judged by what Docker's own programs said",
        kinds.len(),
        breaks::all().len(),
        sum(|tally| tally.breaks),
        sum(|tally| tally.first),
        sum(|tally| tally.pairs),
        sum(|tally| tally.in_order),
        sum(|tally| tally.judged_by_a_message),
    ));
    let wrong: Vec<String> = tallies.into_iter().flat_map(|tally| tally.wrong).collect();
    assert!(
        wrong.is_empty(),
        "seed {seed}: {} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        kinds.len() >= 60 && breaks::all().len() >= 70,
        "{} kinds",
        kinds.len()
    );
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn one_host(version: Version, seed: u64, breaks: u64, pairs: u64) -> Tally {
    let mut ground = Ground::new(version);
    ground.check().expect_nothing();
    let mut deck = Deck::new(seed ^ version as u64, breaks::all());
    let mut tally = Tally::default();
    let mut known = Known::new();
    for turn in 1..=breaks {
        let drawn = deck.draw();
        tally.breaks += 1;
        if !tally.kinds.contains(&drawn.name) {
            tally.kinds.push(drawn.name);
        }
        let result = guarded(|| single(&mut ground, drawn, &mut known, deck.coin()));
        match result {
            Ok(()) => tally.first += 1,
            Err(why) => tally
                .wrong
                .push(format!("{version:?}, {}: {why}", drawn.name)),
        }
        ground.heal();
        if turn % 10 == 0 {
            ground.check().expect_nothing();
        }
    }
    pairs::pairs(&mut ground, &mut deck, &known, pairs, &mut tally);
    ground.check().expect_nothing();
    tally
}

/// One break: it is told first, and does what it is said to do.
fn single(ground: &mut Ground, drawn: &'static Break, known: &mut Known, restarted: bool) {
    (drawn.does)(ground);
    if drawn.when == When::Restarted {
        ground.daemon_touched = true;
        ground.host.daemon.restart();
    }
    let mut start = None;
    if drawn.when == When::NoStart {
        start = oracle::validate(ground);
        if restarted || start.is_none() {
            let said = oracle::fail_to_start(ground);
            start = start.or(Some(said));
        }
    }
    ground.check().expect_first(drawn.code);
    if known.contains_key(drawn.name) {
        return;
    }
    let felt = Felt {
        start,
        ..Felt::of(ground)
    };
    let off = drawn.when == When::NoStart && ground.daemon_touched;
    let expected = if off { Bites::Everyone } else { drawn.bites };
    // What opens at the next start is not felt before.
    let bites = felt.bites();
    let unfelt =
        drawn.bites == Bites::Start && drawn.when == When::AtOnce || drawn.bites == Bites::Others;
    let waits = unfelt && bites == Some(Bites::Nobody);
    assert!(
        bites == Some(expected) || waits,
        "it is said to bite {expected:?}: {felt:?}"
    );
    known.insert(drawn.name, felt);
}

/// What went wrong, instead of the end of the whole trial.
fn guarded(what: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(what)).map_err(|panic| {
        panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    })
}
