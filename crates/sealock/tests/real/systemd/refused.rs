//! Hosts on which the new configuration, or even the old one, could not start: named, and left alone.

use super::{CONFIG, DROP_IN, Host, OVERRIDE, System};

pub(super) fn scenario(host: &Host) {
    let nothing = "nothing was changed";
    // The daemon runs on with what it read at its start; its next start would fail, ours or anybody's.
    host.machine.write(
        CONFIG,
        0o644,
        "{\n  \"hosts\": [\"fd://\", \"tcp://0.0.0.0:2376\"]\n}\n",
    );
    host.refuses(
        &[],
        1,
        &[
            "SL-H106",
            CONFIG,
            "`hosts` in the file, `-H fd://` as a flag",
            "remove `hosts` from",
            nothing,
        ],
    );

    host.machine.write(
        CONFIG,
        0o644,
        "{\n  \"labels\": [\"a=b\"],\n  \"debug\": true,\n}\n",
    );
    host.refuses(&[], 1, &["SL-H104", "/etc/docker/daemon.json:4:1", nothing]);

    host.machine
        .write(CONFIG, 0o644, "{\n  \"debug\": true, \"debug\": false\n}\n");
    host.refuses(&[], 1, &["SL-H105", "/etc/docker/daemon.json:2", nothing]);
    host.sh(&format!("rm {CONFIG}"));

    a_busy_port(host);
    if host.system == System::Debian13 {
        a_port_of_the_socket_unit(host);
    }
    drop_ins_in_the_way(host);
    a_masked_unit(host);
    a_key_that_this_dockerd_does_not_know(host);

    // Labels in the file are used by the check of a daemon without `--validate`; they must not disturb it.
    host.machine
        .write(CONFIG, 0o644, "{\n  \"labels\": [\"a=b\"]\n}\n");
    host.there_and_back(&[], |_| {});
}

fn a_busy_port(host: &Host) {
    host.sh("systemd-run --unit=squatter systemd-socket-activate --accept -l 0.0.0.0:2376 cat");
    host.sh("for i in $(seq 100); do ss -ltn | grep -q :2376 && exit; sleep 0.05; done; exit 1");
    let pid = host.sh("systemctl show -P MainPID squatter");
    let holder = format!("process {} (systemd-socket-)", pid.trim());
    host.refuses(
        &[],
        1,
        &["SL-H108", "0.0.0.0:2376", &holder, "nothing was changed"],
    );
    host.sh("systemctl stop squatter");
}

/// systemd has the port, for docker itself: that is said, because `another process` would send people on a hunt.
fn a_port_of_the_socket_unit(host: &Host) {
    host.machine.write(
        "/etc/systemd/system/docker.socket.d/tcp.conf",
        0o644,
        "[Socket]\nListenStream=2376\n",
    );
    host.restart();
    host.refuses(
        &[],
        1,
        &[
            "SL-H108",
            "docker.socket (ListenStream=2376) listens there",
            "nothing was changed",
        ],
    );
    host.sh("rm -r /etc/systemd/system/docker.socket.d");
    host.restart();
}

fn drop_ins_in_the_way(host: &Host) {
    host.machine
        .write(DROP_IN, 0o644, "[Service]\nEnvironment=SOMEBODY=else\n");
    host.refuses(&[], 1, &["SL-H118", DROP_IN, "nothing was changed"]);
    host.sh(&format!("rm {DROP_IN}"));
    // Read after ours, it would take the line with our TLS flags away.
    let later = "/etc/systemd/system/docker.service.d/zzz.conf";
    host.machine.write(
        later,
        0o644,
        "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd://\n",
    );
    host.sh("systemctl daemon-reload");
    host.refuses(&[], 1, &["SL-H113", later, "nothing was changed"]);
    host.machine
        .write(OVERRIDE, 0o644, "[Service]\nExecStart=\n");
    host.sh(&format!("rm {later}; systemctl daemon-reload"));
    host.refuses(&[], 1, &["SL-H113", "no ExecStart", "nothing was changed"]);
    host.sh("rm -r /etc/systemd/system/docker.service.d; systemctl daemon-reload");
}

/// A masked unit starts for nobody. The daemon that runs is no reason to take it for one that was started by hand.
fn a_masked_unit(host: &Host) {
    host.sh("systemctl mask docker.service 2>&1");
    host.refuses(
        &[],
        1,
        &[
            "SL-H113",
            "docker.service",
            "it is masked",
            "nothing was changed",
        ],
    );
    host.sh("systemctl unmask docker.service 2>&1");
}

/// A file that was edited for a newer Docker. The running daemon never read it; a restart, ours or anybody's, would be
/// its end. With a container it is found when live-restore is to be read from it, without one when dockerd is asked.
fn a_key_that_this_dockerd_does_not_know(host: &Host) {
    host.machine
        .write(CONFIG, 0o644, "{\n  \"no-such-key\": true\n}\n");
    let rolled_back = "rolled back and verified; the host is as before";
    host.refuses(
        &[],
        4,
        &[
            "SL-H115",
            "don't match any configuration option: no-such-key",
            rolled_back,
        ],
    );
    host.keeper_lives();
    let _ = host.machine.docker(&["stop", &host.keeper.id]).ok();
    host.refuses(
        &[],
        4,
        &[
            "SL-H116",
            "don't match any configuration option: no-such-key",
            rolled_back,
        ],
    );
    host.sh(&format!("rm {CONFIG}"));
    host.restart();
}
