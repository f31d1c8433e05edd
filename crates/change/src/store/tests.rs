//! What a store promises, case by case.

use std::path::{Path, PathBuf};

/// A directory of its own, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        // Memory is much faster to sync than a disk, and the tests sync a lot.
        let base = ["/dev/shm", "/tmp"]
            .iter()
            .map(Path::new)
            .find(|p| p.is_dir())
            .unwrap()
            .canonicalize()
            .unwrap();
        let id = format!("{:?}", std::thread::current().id());
        let id: String = id.chars().filter(char::is_ascii_digit).collect();
        let path = base.join(format!("sealock-change-{name}-{}-{id}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

use crate::{
    Action, BoxDiagnose, Content, Edit, Error, Owner, Plan, Silent, Snapshot, State, Store, fs,
};
use sealock_diag::{Diagnose, Sensitive};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::rc::Rc;

/// Everything about a tree that must come back: bytes, links, modes, owners, and (for files)
/// times.
pub(crate) fn picture(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut out = BTreeMap::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(dir) = todo.pop() {
        for entry in std::fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let meta = std::fs::symlink_metadata(&path).unwrap();
            let ids = format!("{:o} {}:{}", meta.mode(), meta.uid(), meta.gid());
            let what = if meta.is_symlink() {
                format!("link {}", std::fs::read_link(&path).unwrap().display())
            } else if meta.is_dir() {
                todo.push(path.clone());
                format!("dir {ids}")
            } else {
                let bytes = std::fs::read(&path).unwrap();
                format!("file {ids} {} {bytes:?}", meta.mtime())
            };
            out.insert(path.strip_prefix(root).unwrap().to_path_buf(), what);
        }
    }
    out
}

pub(crate) fn write(path: impl Into<PathBuf>, text: &str, mode: u32) -> Edit {
    Edit::Write {
        path: path.into(),
        content: Content::Public(text.into()),
        mode,
        owner: None,
    }
}

/// An action that keeps a diary and fails when told to.
pub(crate) struct Diary {
    pub(crate) name: &'static str,
    pub(crate) lines: Rc<RefCell<Vec<String>>>,
    pub(crate) fails: bool,
    pub(crate) undo_fails: bool,
    pub(crate) looks: bool,
}

impl Diary {
    pub(crate) fn new(name: &'static str, lines: &Rc<RefCell<Vec<String>>>) -> Self {
        Self {
            name,
            lines: lines.clone(),
            fails: false,
            undo_fails: false,
            looks: false,
        }
    }
}

impl Action for Diary {
    fn describe(&self) -> String {
        self.name.into()
    }
    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.lines.borrow_mut().push(format!("+{}", self.name));
        if self.fails {
            Err(Error::Stopped.into())
        } else {
            Ok(())
        }
    }
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        self.lines.borrow_mut().push(format!("-{}", self.name));
        if self.undo_fails {
            Err(Error::Stopped.into())
        } else {
            Ok(())
        }
    }
    fn only_looks(&self) -> bool {
        self.looks
    }
}

pub(super) struct House {
    pub(super) scratch: Scratch,
    pub(super) store: Store,
}

impl House {
    pub(super) fn new(name: &str) -> Self {
        let scratch = Scratch::new(name);
        std::fs::create_dir(scratch.path().join("etc")).unwrap();
        let store = Store::open(scratch.path().join("home/change")).unwrap();
        Self { scratch, store }
    }
    pub(super) fn etc(&self, name: &str) -> PathBuf {
        self.scratch.path().join("etc").join(name)
    }
    pub(super) fn put(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.etc(name);
        fs::write_atomic(&path, text.as_bytes(), mode, None).unwrap();
        path
    }
    pub(super) fn picture(&self) -> BTreeMap<PathBuf, String> {
        picture(&self.scratch.path().join("etc"))
    }
    pub(super) fn run(&self, plan: Plan) -> Result<super::Done, super::Failure> {
        let guard = self.store.lock().unwrap();
        self.store.run(&guard, plan, 1_700_000_000, &mut Silent)
    }
}

pub(super) fn plan_of(edits: impl IntoIterator<Item = Edit>) -> Plan {
    let mut plan = Plan::new("test");
    for edit in edits {
        plan.push_edit(edit).unwrap();
    }
    plan
}

