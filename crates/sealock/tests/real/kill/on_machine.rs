//! A whole Debian 12: docker.service as its package ships it, with a container.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sealock_testkit::kill::Program;
use sealock_testkit::process::becomes;
use sealock_testkit::{Container, Machine, Outcome, Scratch, Suite};

use super::by_hand::stranger;
use super::site::{Files, Site, files};
use crate::common::program;

const ADDRESS: &str = "127.0.0.1:2376";

/// A machine under systemd.
pub(super) struct OnMachine {
    machine: Machine,
    container: Mutex<Container>,
}

impl OnMachine {
    pub(super) fn new() -> Self {
        let machine = Machine::builder(Suite::Bookworm).program(program()).boot();
        let scratch = Scratch::new("stranger");
        stranger(scratch.path());
        for name in ["stranger.pem", "stranger.key"] {
            machine.write(
                &format!("/root/{name}"),
                0o600,
                std::fs::read(scratch.join(name)).unwrap(),
            );
        }
        let container = Mutex::new(machine.run_container("first"));
        Self { machine, container }
    }

    fn ask(&self, path: &str) -> String {
        let url = format!("http://d{path}");
        self.machine
            .exec(&[
                "curl",
                "-s",
                "-m",
                "10",
                "--unix-socket",
                "/run/docker.sock",
                &url,
            ])
            .stdout
    }
}

impl Site for OnMachine {
    fn words(&self, verb: &[&str]) -> Vec<String> {
        verb.iter().map(|word| (*word).to_owned()).collect()
    }

    fn up_words(&self) -> Vec<String> {
        self.words(&[
            "up",
            "--yes",
            "--listen",
            ADDRESS,
            "--name",
            "localhost",
            "--client",
            "alice",
        ])
    }

    fn program(&self, words: &[String]) -> Program<'_> {
        let words: Vec<&str> = std::iter::once("sealock")
            .chain(words.iter().map(String::as_str))
            .collect();
        Program::inside(&self.machine, &words)
    }

    fn run(&self, words: &[String]) -> Outcome {
        let words: Vec<&str> = std::iter::once("sealock")
            .chain(words.iter().map(String::as_str))
            .collect();
        self.machine.exec(&words)
    }

    fn curl(&self, words: &[&str]) -> Outcome {
        let words: Vec<&str> = std::iter::once("curl")
            .chain(words.iter().copied())
            .collect();
        self.machine.exec(&words)
    }

    fn address(&self) -> String {
        ADDRESS.to_owned()
    }

    fn home(&self) -> PathBuf {
        self.machine.path("/var/lib/sealock")
    }

    fn config(&self) -> PathBuf {
        self.machine.path("/etc/sealock/sealock.toml")
    }

    fn for_curl(&self, path: &Path) -> String {
        let root = self.machine.path("/");
        Path::new("/")
            .join(path.strip_prefix(root).unwrap())
            .display()
            .to_string()
    }

    fn foreign(&self) -> [String; 2] {
        ["/root/stranger.pem", "/root/stranger.key"].map(str::to_owned)
    }

    fn host_files(&self) -> Files {
        files(&self.machine.path("/etc"))
    }

    fn wait_for_children(&self) {
        let quiet =
            "! pgrep -x systemctl >/dev/null && test -z \"$(systemctl list-jobs --no-legend)\"";
        assert!(
            becomes(Duration::from_secs(90), || self.machine.sh(quiet).code == 0),
            "systemd does not come to rest"
        );
    }

    /// 20.10 cannot judge a configuration: here every state of the files is started from, see `power_cut`.
    fn validate(&self) -> Outcome {
        self.machine.exec(&["true"])
    }

    fn power_cut(&self) -> Outcome {
        self.machine.sh("systemctl stop docker.service docker.socket; systemctl daemon-reload; \
                         systemctl reset-failed docker.service docker.socket; systemctl start docker.socket docker.service")
    }

    fn container(&self) -> Option<u32> {
        let id = self.container.lock().unwrap().id.clone();
        let value: serde_json::Value =
            serde_json::from_str(&self.ask(&format!("/containers/{id}/json"))).ok()?;
        let pid = value["State"]["Pid"]
            .as_u64()
            .and_then(|pid| u32::try_from(pid).ok())?;
        (pid != 0).then_some(pid)
    }

    fn container_at_first(&self) -> u32 {
        self.container.lock().unwrap().pid
    }

    fn new_container(&self) {
        let name = format!("after-{}", self.container_at_first());
        *self.container.lock().unwrap() = self.machine.run_container(&name);
    }

    fn restarts_from_files(&self) -> bool {
        let words = ["show", "docker.service", "-p", "NeedDaemonReload"];
        self.machine.systemctl(&words).stdout.trim() == "NeedDaemonReload=no"
    }

    fn live_restore(&self) -> bool {
        self.ask("/info").contains("\"LiveRestoreEnabled\":true")
    }
}
