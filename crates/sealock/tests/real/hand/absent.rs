//! A daemon at the usual places, without a `daemon.json`: in a mount namespace with an `/etc` and a `/run` of its own,
//! because this machine may have a Docker there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::Dockerd;
use sealock_testkit::lab::{Version, lab};
use sealock_testkit::process::{Outcome, free_port, run, wait_for};

use crate::common::Sealock;

struct Place {
    keeper: Child,
    /// Never started by the testkit, which would say where its files are; it ends what is left behind.
    daemon: Dockerd,
}

impl Place {
    fn new() -> Self {
        let daemon = Dockerd::builder(Version::V28).prepare();
        let folder = daemon.folder().display();
        let words = daemon.command_line().iter();
        let plain: Vec<_> = words
            .filter(|word| !word.starts_with("--config-file") && !word.starts_with("--host"))
            .map(String::as_str)
            .collect();
        // What the testkit's own script does, with the socket where everybody expects it.
        let script = fs::read_to_string(daemon.restart_script()).unwrap();
        let script: Vec<String> = script
            .lines()
            .map(|line| match line.contains("setsid") {
                true => format!(
                    "env -i PATH={} HOME=/root setsid {} >>log 2>&1 </dev/null &",
                    lab().docker_path(Version::V28),
                    plain.join(" ")
                ),
                false => line.replace("d.sock", "/var/run/docker.sock"),
            })
            .collect();
        fs::write(daemon.restart_script(), script.join("\n") + "\n").unwrap();
        let setup = format!(
            "set -e; mount --make-rprivate /; mount -t tmpfs tmpfs /run; cd {folder}; mkdir upper work\n\
             mount -t overlay overlay -o lowerdir=/etc,upperdir=upper,workdir=work /etc\n\
             rm -rf /etc/docker; touch ready; exec tail -f {folder}/ready"
        );
        let keeper = Command::new("unshare")
            .args(["-m", "sh", "-c", &setup])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let ready = daemon.folder().join("ready");
        wait_for("the namespace", Duration::from_secs(10), || ready.exists());
        let place = Self { keeper, daemon };
        let _ = place.sh("exec ./restart").ok();
        place
    }

    fn inside(&self, command: &Command) -> Outcome {
        let mut inside = Command::new("nsenter");
        inside.arg("-m").args(["-t", &self.keeper.id().to_string()]);
        inside.arg(format!("--wd={}", self.daemon.folder().display()));
        inside.arg(command.get_program()).args(command.get_args());
        inside.env_clear();
        for (name, value) in command.get_envs() {
            inside.env(name, value.unwrap());
        }
        run(&mut inside)
    }

    fn sh(&self, line: &str) -> Outcome {
        self.inside(
            Command::new("sh")
                .args(["-c", line])
                .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        )
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.sh("./stop");
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

#[test]
fn a_daemon_json_that_was_not_there_is_made_and_goes_again() {
    let place = Place::new();
    let ours = place.daemon.folder().join("sealock");
    fs::create_dir(&ours).unwrap();
    let sealock = Sealock::in_folder(&ours);
    let restart = place.daemon.restart_script().display().to_string();
    let listen = format!("127.0.0.1:{}", free_port());
    let up = [
        "up",
        "--yes",
        "--listen",
        &listen,
        "--restart-command",
        &restart,
    ];
    assert_eq!(place.sh("ls -A /etc/docker").code, 2, "no folder at first");
    let up = place.inside(&sealock.command(&up)).expect_code(0);
    assert!(up.stdout.contains(&listen), "{up}");
    let made = place.sh("cat /etc/docker/daemon.json").ok();
    assert!(made.contains("unix:///var/run/docker.sock"), "{made}");
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!(made["tlsverify"], true, "{made}");
    let apply = place.inside(&sealock.command(&["apply", "--yes"]));
    let apply = apply.expect_code(0);
    assert!(apply.stderr.starts_with("0 changes"), "{apply}");
    let down = place.inside(&sealock.command(&["down", "--yes"]));
    let _ = down.expect_code(0);
    assert_eq!(place.sh("ls -A /etc/docker").code, 2, "no folder at last");
    let ping = "curl -sf --unix-socket /var/run/docker.sock http://d/_ping";
    assert_eq!(place.sh(ping).ok(), "OK");
    let mode = fs::metadata(ours.join("home"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}
