//! One host with everything: dockerd, a registry, SQL Server's double, SQLPad and PostgreSQL, with certificates of one authority.
//! One `rekey` makes all of it new, and a rekey that is killed on its way is finished.
//!
//! dockerd takes every registry on loopback for insecure and reads one folder of certificates, `/etc/docker/certs.d`. So
//! each test here runs once more, in namespaces of its own: with an address that is not loopback, and an `/etc` over
//! this machine's.

mod doors;
mod house;
mod killed;
mod work;

use std::process::Command;

use sealock_testkit::Scratch;
use sealock_testkit::process::{call, run};

use crate::common::report;
use house::House;

/// Set where a test runs in its own namespaces.
const INSIDE: &str = "SEALOCK_TOGETHER";
/// An address of this machine's own that is not loopback.
const ADDRESS: &str = "10.77.0.254";

/// Runs the test of this name in namespaces of its own.
fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        let _ = call("ip", &["link", "set", "lo", "up"]).ok();
        let address = format!("{ADDRESS}/32");
        let _ = call("ip", &["address", "add", &address, "dev", "lo"]).ok();
        let scratch = Scratch::new("etc");
        let (upper, work) = (scratch.join("upper"), scratch.join("work"));
        std::fs::create_dir(&upper).unwrap();
        std::fs::create_dir(&work).unwrap();
        let layers = format!(
            "lowerdir=/etc,upperdir={},workdir={}",
            upper.display(),
            work.display()
        );
        let _ = call("mount", &["-t", "overlay", "-o", &layers, "etc", "/etc"]).ok();
        body();
        let _ = call("umount", &["--lazy", "/etc"]).ok();
        return;
    }
    let module = module_path!();
    let (_, module) = module.split_once("::").unwrap();
    let path = format!("{module}::{name}");
    let said = run(Command::new("unshare")
        .args(["--mount", "--net", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &path, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1"))
    .expect_code(0);
    assert!(said.stdout.contains("test result: ok. 1 passed"), "{said}");
    for line in said.stdout.lines() {
        // The name of the test may stand in front of it.
        if let Some((_, line)) = line.split_once(house::FIGURES) {
            report(line);
        }
    }
}

/// Whether there is time.
fn is_long() -> bool {
    std::env::var("SEALOCK_SWEEP").is_ok_and(|value| value == "all")
}

/// Before and after, only the right ones get in; on the way each door is closed to them for one while at most.
#[test]
fn one_rekey_renews_everything_and_the_old_opens_nothing() {
    inside(
        "one_rekey_renews_everything_and_the_old_opens_nothing",
        || {
            let house = House::new();
            house.is_right(&[]);
            house.an_image_goes_there_and_comes_back("before");
            let old = house.keep("old");

            house.rehearse();
            house.is_right(&[]);

            let ((said, took), records) = work::during(&house, || house.rekey());
            work::tell("rekey", took, &records);
            for record in &records {
                record.has_one_gap();
            }
            for words in ["reload pg", "restart images", "restart sql", "restart pad"] {
                assert!(said.stderr.contains(words), "{words}: {said}");
            }
            house.is_right(&[&old]);
            house.the_old_pair_pulls_nothing(&old);
            house.an_image_goes_there_and_comes_back("after");
            house.is_at_rest();
            if is_long() {
                a_rotation_refuses_nobody(&house);
                who_is_out_of_reach_is_not_passed_over(&house);
            }
        },
    );
}

/// In a rotation both generations count until the old one is dropped, so whoever is rightful is only without an answer while
/// a server starts.
fn a_rotation_refuses_nobody(house: &House) {
    let old = house.keep("before-rotation");
    let begun = std::time::Instant::now();
    let (said, records) = work::during(house, || house.sealock(&["ca", "rotate"]));
    work::tell("rotation", begun.elapsed(), &records);
    let _ = said.expect_code(0);
    for record in &records {
        record.nobody_was_refused();
    }
    house.is_right(&[&old]);
    house.is_at_rest();
}

/// A rekey that cannot ask PostgreSQL, though it runs, does not leave it with the old certificates: everything goes back.
/// A renewal leaves it alone.
fn who_is_out_of_reach_is_not_passed_over(house: &House) {
    let config = house.host.sealock.config();
    let ours = std::fs::read_to_string(&config).unwrap();
    let address = format!("address = \"127.0.0.1:{}\"", house.postgres.port());
    assert!(ours.contains(&address), "{ours}");
    // There is no way to there.
    let lost = ours.replace(&address, "address = \"10.77.9.9:5432\"");
    std::fs::write(&config, lost).unwrap();
    let said = house.sealock(&["renew", "pg"]).expect_code(0);
    assert!(said.stderr.contains("pg does not answer"), "{said}");
    let said = house.sealock(&["rekey"]).expect_code(4);
    let words = "the proof of the service pg does not hold";
    assert!(said.stderr.contains(words), "{said}");
    std::fs::write(&config, ours).unwrap();
    let _ = house.sealock(&["apply"]).expect_code(0);
    house.is_right(&[]);
    house.is_at_rest();
}

/// Killed while a service takes its files up, between two services, and when the vault has withdrawn the old anchors: what
/// comes next finishes it, or puts everything back and then does it.
#[test]
fn a_rekey_that_is_killed_is_finished() {
    inside("a_rekey_that_is_killed_is_finished", killed::everywhere);
}
