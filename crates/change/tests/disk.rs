//! Real refusals of a real kernel: a full disk, one that is read-only, a user who may not.
//!
//! The test program starts itself in a mount namespace of its own: see `child`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use sealock_change::{Content, Edit, Plan, Silent, State, Store};
use sealock_diag::Diagnose;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the child does; without its environment it is no child.
#[test]
fn child() {
    let Some(root) = std::env::var_os("SEALOCK_TEST_ROOT").map(PathBuf::from) else {
        return;
    };
    let size: usize = std::env::var("SEALOCK_TEST_SIZE").unwrap().parse().unwrap();
    let etc = root.join("etc");
    let before = picture(&etc);
    let mut plan = Plan::new("fill");
    for (name, length) in [("old", 3), ("new", size), ("last", 3)] {
        plan.push_edit(Edit::Write {
            path: etc.join(name),
            content: Content::Public(vec![b'x'; length]),
            mode: 0o640,
            owner: None,
        })
        .unwrap();
    }
    let store = Store::open(root.join("home")).unwrap();
    let outcome = store
        .lock()
        .map_err(|e| (e.code(), e.location(), None))
        .and_then(|guard| {
            store
                .run(&guard, plan, 0, &mut Silent)
                .map_err(|f| (f.code(), f.cause.location(), Some(f.state)))
        });
    match outcome {
        Ok(_) => println!("RESULT done"),
        Err((code, location, state)) => {
            assert!(location.is_some_and(|l| l.contains(root.to_str().unwrap())));
            assert!(
                matches!(
                    state,
                    None | Some(State::NothingChanged | State::RolledBack)
                ),
                "{state:?}"
            );
            assert_eq!(picture(&etc), before);
            println!("RESULT {code}");
        }
    }
}

fn picture(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Runs the child after `setup` in a mount namespace of its own, and gives what it said.
fn run(setup: &str, size: usize) -> String {
    let root =
        std::env::temp_dir().join(format!("sealock-change-disk-{}-{size}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=755 tmpfs \"$SEALOCK_TEST_ROOT\" && cd \"$SEALOCK_TEST_ROOT\" \
         && mkdir etc && echo old > etc/old && {{ {setup}; }} && exec \"$0\" \"$@\""
    );
    let output = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("SEALOCK_TEST_ROOT", &root)
        .env("SEALOCK_TEST_SIZE", size.to_string())
        .output()
        .expect("unshare; run through: cargo xtask test");
    std::fs::remove_dir(&root).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some(said) = text.split("RESULT ").nth(1) else {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        panic!("{setup}: run through: cargo xtask test\n{text}{error}");
    };
    said.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn a_disk_that_fills_at_any_point_is_named_and_everything_is_undone() {
    // From "not even the lock" over "the journal", "the first file", … to "there is room".
    let mut seen = std::collections::BTreeMap::new();
    for left in (0..=64).step_by(4) {
        let setup = format!("head -c {}k /dev/zero > filler || true", 64 - left);
        let result = run(&setup, 9_000 + left);
        assert!(
            ["SL-C003", "done"].contains(&result.as_str()),
            "{left}k left: {result}"
        );
        *seen.entry(result).or_insert(0) += 1;
    }
    println!("{seen:?}");
    assert!(seen["SL-C003"] >= 4 && seen["done"] >= 2, "{seen:?}");
}

#[test]
fn read_only_and_missing_are_named() {
    for (setup, size, code) in [
        ("mount -o remount,ro \"$SEALOCK_TEST_ROOT\"", 1, "SL-C004"),
        (
            "mkdir -m 700 home && mount --bind etc etc && mount -o remount,bind,ro etc",
            2,
            "SL-C004",
        ),
    ] {
        assert_eq!(run(setup, size), code, "{setup}");
    }
}

#[test]
fn who_may_not_is_told_so() {
    // Root may do everything, so this is another user's test; as root it is run by `nobody`.
    let root = std::env::temp_dir().join(format!("sealock-change-denied-{}", std::process::id()));
    std::fs::create_dir_all(&root).unwrap();
    let (home, etc) = (root.join("home"), root.join("etc"));
    std::fs::create_dir_all(&etc).unwrap();
    std::fs::write(etc.join("old"), "old").unwrap();
    let script = "chmod 755 \"$SEALOCK_TEST_ROOT\"; mkdir -m 700 \"$SEALOCK_TEST_ROOT/home\"; \
                  chmod 555 \"$SEALOCK_TEST_ROOT/etc\"; \
                  if [ \"$(id -u)\" = 0 ]; then \
                  cp \"$0\" \"$SEALOCK_TEST_ROOT/exe\"; chown 65534 \"$SEALOCK_TEST_ROOT/home\"; \
                  exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$SEALOCK_TEST_ROOT/exe\" \"$@\"; fi; \
                  exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env("SEALOCK_TEST_ROOT", &root)
        .env("SEALOCK_TEST_SIZE", "3")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    let _ = Command::new("chmod").arg("755").arg(&etc).status();
    std::fs::remove_dir_all(&root).unwrap();
    assert!(
        text.contains("RESULT SL-C002"),
        "run through: cargo xtask test\n{text}{error}{}",
        home.display()
    );
}
