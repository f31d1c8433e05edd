//! Daemons that were off: started, because only a running one can be proved.

use std::time::Duration;

use super::{CONFIG, Host, same, says};

pub(super) fn scenario(host: &Host) {
    let _ = host.machine.docker(&["rm", "-f", &host.keeper.id]).ok();
    // Waiting for its socket, and stopped altogether.
    for stop in [
        "systemctl stop docker.service",
        "systemctl stop docker.service docker.socket",
    ] {
        host.sh(stop);
        is_started_and_cloaked(
            host,
            &["the daemon was off (docker.service is inactive); it is started"],
        );
    }
    what_fails_is_off_again(host);
    host.sh("systemctl disable --now docker.service docker.socket 2>&1");
    is_started_and_cloaked(
        host,
        &["docker.service is disabled: it will be off again after a reboot"],
    );
    host.sh("systemctl enable docker.service docker.socket 2>&1; systemctl stop docker.service");

    // systemd gave it up: it started and failed three times within a minute.
    host.machine.write(CONFIG, 0o644, "{ \"debug\": treu }\n");
    host.sh("systemctl restart docker.service; for i in 1 2 3 4 5 6; do systemctl start docker.service; done; exit 0");
    host.sh("for i in $(seq 200); do systemctl is-failed -q docker.service && exit; sleep 0.1; done; systemctl status docker.service; exit 1");
    let journal = host.machine.journal("docker.service");
    assert!(
        journal.contains("Start request repeated too quickly"),
        "{journal}"
    );
    host.refuses(
        &[],
        1,
        &[
            "SL-H104",
            "/etc/docker/daemon.json:1:14",
            "nothing was changed",
        ],
    );
    host.sh(&format!("rm {CONFIG}"));
    is_started_and_cloaked(host, &["docker.service is failed"]);
}

/// An address that this host does not have. systemd tries a failed start again; the rollback has to end that too, and leave
/// a socket that wakes the daemon as before.
fn what_fails_is_off_again(host: &Host) {
    host.sh("systemctl start docker.socket; systemctl stop docker.service");
    let before = host.etc();
    let up = host.up(&["--listen", "10.77.0.254:2376"]).expect_code(4);
    says(
        &up,
        &[
            "SL-H107",
            "cannot assign requested address",
            "rolled back and verified",
        ],
    );
    same(&before, &host.etc(), &up);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(host.active(), "inactive", "{up}");
    let _ = host.machine.docker(&["version"]).ok();
    assert_eq!(host.active(), "active");
}

fn is_started_and_cloaked(host: &Host, said: &[&str]) {
    let before = host.etc();
    let up = host.up(&[]).expect_code(0);
    says(&up, said);
    host.is_cloaked_without_containers();
    host.second_apply_changes_nothing();
    host.comes_back(&before, &[]);
}
