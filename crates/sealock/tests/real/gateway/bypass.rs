//! Known ways around whoever stands before a daemon, every one in many variants.
//!
//! Each variant is judged by what it does to a real daemon: sent to the daemon itself it must work, or the variant
//! is worth nothing; sent through the gateway by a caller who may not do that, it must not.

mod builds;
mod case;
mod commands;
mod creates;
mod differential;
mod doors;
mod engine;
mod files;
mod forms;
mod frames;
mod honest;
mod manager;
mod names;
mod places;
mod race;
mod raw;
mod services;
mod targets;
mod world;

use std::collections::BTreeMap;

use sealock_testkit::lab::Version;

use case::{Case, Role};
use world::World;

/// Who calls a daemon that is nobody's manager.
const ROLES: &[Role] = &[
    Role::Observer,
    Role::Deployer,
    Role::Builder,
    Role::Debugger,
];

fn corpus() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(creates::cases());
    cases.extend(places::cases());
    cases.extend(commands::cases());
    cases.extend(files::cases());
    cases.extend(builds::cases());
    cases.extend(forms::cases());
    cases.extend(frames::cases());
    cases.extend(names::cases());
    cases.extend(targets::cases());
    assert!(cases.len() >= 500, "{} variants", cases.len());
    cases
}

#[derive(Default)]
struct Tally {
    variants: usize,
    bit: usize,
    refused: usize,
    harmless: usize,
}

/// What came of a corpus.
#[derive(Default)]
struct Trial {
    rows: BTreeMap<u8, Tally>,
    toothless: Vec<String>,
    through: Vec<String>,
}

#[test]
fn every_trick_bites_and_none_comes_through() {
    let mut world = World::new(Version::V20).guarded(ROLES);
    let trial = Trial::of(&mut world, &corpus(), if super::whole() { 1 } else { 7 });
    trial.tell();
    honest::all(&world);
    race::run(&world);
    trial.insist();
}

#[test]
fn every_door_of_a_swarm_is_one_of_a_container() {
    swarm(Version::V20, 29);
}

#[test]
fn a_newer_swarm_has_more_doors() {
    swarm(Version::V28, 58);
}

fn swarm(version: Version, stride: usize) {
    let roles = [Role::Observer, Role::Deployer, Role::Swarmer];
    let mut world = World::swarm(version).guarded(&roles);
    let mut cases = services::cases(version);
    cases.extend(manager::cases());
    let stride = if super::whole() { 1 } else { stride };
    let trial = Trial::of(&mut world, &cases, stride);
    trial.tell();
    services::honest(&world);
    trial.insist();
}

/// Some tricks work with old daemons only; none may work with a gateway before any.
#[test]
fn none_comes_through_to_a_newer_daemon() {
    let mut world = World::new(Version::V28).guarded(ROLES);
    let trial = Trial::of(&mut world, &corpus(), if super::whole() { 1 } else { 20 });
    trial.tell();
    let bit: usize = trial.rows.values().map(|tally| tally.bit).sum();
    assert!(
        bit > trial.toothless.len(),
        "{}",
        trial.toothless.join("\n")
    );
    assert!(trial.through.is_empty(), "{}", trial.through.join("\n"));
}

impl Trial {
    /// Runs one in `stride` of every row's cases, each against the daemon and through the gateway.
    fn of(world: &mut World, all: &[Case], stride: usize) -> Self {
        // For whoever works on one row: SEALOCK_ROWS=9,16.
        let only = std::env::var("SEALOCK_ROWS").unwrap_or_default();
        let only: Vec<u8> = only.split(',').filter_map(|row| row.parse().ok()).collect();
        let mut trial = Self::default();
        let mut seen: BTreeMap<u8, usize> = BTreeMap::new();
        for case in all
            .iter()
            .filter(|case| only.is_empty() || only.contains(&case.row))
        {
            let number = seen.entry(case.row).or_default();
            *number += 1;
            if (*number - 1).is_multiple_of(stride) {
                trial.run(world, case);
            }
        }
        trial
    }

    fn run(&mut self, world: &mut World, case: &Case) {
        let tally = self.rows.entry(case.row).or_default();
        tally.variants += 1;
        let place = format!("row {} {}", case.row, case.label);
        let (bit, reply) = world.run(case, &world.daemon.socket());
        tally.bit += usize::from(bit);
        if !bit {
            self.toothless
                .push(format!("{place} does not bite: {}", reply.text()));
        }
        let (bit, reply) = world.run(case, world.door(case.role));
        if let Some(words) = world.last_words() {
            panic!("{place} ended a gateway: {words}");
        }
        if bit {
            self.through
                .push(format!("{place} came through: {}", reply.text()));
        } else if reply.status >= 400 {
            tally.refused += 1;
        } else {
            tally.harmless += 1;
        }
    }

    fn insist(&self) {
        assert!(self.toothless.is_empty(), "{}", self.toothless.join("\n"));
        assert!(self.through.is_empty(), "{}", self.through.join("\n"));
    }

    fn tell(&self) {
        println!("row variants bite refused harmless");
        for (row, tally) in &self.rows {
            let Tally {
                variants,
                bit,
                refused,
                harmless,
            } = tally;
            println!("{row:3} {variants:8} {bit:4} {refused:7} {harmless:8}");
        }
    }
}
