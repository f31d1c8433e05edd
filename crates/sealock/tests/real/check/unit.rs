//! A daemon under a real systemd: what would keep it from starting, what did, and doors that units leave open.

mod door;
mod starts;

use std::time::Duration;

use sealock_testkit::process::wait_for;
use sealock_testkit::{Machine, Outcome, Suite, Version};

use super::ground::Found;
use crate::common::program;

const DROP_IN: &str = "/etc/systemd/system/docker.service.d/zz-sealock.conf";
const CONFIG: &str = "/etc/docker/daemon.json";

#[test]
fn docker_20() {
    everything(Machine::builder(Suite::Bookworm));
}

#[test]
fn docker_28() {
    everything(Machine::builder(Suite::Bookworm).docker(Version::V28));
}

/// One machine for all of it: booting one takes longer than most of what is done in it.
fn everything(builder: sealock_testkit::machine::Builder) {
    let host = Host {
        machine: builder.program(program()).boot(),
    };
    let _ = host.machine.run_container("keeper");
    door::scenario(&host);
    host.machine.start_again("keeper");
    let up = host.sh("sealock up --yes --client alice").expect_code(0);
    assert!(host.check().codes().is_empty(), "{up}\n{}", host.check());
    starts::scenario(&host);
}

struct Host {
    machine: Machine,
}

impl Host {
    fn sh(&self, line: &str) -> Outcome {
        self.machine.sh(line)
    }

    #[track_caller]
    fn check(&self) -> Found {
        Found::of(
            self.machine
                .exec(&["sealock", "--json", "check", "--short", "--timeout=2"]),
        )
    }

    /// What is found first, and how it bites.
    #[track_caller]
    fn told(&self, code: &str, severity: &str) -> Found {
        let found = self.check();
        found.expect_first(code);
        assert_eq!(found.finding(code)["severity"], severity, "{found}");
        found
    }

    fn state(&self) -> String {
        let said = self
            .machine
            .systemctl(&["show", "-P", "ActiveState", "docker.service"]);
        said.stdout.trim().to_owned()
    }

    /// Starts docker.service again, whatever became of it.
    #[track_caller]
    fn restart(&self) {
        let _ = self
            .sh("systemctl daemon-reload; systemctl reset-failed docker.service docker.socket 2>/dev/null; \
                 systemctl start docker.socket; systemctl restart docker.service")
            .ok();
    }

    /// Restarts it in vain. What it said.
    #[track_caller]
    fn fails(&self) -> String {
        let restart = self.sh(
            "systemctl daemon-reload; systemctl reset-failed docker.service docker.socket 2>/dev/null; \
             systemctl restart docker.service",
        );
        assert!(restart.code != 0, "{restart}");
        self.machine.journal("docker.service").replace('\\', "")
    }

    /// Restarts it until systemd gives up.
    #[track_caller]
    fn is_given_up(&self) {
        let _ = self.sh("for i in 1 2 3 4; do systemctl restart docker.service; done");
        wait_for("systemd to give up", Duration::from_secs(30), || {
            self.state() == "failed"
        });
    }

    fn write(&self, inside: &str, text: &str) {
        self.machine.write(inside, 0o644, text);
    }

    fn read(&self, inside: &str) -> String {
        String::from_utf8(self.machine.read(inside)).unwrap()
    }
}