#[test]
fn what_was_changed_comes_back_byte_for_byte() {
    let house = House::new("back");
    let json = house.put("daemon.json", "{}\n", 0o640);
    let suid = house.put("suid", "#!", 0o4755);
    std::fs::File::options()
        .write(true)
        .open(&json)
        .unwrap()
        .set_modified(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(77))
        .unwrap();
    std::os::unix::fs::symlink("daemon.json", house.etc("link")).unwrap();
    if Owner::of_this_process().uid == 0 {
        std::os::unix::fs::chown(&json, Some(1234), Some(4321)).unwrap();
    }
    let before = house.picture();

    let done = house
        .run(plan_of([
            Edit::Directory {
                path: house.etc("d"),
                mode: 0o2750,
                owner: None,
            },
            write(house.etc("d/new"), "new", 0o604),
            write(house.etc("link"), "{\"a\": 1}\n", 0o640),
            Edit::Symlink {
                path: house.etc("suid"),
                target: "d/new".into(),
            },
            Edit::Symlink {
                path: house.etc("current"),
                target: "d".into(),
            },
        ]))
        .unwrap();
    assert_eq!(done.run.unwrap().id, 1);
    assert!(
        std::fs::symlink_metadata(house.etc("link"))
            .unwrap()
            .is_symlink(),
        "the link stays"
    );
    assert_eq!(std::fs::read(&json).unwrap(), b"{\"a\": 1}\n");
    let meta = std::fs::metadata(&json).unwrap();
    assert_eq!(meta.mode() & 0o7777, 0o640);
    if Owner::of_this_process().uid == 0 {
        assert_eq!(
            (meta.uid(), meta.gid()),
            (1234, 4321),
            "an edit keeps the owner"
        );
    }
    assert_eq!(
        std::fs::metadata(house.etc("d")).unwrap().mode() & 0o7777,
        0o2750
    );
    assert_eq!(std::fs::read(&suid).unwrap(), b"new");
    let files: Vec<_> = std::fs::read_dir(house.store.dir())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(!files.contains(&"journal".into()), "{files:?}");

    // A second run over the same files does not change what counts as original.
    house
        .run(plan_of([
            write(house.etc("link"), "{}", 0o600),
            Edit::Remove {
                path: house.etc("d/new"),
            },
        ]))
        .unwrap();
    let originals = house.store.originals().unwrap();
    assert_eq!(originals.len(), 5);
    assert!(originals.iter().all(|o| o.is_as_we_left_it().unwrap()));
    assert_eq!(
        originals.iter().find(|o| o.path == json).unwrap().we_wrote,
        Some(crate::Digest::of(b"{}"))
    );
    assert_eq!(house.store.history().unwrap().len(), 2);

    let mut down = plan_of(house.store.restore_edits().unwrap());
    down.forgets_originals();
    house.run(down).unwrap();
    assert_eq!(house.picture(), before);
    assert!(house.store.originals().unwrap().is_empty());
    assert!(house.store.restore_edits().unwrap().is_empty());
}

#[test]
fn a_directory_with_foreign_things_stays() {
    let house = House::new("foreign");
    house
        .run(plan_of([
            Edit::Directory {
                path: house.etc("a"),
                mode: 0o755,
                owner: None,
            },
            Edit::Directory {
                path: house.etc("a/b"),
                mode: 0o755,
                owner: None,
            },
            write(house.etc("a/b/ours"), "x", 0o644),
        ]))
        .unwrap();
    std::fs::write(house.etc("a/theirs"), "y").unwrap();
    let edits = house.store.restore_edits().unwrap();
    let paths: Vec<_> = edits.iter().map(|e| e.path().to_path_buf()).collect();
    assert_eq!(paths, [house.etc("a/b/ours"), house.etc("a/b")]);
    house.run(plan_of(edits)).unwrap();
    assert!(house.etc("a/theirs").exists() && !house.etc("a/b").exists());

    let refused = house
        .run(plan_of([Edit::Remove {
            path: house.etc("a"),
        }]))
        .unwrap_err();
    assert_eq!(refused.code().0, "SL-C008");
    assert_eq!(refused.state, State::NothingChanged);
}

