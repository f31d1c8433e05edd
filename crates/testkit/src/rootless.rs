//! A rootless dockerd: an unprivileged user's own, under that user's systemd, in a machine.
//!
//! Two things are as they are for every rootless user. The daemon lives in a network namespace of
//! rootlesskit's: a TCP listener in `daemon.json` is reachable from the machine only through
//! `DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS=-p ADDRESS:PORT:PORT/tcp` in the user unit's environment.
//! And the unit that Docker's set-up script writes has `KillMode=mixed`: a restart ends the
//! containers whatever `live-restore` says.

use std::time::Duration;

use crate::dockerd::{Container, IMAGE, container_pid, import_arguments, run_arguments};
use crate::lab::{Suite, lab};
use crate::machine::Machine;
use crate::process::{Outcome, becomes};

/// A machine in which the user [`Rootless::USER`] runs dockerd without root.
#[derive(Debug)]
pub struct Rootless {
    machine: Machine,
}

impl Rootless {
    /// The user's name; the home is `/home/worker`.
    pub const USER: &'static str = "worker";

    /// Boots a machine of `suite`, stops the system's Docker and sets up the user's.
    ///
    /// # Panics
    /// When it does not come up, with the user unit's journal.
    #[must_use]
    pub fn boot(suite: Suite) -> Self {
        Self::set_up(Machine::builder(suite).name("rootless").boot())
    }

    /// Sets up the user's Docker in `machine`, as Docker's own set-up script does it (which
    /// expects the client beside itself, where Debian does not put it).
    ///
    /// # Panics
    /// When it does not come up.
    #[must_use]
    pub fn set_up(machine: Machine) -> Self {
        let this = Self { machine };
        let _ = this
            .machine
            .sh(
                "set -e; systemctl disable --now docker.service docker.socket 2>&1; \
                 ln -s /usr/bin/docker /usr/share/docker.io/contrib/docker; \
                 useradd --create-home --shell /bin/bash worker; \
                 loginctl enable-linger worker",
            )
            .ok();
        assert!(
            becomes(Duration::from_secs(20), || this
                .sh("systemctl --user is-system-running")
                .stdout
                .contains("running")),
            "the user's systemd does not come up: {}",
            this.sh("systemctl --user is-system-running")
        );
        let _ = this
            .sh("PATH=/usr/share/docker.io/contrib:$PATH \
                 dockerd-rootless-setuptool.sh install --skip-iptables 2>&1")
            .ok();
        assert!(
            becomes(Duration::from_secs(30), || this.docker(&["version"]).code
                == 0),
            "rootless dockerd does not answer: {}\n{}",
            this.docker(&["version"]),
            this.journal()
        );
        this
    }

    /// The machine it lives in.
    #[must_use]
    pub fn machine(&self) -> &Machine {
        &self.machine
    }

    /// The user's socket, inside the machine.
    #[must_use]
    pub fn socket(&self) -> String {
        let uid = self.machine.exec(&["id", "-u", Self::USER]).ok();
        format!("/run/user/{}/docker.sock", uid.trim())
    }

    /// Runs a line of shell as the user, with the session bus.
    #[must_use]
    pub fn sh(&self, line: &str) -> Outcome {
        self.machine.sh_as(Self::USER, line)
    }

    /// `docker WORDS` as the user, over the user's socket.
    #[must_use]
    pub fn docker(&self, words: &[&str]) -> Outcome {
        let words: Vec<String> = words
            .iter()
            .map(|word| crate::dockerd::quoted(word))
            .collect();
        let line = format!(
            "DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock docker {}",
            words.join(" ")
        );
        self.sh(&line)
    }

    /// Runs a container that does nothing for an hour.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn run_container(&self, name: &str) -> Container {
        if self.docker(&["image", "inspect", IMAGE]).code != 0 {
            let inside = "/home/worker/busybox.tar";
            let image = std::fs::read(lab().image()).expect("the image");
            self.machine.write(inside, 0o644, image);
            let _ = self.docker(&import_arguments(inside)).ok();
        }
        let id = self.docker(&run_arguments(name)).ok().trim().to_owned();
        let pid = self.container_pid(&id).expect("a container that runs");
        Container { id, pid }
    }

    /// The process id of a container's first process, in dockerd's own pid namespace.
    #[must_use]
    pub fn container_pid(&self, id: &str) -> Option<u32> {
        container_pid(&self.docker(&["inspect", "-f", "{{.State.Pid}}", id]))
    }

    /// The journal of the user's docker.service.
    #[must_use]
    pub fn journal(&self) -> String {
        self.sh(
            "systemctl --user status docker.service --no-pager -l -n 40; \
                 journalctl --user --no-pager -o cat -n 40 2>&1",
        )
        .stdout
    }
}
