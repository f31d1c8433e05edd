//! Two at once, a full disk, and a kill at any instant leave the vault whole.
//!
//! The test program starts itself as the child that is killed: see `child`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod house;

use house::*;
use sealock_diag::Diagnose;
use sealock_pki::Purpose;
use sealock_vault::{Filter, Scope, Vault};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Certificates per transaction of the children.
const BATCH: usize = 20;

/// What the child does, told by its environment; without one it is no child.
#[test]
fn child() {
    let Some(home) = std::env::var_os("SEALOCK_TEST_HOME").map(PathBuf::from) else {
        return;
    };
    let tag = std::env::var("SEALOCK_TEST_TAG").unwrap();
    let rounds: usize = std::env::var("SEALOCK_TEST_ROUNDS")
        .unwrap()
        .parse()
        .unwrap();
    for round in 0..rounds {
        let outcome = Vault::create_or_open(&home).and_then(|mut vault| {
            let issuer = found(&mut vault, &name(&format!("{tag}-{round}")))?;
            vault.record(&entries(&issuer, &leaves(&issuer, BATCH), &tag, None), NOW)
        });
        if let Err(e) = outcome {
            println!("CODE {}", e.code());
            return;
        }
    }
    println!("CODE none");
}

fn start(home: &Path, tag: &str, rounds: usize) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("SEALOCK_TEST_HOME", home)
        .env("SEALOCK_TEST_TAG", tag)
        .env("SEALOCK_TEST_ROUNDS", rounds.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// Everything that is there is whole: both anchors with their keys, batches complete.
fn check(home: &Path) -> usize {
    let vault = match Vault::open(home) {
        Ok(vault) => vault,
        Err(e) if e.code().0 == "SL-V001" => return 0,
        Err(e) => panic!("{e}: {e:?}"),
    };
    vault.check_integrity().unwrap();
    let names = vault.authorities().unwrap();
    for name in &names {
        let unlocked = vault.unlock(name, Scope::own(), None).unwrap();
        for purpose in [Purpose::Server, Purpose::Client] {
            unlocked.issuer(purpose).unwrap();
        }
    }
    let recorded = vault.entries(Filter::all()).unwrap().len();
    assert_eq!(
        recorded % BATCH,
        0,
        "a batch is recorded whole or not at all"
    );
    assert!(recorded <= names.len() * BATCH);
    names.len()
}

#[test]
fn a_kill_at_any_instant_leaves_the_vault_whole() {
    let house = House::new("kill");
    // From the first instants of the process to well into its steady work, at odd steps.
    let (mut tried, mut wrote) = (0, 0);
    for (i, home) in (0..120).map(|i| (i, house.home().with_file_name(format!("home-{}", i / 20))))
    {
        let before = check(&home);
        let mut child = start(&home, &format!("kill-{i}"), 1_000).spawn().unwrap();
        // This is the time of the kill, not a wait for something.
        std::thread::sleep(Duration::from_micros(1_500 + 337 * i));
        child.kill().unwrap();
        child.wait().unwrap();
        wrote += check(&home) - before;
        tried += 1;
    }
    // What was killed half-way leaves at most keys without rows, and they can be removed.
    let mut orphans = 0;
    for i in 0..6 {
        let home = house.home().with_file_name(format!("home-{i}"));
        if let Ok(mut vault) = Vault::open(&home) {
            orphans += vault.tidy().unwrap().len();
            check(&home);
        }
    }
    println!(
        "{tried} kills, {wrote} authorities came through whole, {orphans} keys without a row removed"
    );
    assert!(wrote > 0);
}

/// The same, at every single system call that changes the disk: strace sends the signal when the
/// call is entered for the N-th time, for every call and every N.
#[test]
fn a_kill_at_every_mutating_system_call_leaves_the_vault_whole() {
    const CALLS: [&str; 12] = [
        "openat",
        "mkdir",
        "write",
        "pwrite64",
        "fchown",
        "fchmod",
        "fsync",
        "fdatasync",
        "rename",
        "ftruncate",
        "unlink",
        "link",
    ];
    let house = House::new("strace");
    let traced = |home: &Path, call: &str, n: u32| {
        let inner = start(home, "killed", 1);
        Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
            .arg(inner.get_program())
            .args(inner.get_args())
            .envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .output()
            .expect("strace; run through: cargo xtask test")
    };
    let (mut tried, mut kept) = (0, 0);
    for call in CALLS {
        for n in 1.. {
            let home = house.home().with_file_name(format!("{call}-{n}"));
            let output = traced(&home, call, n);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(!error.contains("ptrace"), "strace may not trace: {error}");
            if String::from_utf8_lossy(&output.stdout).contains("CODE none") {
                break;
            }
            tried += 1;
            kept += check(&home);
            // The next command reaches the goal on what it finds.
            let next = start(&home, "next", 1).output().unwrap();
            assert!(
                String::from_utf8_lossy(&next.stdout).contains("CODE none"),
                "{call} {n}"
            );
            check(&home);
        }
    }
    println!("{tried} instants; in {kept} the authority was committed already");
    assert!(tried >= 60, "{tried}");
}

#[test]
fn processes_that_write_at_once_wait_for_each_other() {
    let house = House::new("both");
    let children: Vec<_> = (0..4)
        .map(|i| start(&house.home(), &format!("p{i}"), 10).spawn().unwrap())
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("CODE none"), "{text}");
    }
    assert_eq!(check(&house.home()), 40);
    let vault = Vault::open(&house.home()).unwrap();
    assert_eq!(vault.entries(Filter::all()).unwrap().len(), 40 * BATCH);
    assert!(vault.orphan_keys().unwrap().is_empty());
}

