//! `up --mode gateway` on a machine with a real systemd: the daemon is never restarted, and everything goes again.

use std::time::{Duration, Instant};

use sealock_testkit::dockerd::Container;
use sealock_testkit::dockerd::IMAGE;
use sealock_testkit::process::{Outcome, becomes, wait_for};
use sealock_testkit::{Machine, Suite};

use crate::common::{program, report};
use crate::systemd::{same, says};

const SERVICE: &str = "sealock-gateway.service";
const SOCKET: &str = "sealock-gateway.socket";
const AUDIT: &str = "/var/log/sealock-gateway/audit.jsonl";
/// Alice, as the docker CLI knows her.
const ALICE: &str = "DOCKER_HOST=tcp://localhost:2376 DOCKER_TLS_VERIFY=1 \
                     DOCKER_CERT_PATH=/var/lib/sealock/clients/alice timeout 60 docker";

/// A Debian whose Docker nobody but root reaches, with a container that has to live.
struct Host {
    machine: Machine,
    keeper: Container,
    daemon: String,
}

impl Host {
    fn boot(suite: Suite) -> Self {
        let machine = Machine::builder(suite).program(program()).boot();
        let keeper = machine.run_container("keeper");
        let mut host = Self {
            machine,
            keeper,
            daemon: String::new(),
        };
        host.daemon = host.life("docker.service");
        host
    }

    fn sealock(&self, words: &[&str]) -> Outcome {
        let mut all = vec!["sealock", "--color", "never"];
        all.extend(words);
        self.machine.exec(&all)
    }

    fn up(&self) -> Outcome {
        self.sealock(&[
            "up", "--mode", "gateway", "--yes", "--client", "alice", "--client", "bob",
        ])
    }

    #[track_caller]
    fn sh(&self, line: &str) -> String {
        self.machine.sh(line).ok()
    }

    fn alice(&self, words: &str) -> Outcome {
        self.machine.sh(&format!("{ALICE} {words}"))
    }

    fn property(&self, unit: &str, name: &str) -> String {
        let said = self
            .machine
            .systemctl(&["show", unit, "-p", name, "--value"]);
        said.stdout.trim().to_owned()
    }

    /// A process and when it began: another life has another one.
    fn life(&self, unit: &str) -> String {
        let pid = self.property(unit, "MainPID");
        let began = self.sh(&format!("cut -d' ' -f22 /proc/{pid}/stat"));
        format!("{pid} {}", began.trim())
    }

    /// The daemon and the container are the very processes that they were.
    #[track_caller]
    fn daemon_lives(&self) {
        assert_eq!(
            self.life("docker.service"),
            self.daemon,
            "dockerd was restarted"
        );
        assert_eq!(
            self.machine.container_pid(&self.keeper.id),
            Some(self.keeper.pid),
            "the container was lost"
        );
    }

    /// Everything below `/etc`, with contents.
    fn files(&self) -> String {
        self.sh("cd / && find etc -printf '%p %y %m %U:%G %l\n' | sort && \
             find etc -type f -print0 | sort -z | xargs -0 sha256sum")
    }

    fn served(&self) -> String {
        self.sh(
            "openssl s_client -connect localhost:2376 </dev/null 2>/dev/null | openssl x509 -noout -serial",
        )
    }

    /// The figure of systemd's own judge: ten is open, nought is closed.
    fn exposure(&self) -> f32 {
        let said = self.sh(&format!(
            "systemd-analyze security --no-pager {SERVICE} 2>/dev/null | tail -1"
        ));
        let figure = said.split_whitespace().find_map(|word| word.parse().ok());
        figure.unwrap_or_else(|| panic!("{said}"))
    }
}

#[test]
fn a_gateway_comes_lives_and_goes_and_the_daemon_never_notices() {
    let host = Host::boot(Suite::Bookworm);
    let before = host.files();
    comes(&host);
    doors(&host);
    renewal(&host);
    policy(&host);
    revocation(&host);
    drift(&host);
    let cpu = Instant::now();
    let down = host.sealock(&["down", "--yes"]).expect_code(0);
    report(&format!(
        "gateway up: down in {:.1} s",
        cpu.elapsed().as_secs_f32()
    ));
    says(&down, &["every file is as it was", "audit"]);
    same(&before, &host.files(), &down);
    assert_eq!(host.alice("version").code, 1);
    assert_eq!(host.property(SOCKET, "LoadState"), "not-found");
    assert!(host.machine.sh("ls /run/sealock-gateway").code != 0);
    host.daemon_lives();
    shipped(&host);
    // A second time from the very beginning, with the vault that stayed.
    host.up().expect_code(0);
    host.daemon_lives();
}

