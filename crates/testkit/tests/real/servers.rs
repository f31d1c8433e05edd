//! The servers that live beside a daemon start, serve, come back after a restart, and leave nothing behind.

use std::process::Command;

use sealock_testkit::{Network, Postgres, Redis, Registry, process};

#[test]
fn a_cluster_answers_and_restarts() {
    let postgres = Postgres::prepare();
    postgres.server().start();
    assert_eq!(postgres.sql("select 6 * 7").ok().trim(), "42");
    let before = postgres.server().pid().expect("it runs");
    postgres.configure("work_mem = '5MB'\n");
    postgres.server().restart();
    assert_ne!(postgres.server().pid(), Some(before));
    assert_eq!(postgres.sql("show work_mem").ok().trim(), "5MB");
    // Nobody gets in over TCP before the test says who.
    let refused = postgres.psql("host=127.0.0.1 user=postgres", "select 1");
    assert!(refused.stderr.contains("no pg_hba.conf entry"), "{refused}");
    let folder = postgres.server().folder().to_owned();
    drop(postgres);
    assert!(process::naming(&folder).is_empty() && !folder.exists());
}

#[test]
fn a_redis_answers_and_a_wrong_configuration_is_told() {
    let redis = Redis::prepare("port @PORT@");
    redis.server().start();
    assert_eq!(redis.cli(&["ping"]).ok(), "PONG\n");
    redis.server().stop();
    assert!(redis.server().pid().is_none());
    redis.configure("no-such-word yes");
    let refused = redis.server().try_start().expect_code(1);
    assert!(refused.stderr.contains("Bad directive"), "{refused}");
}

/// Redis writes its own name over its command line: it was not found again, and outlived its test.
#[test]
fn a_redis_that_serves_ends_with_its_test() {
    let redis = Redis::prepare("port @PORT@");
    redis.server().start();
    let pid = redis.server().pid().expect("it runs and is known");
    drop(redis);
    assert!(!process::runs(pid));
}

#[test]
fn a_registry_answers_in_its_own_network() {
    let network = Network::new();
    let registry = Registry::prepare(&network, 5000, "");
    registry.server().start();
    let url = format!("http://{}/v2/", registry.host());
    let said = network.run(Command::new("curl").args(["-sS", "-m", "20", &url]));
    assert_eq!(said.ok(), "{}");
}
