//! Where runs are journalled, undone and remembered.

mod journal;
#[cfg(test)]
mod killed;
mod ledger;
mod run;
#[cfg(test)]
pub(crate) mod tests;
mod together;

pub use ledger::{Original, RunSummary};
pub use run::{Done, Failure, Silent, State, StepInfo, Watch};

use crate::edit::Edit;
use crate::error::Error;
use crate::fs::{self, Kind, Owner};
use crate::snapshot::Snapshot;
use journal::{Journal, Undone};
use ledger::Ledger;
use std::collections::{BTreeSet, HashSet};
use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The memory of what was changed on this host, in one directory.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

/// The right to change the host: one process at a time has it, until it is dropped.
#[derive(Debug)]
pub struct Guard {
    // The lock lives as long as this descriptor.
    _lock: File,
    dir: PathBuf,
}

/// What was found and done about an interrupted run.
#[derive(Debug)]
pub struct Recovery {
    /// The run.
    pub run: RunSummary,
    /// What its steps were, actions too. Actions are not taken back by recovery: whoever plans the
    /// next run looks at the host as it is.
    pub steps: Vec<String>,
    /// Whether the run had been committed, so that there was nothing to put back.
    pub committed: bool,
    /// Paths that were put back.
    pub restored: Vec<PathBuf>,
    /// Paths that somebody else has changed since, left as they are: a file with other bytes than
    /// ours, a directory with something in it.
    pub kept: Vec<PathBuf>,
}

impl Store {
    /// The store in this directory. Nothing is made before [`Store::lock`]; a directory that exists
    /// must belong to this user and be closed to others.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, Error> {
        let store = Self { dir: dir.into() };
        store.check()?;
        Ok(store)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Takes the lock, without waiting. The error names the process that has it.
    pub fn lock(&self) -> Result<Guard, Error> {
        self.make()?;
        let path = self.dir.join("lock");
        let mut file = fs::open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The pid is a courtesy; who cannot read it is told without.
                let _ = (&mut file).take(32).read_to_string(&mut text);
                return Err(Error::Locked {
                    path,
                    pid: text.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(e)) => return Err(Error::io("lock", &path, e)),
        }
        // One write of one width: whoever reads meanwhile sees a whole number.
        fs::stamp(&file, &format!("{:>10}\n", std::process::id()))
            .map_err(|e| Error::io("write", &path, e))?;
        Ok(Guard {
            _lock: file,
            dir: self.dir.clone(),
        })
    }

    /// Puts back the files of an interrupted run, or finishes a committed one; `None` when there is
    /// none. May be called (and killed) any number of times.
    pub fn recover(&self, guard: &Guard) -> Result<Option<Recovery>, Error> {
        self.check_guard(guard);
        for file in [self.journal_path(), self.ledger_path()] {
            let temporary = fs::temporary_of(&file)?;
            if fs::stat(&temporary)?.is_some() {
                fs::remove(&temporary)?;
            }
        }
        let Some(journal) = Journal::load(&self.journal_path())? else {
            return Ok(None);
        };
        let committed = Ledger::load(&self.ledger_path())?.last_run >= journal.run.id;
        let (mut restored, mut kept) = (Vec::new(), Vec::new());
        if !committed {
            for entry in journal.entries.iter().rev() {
                match journal::undo(&entry.path, &entry.before, &entry.known())? {
                    Undone::Already => {}
                    Undone::PutBack => restored.push(entry.path.clone()),
                    Undone::Kept => kept.push(entry.path.clone()),
                }
            }
            sync_parents(journal.entries.iter().map(|e| e.path.as_path()))?;
        }
        fs::remove(&self.journal_path())?;
        fs::sync_dir(&self.dir)?;
        Ok(Some(Recovery {
            run: journal.run,
            steps: journal.steps,
            committed,
            restored,
            kept,
        }))
    }

    /// The run that was interrupted and waits for [`Store::recover`].
    pub fn interrupted(&self) -> Result<Option<RunSummary>, Error> {
        let Some(journal) = Journal::load(&self.journal_path())? else {
            return Ok(None);
        };
        let committed = Ledger::load(&self.ledger_path())?.last_run >= journal.run.id;
        Ok((!committed).then_some(journal.run))
    }

    /// The last committed runs, oldest first.
    pub fn history(&self) -> Result<Vec<RunSummary>, Error> {
        Ok(Ledger::load(&self.ledger_path())?.history)
    }

