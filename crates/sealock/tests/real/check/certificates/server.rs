//! What is wrong with the daemon's own certificate: before the restart that loads it, and after.

mod faults;

use std::fs::File;
use std::thread;
use std::time::{Duration, SystemTime};

use sealock_testkit::lab::Version;

use self::faults::{ALL, Case, make};
use super::forge::SERVER;
use super::{Ground, Judge};

/// Daemons that are broken side by side: a restart is mostly waiting.
const SIDE_BY_SIDE: usize = 3;

#[test]
fn docker_28() {
    let one_by_one = [renewed, called_otherwise, unusable_curve, wrong_order];
    let chunks = ALL.chunks(ALL.len().div_ceil(SIDE_BY_SIDE));
    let judge = thread::scope(|scope| {
        let mut threads: Vec<_> = chunks
            .map(|cases| scope.spawn(|| judged(Version::V28, cases)))
            .collect();
        threads.push(scope.spawn(|| {
            on_a_ground(Version::V28, |ground, judge| {
                for break_it in one_by_one {
                    break_it(ground, judge);
                    ground.is_sound();
                }
            })
        }));
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .fold(Judge::default(), Judge::and)
    });
    judge.done();
}

#[test]
fn docker_20() {
    let some = ["SL-F301", "SL-F309", "SL-F316"];
    let cases: Vec<Case> = ALL
        .iter()
        .copied()
        .filter(|case| some.contains(&case.code))
        .collect();
    judged(Version::V20, &cases).done();
}

fn on_a_ground(version: Version, work: impl FnOnce(&Ground, &mut Judge)) -> Judge {
    let ground = Ground::new(version);
    make(&ground.forge);
    let mut judge = Judge::default();
    work(&ground, &mut judge);
    judge
}

fn judged(version: Version, cases: &[Case]) -> Judge {
    on_a_ground(version, |ground, judge| {
        ground.is_sound();
        for case in cases {
            put(ground, case);
            judge.first(
                "waiting",
                case.what,
                &ground.inside(),
                (case.waits, "latent"),
            );
            ground.heal();
        }
        for case in cases {
            put(ground, case);
            ground.daemon.restart();
            let told = (case.code, case.bites);
            judge.first("inside", case.what, &ground.inside(), told);
            judge.first("outside", case.what, &ground.outside(case.name), told);
            judge.client(case.what, &ground.docker(case.name), case.said[0]);
            judge.client(case.what, &ground.curl(case.name), case.said[1]);
            ground.heal();
        }
        ground.daemon.restart();
        ground.is_sound();
    })
}

fn put(ground: &Ground, case: &Case) {
    ground.put(&[("live/cert.pem", case.chain), ("live/key.pem", &[case.key])]);
}

/// A renewed certificate that nobody serves yet, in files that keep the times they had elsewhere.
fn renewed(ground: &Ground, judge: &mut Judge) {
    ground.forge.make("renewed", &SERVER);
    ground.put(&[("live/cert.pem", &["renewed.pem"])]);
    let path = ground.path("live/cert.pem");
    let file = File::options().write(true).open(path).unwrap();
    let before = SystemTime::now() - Duration::from_secs(3600);
    file.set_modified(before).unwrap();
    judge.first("inside", "renewed", &ground.inside(), ("SL-F332", "latent"));
    ground.daemon.restart();
    ground.is_sound();
    ground.heal();
    ground.daemon.restart();
}

/// A name that leads here and that the certificate does not carry.
fn called_otherwise(ground: &Ground, judge: &mut Judge) {
    let what = "another name";
    ground.put(&[("live/cert.pem", &["no-name.pem"])]);
    ground.daemon.restart();
    judge.first(
        "outside",
        what,
        &ground.outside("localhost"),
        ("SL-F304", "down"),
    );
    for said in [ground.docker("localhost"), ground.curl("localhost")] {
        judge.client(what, &said, "SL-F304");
    }
    ground.heal();
    ground.daemon.restart();
}

/// A key with which dockerd starts, and with which it cannot show itself to anybody: from outside there is no
/// certificate to be seen.
fn unusable_curve(ground: &Ground, judge: &mut Judge) {
    let what = "a curve that Go does not use";
    ground.put(&[
        ("live/cert.pem", &["curve.pem"]),
        ("live/key.pem", &["curve.key"]),
    ]);
    judge.first("waiting", what, &ground.inside(), ("SL-F321", "latent"));
    ground.daemon.restart();
    judge.first("inside", what, &ground.inside(), ("SL-F321", "down"));
    judge.first(
        "outside",
        what,
        &ground.outside("127.0.0.1"),
        ("SL-F706", "down"),
    );
    judge.client(what, &ground.docker("127.0.0.1"), "SL-F706");
    ground.heal();
    ground.daemon.restart();
}

/// The key is the leaf's and an intermediate is in front: dockerd does not start.
fn wrong_order(ground: &Ground, judge: &mut Judge) {
    let what = "the intermediate in front";
    ground.put(&[("live/cert.pem", &["middle.pem", "below.pem"])]);
    judge.first("waiting", what, &ground.inside(), ("SL-F312", "latent"));
    ground.daemon.stop();
    assert!(ground.daemon.try_start().code != 0);
    judge.first("inside", what, &ground.inside(), ("SL-F312", "down"));
    judge.first(
        "outside",
        what,
        &ground.outside("127.0.0.1"),
        ("SL-F901", "down"),
    );
    ground.heal();
    let _ = ground.daemon.start();
}