#[test]
fn a_failed_step_is_followed_by_the_undoing_of_all_before_it() {
    let house = House::new("failed");
    house.put("a", "old", 0o644);
    let before = house.picture();
    let lines = Rc::default();
    let plan = || {
        let mut plan = Plan::new("t");
        plan.push_action(Diary {
            looks: true,
            ..Diary::new("look", &lines)
        });
        plan.push_edit(write(house.etc("a"), "one", 0o600)).unwrap();
        plan.push_action(Diary::new("restart", &lines));
        plan.push_edit(write(house.etc("a"), "two", 0o644)).unwrap();
        plan
    };
    let mut failing = plan();
    failing.push_action(Diary {
        fails: true,
        ..Diary::new("prove", &lines)
    });
    let failure = house.run(failing).unwrap_err();
    assert_eq!(failure.state, State::RolledBack);
    assert_eq!(failure.step.as_ref().unwrap().index, 5);
    assert_eq!(failure.location().unwrap(), "step 5 of 5, prove");
    assert_eq!(
        lines.take(),
        ["+look", "+restart", "+prove", "-prove", "-restart", "-look"]
    );
    assert_eq!(house.picture(), before);
    assert!(house.store.interrupted().unwrap().is_none());
    assert!(house.store.history().unwrap().is_empty());

    // An undo that fails is named, and the rest is undone all the same.
    let mut failing = plan();
    failing.push_action(Diary {
        fails: true,
        undo_fails: true,
        ..Diary::new("prove", &lines)
    });
    let failure = house.run(failing).unwrap_err();
    assert_eq!(
        failure.state,
        State::Partly(vec!["prove: interrupted".into()])
    );
    assert_eq!(house.picture(), before);
    lines.take();

    // Who has only looked undoes nothing.
    let mut failing = Plan::new("t");
    failing.push_action(Diary {
        looks: true,
        ..Diary::new("look", &lines)
    });
    failing
        .push_edit(write(house.etc("missing/a"), "x", 0o644))
        .unwrap();
    let failure = house.run(failing).unwrap_err();
    assert_eq!(
        (failure.state.clone(), failure.code().0),
        (State::NothingChanged, "SL-C001")
    );
    assert_eq!(lines.take(), ["+look"]);
    assert_eq!(house.picture(), before);
}

#[test]
fn somebody_elses_work_is_not_overwritten() {
    struct Vandal(PathBuf);
    impl Action for Vandal {
        fn describe(&self) -> String {
            "vandal".into()
        }
        fn apply(&mut self) -> Result<(), BoxDiagnose> {
            std::fs::write(&self.0, "theirs").unwrap();
            Ok(())
        }
        fn undo(&mut self) -> Result<(), BoxDiagnose> {
            Ok(())
        }
    }
    let house = House::new("theirs");
    house.put("a", "old", 0o644);
    house.put("b", "old", 0o644);
    // Before our edit: the run stops. After it: the undo leaves it and says so.
    let mut plan = plan_of([write(house.etc("a"), "new", 0o644)]);
    plan.push_action(Vandal(house.etc("a")));
    plan.push_action(Vandal(house.etc("b")));
    plan.push_edit(write(house.etc("b"), "new", 0o644)).unwrap();
    let failure = house.run(plan).unwrap_err();
    assert_eq!(failure.code().0, "SL-C023");
    let State::Partly(left) = &failure.state else {
        panic!("{failure:?}")
    };
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("changed by somebody else"), "{left:?}");
    assert_eq!(std::fs::read(house.etc("a")).unwrap(), b"theirs");
    assert_eq!(std::fs::read(house.etc("b")).unwrap(), b"theirs");
    assert!(house.store.interrupted().unwrap().is_none());
}

#[test]
fn a_healthy_host_is_not_touched() {
    let house = House::new("healthy");
    let path = house.put("a", "x", 0o644);
    house.run(plan_of([write(&path, "y", 0o644)])).unwrap();
    let everything = picture(house.scratch.path());
    let plan = plan_of([write(&path, "y", 0o644)]);
    assert!(plan.is_empty());
    let done = house.run(plan).unwrap();
    assert_eq!((done.run, done.changes), (None, 0));
    assert_eq!(picture(house.scratch.path()), everything);
}