/// The units that are shipped for those who do not use `up`, with a file of settings and a folder of certificates.
fn shipped(host: &Host) {
    for (unit, text) in [
        (
            SERVICE,
            include_str!("../../../../../packaging/systemd/sealock-gateway.service"),
        ),
        (
            SOCKET,
            include_str!("../../../../../packaging/systemd/sealock-gateway.socket"),
        ),
    ] {
        host.machine
            .write(&format!("/etc/systemd/system/{unit}"), 0o644, text);
    }
    host.machine.write(
        "/etc/sealock/gateway.toml",
        0o644,
        "version = 1\n[gateway]\nlisten = [\"0.0.0.0:2376\"]\ndocker = \"unix:///run/docker.sock\"\n\
         certificates = \"/etc/sealock/tls\"\npolicy = \"/etc/sealock/policy.toml\"\n",
    );
    host.machine.write(
        "/etc/sealock/policy.toml",
        0o644,
        "version = 1\n[[grants]]\nto = \"cn:alice\"\nrole = \"observer\"\n",
    );
    host.sh(
        "cp -rL /var/lib/sealock/gateway/live /etc/sealock/tls && chgrp -R docker /etc/sealock/tls && \
         systemctl daemon-reload && systemctl enable --now sealock-gateway.socket",
    );
    // Where there is a vault, it is closed.
    assert_eq!(
        host.alice("ps").code,
        0,
        "{}",
        host.machine.journal(SERVICE)
    );
    let pid = host.property(SERVICE, "MainPID");
    let looked = host
        .machine
        .sh(&format!("nsenter -t {pid} -m -- ls -A /var/lib/sealock"));
    assert!(looked.stdout.is_empty(), "{looked}");
    // It need not be there, and nothing is left in its place.
    host.sh(
        "systemctl stop sealock-gateway.socket sealock-gateway.service && mv /var/lib/sealock /var/lib/vault && \
         systemctl start sealock-gateway.socket",
    );
    let alice = ALICE.replace("/var/lib/sealock", "/var/lib/vault");
    let asked = host.machine.sh(&format!("{alice} ps"));
    let log = host.machine.journal(SERVICE);
    assert_eq!(asked.code, 0, "{asked}\n{log}");
    assert_ne!(host.machine.sh(&format!("{alice} kill keeper")).code, 0);
    let reload = host.machine.systemctl(&["reload", SERVICE]);
    assert_eq!(reload.code, 0, "{reload}");
    assert_ne!(host.machine.sh("ls -d /var/lib/sealock").code, 0);
    host.sh(
        "systemctl disable --now sealock-gateway.socket sealock-gateway.service; rm -r /etc/sealock; \
         rm /etc/systemd/system/sealock-gateway.*; systemctl daemon-reload; mv /var/lib/vault /var/lib/sealock",
    );
    host.daemon_lives();
}

fn comes(host: &Host) {
    let began = Instant::now();
    let up = host.up().expect_code(0);
    report(&format!(
        "gateway up: {:.1} s",
        began.elapsed().as_secs_f32()
    ));
    says(&up, &["was not restarted", "proved"]);
    host.daemon_lives();
    let again = host.sealock(&["apply", "--yes"]).expect_code(0);
    says(&again, &["0 changes"]);
    let status = host.sealock(&["status"]).expect_code(0);
    assert!(status.stdout.contains("healthy"), "{status}");
    let asked = host.alice("exec keeper sh -c 'echo out; exit 7'");
    assert_eq!((asked.code, asked.stdout.trim()), (7, "out"), "{asked}");
    // Without a certificate nobody gets a word.
    let bare = host
        .machine
        .sh("curl -sk --max-time 5 https://localhost:2376/_ping");
    assert!(bare.code != 0 && bare.stdout.is_empty(), "{bare}");
    // It is a user of its own with one group beside.
    let pid = host.property(SERVICE, "MainPID");
    let lines = host.sh(&format!(
        "grep -E '^(Uid|Groups|CapEff|NoNewPrivs|Seccomp):' /proc/{pid}/status"
    ));
    assert!(!lines.contains("Uid:\t0\t"), "{lines}");
    assert!(lines.contains("CapEff:\t0000000000000000"), "{lines}");
    assert!(
        lines.contains("NoNewPrivs:\t1") && lines.contains("Seccomp:\t2"),
        "{lines}"
    );
    let vault = host
        .machine
        .sh(&format!("ls /proc/{pid}/root/var/lib/sealock"));
    assert_eq!(vault.stdout.trim(), "gateway", "the service sees the vault");
    let exposure = host.exposure();
    report(&format!("gateway up: systemd-analyze security {exposure}"));
    assert!(exposure < 2.0, "{exposure}");
    // The other mode is another host.
    let other = host.sealock(&["up", "--mode", "daemon", "--yes"]);
    says(&other.expect_code(1), &["SL-U104", "sealock down"]);
}

