//! Docker as Debian ships it, under a real systemd: 20.10 on Debian 12, 26.1 on Debian 13, 28.5 on Debian 12.
//!
//! Every system goes through every scenario. A scenario ends in one of two ways: cloaked, proved from another
//! network namespace by curl and the docker CLI, and put back byte for byte with the same containers running; or
//! a clear error, and nothing changed.

mod off;
mod open_ports;
mod refused;
mod replaced;
mod stock;
mod swarm;
mod user_files;

use std::cell::RefCell;
use std::process::Command;

use sealock_testkit::dockerd::Container;
use sealock_testkit::process::Outcome;
use sealock_testkit::{Machine, Network, Scratch, Suite, Version, lab};

use crate::common::program;

/// Makes a test of each scenario on each system.
macro_rules! on_every_system {
    ($($scenario:path => $name:ident),+ $(,)?) => {
        mod debian_12 {
            $(#[test] fn $name() { $scenario(&super::Host::boot(super::System::Debian12)); })+
        }
        mod debian_13 {
            $(#[test] fn $name() { $scenario(&super::Host::boot(super::System::Debian13)); })+
        }
        mod docker_28 {
            $(#[test] fn $name() { $scenario(&super::Host::boot(super::System::Docker28)); })+
        }
    };
}

on_every_system! {
    super::stock::scenario => a_stock_unit,
    super::user_files::scenario => files_of_the_user_survive,
    super::refused::scenario => what_cannot_work_is_refused,
    super::open_ports::scenario => open_ports_are_closed,
    super::replaced::scenario => foreign_tls_is_replaced,
    super::off::scenario => a_daemon_that_was_off,
    super::swarm::scenario => a_swarm_node,
}

/// The drop-in that sealock writes.
const DROP_IN: &str = "/etc/systemd/system/docker.service.d/zz-sealock.conf";
/// A drop-in as administrators write it.
const OVERRIDE: &str = "/etc/systemd/system/docker.service.d/override.conf";
const CONFIG: &str = "/etc/docker/daemon.json";

/// A release with its Docker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Debian12,
    Debian13,
    Docker28,
}

/// A machine with a container that has to outlive everything, and the world outside of it.
struct Host {
    machine: Machine,
    system: System,
    keeper: Container,
    /// The container's process and when it began: its number alone may be given again.
    life: RefCell<(u32, String)>,
    outside: Outside,
}

impl Host {
    fn boot(system: System) -> Self {
        let builder = match system {
            System::Debian12 => Machine::builder(Suite::Bookworm),
            System::Debian13 => Machine::builder(Suite::Trixie),
            System::Docker28 => Machine::builder(Suite::Bookworm).docker(Version::V28),
        };
        let machine = builder.program(program()).boot();
        let keeper = machine.run_container("keeper");
        let life = RefCell::new((keeper.pid, began(&machine, keeper.pid)));
        let outside = Outside::new(machine.network().clone(), machine.address());
        Self {
            machine,
            system,
            keeper,
            life,
            outside,
        }
    }

    fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["sealock", "--color", "never"];
        all.extend(words);
        self.machine.exec(&all)
    }

    fn up(&self, more: &[&str]) -> Outcome {
        let mut words = vec!["up", "--yes", "--client", "alice"];
        words.extend(more);
        self.sealock(&words)
    }

    /// A line of shell that has to go well.
    #[track_caller]
    fn sh(&self, line: &str) -> String {
        self.machine.sh(line).ok()
    }

    /// The daemon takes over what the scenario wrote about it. Where that ends the container, it is started again and
    /// counts from then on.
    #[track_caller]
    fn restart(&self) {
        // A daemon with a unix socket of its own takes away the one that systemd made; so that is made again too.
        let line = "systemctl daemon-reload; systemctl reset-failed docker.service docker.socket 2>/dev/null; \
                    systemctl stop docker.service docker.socket && systemctl start docker.socket && systemctl start docker.service";
        // On a busy machine dockerd gives its containerd up after 15 seconds, and systemd may have no process to give: neither
        // is what these tests ask. What is wrong with the unit itself fails each time.
        let mut outcome = self.machine.sh(line);
        for _ in 0..2 {
            if outcome.code == 0 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_secs(2));
            outcome = self.machine.sh(line);
        }
        assert!(
            outcome.code == 0,
            "{outcome}\n{}",
            self.machine.sh("journalctl --no-pager -n 60 -u docker.service -u docker.socket -u containerd.service")
        );
        if self.keeper_pid().is_none() {
            self.machine.start_again(&self.keeper.id);
        }
        let pid = self.keeper_pid().expect("a container that runs");
        *self.life.borrow_mut() = (pid, began(&self.machine, pid));
    }

    fn keeper_pid(&self) -> Option<u32> {
        self.machine.container_pid(&self.keeper.id)
    }

    /// Everything below `/etc`: kinds, modes, owners, link targets, contents, and times of files.
    fn etc(&self) -> String {
        self.sh(
            "cd /etc && find . -printf '%p %y %m %U:%G %l\\n' | sort && find . -type f -printf '%p %T@\\n' | sort && \
             find . -type f -print0 | sort -z | xargs -0 sha256sum",
        )
    }

    /// Every file of ours and of the daemon's with its inode and times, but for the lock: whoever writes, shows here.
    fn untouched(&self) -> String {
        self.sh("find /etc/docker /etc/systemd /etc/sealock /var/lib/sealock /etc/default/docker -type f ! -name lock -printf '%p %i %T@ %C@\\n' | sort")
    }

    /// The container runs, and is the same process.
    #[track_caller]
    fn keeper_lives(&self) {
        let (pid, since) = self.life.borrow().clone();
        assert_eq!(
            self.keeper_pid(),
            Some(pid),
            "{}",
            self.machine.journal("docker.service")
        );
        assert_eq!(began(&self.machine, pid), since);
    }

    /// Cloaks, proves from outside, applies again without a change, does `meanwhile`, and puts everything back:
    /// `/etc` is as before, and the container never noticed.
    #[track_caller]
    fn there_and_back(&self, more: &[&str], meanwhile: impl FnOnce(&Outcome)) {
        let before = self.etc();
        let live_restore = self.live_restore();
        let up = self.up(more).expect_code(0);
        self.keeper_lives();
        self.is_cloaked();
        self.second_apply_changes_nothing();
        meanwhile(&up);
        self.comes_back(&before, more);
        assert_eq!(self.live_restore(), live_restore);
        self.keeper_lives();
    }

    #[track_caller]
    fn comes_back(&self, before: &str, more: &[&str]) {
        let mut down = vec!["down", "--yes"];
        // Whoever consented to the way there consents to the way back.
        let mut words = more.iter();
        while let Some(word) = words.next() {
            if *word == "--accept" {
                down.extend(["--accept", words.next().expect("a risk")]);
            }
        }
        let down = self.sealock(&down).expect_code(0);
        same(before, &self.etc(), &down);
        assert!(self.machine.docker(&["version"]).code == 0, "{down}");
    }

    #[track_caller]
    fn second_apply_changes_nothing(&self) {
        let before = self.untouched();
        let apply = self.sealock(&["apply", "--yes"]).expect_code(0);
        assert!(apply.stderr.contains("0 changes"), "{apply}");
        same(&before, &self.untouched(), &apply);
        let status = self.sealock(&["status"]).expect_code(0);
        assert!(status.stdout.contains("healthy"), "{status}");
    }

    /// The rightful client gets in from outside, over TLS 1.2 and 1.3, and nobody else.
    #[track_caller]
    fn is_cloaked(&self) {
        self.hand_over();
        self.outside.only_alice_gets_in(&self.keeper.id);
    }

    /// The same on a host where nothing runs.
    #[track_caller]
    fn is_cloaked_without_containers(&self) {
        self.hand_over();
        self.outside.only_alice_gets_in("");
    }

    #[track_caller]
    fn hand_over(&self) {
        let _ = self
            .sealock(&["client", "bundle", "alice", "-o", "/run/alice.tar"])
            .ok();
        self.outside.take(&self.machine.read("/run/alice.tar"));
    }

    /// An error that names `words`, with this exit code, and nothing of `/etc` changed.
    #[track_caller]
    fn refuses(&self, more: &[&str], code: i32, words: &[&str]) -> Outcome {
        let before = self.etc();
        let running = self.main_pid();
        let up = self.up(more).expect_code(code);
        says(&up, words);
        same(&before, &self.etc(), &up);
        assert_eq!(running, self.main_pid(), "the daemon was restarted: {up}");
        up
    }

    fn main_pid(&self) -> String {
        self.machine
            .systemctl(&["show", "docker.service", "-p", "MainPID,ActiveState"])
            .stdout
    }

    fn active(&self) -> String {
        let said = self.machine.systemctl(&["is-active", "docker.service"]);
        said.stdout.trim().to_owned()
    }

    fn live_restore(&self) -> String {
        self.machine
            .docker(&["info", "-f", "{{.LiveRestoreEnabled}}"])
            .stdout
    }

    /// What the drop-in makes systemd run.
    fn exec_start(&self) -> String {
        let text = String::from_utf8(self.machine.read(DROP_IN)).expect("text");
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("ExecStart="))
            .collect();
        assert!(lines.len() == 2 && lines[0] == "ExecStart=", "{text}");
        lines[1].to_owned()
    }
}

