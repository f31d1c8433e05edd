//! TLS that somebody else switched on: replaced only by those who say that they know.

use super::{CONFIG, Host, OVERRIDE};

pub(super) fn scenario(host: &Host) {
    host.sh(
        "mkdir -p /etc/docker/old && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=old \
         -addext subjectAltName=IP:10.77.0.1 -keyout /etc/docker/old/key.pem -out /etc/docker/old/cert.pem 2>/dev/null",
    );
    the_whole_system_store_is_trusted(host);
    an_authority_of_their_own(host);
    host.sh("rm -r /etc/docker/old");
}

/// `tlsverify` without `tlscacert` in daemon.json: whoever buys a client certificate is root.
fn the_whole_system_store_is_trusted(host: &Host) {
    let line = "ExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --containerd=/run/containerd/containerd.sock $DOCKER_OPTS";
    host.machine
        .write(OVERRIDE, 0o644, format!("[Service]\nExecStart=\n{line}\n"));
    host.machine.write(
        CONFIG,
        0o644,
        "{\n  \"tlsverify\": true,\n  \"tlscert\": \"/etc/docker/old/cert.pem\",\n  \"tlskey\": \"/etc/docker/old/key.pem\"\n}\n",
    );
    host.restart();
    host.refuses(
        &[],
        1,
        &[
            "switches tlsverify on without tlscacert",
            "trusts the whole system store",
            "--accept replace-tls",
            "nothing was changed",
        ],
    );
    host.there_and_back(&["--accept", "replace-tls"], |_| {
        let line = host.exec_start();
        assert_eq!(line.matches("tcp://").count(), 1, "{line}");
        let config = String::from_utf8(host.machine.read(CONFIG)).expect("text");
        assert!(!config.contains("tls"), "{config}");
    });
    host.sh(&format!(
        "rm -r {CONFIG} /etc/systemd/system/docker.service.d"
    ));
}

fn an_authority_of_their_own(host: &Host) {
    let line = "ExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2376 --tlsverify --tlscacert=/etc/docker/old/cert.pem \
                --tlscert=/etc/docker/old/cert.pem --tlskey /etc/docker/old/key.pem --containerd=/run/containerd/containerd.sock";
    host.machine
        .write(OVERRIDE, 0o644, format!("[Service]\nExecStart=\n{line}\n"));
    host.restart();
    host.refuses(
        &[],
        1,
        &[
            "clients with certificates of /etc/docker/old/cert.pem will not get in any more",
            "--accept replace-tls",
        ],
    );
    host.there_and_back(&["--accept", "replace-tls"], |_| {
        assert!(
            !host.exec_start().contains("/etc/docker/old"),
            "{}",
            host.exec_start()
        );
    });
    host.sh("rm -r /etc/systemd/system/docker.service.d");
}