/// What was asked is on record, and the machine comes up with it.
fn doors(host: &Host) {
    let audit = host.sh(&format!("cat {AUDIT}"));
    assert!(audit.contains("cn:alice"), "{audit}");
    for unit in [SERVICE, SOCKET] {
        let enabled = host.machine.systemctl(&["is-enabled", unit]);
        assert_eq!(enabled.stdout.trim(), "enabled", "{unit}");
    }
    // systemd holds the door while nobody stands behind it: a restart refuses no connection.
    let _ = host.machine.systemctl(&["stop", SERVICE]).ok();
    let woken = host.alice("version --format '{{.Server.Version}}'");
    assert_eq!(woken.code, 0, "{woken}");
    assert_eq!(host.property(SERVICE, "ActiveState"), "active");
    host.daemon_lives();
}

/// A renewal replaces files; the gateway takes them over, and a stream that lives goes on.
fn renewal(host: &Host) {
    let (life, old) = (host.life(SERVICE), host.served());
    host.sh(&format!(
        "({ALICE} exec keeper sh -c 'sleep 6; echo whole' > /run/stream 2>&1; echo $? >> /run/stream) &"
    ));
    let renewed = host.sealock(&["renew", "dockerd", "--yes"]).expect_code(0);
    says(&renewed, &["proved"]);
    assert_ne!(host.served(), old, "the old certificate is served");
    assert_eq!(host.life(SERVICE), life, "the gateway was restarted");
    wait_for("a stream over a renewal", Duration::from_secs(20), || {
        host.sh("cat /run/stream").ends_with("0\n")
    });
    assert_eq!(host.sh("cat /run/stream"), "whole\n0\n");
    let reload = host.machine.systemctl(&["reload", SERVICE]);
    assert_eq!(reload.code, 0, "{reload}");
    assert_eq!(host.life(SERVICE), life);
    host.daemon_lives();
}

/// A policy is read when it is saved; a broken one is told of, and the last good one holds.
fn policy(host: &Host) {
    const FILE: &str = "/etc/sealock/policy.toml";
    let good = host.sh(&format!("cat {FILE}"));
    host.sh(&format!(
        "sed -i 's/role = \"admin\"/role = \"observer\"/' {FILE}"
    ));
    wait_for(
        "the policy to be taken over",
        Duration::from_secs(5),
        || host.alice("exec keeper true").code != 0,
    );
    let refused = host.alice("exec keeper true");
    says(&refused, &["sealock:"]);
    assert_eq!(host.alice("ps").code, 0);
    host.sh(&format!("echo 'version = 2' > {FILE}"));
    says(
        &host.sealock(&["gateway", "--check"]).expect_code(1),
        &["SL-A", FILE],
    );
    let reload = host.sealock(&["gateway", "reload"]);
    says(&reload.expect_code(1), &["keeps the policy that it had"]);
    assert_eq!(host.machine.systemctl(&["reload", SERVICE]).code, 1);
    assert_eq!(host.alice("ps").code, 0, "the last good policy is gone");
    let status = host.sealock(&["status"]).expect_code(3);
    assert!(status.stdout.contains(FILE), "{status}");
    a_place_that_the_service_cannot_see_is_not_taken_for_absent(host, FILE);
    host.machine.write(FILE, 0o644, good);
    host.sealock(&["gateway", "--check"]).expect_code(0);
    host.sealock(&["gateway", "reload"]).expect_code(0);
    assert_eq!(host.alice("exec keeper true").code, 0);
}

