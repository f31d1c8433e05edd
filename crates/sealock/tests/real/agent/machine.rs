//! The agent as a service of a real systemd: installed, proved in its sandbox, at work, and gone again.

use std::time::Duration;

use sealock_testkit::dockerd::Container;
use sealock_testkit::process::{Outcome, wait_for};
use sealock_testkit::{Machine, Suite};

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
        let said = self
            .machine
            .systemctl(&["show", unit, "-p", name, "--value"]);
        said.stdout.trim().to_owned()
    }

    fn serial(&self) -> String {
        self.sh("openssl x509 -noout -serial -in /etc/docker/sealock/live/server-cert.pem")
    }

    /// Gives the daemon a certificate that is due as soon as it is born: it is dated back by five minutes, and lives two
    /// more. The next one lives as long as always.
    fn make_due(&self, more: &[&str]) {
        self.sh(&format!(
            "sed -i 's/^server-life = .*/server-life = \"2m\"/' {CONFIG}"
        ));
        let mut words = vec!["renew", "dockerd", "--yes"];
        words.extend(more);
        self.sealock(&words).expect_code(0);
        self.sh(&format!(
            "sed -i 's/^server-life = .*/server-life = \"90d\"/' {CONFIG}"
        ));
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
    refusals(&host);
    same(&before, &host.files(), &host.sealock(&["client", "list"]));

    at_work(&host);
    let status = host.sealock(&["status"]).expect_code(0);
    let words = "agent: installed, sealock-agent.timer is on";
    assert!(status.stdout.contains(words), "{status}");
    figure(&host);
    a_new_place_is_opened(&host);
    what_fails_is_tried_again_soon(&host);

    let remove = host.sealock(&["agent", "remove", "--yes"]).expect_code(0);
    // The daemon's certificate is a newer one, and alice has one place more; of the agent nothing is left.
    for path in [
        "/etc/systemd/system/sealock-agent.service",
        "/etc/systemd/system/sealock-agent.timer",
    ] {
        assert!(!host.machine.path(path).exists(), "{remove}");
    }
    let left = |files: &str| -> String {
        let kept = files
            .lines()
            .filter(|line| !line.contains("etc/docker/") && !line.contains("etc/sealock/"));
        kept.collect::<Vec<_>>().join("\n")
    };
    same(&left(&before), &left(&host.files()), &remove);
    assert_eq!(host.property(TIMER, "LoadState"), "not-found");
    assert_eq!(host.property(SERVICE, "LoadState"), "not-found");
    let again = host.sealock(&["agent", "remove", "--yes"]).expect_code(0);
    says(&again, &["0 changes: no agent is installed"]);
    host.keeper_lives();
}

/// What cannot be installed is refused, and leaves nothing behind.
fn refusals(host: &Host) {
    // A program that the service could not see.
    host.sh("cp /usr/local/bin/sealock /tmp/sealock");
    let hidden = host
        .machine
        .exec(&["/tmp/sealock", "agent", "install", "--yes"])
        .expect_code(1);
    assert!(hidden.stderr.contains("error[SL-U064]"), "{hidden}");
    host.sh("rm /tmp/sealock");
    // A credential that others could read.
    host.machine.write("/root/open", 0o644, "secret\n");
    let open = host
        .sealock(&["agent", "install", "--yes", "--credential", "/root/open"])
        .expect_code(1);
    assert!(
        open.stderr.contains("error[SL-U065]") && open.stderr.contains("0644"),
        "{open}"
    );
    host.sh("rm /root/open");
    // A systemctl that is not there.
    let bare = "env PATH=/nowhere /usr/local/bin/sealock agent install --yes";
    let bare = host.machine.sh(bare).expect_code(1);
    assert!(bare.stderr.contains("error[SL-U066]"), "{bare}");
    // A service that does not do its work: it is proved, and taken back.
    let drop_in = "/etc/systemd/system/sealock-agent.service.d/broken.conf";
    host.machine.write(
        drop_in,
        0o644,
        "[Service]\nExecStart=\nExecStart=/bin/false\n",
    );
    let broken = host.sealock(&["agent", "install", "--yes"]).expect_code(4);
    assert!(broken.stderr.contains("error[SL-U062]"), "{broken}");
    assert!(
        broken.stderr.contains("Result=exit-code, status 1"),
        "{broken}"
    );
    host.sh("rm -r /etc/systemd/system/sealock-agent.service.d && systemctl daemon-reload");
}

