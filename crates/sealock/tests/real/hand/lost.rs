//! What happens beside us: a lost vault, a second sealock, a link in the place of `daemon.json`.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use sealock_testkit::clients::{Request, Tls};
use sealock_testkit::lab::Version;
use sealock_testkit::process::{becomes, call, wait_for};

use crate::common::{Host, Tree};

#[test]
fn a_lost_vault_is_named_and_a_new_authority_takes_over() {
    let host = Host::new(Version::V28);
    let _ = host.up(&[]).expect_code(0);
    let old = host.daemon.folder().join("old");
    let _ = call(
        "cp",
        &[
            "-r",
            &host.client("alice").display().to_string(),
            &old.display().to_string(),
        ],
    )
    .ok();
    fs::remove_dir_all(host.sealock.home()).unwrap();
    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains("has no authority"), "{status}");
    let found = Tree::of(&[&host.etc()]).seen_by_users();
    let _ = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    host.lives();
    let _ = host.sealock.run(&["status"]).expect_code(0);
    let request = |dir: &Path| Request::new("127.0.0.1", host.port, dir);
    request(&host.client("alice")).curl(Tls::V13).expect_in();
    request(&old).curl(Tls::V13).expect_out();

    // What the new vault found is what it goes back to: a daemon of the old authority.
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    Tree::of(&[&host.etc()]).seen_by_users().expect_same(&found);
    host.daemon.restart();
    request(&old).curl(Tls::V13).expect_in();
    host.lives();
}

#[test]
fn two_at_once_do_not_meet() {
    let host = Host::new(Version::V28);
    let mut up = host.up_without_restart(&["--wait", "60"]);
    let mut first = up
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the first", Duration::from_secs(30), || {
        host.live().exists()
    });
    let second = host.up(&[]).expect_code(1);
    assert!(second.stderr.contains(&first.id().to_string()), "{second}");
    wait_for("its files", Duration::from_secs(10), || {
        fs::read_to_string(host.daemon.config_file())
            .unwrap()
            .contains("tlsverify")
    });
    assert!(becomes(Duration::from_secs(5), || host.live_restore()));
    host.daemon.restart();
    assert_eq!(first.wait().unwrap().code(), Some(0));
    host.lives();
}

#[test]
fn a_linked_daemon_json_stays_a_link() {
    let host = Host::new(Version::V28);
    let config = host.daemon.config_file();
    let managed = host.daemon.folder().join("managed.json");
    fs::rename(&config, &managed).unwrap();
    std::os::unix::fs::symlink("../managed.json", &config).unwrap();
    let ours = (host.etc(), managed);
    let look = || Tree::of(&[&ours.0, &ours.1]).seen_by_users();
    let before = look();
    let _ = host.up(&[]).expect_code(0);
    assert!(fs::symlink_metadata(&config).unwrap().is_symlink());
    let _ = host.sealock.run(&["status"]).expect_code(0);
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    look().expect_same(&before);
    host.lives();
}