/// A star allows places below it unless a symbolic link leads there. With a /tmp of its own the service would see no link where
/// the daemon follows one.
fn a_place_that_the_service_cannot_see_is_not_taken_for_absent(host: &Host, policy: &str) {
    host.machine.write(
        policy,
        0o644,
        "version = 1\n[[grants]]\nto = \"cn:alice\"\nrole = \"deployer\"\nimages = [\"*\"]\nbinds = [\"/tmp/*\", \"/srv/*\"]\n",
    );
    host.sealock(&["gateway", "reload"]).expect_code(0);
    host.sh("mkdir -p /srv/plain && ln -sfn / /srv/link && ln -sfn / /tmp/link");
    let create = |place: &str| host.alice(&format!("create -v {place}:/data {IMAGE} true"));
    create("/srv/plain").expect_code(0);
    for place in ["/srv/link/etc", "/tmp/link/etc", "/tmp/absent"] {
        let refused = create(place);
        assert_ne!(refused.code, 0, "{place} was mounted: {refused}");
        says(&refused, &["SL-A"]);
    }
    host.sh("rm -r /srv/plain /srv/link /tmp/link");
}

/// Who is revoked is out within a second, in the middle of what he does.
fn revocation(host: &Host) {
    let bob = ALICE.replace("alice", "bob");
    host.sh(&format!(
        "({bob} exec keeper sleep 60 > /run/bob 2>&1; echo gone >> /run/bob) &"
    ));
    wait_for("bob's exec to run", Duration::from_secs(10), || {
        host.machine
            .docker(&["top", "keeper"])
            .stdout
            .matches("sleep")
            .count()
            > 1
    });
    host.sealock(&["cert", "revoke", "bob", "--yes"])
        .expect_code(0);
    let began = Instant::now();
    let cut = becomes(Duration::from_secs(5), || {
        host.sh("cat /run/bob").contains("gone")
    });
    let took = began.elapsed();
    report(&format!(
        "gateway up: a revoked stream was cut {:.2} s after the list",
        took.as_secs_f32()
    ));
    assert!(cut && took < Duration::from_secs(1), "{took:?}");
    let again = host.machine.sh(&format!("{bob} ps"));
    assert!(again.code != 0, "{again}");
    assert_eq!(host.alice("ps").code, 0);
    host.daemon_lives();
}

/// What somebody did by hand is seen, and mended.
fn drift(host: &Host) {
    let _ = host.machine.systemctl(&["stop", SOCKET, SERVICE]).ok();
    host.sh("chmod 0644 /var/lib/sealock/gateway/live/server-key.pem; rm /etc/systemd/system/sockets.target.wants/sealock-gateway.socket");
    let status = host.sealock(&["status"]).expect_code(3);
    for words in [
        "is inactive",
        "mode 0644, expected 0440",
        "would not start with the machine",
    ] {
        assert!(status.stdout.contains(words), "{words}: {status}");
    }
    host.sealock(&["apply", "--yes"]).expect_code(0);
    host.sealock(&["status"]).expect_code(0);
    host.daemon_lives();
}

