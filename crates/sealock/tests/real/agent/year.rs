//! Clocks: a year in steps of a day, a machine that slept for a hundred days, and clocks that cannot be right.

use std::process::Command;
use std::time::Instant;

use sealock_testkit::process::{Outcome, run};

use super::stand_in::World;
use crate::common::{Tree, report};

#[test]
fn in_a_year_of_days_nothing_ever_expires() {
    let world = World::new();
    world.up();
    let [db, key] =
        ["db.pem", "db.key"].map(|name| world.folder().join(name).display().to_string());
    let issue = [
        "cert",
        "issue",
        "db.example.org",
        "--profile",
        "server",
        "--cert",
        &db,
        "--key",
        &key,
        "--yes",
    ];
    let _ = run(&mut world.sealock(&issue)).ok();
    let (began, mut looking, mut renewals, mut restarts) = (Instant::now(), 0.0, 0, 0);
    for day in 1..=365 {
        world.set_day(day);
        let before = world.pid();
        let started = Instant::now();
        let look = run(&mut world.sealock(&["agent", "--once"])).expect_code(0);
        looking += started.elapsed().as_secs_f64();
        renewals += usize::from(look.stderr.contains("renewed "));
        restarts += usize::from(world.pid() != before);
        nothing_in_use_has_expired(&world, day);
        alice_gets_in(&world, day);
        if day % 10 == 0 {
            let status = run(&mut world.sealock(&["status"])).expect_code(0);
            assert!(status.stdout.contains("healthy"), "day {day}: {status}");
        }
    }
    // Leaves live for ninety days and are due after sixty at the latest.
    assert!((6..=8).contains(&restarts), "{restarts} restarts in a year");
    report(&format!(
        "agent: a year of days in {:.1} s; 365 looks of {:.0} ms, {renewals} of which renewed, {restarts} restarts",
        began.elapsed().as_secs_f64(),
        looking / 365.0 * 1000.0
    ));
}

#[test]
fn a_machine_that_slept_for_a_hundred_days_comes_back_by_itself() {
    let world = World::new();
    world.up();
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
    world.set_day(100);
    let locked_out = curl(&world);
    assert_ne!(
        locked_out.code, 0,
        "alice's certificate has expired: {locked_out}"
    );
    let look = ["agent", "--once", "--clock-patience", "1s"];
    let look = run(&mut world.sealock(&look)).expect_code(0);
    for said in [
        "the clock is 100 days ahead of the last look",
        "nobody vouches for the clock; it is believed",
        "renewed dockerd, alice; one restart",
    ] {
        assert!(look.stderr.contains(said), "{said}: {look}");
    }
    nothing_in_use_has_expired(&world, 100);
    alice_gets_in(&world, 100);
    let status = run(&mut world.sealock(&["status"])).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
}

#[test]
fn under_a_clock_that_cannot_be_right_nothing_is_issued() {
    let world = World::new();
    world.up();
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
    let look = || {
        let home = world.sealock.home();
        Tree::of(&[
            &home.join("clients"),
            &home.join("vault.db"),
            &world.folder().join("etc"),
        ])
    };
    let refused = |day: i64, why: &str| {
        world.set_day(day);
        let before = look();
        let look_back = run(&mut world.sealock(&["agent", "--once"])).expect_code(1);
        assert!(look_back.stderr.contains("error[SL-U060]"), "{look_back}");
        assert!(look_back.stderr.contains(why), "{look_back}");
        look().expect_same(&before);
    };
    refused(-30, "was born at");
    world.set_day(20);
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
    refused(10, "the last look was at");
    // A day is a correction; and what was believed can be forgotten.
    world.set_day(19);
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
    world.set_day(10);
    std::fs::remove_file(world.sealock.home().join("agent.json")).unwrap();
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
}

/// Nothing that `status` knows of has expired.
#[track_caller]
fn nothing_in_use_has_expired(world: &World, day: i64) {
    let list = run(&mut world.sealock(&["cert", "list", "--json"])).ok();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let now = world.now().to_string();
    let mut used = 0;
    for entry in list["certificates"].as_array().unwrap() {
        if entry["state"] == "active" {
            used += 1;
            assert!(
                entry["notAfter"].as_str().unwrap() > now.as_str(),
                "day {day}: {entry} has expired"
            );
        }
    }
    assert!(used >= 2, "day {day}: {list}");
}

/// Two real clients get in with alice's files, under the same clock.
#[track_caller]
fn alice_gets_in(world: &World, day: i64) {
    let curl = curl(world);
    assert_eq!(
        (curl.code, curl.stdout.as_str()),
        (0, "OK"),
        "day {day}: {curl}"
    );
    let script = format!(
        "printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -verify_return_error -verify_hostname localhost \
         -connect 127.0.0.1:{} -CAfile ca.pem -cert cert.pem -key key.pem",
        world.port
    );
    let mut openssl = Command::new("sh");
    openssl
        .args(["-c", &script])
        .current_dir(world.sealock.home().join("clients/alice"));
    let openssl = run(&mut world.under_clock(openssl));
    assert!(
        openssl.stdout.starts_with("HTTP/1.1 200 OK"),
        "day {day}: {openssl}"
    );
}

fn curl(world: &World) -> Outcome {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "20"])
        .args([
            "--cacert", "ca.pem", "--cert", "cert.pem", "--key", "key.pem",
        ])
        .arg(format!("https://localhost:{}/_ping", world.port))
        .current_dir(world.sealock.home().join("clients/alice"));
    run(&mut world.under_clock(curl))
}