/// Installed with a certificate that is due, it renews it at once, and does nothing the second time.
fn at_work(host: &Host) {
    host.make_due(&[]);
    let short = host.serial();
    let daemon = host.property("docker.service", "ExecMainStartTimestampMonotonic");
    let words = [
        "agent",
        "install",
        "--yes",
        "--metrics",
        "/var/lib/sealock.prom",
    ];
    let install = host.sealock(&words).expect_code(0);
    says(&install, &["sealock-agent.service has run in its sandbox"]);
    let log = host.log();
    assert!(
        log.contains("renewed dockerd; one restart, 1 container alive"),
        "{log}"
    );
    host.keeper_lives();
    assert_ne!(host.serial(), short, "{log}");
    assert_ne!(
        host.property("docker.service", "ExecMainStartTimestampMonotonic"),
        daemon
    );
    assert_eq!(host.property(TIMER, "ActiveState"), "active");
    assert_eq!(host.property(TIMER, "UnitFileState"), "enabled");
    let metrics = String::from_utf8(host.machine.read("/var/lib/sealock.prom")).unwrap();
    let series = "sealock_identity_not_after_seconds{identity=\"dockerd\",kind=\"daemon\"";
    assert!(metrics.contains(series), "{metrics}");
    let again = host.sealock(&words).expect_code(0);
    says(&again, &["0 changes"]);
}

/// What systemd itself says of the sandbox.
fn figure(host: &Host) {
    let security = host.sh(&format!("systemd-analyze security --no-pager {SERVICE}"));
    let last = security.lines().last().unwrap_or_default();
    report(&format!("agent: {}", last.trim()));
    let figure: f64 = last
        .split_whitespace()
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no figure: {security}"));
    assert!(figure < 4.0, "{security}");
}

/// A place outside of the sandbox is told of, and opened by the next installation; then it is renewed there too.
fn a_new_place_is_opened(host: &Host) {
    host.sh("mkdir /srv/ci");
    host.sealock(&["client", "add", "alice", "--install", "dir:/srv/ci/tls"])
        .expect_code(0);
    host.sh(&format!("systemctl start {SERVICE}"));
    let closed = "/srv/ci/tls is closed to this service; `sealock agent install` opens it";
    assert!(host.log().contains(closed), "{}", host.log());
    let words = [
        "agent",
        "install",
        "--yes",
        "--metrics",
        "/var/lib/sealock.prom",
    ];
    let install = host.sealock(&words).expect_code(0);
    says(&install, &["+ReadWritePaths=/srv/ci/tls"]);
    let before = host.sh("cat /srv/ci/tls/cert.pem");
    host.sh("rm /var/lib/sealock/clients/alice/cert.pem");
    host.sh(&format!("systemctl start {SERVICE}"));
    assert_ne!(
        host.sh("cat /srv/ci/tls/cert.pem"),
        before,
        "{}",
        host.log()
    );
    assert_eq!(host.property(SERVICE, "Result"), "success");
}

/// A look that fails is tried again by itself, long before the timer's rhythm brings the next one.
fn what_fails_is_tried_again_soon(host: &Host) {
    host.make_due(&[]);
    // dockerd refuses to start with it, and says so before anything is restarted.
    let drop_in = "/etc/systemd/system/docker.service.d/zzz-broken.conf";
    host.machine.write(
        drop_in,
        0o644,
        "[Service]\nEnvironment=DOCKER_OPTS=--no-such-flag\n",
    );
    host.sh("systemctl daemon-reload");
    let start = host.machine.systemctl(&["start", SERVICE]);
    assert_ne!(start.code, 0, "{start}");
    let log = host.log();
    assert!(log.contains("failed [SL-H"), "{log}");
    let soon = "sealock-agent-soon.timer";
    assert_eq!(host.property(soon, "ActiveState"), "active", "{log}");
    host.sh(&format!(
        "rm {drop_in} && systemctl daemon-reload && systemctl reset-failed {SERVICE}"
    ));
    host.sh(&format!("systemctl start {SERVICE}"));
    let log = host.log();
    let renewed = "renewed dockerd; one restart, 1 container alive";
    assert_eq!(log.matches(renewed).count(), 2, "{log}");
    assert_ne!(host.property(soon, "ActiveState"), "active");
    host.keeper_lives();
}

