//! The unit as the package ships it, a package that changes it later, and a change that goes wrong.

use crate::check::ground::Found;

use super::{CONFIG, DROP_IN, Host, System, same, says};

pub(super) fn scenario(host: &Host) {
    if host.system == System::Debian13 {
        // A package leaves the folder empty; on a host where somebody tidied up it is ours to make and to take away.
        host.sh("rmdir /etc/docker");
    }
    host.there_and_back(&[], |_| {
        one_line_with_listener_and_tls(host);
        nothing_is_found(host);
        everything_is_made_new(host);
        the_socket_still_wakes_the_daemon(host);
        a_package_changes_its_unit(host);
        if host.system == System::Docker28 {
            other_listeners(host);
        }
    });
    a_start_that_fails_is_rolled_back(host);
    a_proof_that_fails_is_rolled_back(host);
}

/// Listener and TLS flags are one line, and the package's own words are kept as they are written.
fn one_line_with_listener_and_tls(host: &Host) {
    let live = "/etc/docker/sealock/live";
    assert_eq!(
        host.exec_start(),
        format!(
            "ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS -H tcp://0.0.0.0:2376 \
             --tlsverify --tlscacert={live}/ca.pem --tlscert={live}/server-cert.pem --tlskey={live}/server-key.pem"
        )
    );
    let changed =
        host.sh("cd /etc && find docker systemd/system/docker.service.d sealock -type f | sort");
    let files = changed
        .lines()
        .map(|line| line.rsplit('/').next().unwrap_or(line))
        .collect::<Vec<_>>();
    // daemon.json is there for live-restore alone: the container had to live through the restart.
    assert_eq!(
        files
            .iter()
            .filter(|file| !file.contains("key.json"))
            .copied()
            .collect::<Vec<_>>(),
        [
            "daemon.json",
            "ca.pem",
            "server-cert.pem",
            "server-key.pem",
            "sealock.toml",
            "zz-sealock.conf"
        ],
        "{changed}"
    );
}

/// Neither on the host nor from it to its address.
fn nothing_is_found(host: &Host) {
    let look = |words: &[&str]| {
        let mut all = vec!["--json", "check"];
        all.extend(words);
        Found::of(host.sealock(&all)).expect_nothing();
    };
    look(&[]);
    look(&[&format!("tcp://{}:2376", host.machine.address())]);
}

fn the_socket_still_wakes_the_daemon(host: &Host) {
    let _ = host.machine.systemctl(&["stop", "docker.service"]).ok();
    assert_eq!(host.active(), "inactive");
    let _ = host.machine.docker(&["version"]).ok();
    assert_eq!(host.active(), "active");
    host.keeper_lives();
    host.is_cloaked();
}

/// A rekey with one restart, and on one system a rotation, which waits for the bundle that was handed over.
fn everything_is_made_new(host: &Host) {
    let old = host.sh("cat /var/lib/sealock/clients/alice/cert.pem");
    let starts = || host.sh("journalctl -u docker.service -o cat | grep -c '^Started'");
    let before: u32 = starts().trim().parse().expect("a number");
    let _ = host.sealock(&["rekey", "--rehearse"]).expect_code(0);
    let _ = host.sealock(&["rekey", "--yes"]).expect_code(0);
    let after: u32 = starts().trim().parse().expect("a number");
    assert_eq!(after, before + 1, "one restart");
    assert_ne!(old, host.sh("cat /var/lib/sealock/clients/alice/cert.pem"));
    host.keeper_lives();
    host.is_cloaked();
    if host.system != System::Debian12 {
        return;
    }
    let waits = host.sealock(&["ca", "rotate", "--yes"]).expect_code(3);
    assert!(waits.stdout.contains("alice"), "{waits}");
    // Both bundles get in: the one that alice has, and the one that she fetches.
    host.outside.only_alice_gets_in(&host.keeper.id);
    host.is_cloaked();
    let rotated = host.sealock(&["ca", "rotate", "--yes"]);
    assert_eq!(
        rotated.code,
        0,
        "{rotated}\n{}",
        host.machine.journal("docker.service")
    );
    host.keeper_lives();
    host.is_cloaked();
    host.second_apply_changes_nothing();
}

