//! Boots every real thing of the lab once, and sees that nothing of it stays behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "tests fail by panicking and say what they do"
)]

mod servers;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sealock_testkit::kill::Program;
use sealock_testkit::leak::Secrets;
use sealock_testkit::process::{free_port, mounts_below, naming, runs, wait_for};
use sealock_testkit::{Dockerd, Machine, Network, Rootless, Scratch, Suite, Version, kill};

/// Says how long something took, where `--nocapture` shows it.
fn took(what: &str, start: Instant) {
    println!("{what}: {:.2} s", start.elapsed().as_secs_f64());
}

/// Nothing that names `folder` may be left.
fn nothing_stays(folder: &Path) {
    assert!(naming(folder).is_empty(), "processes: {:?}", naming(folder));
    assert!(
        mounts_below(folder).is_empty(),
        "{:?}",
        mounts_below(folder)
    );
    assert!(!folder.exists(), "{} is still there", folder.display());
}

fn by_hand(version: Version) {
    let start = Instant::now();
    let port = free_port();
    let mut daemon = Dockerd::builder(version);
    daemon = match version {
        Version::V20 => daemon.hosts_in_config(),
        Version::V26 | Version::V28 => daemon
            .config("{\"shutdown-timeout\": 5}")
            .flag(&format!("--host=tcp://127.0.0.1:{port}"))
            .flag("--tls=false"),
    };
    let daemon = daemon.start();
    took(
        &format!("dockerd {version:?} by hand, until it answers"),
        start,
    );
    let folder = daemon.folder().to_owned();
    let first = daemon.pid().expect("a running daemon");

    let start = Instant::now();
    let container = daemon.run_container("one");
    took("image imported, container runs", start);

    // Without live-restore a restart ends containers; with it they keep their processes.
    let config = std::fs::read_to_string(daemon.config_file()).unwrap();
    let config = config.replacen('{', "{ \"live-restore\": true,", 1);
    std::fs::write(daemon.config_file(), config).unwrap();
    daemon.reload();
    wait_for("live-restore", Duration::from_secs(5), || {
        daemon
            .docker(&["info", "-f", "{{.LiveRestoreEnabled}}"])
            .stdout
            .contains("true")
    });
    let start = Instant::now();
    daemon.restart();
    took("restart script", start);
    assert_ne!(daemon.pid(), Some(first));
    assert_eq!(daemon.container_pid(&container.id), Some(container.pid));

    // Under live-restore shims outlive even a killed daemon: all of it must go.
    let start = Instant::now();
    drop(daemon);
    took("stopped and cleared away", start);
    nothing_stays(&folder);
    assert!(!runs(container.pid));
}

#[test]
fn dockerd_20_by_hand() {
    by_hand(Version::V20);
}

#[test]
fn dockerd_26_by_hand() {
    by_hand(Version::V26);
}

#[test]
fn dockerd_28_by_hand() {
    by_hand(Version::V28);
}

#[test]
fn a_daemon_that_cannot_start_says_why() {
    let daemon = Dockerd::builder(Version::V20).config("{ broken").prepare();
    let outcome = daemon.try_start().expect_code(1);
    assert!(outcome.stderr.contains("invalid character"), "{outcome}");
}

fn machine(suite: Suite, version: Option<Version>, expected: &str) {
    let start = Instant::now();
    let mut builder = Machine::builder(suite);
    if let Some(version) = version {
        builder = builder.docker(version);
    }
    let machine = builder.boot();
    took(&format!("{suite:?} with Docker {expected} booted"), start);
    let folder = machine.folder().to_owned();
    let leader = machine.leader();
    let namespace = machine.network().namespace_path();

    assert_eq!(
        machine
            .systemctl(&["is-active", "docker.socket"])
            .ok()
            .trim(),
        "active"
    );
    let said = machine
        .docker(&["version", "-f", "{{.Server.Version}}"])
        .ok();
    assert!(said.starts_with(expected), "{said}");
    let unit = machine.systemctl(&["cat", "docker.service"]).ok();
    assert!(
        unit.contains("ExecStart=/usr/sbin/dockerd -H fd://"),
        "{unit}"
    );

    let start = Instant::now();
    let container = machine.run_container("one");
    took("image imported, container runs", start);
    machine.write(
        "/etc/docker/daemon.json",
        0o644,
        "{\"live-restore\": true}\n",
    );
    let _ = machine.systemctl(&["reload", "docker"]).ok();
    // The reload only sends the signal; a restart that overtakes it ends the containers.
    wait_for("live-restore", Duration::from_secs(5), || {
        machine
            .docker(&["info", "-f", "{{.LiveRestoreEnabled}}"])
            .stdout
            .contains("true")
    });
    let start = Instant::now();
    let _ = machine.systemctl(&["restart", "docker"]).ok();
    took("systemctl restart docker", start);
    assert_eq!(machine.container_pid(&container.id), Some(container.pid));

    let start = Instant::now();
    drop(machine);
    took("powered off and cleared away", start);
    nothing_stays(&folder);
    assert!(!runs(leader));
    assert!(
        !Path::new(&namespace).exists(),
        "{namespace} is still there"
    );
    assert!(
        !Path::new("/sys/fs/cgroup/pids/docker")
            .join(&container.id)
            .exists()
    );
}

#[test]
fn debian_12_with_its_docker() {
    machine(Suite::Bookworm, None, "20.10");
}