#[test]
fn a_sealed_vault_is_opened_by_a_credential_and_down_takes_the_agent_along() {
    const PASSPHRASE: &str = "drei Otter im Hafen";
    let machine = Machine::builder(Suite::Bookworm).program(program()).boot();
    machine.write("/root/pass", 0o600, format!("{PASSPHRASE}\n"));
    machine.write("/root/wrong", 0o600, "zwei Otter im Hafen\n");
    let keeper = machine.run_container("keeper");
    let host = Host { machine, keeper };
    let before = host.files();
    let sealed = ["--passphrase", "file:/root/pass"];
    host.sealock(&[&["up", "--yes", "--client", "alice"], &sealed[..]].concat())
        .expect_code(0);

    let none = host.sealock(&["agent", "install", "--yes"]).expect_code(1);
    assert!(none.stderr.contains("error[SL-U063]"), "{none}");
    let wrong = host
        .sealock(&["agent", "install", "--yes", "--credential", "/root/wrong"])
        .expect_code(1);
    assert!(wrong.stderr.contains("error[SL-U065]"), "{wrong}");

    host.make_due(&sealed);
    host.sealock(&["agent", "install", "--yes", "--credential", "/root/pass"])
        .expect_code(0);
    let log = host.log();
    assert!(
        log.contains("renewed dockerd; one restart, 1 container alive"),
        "{log}"
    );
    // systemd's own encryption, bound to this machine.
    host.sh("systemd-creds encrypt --with-key=host --name=sealock-passphrase /root/pass /root/pass.cred");
    host.make_due(&sealed);
    host.sealock(&[
        "agent",
        "install",
        "--yes",
        "--credential",
        "/root/pass.cred",
    ])
    .expect_code(0);
    let unit = host.sh(&format!("systemctl cat {SERVICE}"));
    assert!(
        unit.contains("LoadCredentialEncrypted=sealock-passphrase:/root/pass.cred"),
        "{unit}"
    );
    assert!(!unit.contains(PASSPHRASE) && !log.contains(PASSPHRASE));
    let log = host.log();
    assert_eq!(
        log.matches("renewed dockerd; one restart").count(),
        2,
        "{log}"
    );
    host.keeper_lives();

    let down = host.sealock(&["down", "--yes"]).expect_code(0);
    same(&before, &host.files(), &down);
    assert_eq!(host.property(TIMER, "LoadState"), "not-found");
    host.keeper_lives();
}

/// Who is not root has a systemd of his own, which can deny less: the kernel's filters, and no walls.
#[test]
fn a_user_has_units_of_his_own() {
    let machine = Machine::builder(Suite::Bookworm).program(program()).boot();
    let _ = machine
        .sh("useradd --create-home bob && loginctl enable-linger bob")
        .ok();
    let runtime = machine.path("/run/user/1000/systemd/private");
    wait_for("bob's systemd", Duration::from_secs(20), || {
        runtime.exists()
    });
    let bob = |line: &str| machine.sh_as("bob", line);
    let _ = bob("sealock ca create && sealock cert issue db --profile client --cert ~/db.pem --key ~/db.key --yes").ok();
    let install = bob("sealock --color never agent install --yes --every 10m").expect_code(0);
    says(&install, &["The agent looks every 10m"]);
    let unit = bob("cat ~/.config/systemd/user/sealock-agent.service").ok();
    assert!(
        unit.contains("SystemCallFilter=@system-service") && !unit.contains("ProtectSystem="),
        "{unit}"
    );
    let log = bob("journalctl --user -u sealock-agent.service -o cat --no-pager");
    assert!(log.stdout.contains("nothing is due; next: "), "{log}");
    let status = bob("systemctl --user is-active sealock-agent.timer");
    assert_eq!(status.stdout.trim(), "active", "{status}");
    let remove = bob("sealock --color never agent remove --yes").expect_code(0);
    // He had no folder for units before.
    assert!(
        !machine.path("/home/bob/.config/systemd").exists(),
        "{remove}"
    );
}
