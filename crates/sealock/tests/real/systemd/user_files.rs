//! What administrators wrote themselves: drop-ins, environment files, daemon.json. It stays, and works on.

use super::{CONFIG, Host, OVERRIDE, System, says};

pub(super) fn scenario(host: &Host) {
    a_drop_in_an_environment_file_and_a_configuration(host);
    a_command_without_hosts(host);
    a_unit_that_kills(host);
    match host.system {
        System::Debian12 => {}
        System::Debian13 => a_linked_configuration(host),
        System::Docker28 => what_is_edited_meanwhile_stays(host),
    }
}

/// Two spaces, tabs and carriage returns in one file, as it happens to files that several people edit.
const FOREIGN: &str = "{\n  \"registry-mirrors\": [ \"https://mirror.example\" ],\r\n\t\"log-driver\":\"json-file\",\n  \
                       \"log-opts\": { \"max-size\": \"10m\",\n\t\t\"max-file\": \"3\" },\n  \"live-restore\": true,\n\n  \
                       \"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\", \"Hard\": 2048, \"Soft\": 1024}}\n}";

fn a_drop_in_an_environment_file_and_a_configuration(host: &Host) {
    let text = "# ours since 2019\n[Service]\nEnvironment=\"DOCKER_TLS_VERIFY=1\" NO_PROXY=.example.org\nExecStart=\n\
                ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock \\\n  --label \"made by=hand\" $DOCKER_OPTS\n";
    host.machine.write(OVERRIDE, 0o640, text);
    host.machine.write(CONFIG, 0o600, FOREIGN);
    host.sh(&format!(
        "cp -p /etc/default/docker /run/default; chown 7:8 {OVERRIDE} {CONFIG}"
    ));
    host.sh("printf 'DOCKER_OPTS=\"--label from=default --max-concurrent-uploads 7\"\\n' >> /etc/default/docker");
    host.restart();

    host.there_and_back(&[], |up| {
        // The variable looks as if it demanded certificates, and does not.
        assert!(
            up.stderr
                .contains("DOCKER_TLS_VERIFY in dockerd's environment switches nothing on"),
            "{up}"
        );
        let line = host.exec_start();
        assert!(
            line.contains(
                "--label \"made by=hand\" $DOCKER_OPTS -H tcp://0.0.0.0:2376 --tlsverify "
            ),
            "{line}"
        );
        let labels = host
            .machine
            .docker(&["info", "-f", "{{json .Labels}}"])
            .ok();
        assert!(
            labels.contains("made by=hand") && labels.contains("from=default"),
            "{labels}"
        );
        // live-restore was on: there was nothing to write.
        assert_eq!(host.machine.read(CONFIG), FOREIGN.as_bytes());
        host.keeper_lives();
    });
    host.sh(&format!("rm -r {CONFIG} /etc/systemd/system/docker.service.d; cp -p /run/default /etc/default/docker"));
}

/// The other way to be cloaked: a command that says nothing of listeners leaves them to daemon.json.
fn a_command_without_hosts(host: &Host) {
    host.machine.write(OVERRIDE, 0o644, "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --containerd=/run/containerd/containerd.sock\n");
    for hosts in [
        "",
        "\t\"hosts\": [\"fd://\"],\n",
        "  \"hosts\" : [ \"unix:///run/docker.sock\" ],\n",
    ] {
        let config =
            format!("{{\n{hosts}\t\"labels\": [\"written=by hand\"],\n    \"debug\": false\n}}\n");
        host.machine.write(CONFIG, 0o604, &config);
        host.restart();
        host.there_and_back(&[], |_| {
            let text = String::from_utf8(host.machine.read(CONFIG)).expect("text");
            for line in config
                .lines()
                .filter(|line| line.contains(':') && !line.contains("hosts"))
            {
                assert!(
                    text.contains(line.trim_end_matches(',')),
                    "`{line}` is gone: {text}"
                );
            }
            for key in [
                "\"hosts\"",
                "\"tls\"",
                "\"tlsverify\"",
                "\"tlscacert\"",
                "\"tlscert\"",
                "\"tlskey\"",
                "tcp://0.0.0.0:2376",
            ] {
                assert!(text.contains(key), "{key} is missing: {text}");
            }
            assert_eq!(host.sh(&format!("stat -c %a {CONFIG}")).trim(), "604");
            assert!(
                host.machine
                    .docker(&["info", "-f", "{{json .Labels}}"])
                    .ok()
                    .contains("written=by hand")
            );
        });
    }
    host.sh(&format!(
        "rm -r {CONFIG} /etc/systemd/system/docker.service.d"
    ));
}