#[test]
fn what_fails_or_is_killed_leaves_nothing_open() {
    let host = Host::boot(Suite::Trixie);
    let before = host.files();
    // Nothing is written before everything is judged: the policy, the places, the socket.
    host.machine
        .write("/tmp/policy.toml", 0o644, "version = 1\n");
    let hidden = host.sealock(&[
        "up",
        "--mode",
        "gateway",
        "--yes",
        "--policy",
        "/tmp/policy.toml",
    ]);
    says(&hidden.expect_code(1), &["SL-U111", "nothing was changed"]);
    host.sh("chgrp root /run/docker.sock");
    says(&host.up().expect_code(1), &["SL-U106", "its group is root"]);
    host.sh("chgrp docker /run/docker.sock");
    same(
        &before,
        &host.files(),
        &host.sealock(&["gateway", "--help"]),
    );
    host.machine.write(
        "/etc/sealock/policy.toml",
        0o644,
        "version = 1\nbroken = 1\n",
    );
    let with_policy = host.files();
    let refused = host.up().expect_code(1);
    says(&refused, &["nothing was changed"]);
    same(&with_policy, &host.files(), &refused);
    host.sh("rm -r /etc/sealock");

    // A service that cannot start takes everything back, and says why.
    host.machine.write(
        "/etc/systemd/system/sealock-gateway.service.d/no.conf",
        0o644,
        "[Service]\nExecStart=\nExecStart=/usr/local/bin/sealock --config /nowhere gateway --unit\n",
    );
    let with_drop_in = host.files();
    let failed = host.up().expect_code(4);
    says(&failed, &["SL-U107", "rolled back"]);
    same(&with_drop_in, &host.files(), &failed);
    assert_eq!(host.property(SOCKET, "ActiveState"), "inactive");
    assert!(host.machine.sh("curl -sk https://localhost:2376").code != 0);
    host.sh("rm -r /etc/systemd/system/sealock-gateway.service.d; systemctl daemon-reload");
    host.daemon_lives();

    // Killed with the door open and before the proof: the next command closes it again. Where the kill came too late, once more.
    let killed = (0..10).any(|_| {
        host.sh(
            "sealock --color never up --mode gateway --yes --client alice > /run/up 2>&1 & \
             for i in $(seq 400); do systemctl -q is-active sealock-gateway.socket && break; sleep 0.01; done; kill -9 $!; wait",
        );
        let within = host.sh("ls /var/lib/sealock/changes").contains("journal");
        if !within {
            host.sealock(&["down", "--yes"]).expect_code(0);
        }
        within
    });
    assert!(killed, "it was never killed in its run");
    let next = host.sealock(&["down", "--yes"]).expect_code(0);
    says(&next, &["an interrupted run"]);
    same(&before, &host.files(), &next);
    assert_eq!(host.property(SERVICE, "ActiveState"), "inactive");
    assert_eq!(host.property(SOCKET, "ActiveState"), "inactive");
    host.daemon_lives();

    // The hand-over: another process, the same door, and a stream that began with the old one.
    host.up().expect_code(0);
    host.sh(&format!(
        "({ALICE} exec keeper sh -c 'sleep 5; echo whole' > /run/stream 2>&1; echo $? >> /run/stream) & \
         while ! {ALICE} ps > /dev/null; do :; done"
    ));
    let life = host.life(SERVICE);
    host.sealock(&["gateway", "upgrade"]).expect_code(0);
    wait_for("the new process to serve", Duration::from_secs(10), || {
        host.life(SERVICE) != life
    });
    assert_eq!(host.property(SERVICE, "ActiveState"), "active");
    assert_eq!(host.alice("ps").code, 0);
    wait_for("a stream over a hand-over", Duration::from_secs(20), || {
        host.sh("cat /run/stream").ends_with("0\n")
    });
    assert_eq!(host.sh("cat /run/stream"), "whole\n0\n");
    assert_eq!(host.alice("ps").code, 0);
    host.sealock(&["down", "--yes"]).expect_code(0);
    host.daemon_lives();
}

#[test]
fn renewal_rotation_and_other_doors_need_no_restart() {
    let host = Host::boot(Suite::Bookworm);
    host.up().expect_code(0);
    let check = host.sealock(&["check"]);
    assert!(check.code == 0 || check.code == 3, "{check}");
    assert!(
        check.stdout.contains(":2376"),
        "the gateway's door was not looked at: {check}"
    );
    assert!(
        !check.stdout.contains("SL-F8"),
        "drift on a healthy host: {check}"
    );
    agent(&host);
    rotation(&host);
    rekey(&host);
    swap(&host);
    settings(&host);
    other_doors(&host);
    host.daemon_lives();
    // Somebody else restarts the daemon while a plan runs: that is told and taken back.
    host.machine.write(
        "/etc/systemd/system/sealock-gateway.service.d/meddler.conf",
        0o644,
        "[Service]\nExecStartPost=+/usr/bin/systemctl restart docker.service\n",
    );
    host.sh(
        "systemctl daemon-reload; systemctl stop sealock-gateway.socket sealock-gateway.service",
    );
    says(
        &host.sealock(&["apply", "--yes"]).expect_code(4),
        &["SL-U108"],
    );
}

