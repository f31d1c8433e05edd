//! Real daemons that were started by hand, with a container that runs throughout.

mod absent;
mod drift;
mod failure;
mod formats;
mod listen;
mod lost;
mod remaining;
mod sealed;

use std::os::unix::fs::{PermissionsExt, chown};
use std::time::{Duration, SystemTime};

use sealock_testkit::lab::Version;
use sealock_testkit::process::run;

use crate::common::{Host, Tree};

#[test]
fn docker_20_is_cloaked_and_uncloaked_byte_for_byte_with_its_container_alive() {
    there_and_back(Version::V20);
}

#[test]
fn docker_28_is_cloaked_and_uncloaked_byte_for_byte_with_its_container_alive() {
    there_and_back(Version::V28);
}

/// dockerd refuses every configuration when it finds no docker-proxy, and `su` keeps a PATH without `/usr/sbin`.
#[test]
fn dockerd_checks_its_configuration_with_its_own_search_path() {
    let host = Host::new(Version::V28);
    let restart = host.daemon.restart_script().display().to_string();
    let mut up = host.up_without_restart(&["--restart-command", &restart]);
    let _ = run(up.env("PATH", "/usr/bin:/bin")).expect_code(0);
    host.lives();
}

fn there_and_back(version: Version) {
    let host = Host::new(version);
    make_peculiar(&host);
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let live_restore = host.live_restore();

    let up = host.up(&[]).expect_code(0);
    assert!(up.stderr.contains("changes applied and proved"), "{up}");
    host.lives();
    nothing_is_left_to_do(&host);
    status_is_healthy(&host);

    let anchors = host.sealock.run(&["ca", "show", "--json"]).ok();
    host.sealock.run(&["down", "--yes"]).expect_code(0);
    is_as_before(&host, &before, live_restore);
    let again = host.sealock.run(&["down", "--yes"]).expect_code(0);
    assert!(again.stderr.starts_with("0 changes"), "{again}");
    is_as_before(&host, &before, live_restore);

    host.up(&[]).expect_code(0);
    host.lives();
    assert_eq!(
        host.sealock.run(&["ca", "show", "--json"]).ok(),
        anchors,
        "the authority is used again"
    );
    host.sealock.run(&["down", "--yes"]).expect_code(0);
    is_as_before(&host, &before, live_restore);
}

/// A mode, an owner and a time that nobody would give `daemon.json` by accident.
fn make_peculiar(host: &Host) {
    let path = host.daemon.config_file();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    chown(&path, Some(1), Some(7)).unwrap();
    let long_ago = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 123_456_789);
    std::fs::File::open(&path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
}

/// A second `apply` changes nothing, not even a time; `plan` agrees.
fn nothing_is_left_to_do(host: &Host) {
    let ours = [
        host.etc(),
        host.client("alice"),
        host.sealock.config(),
        host.sealock.home().join("issuers"),
    ];
    let look = || Tree::of(&ours.each_ref().map(|path| path.as_path()));
    let before = look();
    let pid = host.daemon.pid();
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    let plan = host.sealock.run(&["plan"]).expect_code(0);
    assert!(plan.stderr.starts_with("0 changes"), "{plan}");
    look().expect_same(&before);
    assert_eq!(host.daemon.pid(), pid, "no restart");
    host.lives();
}

fn status_is_healthy(host: &Host) {
    let status = host.sealock.run(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    let json = host.sealock.run(&["status", "--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["healthy"], true, "{json}");
    assert_eq!(json["problems"], serde_json::json!([]), "{json}");
}

/// Every file is as it was, the port is closed, the daemon answers, and the container is the same process.
#[track_caller]
fn is_as_before(host: &Host, before: &Tree, live_restore: bool) {
    Tree::of(&[&host.etc()]).seen_by_users().expect_same(before);
    assert!(!host.sealock.config().exists(), "sealock.toml stays");
    assert!(!host.is_open(), "the port is still open");
    assert!(host.daemon.answers());
    assert_eq!(host.live_restore(), live_restore);
    host.lives();
}
