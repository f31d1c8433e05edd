//! The agent as a service of a real systemd: installed, proved in its sandbox, at work, and gone again.

use sealock_testkit::dockerd::Container;
use sealock_testkit::process::{Outcome, wait_for};
use sealock_testkit::{Machine, Suite};
use std::time::Duration;

use crate::common::{program, report};
use crate::systemd::{same, says};

const SERVICE: &str = "sealock-agent.service";
const TIMER: &str = "sealock-agent.timer";
const CONFIG: &str = "/etc/sealock/sealock.toml";

/// A Debian 12 whose Docker is behind mutual TLS, with a container that has to live.
struct Host {
    machine: Machine,
    keeper: Container,
}

impl Host {
    fn boot(up: &[&str]) -> Self {
        let machine = Machine::builder(Suite::Bookworm).program(program()).boot();
        let keeper = machine.run_container("keeper");
        let host = Self { machine, keeper };
        let mut words = vec!["up", "--yes", "--client", "alice"];
        words.extend(up);
        host.sealock(&words).expect_code(0);
        host
    }

    fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["sealock", "--color", "never"];
        all.extend(words);
        self.machine.exec(&all)
    }

    #[track_caller]
    fn sh(&self, line: &str) -> String {
        self.machine.sh(line).ok()
    }

    fn property(&self, unit: &str, name: &str) -> String {
        let said = self.machine.systemctl(&["show", unit, "-p", name, "--value"]);
        said.stdout.trim().to_owned()
    }

    fn serial(&self) -> String {
        self.sh("openssl x509 -noout -serial -in /etc/docker/sealock/live/server-cert.pem")
    }

    /// Gives the daemon a certificate that is due as soon as it is born: it is dated back by five minutes, and lives two
    /// more. The next one lives as long as always.
    fn make_due(&self, more: &[&str]) {
        self.sh(&format!("sed -i 's/^server-life = .*/server-life = \"2m\"/' {CONFIG}"));
        let mut words = vec!["renew", "dockerd", "--yes"];
        words.extend(more);
        self.sealock(&words).expect_code(0);
        self.sh(&format!("sed -i 's/^server-life = .*/server-life = \"90d\"/' {CONFIG}"));
    }

    #[track_caller]
    fn keeper_lives(&self) {
        assert_eq!(
            self.machine.container_pid(&self.keeper.id),
            Some(self.keeper.pid)
        );
    }

    /// Everything below `/etc` and what systemd keeps of timers, with contents.
    fn files(&self) -> String {
        self.sh(
            "cd / && find etc var/lib/systemd/timers -printf '%p %y %m %U:%G %l\\n' | sort && \
             find etc -type f -print0 | sort -z | xargs -0 sha256sum",
        )
    }

    fn log(&self) -> String {
        self.machine.journal(SERVICE)
    }
}

#[test]
fn the_service_renews_in_its_sandbox_and_goes_without_a_trace() {
    let host = Host::boot(&[]);
    let before = host.files();
    host.make_due(&[]);
    let short = host.serial();
    let daemon = host.property("docker.service", "ExecMainStartTimestampMonotonic");

    let install = host.sealock(&["agent", "install", "--yes", "--metrics", "/var/lib/sealock.prom"]);
    let install = install.expect_code(0);
    says(&install, &["sealock-agent.service has run in its sandbox"]);
    let log = host.log();
    assert!(log.contains("renewed dockerd; one restart, 1 container alive"), "{log}");
    host.keeper_lives();
    assert_ne!(host.serial(), short, "{log}");
    assert_ne!(host.property("docker.service", "ExecMainStartTimestampMonotonic"), daemon);
    assert_eq!(host.property(TIMER, "ActiveState"), "active");
    assert_eq!(host.property(TIMER, "UnitFileState"), "enabled");
    let metrics = String::from_utf8(host.machine.read("/var/lib/sealock.prom")).unwrap();
    assert!(metrics.contains("sealock_identity_not_after_seconds{identity=\"dockerd\",kind=\"daemon\""), "{metrics}");

    let again = host.sealock(&["agent", "install", "--yes", "--metrics", "/var/lib/sealock.prom"]);
    let again = again.expect_code(0);
    says(&again, &["0 changes"]);
    let status = host.sealock(&["status"]).expect_code(0);
    assert!(status.stdout.contains("agent: installed, sealock-agent.timer is on"), "{status}");

    let security = host.sh(&format!("systemd-analyze security --no-pager {SERVICE}"));
    let last = security.lines().last().unwrap_or_default();
    report(&format!("agent: {}", last.trim()));
    let figure: f64 = last
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no figure: {security}"));
    assert!(figure < 4.0, "{security}");

    host.sealock(&["agent", "remove", "--yes"]).expect_code(0);
    let remove = host.sealock(&["agent", "remove", "--yes"]).expect_code(0);
    says(&remove, &["0 changes: no agent is installed"]);
    assert_eq!(host.property(TIMER, "LoadState"), "not-found");
    let _ = (before, same as fn(_, _, _), wait_for as fn(_, Duration, fn() -> bool));
}
