//! Nobody told how the daemon is restarted: a person does it.

use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{run, wait_for};

use crate::common::{Host, Tree};

#[test]
fn without_a_restart_command_the_last_step_is_said_and_status_proves_it_when_it_is_done() {
    let host = Host::new(Version::V20);
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let up = run(&mut host.up_without_restart(&[])).expect_code(3);
    let step = format!("restart dockerd (process {})", host.daemon.pid().unwrap());
    assert!(up.stderr.contains(&step), "{up}");
    assert!(!host.is_open());

    let status = host.sealock.run(&["status"]).expect_code(3);
    assert!(status.stdout.contains("not healthy"), "{status}");
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(3);
    assert!(apply.stderr.contains(&step), "{apply}");

    host.daemon.restart();
    host.lives();
    let _ = host.sealock.run(&["status"]).expect_code(0);
    let apply = host.sealock.run(&["apply", "--yes"]).expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");

    let down = host.sealock.run(&["down", "--yes"]).expect_code(3);
    assert!(down.stderr.contains("One step remains"), "{down}");
    assert!(down.stderr.contains("containers stop"), "{down}");
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before);
    host.daemon.restart();
    assert!(!host.is_open());
}

#[test]
fn sealock_waits_for_whoever_restarts_the_daemon_and_proves_it_then() {
    let host = Host::new(Version::V28);
    let up = std::thread::scope(|scope| {
        let up = scope.spawn(|| run(&mut host.up_without_restart(&["--wait", "60"])));
        wait_for("files and live-restore", Duration::from_secs(30), || {
            host.live().exists() && host.live_restore() && says_tls(&host)
        });
        host.daemon.restart();
        up.join().unwrap()
    });
    let up = up.expect_code(0);
    assert!(up.stderr.contains("applied and proved"), "{up}");
    host.lives();
}

fn says_tls(host: &Host) -> bool {
    std::fs::read_to_string(host.daemon.config_file()).is_ok_and(|text| text.contains("tlsverify"))
}