/// When a process began, as the kernel has it.
fn began(machine: &Machine, pid: u32) -> String {
    let stat = machine.exec(&["cat", &format!("/proc/{pid}/stat")]).ok();
    stat.split(' ')
        .nth(21)
        .expect("the time of a process's start")
        .to_owned()
}

/// The command told the person all of `words`, wherever it broke the lines.
#[track_caller]
pub(crate) fn says(outcome: &Outcome, words: &[&str]) {
    let said = outcome
        .stderr
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    for word in words {
        assert!(said.contains(word), "`{word}` is missing: {outcome}");
    }
}

/// Two listings are one.
#[track_caller]
pub(crate) fn same(before: &str, after: &str, what: &Outcome) {
    let missing: Vec<&str> = before
        .lines()
        .filter(|line| !after.lines().any(|other| other == *line))
        .collect();
    let new: Vec<&str> = after
        .lines()
        .filter(|line| !before.lines().any(|other| other == *line))
        .collect();
    assert!(
        before == after,
        "gone:\n{}\nnew:\n{}\nafter {what}",
        missing.join("\n"),
        new.join("\n")
    );
}

/// Another network namespace, and what alice was handed over.
pub(crate) struct Outside {
    network: Network,
    files: Scratch,
    address: String,
}

impl Outside {
    pub(crate) fn new(network: Network, address: &str) -> Self {
        Self {
            network,
            files: Scratch::new("outside"),
            address: address.to_owned(),
        }
    }