#[test]
fn one_at_a_time() {
    let house = House::new("lock");
    let guard = house.store.lock().unwrap();
    let error = house.store.lock().unwrap_err();
    assert_eq!(error.code().0, "SL-C020");
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id())),
        "{error}"
    );
    drop(guard);
    house.store.lock().unwrap();
}

#[test]
fn what_cannot_be_trusted_is_refused_and_left_alone() {
    let house = House::new("damaged");
    house
        .run(plan_of([write(house.etc("a"), "x", 0o644)]))
        .unwrap();
    let ledger = house.store.dir().join("ledger");
    let good = std::fs::read(&ledger).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let text = String::from_utf8_lossy(&good).into_owned();
    let newer = text
        .replacen("sealock-ledger 1 ", "sealock-ledger 2 ", 1)
        .into_bytes();
    for (bytes, code) in [
        (flipped, "SL-C021"),
        (good[..good.len() / 2].to_vec(), "SL-C021"),
        (Vec::new(), "SL-C021"),
        (vec![0xff; 4096], "SL-C021"),
        (b"hello\n".to_vec(), "SL-C021"),
        (newer, "SL-C022"),
    ] {
        std::fs::write(&ledger, &bytes).unwrap();
        assert_eq!(house.store.originals().unwrap_err().code().0, code);
        let failure = house
            .run(plan_of([write(house.etc("a"), "z", 0o644)]))
            .unwrap_err();
        assert_eq!(
            (failure.code().0, &failure.state),
            (code, &State::NothingChanged)
        );
        assert_eq!(std::fs::read(&ledger).unwrap(), bytes);
        assert_eq!(std::fs::read(house.etc("a")).unwrap(), b"x");
    }
    std::fs::write(&ledger, &good).unwrap();
    std::fs::set_permissions(house.store.dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let error = Store::open(house.store.dir()).unwrap_err();
    assert_eq!(error.code().0, "SL-C025");
    assert!(error.help().unwrap().starts_with("chmod 0700"));
}

#[test]
fn refusals_have_their_path_and_code() {
    let house = House::new("refusals");
    let file = house.put("file", "x", 0o644);
    std::fs::create_dir(house.etc("dir")).unwrap();
    std::os::unix::fs::symlink("loop2", house.etc("loop1")).unwrap();
    std::os::unix::fs::symlink("loop1", house.etc("loop2")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(house.etc("socket")).unwrap();
    let long = "n".repeat(300);
    for (edit, code) in [
        (write(house.etc("dir"), "x", 0o644), "SL-C006"),
        (write(house.etc("loop1"), "x", 0o644), "SL-C007"),
        (write(house.etc("socket"), "x", 0o644), "SL-C011"),
        (
            Edit::Remove {
                path: house.etc("socket"),
            },
            "SL-C011",
        ),
        (write(file.join("below"), "x", 0o644), "SL-C005"),
        (
            Edit::Directory {
                path: file.clone(),
                mode: 0o755,
                owner: None,
            },
            "SL-C012",
        ),
        (
            Edit::Symlink {
                path: house.etc("dir"),
                target: "x".into(),
            },
            "SL-C012",
        ),
        (write("relative", "x", 0o644), "SL-C013"),
        (write("/", "x", 0o644), "SL-C013"),
        (write("/nul\0byte", "x", 0o644), "SL-C013"),
        (write(house.etc(&long), "x", 0o644), "SL-C009"),
    ] {
        let mut plan = Plan::new("t");
        let error: Box<dyn Diagnose> = match plan.push_edit(edit.clone()) {
            Err(e) => Box::new(e),
            Ok(_) => {
                let failure = house.run(plan).unwrap_err();
                assert_eq!(failure.state, State::NothingChanged, "{edit:?}");
                Box::new(failure)
            }
        };
        assert_eq!(error.code().0, code, "{edit:?}: {error}");
        assert!(error.location().is_some());
    }
    assert!(house.store.originals().unwrap().is_empty());
}

#[test]
fn a_link_planted_at_the_temporary_name_is_not_followed() {
    let house = House::new("planted");
    let victim = house.put("victim", "precious", 0o644);
    std::os::unix::fs::symlink(&victim, house.etc(".key.sealock-new")).unwrap();
    let key = house.etc("key");
    house
        .run(plan_of([Edit::Write {
            path: key.clone(),
            content: Content::Secret(Sensitive::new(b"k".to_vec())),
            mode: 0o400,
            owner: None,
        }]))
        .unwrap();
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    assert_eq!(std::fs::metadata(&key).unwrap().mode() & 0o7777, 0o400);
    assert!(!house.etc(".key.sealock-new").exists());
}

#[test]
fn long_names_and_names_that_are_no_text_work() {
    use std::os::unix::ffi::OsStringExt;
    let house = House::new("names");
    let odd = std::ffi::OsString::from_vec(b"odd\xff\x1b[2J".to_vec());
    for name in [PathBuf::from("n".repeat(255)), odd.into()] {
        let path = house.scratch.path().join("etc").join(name);
        house.run(plan_of([write(&path, "x", 0o644)])).unwrap();
        assert_eq!(house.store.originals().unwrap().last().unwrap().path, path);
        assert!(matches!(
            house.store.originals().unwrap().last().unwrap().was,
            Snapshot::Absent
        ));
    }
    let mut down = plan_of(house.store.restore_edits().unwrap());
    down.forgets_originals();
    house.run(down).unwrap();
    assert!(house.picture().is_empty());
}

#[test]
fn who_asks_to_stop_is_heard_and_everything_is_undone() {
    struct Impatient(u32);
    impl crate::Watch for Impatient {
        fn wants_to_stop(&mut self) -> bool {
            self.0 += 1;
            self.0 > 1
        }
    }
    let house = House::new("stop");
    let before = house.picture();
    let plan = plan_of([
        write(house.etc("a"), "x", 0o644),
        // No neighbour of the file: those are put in place together, or not at all.
        Edit::Symlink {
            path: house.etc("b"),
            target: "a".into(),
        },
    ]);
    let guard = house.store.lock().unwrap();
    let failure = house
        .store
        .run(&guard, plan, 0, &mut Impatient(0))
        .unwrap_err();
    assert_eq!(
        (failure.code().0, failure.state),
        ("SL-C024", State::RolledBack)
    );
    assert_eq!(house.picture(), before);
}

/// A rollback lends `live-restore` to daemon.json for the time of a restart; a kill in that time once left the loan there.
#[test]
fn a_loan_that_a_kill_left_behind_is_taken_back() {
    /// Keeps the journal as it is while the run is under way, then fails or not.
    struct Kept {
        journal: PathBuf,
        copy: PathBuf,
        fails: bool,
    }
    impl Action for Kept {
        fn describe(&self) -> String {
            "lend".into()
        }
        fn apply(&mut self) -> Result<(), BoxDiagnose> {
            std::fs::copy(&self.journal, &self.copy).unwrap();
            if self.fails {
                Err(crate::Error::Stopped.into())
            } else {
                Ok(())
            }
        }
        fn undo(&mut self) -> Result<(), BoxDiagnose> {
            Ok(())
        }
    }
    for fails in [false, true] {
        let house = House::new("loan");
        let file = house.put("daemon.json", "{}", 0o640);
        let before = house.picture();
        let (journal, copy) = (
            house.store.dir().join("journal"),
            house.scratch.path().join("copy"),
        );
        let mut plan = plan_of([write(house.etc("other"), "x", 0o644)]);
        plan.lends(&file, b"{lent}");
        plan.push_action(Kept {
            journal: journal.clone(),
            copy: copy.clone(),
            fails,
        });
        let outcome = house.run(plan);
        if !fails {
            // What was only lent is no change of ours: `down` has no business with it.
            outcome.unwrap();
            assert!(
                house
                    .store
                    .originals()
                    .unwrap()
                    .iter()
                    .all(|original| original.path != file)
            );
            continue;
        }
        // The same run, as if it had been killed while the loan stood in the file.
        outcome.unwrap_err();
        std::fs::rename(&copy, &journal).unwrap();
        std::fs::write(&file, "{lent}").unwrap();
        let guard = house.store.lock().unwrap();
        let recovery = house.store.recover(&guard).unwrap().unwrap();
        assert_eq!(recovery.restored, [file]);
        assert_eq!(house.picture(), before);
    }
}
