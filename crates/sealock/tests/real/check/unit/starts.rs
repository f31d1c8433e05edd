//! What a restart would meet, and what it met.

use std::time::Duration;

use sealock_testkit::process::wait_for;

use super::{CONFIG, DROP_IN, Host};

pub(super) fn scenario(host: &Host) {
    let (json, unit) = (host.read(CONFIG), host.read(DROP_IN));
    let with = |key: &str| json.replacen('{', &format!("{{ {key},"), 1);
    let in_both_places = "the following directives are specified both as a flag and in the configuration file: hosts: \
                          (from flag: [fd:// tcp://0.0.0.0:2376], from file: [tcp://0.0.0.0:2376])";
    let breaks = [
        Break {
            code: "SL-F203",
            file: CONFIG,
            text: with("\"hosts\": [\"tcp://0.0.0.0:2376\"]"),
            words: in_both_places,
        },
        Break {
            code: "SL-F205",
            file: CONFIG,
            text: with("\"tlsverify\": true"),
            words: "Could not load X509 key pair (cert: \"\", key: \"\"): open : no such file or directory",
        },
        Break {
            code: "SL-F220",
            file: DROP_IN,
            text: unit.replace("--tlscacert=/etc/docker/sealock/", "--tlscacert=sealock/"),
            words: "sealock/live/ca.pem",
        },
    ];
    for broken in &breaks {
        host.write(broken.file, &broken.text);
        if broken.code == "SL-F205" {
            host.write(DROP_IN, &unit.replace(" --tlsverify ", " "));
        }
        let _ = host.sh("systemctl daemon-reload").ok();
        broken.told(host, "latent");
        let said = host.fails();
        assert!(said.contains(broken.words), "{}:\n{said}", broken.words);
        broken.told(host, "down");
        if broken.code == "SL-F203" {
            host.is_given_up();
            broken.told(host, "down");
            // Mended, and systemd does not try any more.
            host.write(CONFIG, &json);
            host.told("SL-F207", "down");
        }
        host.write(CONFIG, &json);
        host.write(DROP_IN, &unit);
        host.restart();
        host.check().expect_nothing();
    }
    states(host, &unit);
    no_unix_socket(host, &unit);
    nothing_passed(host);
    swarm(host, &json);
}

/// A file of the unit that keeps dockerd from starting.
struct Break {
    code: &'static str,
    file: &'static str,
    text: String,
    /// What both dockerd and the finding say of it.
    words: &'static str,
}

impl Break {
    #[track_caller]
    fn told(&self, host: &Host, severity: &str) {
        let found = host.told(self.code, severity);
        let cause = &found.finding(self.code)["spots"][0]["cause"];
        assert!(cause.as_str().unwrap().contains(self.words), "{found}");
    }
}

/// What becomes of a unit whose files are sound.
fn states(host: &Host, unit: &str) {
    host.write(DROP_IN, &unit.replace("dockerd ", "dockerd --debug "));
    host.told("SL-F213", "latent");
    host.write(DROP_IN, unit);
    host.restart();
    let pid = host
        .machine
        .systemctl(&["show", "-P", "MainPID", "docker.service"])
        .ok();
    let _ = host.sh(&format!("kill -STOP {pid}"));
    let silent = host.check();
    let _ = host.sh(&format!("kill -CONT {pid}"));
    silent.expect_first("SL-F210");
    // Between this host and itself: dockerd has opened the port, and nobody gets through.
    let reject = "INPUT -p tcp --dport 2376 -j REJECT --reject-with tcp-reset";
    let _ = host.sh(&format!("iptables -I {reject}")).ok();
    host.told("SL-F221", "down");
    let _ = host.sh(&format!("iptables -D {reject}")).ok();
    let _ = host
        .machine
        .systemctl(&["stop", "docker.service", "docker.socket"])
        .ok();
    host.told("SL-F211", "down");
    host.restart();
    host.check().expect_nothing();
}

/// dockerd starts, and the docker command of the host waits for ever.
fn no_unix_socket(host: &Host, unit: &str) {
    host.write(DROP_IN, &unit.replace(" -H fd://", ""));
    let _ = host.sh("systemctl daemon-reload").ok();
    host.told("SL-F214", "latent");
    host.restart();
    let docker = host.sh("timeout 2 docker version");
    assert!(docker.code != 0, "{docker}");
    host.told("SL-F214", "locked-out");
    host.write(DROP_IN, unit);
    host.restart();
    host.check().expect_nothing();
}

/// A unit that somebody copied, and left the socket out of.
fn nothing_passed(host: &Host) {
    let own = "/etc/systemd/system/docker.service";
    let _ = host
        .sh(&format!(
            "sed /docker.socket/d /lib/systemd/system/docker.service > {own}; systemctl daemon-reload; \
             systemctl stop docker.service docker.socket"
        ))
        .ok();
    let said = host.fails();
    let words =
        "no sockets found via socket activation: make sure the service was started by systemd";
    assert!(said.contains(words), "{said}");
    host.told("SL-F219", "down");
    let _ = host.sh(&format!("rm {own}")).ok();
    host.restart();
    host.check().expect_nothing();
}

/// live-restore came into the file after the host had joined a swarm.
fn swarm(host: &Host, json: &str) {
    let words = "--live-restore daemon configuration is incompatible with swarm mode";
    host.write(CONFIG, "{ \"live-restore\": false }\n");
    let _ = host.sh("systemctl reload docker.service").ok();
    wait_for("the reload", Duration::from_secs(10), || {
        host.sh("docker info -f '{{.LiveRestoreEnabled}}'").stdout == "false\n"
    });
    let _ = host.sh("docker swarm init --advertise-addr 127.0.0.1").ok();
    host.write(CONFIG, json);
    let latent = host.told("SL-F216", "latent");
    assert!(latent.to_string().contains(words), "{latent}");
    let said = host.fails();
    assert!(said.contains(words), "{said}");
    host.told("SL-F216", "down");
    host.write(CONFIG, "{}\n");
    host.restart();
    let _ = host.sh("docker swarm leave --force").ok();
}
