//! What fails is put back: the old configuration runs again and answers, and the container is alive.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sealock_testkit::lab::Version;
use sealock_testkit::process::{Outcome, run};

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
    let before = Tree::of(&[&host.etc()]).as_users_see_it();
    let live_restore = host.live_restore();
    let script = script(host, instead).display().to_string();
    let up = run(&mut host.up_without_restart(&["--restart-command", &script])).expect_code(4);
    assert!(up.stderr.contains("rolled back and verified"), "{up}");
    Tree::of(&[&host.etc()])
        .as_users_see_it()
        .expect_same(&before);
    assert!(!host.sealock.config().exists(), "sealock.toml stays");
    assert!(host.daemon.answers() && !host.is_open());
    assert_eq!(host.live_restore(), live_restore);
    host.lives();
    up
}

fn script(host: &Host, instead: &str) -> PathBuf {
    let folder = host.daemon.folder();
    let path = folder.join("unwilling");
    let text = format!(
        "#!/bin/sh\ncd {}\nif grep -q tlsverify etc/daemon.json; then {instead}; fi\nexec ./restart\n",
        folder.display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
