//! Ends that are no kill: a signal between two steps, a full disk, and two at once.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sealock_testkit::process::{call, run, wait_for};
use sealock_testkit::{Dockerd, Scratch, Version};

use crate::common::{Host, Sealock, Tree};

/// The host's files, without inodes and the times of folders.
fn files(host: &Host) -> Tree {
    Tree::of(&[&host.etc()]).seen_by_users()
}

/// The words of an `up` whose restart command first waits for `gate` to go away.
fn gated_up(host: &Host, gate: &Path) -> Command {
    let script = gate.with_extension("sh");
    let restart = host.daemon.restart_script().display().to_string();
    let text = format!(
        "#!/bin/sh\ntouch {0}.reached\nwhile [ -e {0} ]; do sleep 0.02; done\nexec {restart}\n",
        gate.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(gate, "").unwrap();
    let paths = [host.daemon.config_file(), host.daemon.socket(), script]
        .map(|path| path.display().to_string());
    let listen = host.listen();
    host.sealock.command(&[
        "up",
        "--yes",
        "--listen",
        &listen,
        "--client",
        "alice",
        "--docker-config",
        &paths[0],
        "--docker-socket",
        &paths[1],
        "--restart-command",
        &paths[2],
    ])
}

fn spawned(command: &mut Command, said: &Path) -> Child {
    let log = std::fs::File::create(said).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

fn reached(gate: &Path) {
    let mark = format!("{}.reached", gate.display());
    wait_for("the restart step", Duration::from_secs(30), || {
        Path::new(&mark).exists()
    });
}

#[test]
fn a_signal_between_two_steps_rolls_back_and_says_130() {
    let scratch = Scratch::new("signals");
    let host = Host::new(Version::V28);
    let before = files(&host);
    for signal in ["INT", "TERM", "HUP"] {
        let gate = scratch.join(signal);
        let said = scratch.join(&format!("{signal}.said"));
        let mut child = spawned(&mut gated_up(&host, &gate), &said);
        reached(&gate);
        // In the middle of the restart: the step ends, and the next one does not begin.
        let _ = call("kill", &[&format!("-{signal}"), &child.id().to_string()]).ok();
        std::fs::remove_file(&gate).unwrap();
        let ended = child.wait().unwrap();
        let said = std::fs::read_to_string(&said).unwrap();
        assert_eq!(ended.code(), Some(130), "{signal}: {said}");
        assert!(
            said.contains("rolled back and verified"),
            "{signal}: {said}"
        );
        files(&host).expect_same(&before);
        assert!(
            !host.is_open() && !host.live_restore() && !host.sealock.config().exists(),
            "{signal}: {said}"
        );
        host.lives();
    }
}

/// A tiny file system, as long as this lives.
struct Tiny<'a>(&'a Path);

impl<'a> Tiny<'a> {
    fn mount(at: &'a Path, kilobytes: usize, mode: &str) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={kilobytes}k,mode={mode}");
        let _ = call(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &options,
                "tiny",
                &at.display().to_string(),
            ],
        )
        .ok();
        Self(at)
    }
}

impl Drop for Tiny<'_> {
    fn drop(&mut self) {
        let _ = call("umount", &["-l", &self.0.display().to_string()]);
    }
}

/// Every size of the vault's disk from nothing on, until one suffices: at each the host is as before or cloaked.
#[test]
fn a_full_disk_under_the_vault_loses_nothing() {
    let scratch = Scratch::new("full-home");
    let host = Host::new(Version::V28);
    let before = files(&host);
    for (failures, kilobytes) in (4..400).step_by(8).enumerate() {
        let ours = scratch.join(&format!("{kilobytes}"));
        let sealock = Sealock::in_folder(&ours);
        std::fs::create_dir_all(&ours).unwrap();
        let home = sealock.home();
        let tiny = Tiny::mount(&home, kilobytes, "0700");
        let outcome = sealock.up(&host.daemon, &host.listen(), &[]);
        if outcome.code == 0 {
            assert!(host.is_open());
            host.lives();
            drop(sealock.run(&["down", "--yes"]).expect_code(0));
            files(&host).expect_same(&before);
            host.lives();
            crate::common::report(&format!(
                "a full disk under the vault: {failures} sizes failed, {kilobytes} KiB suffice"
            ));
            assert!(failures > 3, "the disk was never full");
            return;
        }
        assert!(matches!(outcome.code, 1 | 4), "{kilobytes} KiB: {outcome}");
        let state = if outcome.code == 1 {
            "nothing was changed"
        } else {
            "rolled back and verified"
        };
        assert!(
            outcome.stderr.contains(state) && outcome.stderr.contains("space"),
            "{kilobytes} KiB: {outcome}"
        );
        files(&host).expect_same(&before);
        assert!(
            !host.is_open() && !host.live_restore() && !sealock.config().exists(),
            "{kilobytes} KiB: {outcome}"
        );
        host.lives();
        drop(tiny);
    }
    panic!("400 KiB do not suffice");
}

