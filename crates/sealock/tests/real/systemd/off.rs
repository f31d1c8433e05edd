//! Daemons that were off: started, because only a running one can be proved.

use super::{CONFIG, Host, says};

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

fn is_started_and_cloaked(host: &Host, said: &[&str]) {
    let before = host.etc();
    let up = host.up(&[]).expect_code(0);
    says(&up, said);
    host.is_cloaked_without_containers();
    host.second_apply_changes_nothing();
    host.comes_back(&before, &[]);
}