/// The agent renews in its sandbox, and the gateway takes it over.
fn agent(host: &Host) {
    const CONFIG: &str = "/etc/sealock/sealock.toml";
    host.sealock(&["agent", "install", "--yes"]).expect_code(0);
    host.sh(&format!(
        "sed -i 's/^server-life = .*/server-life = \"2m\"/' {CONFIG}"
    ));
    host.sealock(&["renew", "dockerd", "--yes"]).expect_code(0);
    host.sh(&format!(
        "sed -i 's/^server-life = .*/server-life = \"90d\"/' {CONFIG}"
    ));
    let (life, old) = (host.life(SERVICE), host.served());
    let _ = host
        .machine
        .systemctl(&["start", "sealock-agent.service"])
        .ok();
    let log = host.machine.journal("sealock-agent.service");
    assert!(log.contains("renewed dockerd; no restart"), "{log}");
    assert_ne!(host.served(), old);
    assert_eq!(host.life(SERVICE), life);
    host.daemon_lives();
    // On a slow machine its own hour would come in the middle of what follows, and one of two at once is refused.
    host.sh("systemctl stop sealock-agent.timer");
}

/// Anchors are replaced while the gateway runs; nobody is locked out on the way, and then the old ones are refused.
fn rotation(host: &Host) {
    host.sh("cp -r /var/lib/sealock/clients/alice /root/old-alice");
    let life = host.life(SERVICE);
    let rehearsal = host.sealock(&["rekey", "--rehearse", "--yes"]);
    assert_eq!(rehearsal.code, 0, "{rehearsal}");
    let rotated = host.sealock(&["ca", "rotate", "client", "--yes", "--drop-waiting"]);
    assert_eq!(rotated.code, 0, "{rotated}");
    assert_eq!(host.alice("ps").code, 0);
    let old = ALICE.replace("/var/lib/sealock/clients/alice", "/root/old-alice");
    let refused = host.machine.sh(&format!("{old} ps"));
    assert!(refused.code != 0, "{refused}");
    assert_eq!(host.life(SERVICE), life, "the gateway was restarted");
    host.sealock(&["status"]).expect_code(0);
    host.daemon_lives();
}