/// KillMode=control-group ends what lives in the unit's control group. Containers do when dockerd runs a containerd of its
/// own, and do not when the system's has their shims.
fn a_unit_that_kills(host: &Host) {
    let kill = "KillMode=control-group\n";
    host.machine
        .write(OVERRIDE, 0o644, format!("[Service]\n{kill}"));
    host.restart();
    host.there_and_back(&[], |_| {});

    host.machine.write(
        OVERRIDE,
        0o644,
        format!("[Service]\n{kill}ExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n"),
    );
    // dockerd runs one of its own when there is none beside it.
    let _ = host.machine.docker(&["stop", &host.keeper.id]).ok();
    host.sh("systemctl mask --runtime --now containerd.service 2>&1; rm -rf /run/containerd");
    host.restart();
    host.refuses(
        &[],
        1,
        &[
            "KillMode=control-group: a restart ends its containers",
            "the restart stops keeper",
            "--accept containers-stop",
        ],
    );
    host.keeper_lives();
    host.sh("systemctl stop docker.service; systemctl unmask --runtime containerd.service 2>&1; systemctl start containerd.service");
    host.sh("rm -r /etc/systemd/system/docker.service.d");
}

/// Configuration that lies elsewhere and is linked stays linked.
fn a_linked_configuration(host: &Host) {
    host.machine
        .write("/etc/ours/docker.json", 0o640, "{\"debug\": true}\n");
    host.sh(&format!(
        "chown 7:8 /etc/ours/docker.json; ln -s ../ours/docker.json {CONFIG}"
    ));
    host.restart();
    host.there_and_back(&[], |_| {
        assert_eq!(
            host.sh(&format!("readlink {CONFIG}")).trim(),
            "../ours/docker.json"
        );
        assert!(
            host.sh("cat /etc/ours/docker.json")
                .contains("live-restore")
        );
        assert_eq!(
            host.sh("stat -c '%a %u:%g' /etc/ours/docker.json").trim(),
            "640 7:8"
        );
    });
    host.sh(&format!("rm -r {CONFIG} /etc/ours"));
}

/// Somebody goes on working on the file while the host is cloaked: `down` takes out what is ours, and nothing else.
fn what_is_edited_meanwhile_stays(host: &Host) {
    host.machine
        .write(CONFIG, 0o644, "{\n  \"debug\": true\n}\n");
    host.restart();
    let _ = host.up(&[]).expect_code(0);
    host.sh(&format!(
        "sed -i 's/\"debug\": true/\"debug\": true,\\n  \"max-concurrent-uploads\": 7/' {CONFIG}"
    ));
    let down = host.sealock(&["down", "--yes"]).expect_code(0);
    says(
        &down,
        &[
            "was edited since: what sealock wrote comes out, the rest (debug, max-concurrent-uploads) stays",
        ],
    );
    let text = String::from_utf8(host.machine.read(CONFIG)).expect("text");
    assert_eq!(
        text,
        "{\n  \"debug\": true,\n  \"max-concurrent-uploads\": 7\n}\n"
    );
    host.keeper_lives();
    host.sh(&format!("rm {CONFIG}"));
}
