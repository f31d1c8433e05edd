//! A kill at every instant: before each change of the disk, and in the middle of each write.
//!
//! The killer makes every change after the N-th fail, as if the process were gone; then a new store
//! recovers, itself killed at every instant, and the tree must be wholly old or wholly new.

use super::Store;
use super::tests::{Diary, Scratch, picture, write};
use crate::fs::killer;
use crate::{Content, Edit, Plan, Silent, fs};
use sealock_diag::Sensitive;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

type Picture = BTreeMap<PathBuf, String>;

fn prepare(root: &Path) -> Store {
    for path in ["etc", "home"] {
        let path = root.join(path);
        if path.exists() {
            std::fs::remove_dir_all(&path).unwrap();
        }
        std::fs::create_dir(&path).unwrap();
    }
    let etc = root.join("etc");
    fs::write_atomic(&etc.join("changed"), b"old bytes\n", 0o640, None).unwrap();
    fs::write_atomic(
        &etc.join("removed"),
        b"-----BEGIN PRIVATE KEY-----",
        0o400,
        None,
    )
    .unwrap();
    fs::write_atomic(&etc.join("becomes-link"), b"file", 0o644, None).unwrap();
    fs::create_dir(&etc.join("kept"), 0o755, None).unwrap();
    fs::create_dir(&etc.join("goes"), 0o711, None).unwrap();
    std::os::unix::fs::symlink("nowhere", etc.join("relinked")).unwrap();
    for entry in ["changed", "removed", "becomes-link"] {
        let path = etc.join(entry);
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        std::fs::File::open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let store = Store::open(root.join("home/change")).unwrap();
    drop(store.lock().unwrap());
    store
}

/// Every kind of edit, and a path that is edited twice.
fn forward(root: &Path) -> Plan {
    let etc = root.join("etc");
    let mut plan = Plan::new("forward");
    for edit in [
        Edit::Directory {
            path: etc.join("new"),
            mode: 0o2750,
            owner: None,
        },
        Edit::Write {
            path: etc.join("new/key"),
            content: Content::Secret(Sensitive::new(b"secret".to_vec())),
            mode: 0o400,
            owner: None,
        },
        Edit::Directory {
            path: etc.join("kept"),
            mode: 0o700,
            owner: None,
        },
        write(etc.join("changed"), "interim", 0o640),
        write(etc.join("changed"), "new bytes\n", 0o4600),
        Edit::Remove {
            path: etc.join("removed"),
        },
        Edit::Symlink {
            path: etc.join("becomes-link"),
            target: "new/key".into(),
        },
        Edit::Symlink {
            path: etc.join("relinked"),
            target: "new".into(),
        },
        Edit::Remove {
            path: etc.join("goes"),
        },
    ] {
        assert!(plan.push_edit(edit).unwrap());
    }
    plan
}

/// Pictures without times: what a run writes is as old as the run.
fn timeless(root: &Path) -> Picture {
    let mut picture = picture(&root.join("etc"));
    for text in picture.values_mut() {
        if text.starts_with("file") {
            let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            words.remove(3);
            *text = words.join(" ");
        }
    }
    picture
}

/// Kills `act` at every instant, and the recovery after it at every instant too.
fn at_every_instant(
    name: &str,
    arrange: impl Fn(&Path) -> Store,
    act: impl Fn(&Path, &Store),
) -> u64 {
    let scratch = Scratch::new(name);
    let root = scratch.path();
    let store = arrange(root);
    let old = picture(&root.join("etc"));
    act(root, &store);
    let new = timeless(root);

    let (mut tried, mut rolled_back, mut finished) = (0, 0, 0);
    for n in 0.. {
        let mut recovery_ended = false;
        for m in 0.. {
            let store = arrange(root);
            killer::arm(n);
            act(root, &store);
            let (killed, _) = killer::disarm();
            if !killed {
                assert_eq!(timeless(root), new);
                assert!(n > 0 && rolled_back > 0 && finished > 0);
                return tried;
            }
            // The recovery, killed in turn …
            let store = Store::open(store.dir()).unwrap();
            let guard = store.lock().unwrap();
            killer::arm(m);
            let recovered = store.recover(&guard);
            let (killed, _) = killer::disarm();
            drop(guard);
            tried += 1;
            if !killed {
                recovered.unwrap();
                recovery_ended = true;
            } else {
                // … and the next one, which is let live.
                let store = Store::open(store.dir()).unwrap();
                let guard = store.lock().unwrap();
                store.recover(&guard).unwrap();
            }
            let guard = store.lock().unwrap();
            assert!(
                store.recover(&guard).unwrap().is_none(),
                "{name} {n} {m}: twice"
            );
            drop(guard);
            assert!(store.interrupted().unwrap().is_none());

            let now = picture(&root.join("etc"));
            if now == old {
                rolled_back += 1;
            } else {
                assert_eq!(
                    timeless(root),
                    new,
                    "{name}: killed at {n}, recovery at {m}"
                );
                finished += 1;
            }
            let home: Vec<_> = picture(store.dir()).into_keys().collect();
            assert!(
                home.iter()
                    .all(|p| p == Path::new("lock") || p == Path::new("ledger")),
                "{name} {n} {m}: {home:?}"
            );
            // And the next run reaches the goal.
            if recovery_ended {
                break;
            }
        }
    }
    unreachable!("some n outlives the run")
}

#[test]
fn a_run_killed_at_any_instant_is_wholly_old_or_wholly_new() {
    let tried = at_every_instant("run", prepare, |root, store| {
        // Locking is a part of it; when it is killed there, nothing was begun.
        if let Ok(guard) = store.lock() {
            let _ = store.run(&guard, forward(root), 7, &mut Silent);
        }
    });
    println!("run: {tried} instants");
    assert!(tried > 300, "{tried}");
}

#[test]
fn a_way_back_killed_at_any_instant_is_wholly_old_or_wholly_new() {
    let forward_first = |root: &Path| {
        let store = prepare(root);
        let guard = store.lock().unwrap();
        store.run(&guard, forward(root), 7, &mut Silent).unwrap();
        drop(guard);
        // Times are a part of the picture, and the two arrangements must not differ in them.
        for file in ["changed", "new/key"] {
            let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2000);
            std::fs::File::open(root.join("etc").join(file))
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
        store
    };
    let tried = at_every_instant("back", forward_first, |root, store| {
        if let Ok(guard) = store.lock() {
            let mut plan = Plan::new("back");
            for edit in store.restore_edits().unwrap() {
                plan.push_edit(edit).unwrap();
            }
            plan.forgets_originals();
            let _ = store.run(&guard, plan, 8, &mut Silent);
        }
        let _ = root;
    });
    println!("way back: {tried} instants");
    assert!(tried > 300, "{tried}");
}

#[test]
fn a_rollback_killed_at_any_instant_ends_wholly_old() {
    let scratch = Scratch::new("rollback");
    let root = scratch.path();
    let mut tried = 0;
    for n in 0.. {
        let store = prepare(root);
        let old = picture(&root.join("etc"));
        let guard = store.lock().unwrap();
        let mut plan = forward(root);
        plan.push_action(Diary {
            fails: true,
            ..Diary::new("prove", &Rc::default())
        });
        killer::arm(n);
        let failure = store.run(&guard, plan, 7, &mut Silent).unwrap_err();
        let (killed, _) = killer::disarm();
        drop(guard);
        tried += 1;
        let guard = store.lock().unwrap();
        let recovered = store.recover(&guard).unwrap();
        assert_eq!(picture(&root.join("etc")), old, "{n}");
        assert!(store.history().unwrap().is_empty());
        if !killed {
            assert_eq!(failure.state, super::State::RolledBack);
            assert!(recovered.is_none());
            break;
        }
    }
    println!("rollback: {tried} instants");
    assert!(tried > 50, "{tried}");
}

#[test]
fn an_edit_costs_few_system_calls() {
    let scratch = Scratch::new("cost");
    let root = scratch.path();
    let count = |edits: usize| {
        let store = prepare(root);
        let guard = store.lock().unwrap();
        let mut plan = Plan::new("t");
        for i in 0..edits {
            plan.push_edit(write(root.join(format!("etc/file-{i}")), "x", 0o644))
                .unwrap();
        }
        killer::arm(u64::MAX);
        store.run(&guard, plan, 0, &mut Silent).unwrap();
        killer::disarm().1
    };
    let (one, eleven) = (count(1), count(11));
    println!(
        "one edit: {one} changes of the disk; each further: {}",
        (eleven - one) / 10
    );
    assert!((eleven - one) / 10 <= 4);
    assert!(one <= 16, "{one}");
}