/// Everything is made anew at once while clients work: whoever has the new files is served without a pause, whoever kept the old
/// ones is out, and neither the gateway nor the daemon is restarted.
fn rekey(host: &Host) {
    let (life, old) = (host.life(SERVICE), host.served());
    host.sh("cp -r /var/lib/sealock/clients/alice /root/before-rekey");
    let kept = ALICE.replace("/var/lib/sealock/clients/alice", "/root/before-rekey");
    host.sh(&format!(
        "({kept} exec keeper sleep 300 > /run/kept 2>&1; echo gone >> /run/kept) & \
         (while [ ! -e /run/enough ]; do {ALICE} ps > /dev/null 2> /run/why && echo in || echo out: $(tail -1 /run/why); \
         done > /run/crowd; echo end >> /run/crowd) &"
    ));
    wait_for("the crowd to work", Duration::from_secs(20), || {
        host.sh("cat /run/crowd").lines().count() > 3
            && host
                .machine
                .docker(&["top", "keeper"])
                .stdout
                .contains("sleep 300")
    });
    let findings = host.sealock(&["check", "--short"]);
    let rekey = host.sealock(&["rekey", "--yes"]).expect_code(0);
    says(&rekey, &["is refused everywhere", "proved from outside"]);
    assert!(!rekey.stderr.contains("restart docker"), "{rekey}");
    let came = host.sh("cat /run/crowd").lines().count();
    wait_for("the crowd to go on", Duration::from_secs(20), || {
        host.sh("cat /run/crowd").lines().count() > came + 4
    });
    host.sh("touch /run/enough");
    wait_for("the crowd to end", Duration::from_secs(20), || {
        host.sh("cat /run/crowd").ends_with("end\n")
    });
    let crowd = host.sh("cat /run/crowd");
    let out: Vec<&str> = crowd
        .lines()
        .filter(|line| line.starts_with("out"))
        .collect();
    report(&format!(
        "gateway rekey: {} requests of alice's, {} of them refused while her files were replaced",
        crowd.lines().count() - 1,
        out.len()
    ));
    // One may have been under way when it ended; whoever comes after that has the new files, and is in.
    let later: Vec<&str> = crowd.lines().skip(came + 1).collect();
    assert!(
        later.iter().all(|line| !line.starts_with("out")),
        "{later:?}"
    );
    assert_eq!(host.alice("exec keeper true").code, 0);
    wait_for("the old stream to be cut", Duration::from_secs(5), || {
        host.sh("cat /run/kept").ends_with("gone\n")
    });
    // Out with the old anchor, and with the new one beside the old certificate.
    assert!(host.machine.sh(&format!("{kept} ps")).code != 0);
    host.sh("cp /var/lib/sealock/clients/alice/ca.pem /root/before-rekey/");
    assert!(host.machine.sh(&format!("{kept} ps")).code != 0);
    assert_ne!(host.served(), old);
    assert_eq!(host.life(SERVICE), life, "the gateway was restarted");
    host.sealock(&["status"]).expect_code(0);
    let after = host.sealock(&["check", "--short"]);
    let told = |outcome: &Outcome| -> Vec<String> {
        let lines = outcome
            .stdout
            .lines()
            .filter(|line| !line.contains("looked at"));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(told(&after), told(&findings));
    says(
        &host.sealock(&["apply", "--yes"]).expect_code(0),
        &["0 changes"],
    );
    host.daemon_lives();
}

/// A revocation that also replaces the anchor: the gateway has refused bob by the list already, and then knows nobody of the old
/// anchor any more. Nothing is restarted.
fn swap(host: &Host) {
    let life = host.life(SERVICE);
    host.sh("cp -r /var/lib/sealock/clients/alice /root/before-swap; cp -r /var/lib/sealock/clients/bob /root/bob");
    let bob = ALICE.replace("/var/lib/sealock/clients/alice", "/root/bob");
    assert_eq!(host.machine.sh(&format!("{bob} ps")).code, 0);
    let swapped = host
        .sealock(&["cert", "revoke", "bob", "--swap", "--yes"])
        .expect_code(0);
    assert!(!swapped.stderr.contains("restart docker"), "{swapped}");
    assert!(host.machine.sh(&format!("{bob} ps")).code != 0);
    let old = ALICE.replace("/var/lib/sealock/clients/alice", "/root/before-swap");
    assert!(host.machine.sh(&format!("{old} ps")).code != 0);
    assert_eq!(host.alice("ps").code, 0);
    assert_eq!(host.life(SERVICE), life, "the gateway was restarted");
    host.sealock(&["status"]).expect_code(0);
    host.daemon_lives();
}

/// Other settings come with a hand-over: nobody is refused, a live stream goes on, and what cannot be is taken back without
/// anybody noticing.
fn settings(host: &Host) {
    const CONFIG: &str = "/etc/sealock/sealock.toml";
    const OTHER: &str = "/etc/sealock/other.toml";
    let plain = host.sh(&format!("cat {CONFIG}"));
    host.sh(&format!(
        "({ALICE} exec keeper sh -c 'while [ ! -e /tmp/enough ]; do sleep 0.1; done; echo whole' > /run/settings 2>&1; \
         echo $? >> /run/settings) & while ! docker top keeper | grep -q enough; do sleep 0.1; done"
    ));
    let life = host.life(SERVICE);
    // Where the gateway's own door is, nobody can tell metrics.
    let broken = plain.replacen(
        "[gateway]\n",
        "[gateway]\nmetrics = \"127.0.0.1:2376\"\n",
        1,
    );
    host.machine.write(CONFIG, 0o644, broken);
    let refused = host.sealock(&["apply", "--yes"]).expect_code(4);
    says(&refused, &["SL-U115", "rolled back"]);
    assert_eq!(host.life(SERVICE), life, "the gateway was restarted");
    assert_eq!(host.alice("ps").code, 0);

    host.sh(&format!(
        "sed 's/role = \"admin\"/role = \"observer\"/' /etc/sealock/policy.toml > {OTHER}; \
         (while [ ! -e /run/settled ]; do {ALICE} ps > /dev/null 2>> /run/refused || echo out >> /run/refused; done; \
         echo end >> /run/refused) &"
    ));
    let other = plain.replace("/etc/sealock/policy.toml", OTHER);
    assert_ne!(other, plain);
    host.machine.write(
        CONFIG,
        0o644,
        format!("{other}\n[gateway.limits]\nconnections = 500\n"),
    );
    let applied = host.sealock(&["apply", "--yes"]).expect_code(0);
    says(
        &applied,
        &["a new process of the gateway takes over", "proved"],
    );
    assert_ne!(
        host.life(SERVICE),
        life,
        "the old process has the old settings"
    );
    assert_eq!(host.property(SERVICE, "NeedDaemonReload"), "no");
    host.sealock(&["status"]).expect_code(0);
    let refused = host.alice("exec keeper true");
    assert_ne!(refused.code, 0, "the other policy does not hold: {refused}");
    host.sh("touch /run/settled; docker exec keeper touch /tmp/enough");
    wait_for(
        "the stream and the crowd to end",
        Duration::from_secs(20),
        || {
            host.sh("cat /run/settings").ends_with("0\n")
                && host.sh("cat /run/refused").ends_with("end\n")
        },
    );
    assert_eq!(host.sh("cat /run/settings"), "whole\n0\n");
    assert_eq!(host.sh("cat /run/refused"), "end\n");
    host.machine.write(CONFIG, 0o644, plain);
    host.sealock(&["apply", "--yes"]).expect_code(0);
    assert_eq!(host.alice("exec keeper true").code, 0);
    host.daemon_lives();
}

/// A socket for callers on this host, and a service that is not Docker, by sealock.toml.
fn other_doors(host: &Host) {
    const CONFIG: &str = "/etc/sealock/sealock.toml";
    let plain = host.sh(&format!("cat {CONFIG}"));
    let more = plain.replacen(
        "[gateway]\n",
        "[gateway]\nlocal = [\"/run/sandbox/docker.sock\"]\n",
        1,
    );
    let service = "\n[[gateway.tcp]]\nname = \"web\"\nlisten = \"127.0.0.1:3443\"\n\
                   upstream = \"unix:///run/docker.sock\"\nallow = [\"cn:alice\"]\n";
    host.machine
        .write(CONFIG, 0o644, format!("{more}{service}"));
    host.sh("printf '\\n[[grants]]\\nto = [\"uid:1234\"]\\nrole = \"observer\"\\n' >> /etc/sealock/policy.toml");
    host.sealock(&["apply", "--yes"]).expect_code(0);
    let local =
        "curl -s --max-time 5 --unix-socket /run/sandbox/docker.sock http://d/containers/json";
    let known = host.sh(&format!("setpriv --reuid 1234 --clear-groups {local}"));
    assert!(known.contains("keeper"), "{known}");
    let unknown = host.sh(&format!("setpriv --reuid 1235 --clear-groups {local}"));
    assert!(
        unknown.contains("sealock:") && !unknown.contains("keeper"),
        "{unknown}"
    );
    let web = |client: &str| {
        let folder = format!("/var/lib/sealock/clients/{client}");
        host.machine.sh(&format!(
            "curl -s --max-time 5 --cacert {folder}/ca.pem --cert {folder}/cert.pem --key {folder}/key.pem https://localhost:3443/_ping"
        ))
    };
    let (alice, bob) = (web("alice"), web("bob"));
    assert!(alice.stdout == "OK", "{alice}");
    assert!(bob.code != 0 && bob.stdout.is_empty(), "{bob}");
    host.sealock(&["status"]).expect_code(0);
    // Taken out again: its socket goes too.
    host.machine.write(CONFIG, 0o644, plain);
    host.sealock(&["apply", "--yes"]).expect_code(0);
    assert!(web("alice").code != 0);
    assert!(
        !host
            .sh("ls /etc/systemd/system")
            .contains("sealock-gateway-"),
        "a unit was left"
    );
    host.sealock(&["status"]).expect_code(0);
}

/// Killed at any time: the next command finishes or undoes it, and at no time anybody gets in without a certificate.
#[test]
fn killed_at_any_time_it_never_leaves_an_open_door() {
    let host = Host::boot(Suite::Bookworm);
    let before = host.files();
    // In hundredths of a second; a run takes about one.
    let times: Vec<u32> = match super::whole() {
        true => (0..60).map(|at| at * 3).collect(),
        false => vec![15, 40, 60, 75],
    };
    for (index, at) in times.iter().enumerate() {
        host.sh(&format!(
            "sealock --color never up --mode gateway --yes --client alice > /run/up 2>&1 & sleep {}.{:02}; \
             kill -9 $!; wait",
            at / 100,
            at % 100
        ));
        let open = host
            .machine
            .sh("curl -sk --max-time 5 https://localhost:2376/_ping");
        assert!(open.stdout.is_empty(), "at {at}: {open}");
        if index % 2 == 1 {
            let up = host.up().expect_code(0);
            assert_eq!(host.alice("ps").code, 0, "at {at}: {up}");
        }
        let down = host.sealock(&["down", "--yes"]).expect_code(0);
        same(&before, &host.files(), &down);
        assert_eq!(host.property(SOCKET, "ActiveState"), "inactive", "at {at}");
        assert_eq!(host.property(SERVICE, "ActiveState"), "inactive", "at {at}");
    }
    host.daemon_lives();
}
