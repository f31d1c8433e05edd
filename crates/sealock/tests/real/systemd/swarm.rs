//! A swarm knows no live-restore: what a restart means there is asked first.

use super::{Host, same};

pub(super) fn scenario(host: &Host) {
    let _ = host
        .machine
        .docker(&["swarm", "init", "--advertise-addr", host.machine.address()])
        .ok();
    host.refuses(
        &[],
        1,
        &[
            "this host is in a swarm",
            "keeper will stop",
            "--accept swarm-restart",
            "nothing was changed",
        ],
    );
    let before = host.etc();
    let up = host.up(&["--accept", "swarm-restart"]).expect_code(0);
    host.machine.start_again(&host.keeper.id);
    host.is_cloaked();
    host.second_apply_changes_nothing();
    let node = host
        .machine
        .docker(&["node", "ls", "--format", "{{.Status}} {{.ManagerStatus}}"])
        .ok();
    assert_eq!(node.trim(), "Ready Leader", "{up}");
    let refused = host.sealock(&["down", "--yes"]).expect_code(1);
    assert!(
        refused.stderr.contains("--accept swarm-restart"),
        "{refused}"
    );
    host.comes_back(&before, &["--accept", "swarm-restart"]);

    autolock(host);
}

/// With autolock the manager is shut after the restart, until somebody brings the key.
fn autolock(host: &Host) {
    let key = host
        .machine
        .docker(&["swarm", "update", "--autolock=true"])
        .ok();
    let key = key
        .split_whitespace()
        .find(|word| word.starts_with("SWMKEY-"))
        .expect("the unlock key")
        .to_owned();
    let unlock = || host.sh(&format!("echo {key} | docker swarm unlock"));
    host.refuses(
        &["--accept", "swarm-restart"],
        1,
        &[
            "locks itself at the restart",
            "docker swarm unlock-key",
            "--accept swarm-autolock",
        ],
    );
    let before = host.etc();
    let consents = ["--accept", "swarm-restart", "--accept", "swarm-autolock"];
    let _ = host.up(&consents).expect_code(0);
    host.machine.start_again(&host.keeper.id);
    host.is_cloaked();
    unlock();
    let state = host
        .machine
        .docker(&["info", "-f", "{{.Swarm.LocalNodeState}}"])
        .ok();
    assert_eq!(state.trim(), "active");
    let down = host
        .sealock(&[
            "down",
            "--yes",
            "--accept",
            "swarm-restart",
            "--accept",
            "swarm-autolock",
        ])
        .expect_code(0);
    same(&before, &host.etc(), &down);
    unlock();
}
