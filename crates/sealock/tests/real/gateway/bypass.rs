//! Known ways around whoever stands before a daemon, every one in many variants.
//!
//! Each variant is judged by what it does to a real daemon: sent to the daemon itself it must work, or the variant
//! is worth nothing; sent through the gateway by a caller who may not do that, it must not.

mod case;
mod creates;
mod differential;
mod doors;
mod forms;
mod frames;
mod honest;
mod names;
mod raw;
mod targets;
mod world;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use sealock_testkit::lab::Version;

use case::{Case, Role};
use world::World;

fn corpus() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(creates::cases());
    cases.extend(doors::cases());
    cases.extend(forms::cases());
    cases.extend(frames::cases());
    cases.extend(names::cases());
    cases.extend(targets::cases());
    cases
}

/// Every how many of a row's variants the short form takes.
const SHORT: usize = 7;

#[derive(Default)]
struct Tally {
    variants: usize,
    bit: usize,
    refused: usize,
    harmless: usize,
}

#[test]
fn every_trick_bites_and_none_comes_through() {
    trial(Version::V20);
}

fn trial(version: Version) {
    let world = World::new(version);
    let direct = std::env::var_os("SEALOCK_DIRECT").is_some();
    let mut world = if direct { world } else { world.guarded() };
    let all = corpus();
    assert!(all.len() >= 500 || direct, "{} variants", all.len());
    let mut rows: BTreeMap<u8, Tally> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<u8, usize> = BTreeMap::new();
    // For whoever works on one row: SEALOCK_ROWS=9,16.
    let only = std::env::var("SEALOCK_ROWS").unwrap_or_default();
    let only: Vec<u8> = only.split(',').filter_map(|row| row.parse().ok()).collect();
    for case in all
        .iter()
        .filter(|case| only.is_empty() || only.contains(&case.row))
    {
        let count = counts.entry(case.row).or_default();
        *count += 1;
        if !super::whole() && (*count - 1) % SHORT != 0 {
            continue;
        }
        let tally = rows.entry(case.row).or_default();
        tally.variants += 1;
        let began = Instant::now();
        let (bit, reply) = world.run(case, &world.daemon.socket());
        tally.bit += usize::from(bit);
        if !bit {
            wrong.push(format!(
                "row {} {}: does not bite: {}",
                case.row,
                case.label,
                reply.text()
            ));
        }
        if direct {
            continue;
        }
        let (bit, reply) = world.run(case, world.door(case.role));
        if let Some(words) = world.last_words() {
            panic!("row {} {} ended a gateway: {words}", case.row, case.label);
        }
        if began.elapsed() > Duration::from_secs(2) {
            println!(
                "row {} {}: {:.1} s",
                case.row,
                case.label,
                began.elapsed().as_secs_f32()
            );
        }
        if bit {
            wrong.push(format!(
                "row {} {}: came through: {}",
                case.row,
                case.label,
                reply.text()
            ));
        } else if reply.status >= 400 {
            tally.refused += 1;
        } else {
            tally.harmless += 1;
        }
    }
    println!("row variants bite refused harmless");
    for (row, tally) in &rows {
        println!(
            "{row:3} {:8} {:4} {:7} {:8}",
            tally.variants, tally.bit, tally.refused, tally.harmless
        );
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        all.len(),
        wrong.join("\n")
    );
}