    /// Unpacks a bundle as somebody without sealock would.
    #[track_caller]
    pub(crate) fn take(&self, archive: &[u8]) {
        let path = self.files.write("alice.tar", archive);
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(self.files.path()).arg("-xf").arg(path);
        let _ = self.network.run(&tar).ok();
    }

    /// curl asks `/_ping`; `ours` are the files of alice that it gets.
    fn curl(&self, url: &str, ours: &[&str], more: &[&str]) -> Outcome {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "20"])
            .args(more);
        for name in ours {
            curl.arg(match *name {
                "ca.pem" => "--cacert",
                "cert.pem" => "--cert",
                _ => "--key",
            });
            curl.arg(self.files.join(name));
        }
        self.network.run(curl.arg(url))
    }

    /// Asks in clear. The answer `OK` would mean that anybody is root.
    pub(crate) fn plain(&self, port: u16) -> Outcome {
        self.curl(&format!("http://{}:{port}/_ping", self.address), &[], &[])
    }

    /// curl and the docker CLI get in as alice; without her certificate and in clear nobody does.
    #[track_caller]
    pub(crate) fn only_alice_gets_in(&self, container: &str) {
        let url = format!("https://{}:2376/_ping", self.address);
        for version in [
            ["--tlsv1.2", "--tls-max", "1.2"],
            ["--tlsv1.3", "--tls-max", "1.3"],
        ] {
            assert_eq!(
                self.curl(&url, &["ca.pem", "cert.pem", "key.pem"], &version)
                    .ok(),
                "OK"
            );
            let nobody = self.curl(&url, &["ca.pem"], &version);
            assert!(
                nobody.code != 0 && !nobody.stdout.contains("OK"),
                "{nobody}"
            );
        }
        let clear = self.plain(2376);
        assert!(clear.code != 0 && !clear.stdout.contains("OK"), "{clear}");
        for version in [Version::V20, Version::V28] {
            let mut docker = Command::new(lab().docker_cli(version));
            docker
                .env_clear()
                .env("HOME", self.files.path())
                .env("DOCKER_HOST", format!("tcp://{}:2376", self.address))
                .env("DOCKER_TLS_VERIFY", "1")
                .env("DOCKER_CERT_PATH", self.files.path())
                .args(["ps", "--no-trunc", "-q"]);
            let listed = self.network.run(&docker).ok();
            assert!(listed.contains(container), "{listed}");
        }
    }
}
