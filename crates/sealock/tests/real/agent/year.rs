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

/// A host whose clock somebody keeps right need not wait, and what was issued in a year that never came is renewed.
#[test]
fn a_clock_that_is_synchronised_is_believed() {
    let world = World::new();
    world.up();
    let _ = run(&mut world.sealock(&["agent", "--once"])).ok();
    let look = ["agent", "--once", "--clock-patience", "1s"];
    world.set_day(90);
    let ahead = run(&mut with_synchronised_clock(&world, &look)).expect_code(0);
    assert!(ahead.stderr.contains("renewed dockerd, alice"), "{ahead}");
    assert!(!ahead.stderr.contains("ahead of the last look"), "{ahead}");

    world.set_day(1);
    let refused = run(&mut world.sealock(&look)).expect_code(1);
    assert!(refused.stderr.contains("error[SL-U060]"), "{refused}");
    let back = run(&mut with_synchronised_clock(&world, &look)).expect_code(0);
    assert!(
        back.stderr.contains("it is synchronised, and believed"),
        "{back}"
    );
    assert!(
        back.stderr.contains("renewed dockerd, alice; one restart"),
        "{back}"
    );
    alice_gets_in(&world, 1);
}

/// The same where systemd-timesyncd has left its mark.
fn with_synchronised_clock(world: &World, words: &[&str]) -> Command {
    let script = "mount -t tmpfs none /run && mkdir -p /run/systemd/timesync && : > /run/systemd/timesync/synchronized && exec \"$0\" \"$@\"";
    let inner = world.sealock(words);
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", script])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear();
    for (name, value) in inner.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    command
}

/// Nothing that the inventory has in use has expired.
#[track_caller]
fn nothing_in_use_has_expired(world: &World, day: i64) {
    let now = world.now();
    // Everything in use has less than 101 per cent of its life left.
    let used = sealock_vault::remaining(&world.sealock.home(), now, 101).unwrap();
    assert!(used.len() >= 4, "day {day}: {used:?}");
    for one in used {
        assert!(one.not_after > now, "day {day}: {one:?} has expired");
    }
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
