//! Files of one directory that are put in place together.
//!
//! A client reads `cert.pem`, then `key.pem`. When the two are replaced one after the other, with the waiting for the
//! disk in between, whoever reads in that time has a certificate and a key that do not belong together. So neighbours
//! are all written beside the old ones first, and then nothing but their renames stands between the first and the last.

use super::run::{Applied, Log};
use crate::edit::Edit;
use crate::error::Error;
use crate::fs;
use crate::plan::{BoxDiagnose, Step};
use crate::snapshot::Snapshot;
use std::path::PathBuf;

/// How many of these steps, from the first on, are put in place together; at least one.
pub(super) fn neighbours(steps: &[Step]) -> usize {
    let mut paths: Vec<PathBuf> = Vec::new();
    for step in steps {
        let Step::File(edit @ Edit::Write { .. }) = step else {
            break;
        };
        let Ok(path) = edit.lands_at() else {
            break;
        };
        let stranger = paths
            .first()
            .is_some_and(|first| first.parent() != path.parent());
        if stranger || paths.contains(&path) {
            break;
        }
        paths.push(path);
    }
    paths.len().max(1)
}

/// A file whose new bytes lie beside it.
struct Staged {
    path: PathBuf,
    before: Snapshot,
    wanted: Snapshot,
    needed: bool,
}

/// Writes them all beside the old ones, renames them, and looks whether they are as wanted. Says in the log what must
/// be taken back; the error says at which of the steps it happened.
pub(super) fn apply(edits: &[&Edit], log: &mut Log<'_>) -> Result<(), (usize, BoxDiagnose)> {
    let mut staged: Vec<Staged> = Vec::with_capacity(edits.len());
    for (index, edit) in edits.iter().enumerate() {
        match stage(edit, log) {
            Ok(one) => staged.push(one),
            Err(error) => {
                discard(&staged);
                return Err((index, error.into()));
            }
        }
    }
    for (index, one) in staged.iter().enumerate() {
        if !one.needed {
            log.push(Applied::Nothing);
            continue;
        }
        if let Err(error) = fs::put_staged(&one.path) {
            discard(staged.get(index..).unwrap_or_default());
            return Err((index, error.into()));
        }
        log.push(Applied::File {
            path: one.path.clone(),
            before: one.before.clone(),
            ours: one.wanted.identity(),
        });
    }
    for (index, one) in staged.iter().enumerate() {
        let agrees = Snapshot::take(&one.path).map(|now| now.satisfies(&one.wanted));
        match agrees {
            Ok(true) => {}
            Ok(false) => {
                let path = one.path.clone();
                return Err((index, Error::ChangedMeanwhile { path }.into()));
            }
            Err(error) => return Err((index, error.into())),
        }
    }
    Ok(())
}

fn stage(edit: &Edit, log: &Log<'_>) -> Result<Staged, Error> {
    let path = edit.lands_at()?;
    let before = Snapshot::take(&path)?;
    log.untouched(&path, &before)?;
    let wanted = edit.wanted(&path, &before)?;
    let needed = !before.satisfies(&wanted);
    if let (
        true,
        Snapshot::File {
            bytes,
            mode,
            owner,
            modified,
        },
    ) = (needed, &wanted)
    {
        fs::stage(&path, bytes.expose(), *mode, Some(*owner), *modified)?;
    }
    Ok(Staged {
        path,
        before,
        wanted,
        needed,
    })
}

/// What is left beside the files helps nobody; recovery would remove it too.
fn discard(staged: &[Staged]) {
    for one in staged.iter().filter(|one| one.needed) {
        fs::discard_staged(&one.path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{House, plan_of, write};
    use crate::State;
    use std::path::PathBuf;

    /// A client that reads certificate and key while they are replaced must not find one of each.
    #[test]
    fn neighbours_are_put_in_place_together() {
        struct Reader {
            files: [PathBuf; 2],
            seen: Vec<[Vec<u8>; 2]>,
        }
        impl crate::Watch for Reader {
            fn started(&mut self, _: &crate::StepInfo) {
                self.seen
                    .push(self.files.clone().map(|file| std::fs::read(file).unwrap()));
            }
            fn done(&mut self, step: &crate::StepInfo) {
                self.started(step);
            }
        }
        let house = House::new("neighbours");
        let files = [house.etc("cert.pem"), house.etc("key.pem")];
        for file in &files {
            crate::fs::write_atomic(file, b"old", 0o400, None).unwrap();
        }
        let plan = plan_of(files.clone().map(|file| write(file, "new", 0o400)));
        let guard = house.store.lock().unwrap();
        let mut reader = Reader {
            files,
            seen: Vec::new(),
        };
        house.store.run(&guard, plan, 0, &mut reader).unwrap();
        let pairs: Vec<String> = reader
            .seen
            .iter()
            .map(|[a, b]| format!("{}/{}", a.escape_ascii(), b.escape_ascii()))
            .collect();
        assert_eq!(pairs, ["old/old", "old/old", "new/new", "new/new"]);
        assert_eq!(house.picture().len(), 2);
    }

    /// One of the neighbours cannot be written: none of them is replaced, and nothing is left beside them.
    #[test]
    fn neighbours_fail_together() {
        let house = House::new("neighbours-fail");
        crate::fs::write_atomic(&house.etc("a"), b"old", 0o400, None).unwrap();
        let before = house.picture();
        let plan = plan_of([
            write(house.etc("a"), "new", 0o400),
            write(house.etc("b"), "new", 0o400),
        ]);
        // A directory in the way of the second one's temporary name.
        let blocked = crate::fs::temporary_of(&house.etc("b")).unwrap();
        std::fs::create_dir(&blocked).unwrap();
        let failure = house.run(plan).unwrap_err();
        assert_eq!(failure.state, State::NothingChanged);
        assert_eq!(failure.step.as_ref().unwrap().index, 2);
        std::fs::remove_dir(&blocked).unwrap();
        assert_eq!(house.picture(), before);
    }
}