    /// What every path was before the first committed run that touched it, in the order of those
    /// touches.
    pub fn originals(&self) -> Result<Vec<Original>, Error> {
        Ok(Ledger::load(&self.ledger_path())?.originals)
    }

    /// The edits that put every original back: bytes, mode, owner, time. What agrees already is
    /// left out, and so are directories that would not be empty. The last touched comes first: what
    /// was written before something else referred to it goes after it. What of this stays in the
    /// memory is the plan's to say, see [`crate::Plan::forgets_originals`].
    pub fn restore_edits(&self) -> Result<Vec<Edit>, Error> {
        self.restore_edits_where(|_| true)
    }

    /// Like [`Store::restore_edits`], for some of the originals.
    pub fn restore_edits_where(
        &self,
        wanted: impl Fn(&Original) -> bool,
    ) -> Result<Vec<Edit>, Error> {
        let mut originals = self.originals()?;
        originals.retain(|original| wanted(original));
        let (mut remade, mut edits, mut made) = (Vec::new(), Vec::new(), Vec::new());
        for Original { path, was, .. } in originals.into_iter().rev() {
            let now = Snapshot::take(&path)?;
            if now.satisfies(&was) {
                continue;
            }
            let pile = match (&was, &now) {
                (Snapshot::Absent, Snapshot::Directory { .. }) => &mut made,
                (Snapshot::Directory { .. }, _) => &mut remade,
                _ => &mut edits,
            };
            pile.push(Edit::Restore { path, was });
        }
        let depth = |edit: &Edit| edit.path().components().count();
        remade.sort_by_key(depth);
        made.sort_by_key(|edit| std::cmp::Reverse(depth(edit)));
        let mut gone: HashSet<PathBuf> = edits
            .iter()
            .filter(|e| {
                matches!(
                    e,
                    Edit::Restore {
                        was: Snapshot::Absent,
                        ..
                    }
                )
            })
            .map(|e| e.path().to_path_buf())
            .collect();
        for edit in made {
            let path = edit.path().to_path_buf();
            if stays_empty(&path, &gone)? {
                gone.insert(path);
                edits.push(edit);
            }
        }
        remade.append(&mut edits);
        Ok(remade)
    }

    fn journal_path(&self) -> PathBuf {
        self.dir.join("journal")
    }

    fn ledger_path(&self) -> PathBuf {
        self.dir.join("ledger")
    }

    fn check_guard(&self, guard: &Guard) {
        debug_assert_eq!(self.dir, guard.dir, "the guard of another store");
    }

    fn check(&self) -> Result<(), Error> {
        let Some(stat) = fs::stat(&self.dir)? else {
            return Ok(());
        };
        let shown = sealock_diag::escape(&self.dir.to_string_lossy());
        if stat.kind != Kind::Directory {
            return Err(fs::in_the_way(&self.dir, "directory", stat.kind));
        }
        let me = Owner::of_this_process().uid;
        let exposed = |found, remedy| Error::Exposed {
            path: self.dir.clone(),
            found,
            remedy,
        };
        if stat.owner.uid != me {
            return Err(exposed(
                format!("it belongs to user {}, this is user {me}", stat.owner.uid),
                format!("chown -R {me} {shown}"),
            ));
        }
        if stat.mode & 0o077 != 0 {
            return Err(exposed(
                format!("its mode is {:04o}, expected 0700", stat.mode),
                format!("chmod 0700 {shown}"),
            ));
        }
        Ok(())
    }

    fn make(&self) -> Result<(), Error> {
        for edit in Edit::missing_directories(&self.dir, 0o700, None)? {
            fs::create_dir(edit.path(), 0o700, None)?;
            fs::sync_parent(edit.path())?;
        }
        self.check()
    }
}

/// Makes the entries of all these paths durable, one sync per directory.
fn sync_parents<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<(), Error> {
    let parents: BTreeSet<_> = paths.filter_map(Path::parent).collect();
    for parent in parents {
        // A directory that went with its files is made durable by the sync of its own parent.
        if fs::stat(parent)?.is_some() {
            fs::sync_dir(parent)?;
        }
    }
    Ok(())
}

fn stays_empty(directory: &Path, gone: &HashSet<PathBuf>) -> Result<bool, Error> {
    let fail = |e| Error::io("list", directory, e);
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        if !gone.contains(&entry.map_err(fail)?.path()) {
            return Ok(false);
        }
    }
    Ok(true)
}
