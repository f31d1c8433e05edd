//! What fails is put back: the old configuration runs again and answers, and the container is alive.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, call, run, wait_for};

use crate::common::{Host, Tree};

#[test]
fn a_port_that_somebody_else_holds_is_named_and_nothing_is_changed() {
    let host = Host::new(Version::V28);
    let _holder = TcpListener::bind(("127.0.0.1", host.port)).unwrap();
    let (before, pid) = (Tree::of(&[&host.etc()]), host.daemon.pid());
    let up = host.up(&[]).expect_code(1);
    assert!(up.stderr.contains(&host.listen()), "{up}");
    assert!(up.stderr.contains("nothing was changed"), "{up}");
    assert!(up.stderr.contains(&std::process::id().to_string()), "{up}");
    Tree::of(&[&host.etc()]).expect_same(&before);
    assert!(!host.sealock.config().exists());
    assert!(!host.sealock.home().join("vault.db").exists());
    assert_eq!(host.daemon.pid(), pid);
    host.lives();
}

#[test]
fn a_restart_command_that_refuses_leaves_the_daemon_that_runs() {
    let host = Host::new(Version::V28);
    let pid = host.daemon.pid();
    let up = rolled_back(&host, "echo 'not on a Sunday' >&2; exit 1");
    assert!(up.stderr.contains("not on a Sunday"), "{up}");
    assert_eq!(host.daemon.pid(), pid, "it was never restarted");
}

#[test]
fn a_restart_command_that_stops_the_daemon_and_fails_is_rolled_back() {
    let host = Host::new(Version::V20);
    rolled_back(&host, "./stop; exit 1");
}

#[test]
fn a_daemon_that_never_comes_back_is_rolled_back() {
    let host = Host::new(Version::V28);
    rolled_back(&host, "exec ./stop");
}

#[test]
fn a_daemon_that_comes_back_with_another_configuration_is_no_success() {
    let host = Host::new(Version::V20);
    let text = std::fs::read_to_string(host.daemon.config_file()).unwrap();
    let other = text.replacen('{', "{ \"live-restore\": true,", 1);
    std::fs::write(host.daemon.folder().join("other.json"), other).unwrap();
    let up = rolled_back(
        &host,
        "sed s,etc/daemon.json,other.json, restart >other; exec sh ./other",
    );
    assert!(up.stderr.contains("the proof does not hold"), "{up}");
}

/// Lets `up` fail by a restart command that does `instead` when the configuration says TLS, and is as it
/// should be otherwise.
#[track_caller]
fn rolled_back(host: &Host, instead: &str) -> Outcome {
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let live_restore = host.live_restore();
    let script = script(host, instead).display().to_string();
    let up = run(&mut host.up_without_restart(&["--restart-command", &script])).expect_code(4);
    assert!(up.stderr.contains("rolled back and verified"), "{up}");
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before);
    assert!(!host.sealock.config().exists(), "sealock.toml stays");
    assert!(host.daemon.answers() && !host.is_open());
    assert_eq!(host.live_restore(), live_restore);
    host.lives();
    up
}

fn script(host: &Host, instead: &str) -> PathBuf {
    let text = format!("if grep -q tlsverify etc/daemon.json; then {instead}; fi");
    script_of(host, &text)
}

/// A restart command that does something else first.
fn script_of(host: &Host, first: &str) -> PathBuf {
    let folder = host.daemon.folder();
    let path = folder.join("unwilling");
    let text = format!(
        "#!/bin/sh\ncd {}\n{first}\nexec ./restart\n",
        folder.display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_way_back_that_fails_leaves_the_daemon_cloaked_and_proved() {
    let host = Host::new(Version::V28);
    let text = "if ! grep -q tlsverify etc/daemon.json; then ./stop; exit 1; fi";
    let script = script_of(&host, text).display().to_string();
    let _ = run(&mut host.up_without_restart(&["--restart-command", &script])).expect_code(0);
    let before = Tree::of(&[&host.etc(), &host.sealock.config()]).seen_by_users();
    let down = host.sealock.run(&["down", "--yes"]).expect_code(4);
    assert!(down.stderr.contains("rolled back and verified"), "{down}");
    Tree::of(&[&host.etc(), &host.sealock.config()])
        .seen_by_users()
        .expect_same(&before);
    host.lives();
    let _ = host.sealock.run(&["status"]).expect_code(0);
    std::fs::copy(host.daemon.restart_script(), &script).unwrap();
    let _ = host.sealock.run(&["down", "--yes"]).expect_code(0);
    assert!(!host.is_open());
    host.lives();
}

#[test]
fn who_is_told_to_stop_puts_everything_back_first() {
    let host = Host::new(Version::V28);
    let before = Tree::of(&[&host.etc()]).seen_by_users();
    let text = "if grep -q tlsverify etc/daemon.json; then touch there; sleep 2; fi";
    let script = script_of(&host, text).display().to_string();
    let mut up = host.up_without_restart(&["--restart-command", &script]);
    let mut up = up
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the restart", Duration::from_secs(30), || {
        host.daemon.folder().join("there").exists()
    });
    let told = call("kill", &["-TERM", &up.id().to_string()]);
    let _ = told.ok();
    assert_eq!(up.wait().unwrap().code(), Some(130));
    Tree::of(&[&host.etc()])
        .seen_by_users()
        .expect_same(&before);
    assert!(host.daemon.answers() && !host.is_open());
    assert!(!host.sealock.config().exists() && !host.live_restore());
    host.lives();
}