#[test]
fn debian_13_with_its_docker() {
    machine(Suite::Trixie, None, "26.1");
}

#[test]
fn debian_12_with_docker_28() {
    machine(Suite::Bookworm, Some(Version::V28), "28.");
}

#[test]
fn two_machines_on_one_network_reach_each_other() {
    let network = Network::new();
    let one = Machine::builder(Suite::Bookworm)
        .network(&network)
        .name("one")
        .boot();
    let two = Machine::builder(Suite::Bookworm)
        .network(&network)
        .name("two")
        .boot();
    let listen = "systemd-run --quiet openssl s_server -accept 0.0.0.0:4433 -nocert -quiet";
    let _ = one.sh(listen).ok();
    let connect = format!(
        "timeout 5 sh -c 'until bash -c \"</dev/tcp/{}/4433\"; do sleep 0.1; done'",
        one.address()
    );
    let _ = two.sh(&connect).ok();
    let _ = network.sh(&connect).ok();
}

#[test]
fn rootless_docker_runs_a_container() {
    let start = Instant::now();
    let rootless = Rootless::boot(Suite::Bookworm);
    took("machine with rootless Docker", start);
    let start = Instant::now();
    let container = rootless.run_container("one");
    took("image imported, container runs", start);
    assert_eq!(rootless.container_pid(&container.id), Some(container.pid));
}

#[test]
fn a_program_is_killed_at_every_instant_that_changes_something() {
    let scratch = Scratch::new("killed");
    let folder = scratch.path().display().to_string();
    let program = || {
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "echo one >a; echo two >b; /bin/true; : >c; echo three",
            ])
            .current_dir(&folder);
        command
    };
    let mut states = Vec::new();
    let count = kill::at_every_instant(
        || {
            for name in ["a", "b", "c"] {
                let _ = std::fs::remove_file(scratch.join(name));
            }
        },
        program,
        |run| {
            assert!(run.killed, "{:?}", run.instant);
            assert!(!run.outcome.stdout.contains("three"), "{:?}", run.outcome);
            states.push((
                std::fs::read_to_string(scratch.join("a")).ok(),
                std::fs::read_to_string(scratch.join("b")).ok(),
                scratch.join("c").exists(),
            ));
        },
    );
    println!("killed at {} instants", count.tried);
    assert_eq!(count.killed, count.tried);
    let one = || Some("one\n".to_owned());
    let two = || Some("two\n".to_owned());
    let empty = || Some(String::new());
    assert_eq!(
        states,
        [
            (None, None, false),     // before a is made
            (empty(), None, false),  // before one is written
            (one(), None, false),    // before b is made
            (one(), empty(), false), // before two is written
            (one(), two(), false),   // before the child is made
            (one(), two(), false),   // before c is made
        ]
    );
}

#[test]
fn a_program_inside_a_machine_is_killed_too() {
    let machine = Machine::builder(Suite::Bookworm).boot();
    let line = "echo one >/tmp/a; echo two >/tmp/b";
    let count = kill::at_every_instant(
        || {
            let _ = machine.sh("rm -f /tmp/a /tmp/b").ok();
        },
        || Program::inside(&machine, &["sh", "-c", line]),
        |run| {
            assert!(run.killed, "{:?}", run.outcome);
            let said = machine.sh("cat /tmp/b 2>/dev/null").stdout;
            assert_eq!(said, "");
        },
    );
    assert_eq!(
        count,
        kill::Count {
            tried: 4,
            killed: 4
        }
    );
}

#[test]
fn a_change_by_another_thread_is_seen() {
    let scratch = Scratch::new("threads");
    let path = scratch.join("file");
    let script = "import sys, threading\n\
                  write = lambda: open(sys.argv[1], 'w').write('x')\n\
                  if sys.argv[2] == 'thread':\n    t = threading.Thread(target=write)\n    \
                  t.start()\n    t.join()\nelse:\n    write()\n";
    let program = |how: &str| {
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", script]).arg(&path).arg(how);
        Program::from(command)
    };
    assert!(kill::changes_by_other_threads(&program("main")).is_empty());
    let seen = kill::changes_by_other_threads(&program("thread"));
    assert!(seen.iter().any(|line| line.contains("O_CREAT")), "{seen:?}");
}

#[test]
fn secrets_in_arguments_environments_and_open_files_are_found() {
    let secrets = Secrets::new().word("correct horse");
    let shout = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]).env_remove("PASS");
        command
    };
    let (leaks, _) = secrets.in_run(&shout("/bin/true fine"));
    assert_eq!(leaks, []);
    let (leaks, _) = secrets.in_run(&shout("w='correct'; /bin/true \"$w horse\""));
    assert_eq!(leaks.len(), 1);
    let (leaks, _) = secrets.in_run(&shout("w='correct'; PASS=\"$w horse\" /bin/true"));
    assert_eq!(leaks.len(), 1);

    let scratch = Scratch::new("leak");
    let key = scratch.write("sub/key.pem", "-----BEGIN PRIVATE KEY-----\n");
    let mode = |mode| {
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(0o600);
    assert_eq!(secrets.in_readable_files(scratch.path()), []);
    mode(0o640);
    assert_eq!(secrets.in_readable_files(scratch.path()).len(), 1);
    assert_eq!(secrets.in_all_files(scratch.path()).len(), 1);
}