/// The same for the disk of the daemon's configuration.
#[test]
fn a_full_disk_under_the_configuration_loses_nothing() {
    let scratch = Scratch::new("full-etc");
    let etc = scratch.join("etc");
    let tiny = Tiny::mount(&etc, 64, "0755");
    let daemon = Dockerd::builder(Version::V28).hosts_in_config().start();
    let config = etc.join("daemon.json");
    std::fs::copy(daemon.config_file(), &config).unwrap();
    // The daemon reads what lies on the small disk.
    let folder = daemon.config_file().parent().unwrap().to_owned();
    let _ = call(
        "mount",
        &[
            "--bind",
            &etc.display().to_string(),
            &folder.display().to_string(),
        ],
    )
    .ok();
    daemon.restart();
    let container = daemon.run_container("lives");
    let port = sealock_testkit::process::free_port();
    let sealock = Sealock::in_folder(scratch.path());
    let mut codes = Vec::new();
    for free in 0..16 {
        fill_but(&folder, free);
        let before = Tree::of(&[&folder]).seen_by_users();
        let outcome = sealock.up(&daemon, &format!("127.0.0.1:{port}"), &[]);
        codes.push(outcome.code);
        if outcome.code == 0 {
            drop(sealock.run(&["down", "--yes"]).expect_code(0));
        } else {
            assert!(matches!(outcome.code, 1 | 4), "{free} blocks: {outcome}");
            assert!(outcome.stderr.contains("space"), "{free} blocks: {outcome}");
            assert!(!sealock.config().exists(), "{free} blocks: {outcome}");
        }
        Tree::of(&[&folder]).seen_by_users().expect_same(&before);
        assert_eq!(
            daemon.container_pid(&container.id),
            Some(container.pid),
            "{free} blocks: {outcome}"
        );
        std::fs::remove_file(folder.join("ballast")).unwrap();
        if outcome.code == 0 {
            break;
        }
    }
    crate::common::report(&format!(
        "a full disk under the configuration: exit codes with 0, 1, 2 … blocks free: {codes:?}"
    ));
    assert!(codes.len() > 3 && codes.last() == Some(&0), "{codes:?}");
    drop(daemon);
    let _ = call("umount", &["-l", &folder.display().to_string()]);
    drop(tiny);
}

/// Fills a disk until only so many blocks of 4 KiB are free.
fn fill_but(folder: &Path, blocks: usize) {
    let free = call("stat", &["-f", "-c", "%a", &folder.display().to_string()]).ok();
    let ballast = free.trim().parse::<usize>().unwrap().saturating_sub(blocks) * 4096;
    std::fs::write(folder.join("ballast"), vec![0_u8; ballast]).unwrap();
}

#[test]
fn of_two_at_once_one_wins_and_the_other_names_the_lock() {
    let scratch = Scratch::new("two");
    let host = Host::new(Version::V28);
    let gate = scratch.join("gate");
    let said = scratch.join("said");
    let mut first = spawned(&mut gated_up(&host, &gate), &said);
    reached(&gate);
    for words in [&["apply", "--yes"][..], &["down", "--yes"]] {
        let second = host.sealock.run(words).expect_code(1);
        assert!(
            second.stderr.contains(&first.id().to_string()),
            "it names who has the lock: {second}"
        );
        assert!(second.stderr.contains("nothing was changed"), "{second}");
    }
    let second = run(&mut gated_up(&host, &scratch.join("other"))).expect_code(1);
    assert!(second.stderr.contains(&first.id().to_string()), "{second}");
    std::fs::remove_file(&gate).unwrap();
    let ended = first.wait().unwrap();
    assert_eq!(
        ended.code(),
        Some(0),
        "{}",
        std::fs::read_to_string(&said).unwrap()
    );
    assert!(host.is_open());
    host.lives();
    drop(host.sealock.run(&["apply", "--yes"]).expect_code(0));
    drop(host.sealock.run(&["down", "--yes"]).expect_code(0));
    host.lives();
}