/// A file system of a few kilobytes in a mount namespace of its own; the child fills it, and what
/// lies on it afterwards is copied out for us to look at.
#[test]
fn a_full_disk_is_named_and_leaves_the_vault_whole() {
    let house = House::new("full");
    let out = house.home().with_file_name("out");
    let mount = house.home().with_file_name("mount");
    std::fs::create_dir(&mount).unwrap();
    let mut named = Vec::new();
    for size in ["4k", "16k", "48k", "64k", "80k", "128k", "256k"] {
        let _ = std::fs::remove_dir_all(&out);
        let inner = start(&mount.join("home"), "full", 200);
        let script = format!(
            "mount -t tmpfs -o size={size} tmpfs \"$MOUNT\" && \"$0\" \"$@\"; cp -a \"$MOUNT\" \"$OUT\""
        );
        let output = Command::new("unshare")
            .args(["--mount", "--map-root-user", "sh", "-c", &script])
            .arg(inner.get_program())
            .args(inner.get_args())
            .envs(inner.get_envs().filter_map(|(k, v)| Some((k, v?))))
            .env("MOUNT", &mount)
            .env("OUT", &out)
            .output()
            .expect("unshare; run through: cargo xtask test");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let Some(code) = text
            .split("CODE ")
            .nth(1)
            .map(|t| t.trim().get(..7).unwrap_or(t))
        else {
            let error = String::from_utf8_lossy(&output.stderr);
            panic!("run through: cargo xtask test\n{text}{error}");
        };
        // Full while a file is written, or while the database is.
        assert!(["SL-C003", "SL-V006"].contains(&code), "{size}: {text}");
        named.push((size, code.to_owned(), check(&out.join("home"))));
    }
    println!("{named:?}");
}

#[test]
fn a_thousand_certificates_are_recorded_fast() {
    let house = House::new("fast");
    let mut vault = house.vault();
    let issuer = found(&mut vault, &name("main")).unwrap();
    let certificates = leaves(&issuer, 1_000);
    let entries = entries(&issuer, &certificates, "many", Some("run 1"));
    let start = Instant::now();
    vault.record(&entries, NOW).unwrap();
    let each = start.elapsed() / 1_000;
    println!("{each:?} per recorded certificate");
    assert!(each < Duration::from_millis(1), "{each:?}");
    assert_eq!(vault.entries(Filter::all()).unwrap().len(), 1_000);
}