/// An upgrade brings another ExecStart. Our drop-in hides it: `status` says so, `apply` takes it over.
fn a_package_changes_its_unit(host: &Host) {
    let unit = "/lib/systemd/system/docker.service";
    host.sh(&format!(
        "cp -p {unit} /run/unit && sed -i 's|\\$DOCKER_OPTS|--debug $DOCKER_OPTS|' {unit}"
    ));
    let unread = host.sealock(&["status"]).expect_code(3);
    assert!(
        unread
            .stdout
            .contains("systemd has not read the changed files of docker.service"),
        "{unread}"
    );
    host.sh("systemctl daemon-reload");
    let status = host.sealock(&["status"]).expect_code(3);
    assert!(
        status.stdout.contains("--debug") && status.stdout.contains(DROP_IN),
        "{status}"
    );
    let plan = host.sealock(&["plan"]).expect_code(3);
    assert!(plan.stderr.contains("--debug"), "{plan}");

    let _ = host.sealock(&["apply", "--yes"]).expect_code(0);
    assert!(
        host.exec_start().contains("--debug $DOCKER_OPTS -H tcp://"),
        "{}",
        host.exec_start()
    );
    assert_eq!(
        host.machine
            .docker(&["info", "-f", "{{.Debug}}"])
            .ok()
            .trim(),
        "true"
    );
    host.is_cloaked();
    host.second_apply_changes_nothing();
    host.keeper_lives();

    // And back, by `up` this time.
    host.sh(&format!(
        "cp -p /run/unit {unit} && systemctl daemon-reload"
    ));
    let _ = host.up(&[]).expect_code(0);
    assert!(!host.exec_start().contains("--debug"));
    host.is_cloaked();
    host.keeper_lives();
}

/// `up` again with other addresses: the port that dockerd itself holds is no obstacle.
fn other_listeners(host: &Host) {
    let up = host
        .up(&["--listen", "10.77.0.1:2376", "--listen", "[::1]:2376"])
        .expect_code(0);
    assert!(
        up.stdout.contains("[::1]:2376") && !up.stdout.contains("127.0.0.1"),
        "{up}"
    );
    assert!(
        host.exec_start()
            .contains("-H tcp://10.77.0.1:2376 -H tcp://[::1]:2376 --tlsverify")
    );
    host.is_cloaked();
    host.keeper_lives();
    host.second_apply_changes_nothing();
}

/// An address that this host does not have: no check knows that but the start itself. The old daemon is started again with
/// live-restore lent to a file that is somebody else's, and linked.
fn a_start_that_fails_is_rolled_back(host: &Host) {
    let listen = ["--listen", "10.77.0.254:2376"];
    let words = [
        "SL-H107",
        "did not come back",
        "cannot assign requested address",
    ];
    fails_and_is_as_before(host, &listen, &words);
    if host.system == System::Debian12 {
        host.machine
            .write("/etc/ours/docker.json", 0o640, "{\"debug\": true}\n");
        host.sh(&format!(
            "chown 7:8 /etc/ours/docker.json; ln -s ../ours/docker.json {CONFIG}"
        ));
        fails_and_is_as_before(host, &listen, &words);
        host.sh(&format!("rm -r {CONFIG} /etc/ours"));
    }
}

/// dockerd is content, but nobody reaches it: a firewall of this host stands before the port.
fn a_proof_that_fails_is_rolled_back(host: &Host) {
    host.sh("iptables -I INPUT -p tcp --dport 2376 -j REJECT --reject-with tcp-reset");
    fails_and_is_as_before(
        host,
        &[],
        &["SL-U", "the proof does not hold", "tcp://10.77.0.1:2376"],
    );
    host.sh("iptables -D INPUT -p tcp --dport 2376 -j REJECT --reject-with tcp-reset");
}

fn fails_and_is_as_before(host: &Host, more: &[&str], words: &[&str]) {
    let (etc, live_restore) = (host.etc(), host.live_restore());
    let up = host.up(more).expect_code(4);
    says(&up, words);
    says(&up, &["rolled back and verified"]);
    same(&etc, &host.etc(), &up);
    assert_eq!(host.active(), "active", "{up}");
    assert_eq!(host.live_restore(), live_restore);
    host.keeper_lives();
    let nobody = host.outside.plain(2376);
    assert!(nobody.code != 0, "{nobody}");
}
