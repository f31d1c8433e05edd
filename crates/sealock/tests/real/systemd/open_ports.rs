//! Plain 2375, in each of the places where it is found: closed by the plan, and said aloud.

use super::{CONFIG, Host, OVERRIDE, System, says};

pub(super) fn scenario(host: &Host) {
    in_a_drop_in(host);
    in_the_environment_file(host);
    in_the_configuration(host);
    in_the_socket_unit(host);
    if host.system == System::Debian12 {
        on_the_wanted_port(host);
    }
}

/// The hole is real before, and gone while the host is cloaked.
fn closes(host: &Host, port: u16, said: &[&str]) {
    assert_eq!(
        host.outside.plain(port).ok(),
        "OK",
        "the port is not open in the first place"
    );
    host.there_and_back(&[], |up| {
        let clear = host.outside.plain(port);
        assert!(
            clear.code != 0 && !clear.stdout.contains("OK"),
            "{clear}\n{up}"
        );
        says(up, said);
    });
    // As it was means open: `down` closes nothing that it did not open.
    assert_eq!(host.outside.plain(port).ok(), "OK");
}

// `--tls=false` spares the fifteen seconds that dockerd sleeps over a port without an opinion.
fn in_a_drop_in(host: &Host) {
    let line = "ExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2375 --tls=false --containerd=/run/containerd/containerd.sock $DOCKER_OPTS";
    host.machine
        .write(OVERRIDE, 0o644, format!("[Service]\nExecStart=\n{line}\n"));
    host.restart();
    closes(
        host,
        2375,
        &[
            "0.0.0.0:2375 (docker.service) is open without a certificate",
            "was open without a certificate, and is closed",
        ],
    );
    host.sh("rm -r /etc/systemd/system/docker.service.d");
}

fn in_the_environment_file(host: &Host) {
    host.sh("cp -p /etc/default/docker /run/default");
    host.sh("echo 'DOCKER_OPTS=\"-H tcp://0.0.0.0:2375 --tls=false --label from=default\"' >> /etc/default/docker");
    host.restart();
    closes(
        host,
        2375,
        &[
            "was open without a certificate, and is closed",
            "$DOCKER_OPTS holds listeners or TLS flags",
        ],
    );
    host.sh("cp -p /run/default /etc/default/docker");
}

fn in_the_configuration(host: &Host) {
    host.machine.write(OVERRIDE, 0o644, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock\n");
    host.machine.write(
        CONFIG,
        0o644,
        "{\n  \"hosts\": [\"fd://\", \"tcp://0.0.0.0:2375\"],\n  \"tls\": false\n}\n",
    );
    host.restart();
    closes(
        host,
        2375,
        &[
            "0.0.0.0:2375 (daemon.json)",
            "was open without a certificate, and is closed",
        ],
    );
    host.sh(&format!(
        "rm -r {CONFIG} /etc/systemd/system/docker.service.d"
    ));
}

/// systemd holds this port, and passes it: it cannot be closed without touching the socket unit, but it can demand
/// certificates, because dockerd wraps TLS around every TCP socket that is passed to it.
fn in_the_socket_unit(host: &Host) {
    host.machine.write(
        "/etc/systemd/system/docker.socket.d/tcp.conf",
        0o644,
        "[Socket]\nListenStream=0.0.0.0:2375\n",
    );
    host.restart();
    closes(
        host,
        2375,
        &[
            "0.0.0.0:2375 (docker.socket) is open without a certificate",
            "demands certificates from now on",
        ],
    );
    host.sh("rm -r /etc/systemd/system/docker.socket.d");
}

/// Plain HTTP on the very port: the same port demands certificates then.
fn on_the_wanted_port(host: &Host) {
    let line =
        "ExecStart=/usr/sbin/dockerd --host=fd:// --host 0.0.0.0:2376 --tls=false $DOCKER_OPTS";
    host.machine
        .write(OVERRIDE, 0o644, format!("[Service]\nExecStart=\n{line}\n"));
    host.restart();
    closes(
        host,
        2376,
        &["was open without a certificate, and demands one from now on"],
    );
    host.sh("rm -r /etc/systemd/system/docker.service.d");
}
