//! A real SIGKILL at every system call that changes the disk.
//!
//! The unit tests stop the run at every change that goes through `fs`; this one asks the kernel, so
//! that a change that went past `fs` would show. The test program starts itself as the child.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use sealock_change::{Content, Edit, Plan, Silent, Store};
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CALLS: [&str; 16] = [
    "openat",
    "mkdir",
    "mkdirat",
    "write",
    "pwrite64",
    "fchown",
    "fchmod",
    "chmod",
    "fsync",
    "fdatasync",
    "rename",
    "utimensat",
    "symlink",
    "unlink",
    "rmdir",
    "flock",
];

#[test]
fn child() {
    let Some(root) = std::env::var_os("SEALOCK_TEST_ROOT").map(PathBuf::from) else {
        return;
    };
    let store = Store::open(root.join("home")).unwrap();
    let guard = store.lock().unwrap();
    let mut plan = Plan::new("child");
    if std::env::var_os("SEALOCK_TEST_BACK").is_some() {
        for edit in store.restore_edits().unwrap() {
            plan.push_edit(edit).unwrap();
        }
        plan.forgets_originals();
    } else {
        for edit in forward(&root.join("etc")) {
            plan.push_edit(edit).unwrap();
        }
    }
    store.run(&guard, plan, 0, &mut Silent).unwrap();
    println!("RESULT done");
}

fn forward(etc: &Path) -> Vec<Edit> {
    let write = |name: &str, text: &str, mode| Edit::Write {
        path: etc.join(name),
        content: Content::Public(text.into()),
        mode,
        owner: None,
    };
    vec![
        Edit::Directory {
            path: etc.join("new"),
            mode: 0o2770,
            owner: None,
        },
        write("new/file", "fresh", 0o666),
        write("changed", "new bytes", 0o4755),
        Edit::Symlink {
            path: etc.join("link"),
            target: "new".into(),
        },
        Edit::Remove {
            path: etc.join("removed"),
        },
    ]
}

fn arrange(root: &Path) {
    let _ = std::fs::remove_dir_all(root);
    std::fs::create_dir_all(root.join("etc")).unwrap();
    for name in ["changed", "removed"] {
        let path = root.join("etc").join(name);
        std::fs::write(&path, "old bytes").unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000);
        std::fs::File::open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
}

fn picture(etc: &Path) -> BTreeMap<PathBuf, String> {
    let mut out = BTreeMap::new();
    let mut todo = vec![etc.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let mut text = format!("{:o} {}:{}", meta.mode(), meta.uid(), meta.gid());
            if meta.is_dir() {
                todo.push(path.clone());
            } else if meta.is_file() {
                let old = if meta.mtime() == 1_000 { "old" } else { "now" };
                text += &format!(" {old} {:?}", std::fs::read(&path).unwrap());
            }
            out.insert(path, text);
        }
    }
    out
}

fn start(root: &Path, back: bool, kill: Option<(&str, u32)>) -> Output {
    let exe = std::env::current_exe().unwrap();
    let mut command = match kill {
        None => Command::new(&exe),
        Some((call, n)) => {
            let mut strace = Command::new("strace");
            strace
                .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
                .args(["-e", &format!("inject={call}:signal=KILL:when={n}")])
                .arg(&exe);
            strace
        }
    };
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]);
    command.env("SEALOCK_TEST_ROOT", root);
    if back {
        command.env("SEALOCK_TEST_BACK", "1");
    }
    let output = command
        .output()
        .expect("strace; run through: cargo xtask test");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!error.contains("ptrace"), "strace may not trace: {error}");
    output
}

fn said(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stdout).contains("RESULT done")
}

#[test]
fn a_kill_at_every_mutating_system_call_is_wholly_old_or_wholly_new() {
    let base = ["/dev/shm", "/tmp"]
        .iter()
        .map(Path::new)
        .find(|p| p.is_dir())
        .unwrap();
    let root = base.join(format!("sealock-change-strace-{}", std::process::id()));
    let etc = root.join("etc");
    arrange(&root);
    let old = picture(&etc);
    assert!(said(&start(&root, false, None)));
    let new = picture(&etc);
    assert!(said(&start(&root, true, None)));
    assert_eq!(picture(&etc), old);

    let (mut tried, mut rolled_back, mut committed) = (0, 0, 0);
    for back in [false, true] {
        for call in CALLS {
            for n in 1.. {
                arrange(&root);
                if back {
                    assert!(said(&start(&root, false, None)));
                }
                let output = start(&root, back, Some((call, n)));
                if said(&output)
                    || String::from_utf8_lossy(&output.stderr).contains("invalid system call")
                {
                    break;
                }
                tried += 1;
                let store = Store::open(root.join("home")).unwrap();
                let guard = store.lock().unwrap();
                store.recover(&guard).unwrap();
                assert!(store.recover(&guard).unwrap().is_none());
                drop(guard);
                let now = picture(&etc);
                if now == if back { new.clone() } else { old.clone() } {
                    rolled_back += 1;
                } else {
                    assert_eq!(
                        now,
                        if back { old.clone() } else { new.clone() },
                        "{call} {n}"
                    );
                    committed += 1;
                }
            }
        }
    }
    std::fs::remove_dir_all(&root).unwrap();
    println!("{tried} instants: {rolled_back} wholly old, {committed} wholly new");
    assert!(tried >= 60 && committed >= 2, "{tried} {committed}");
}
