//! What is remembered of committed runs.

use super::journal::Journal;
use crate::digest::Digest;
use crate::error::Error;
use crate::fs;
use crate::plan::Forgets;
use crate::record::{self, Blobs, IdentityDto, PathDto, SnapshotDto};
use crate::snapshot::{Identity, Snapshot};
use sealock_diag::Sensitive;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const NAME: &str = "sealock-ledger";

/// Runs remembered in the history: enough for a person to see what was done lately.
const HISTORY: usize = 50;

/// One run, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Counts up from 1 in this store.
    pub id: u64,
    /// The plan's title.
    pub title: String,
    /// When it was started, in Unix seconds, as the caller said.
    pub at: i64,
    /// How many steps changed something.
    pub changes: usize,
}

/// What a path was before we first touched it.
#[derive(Clone, Debug)]
pub struct Original {
    /// The path, links resolved.
    pub path: PathBuf,
    /// What it was.
    pub was: Snapshot,
    /// SHA-256 of the file we last left there; `None` when it was no file.
    pub we_wrote: Option<Digest>,
    /// The run that first touched it.
    pub since_run: u64,
    left: Identity,
}

impl Original {
    /// Whether the path still has what our last run left there (its bytes, or where it links to).
    pub fn is_as_we_left_it(&self) -> Result<bool, Error> {
        Ok(Snapshot::take(&self.path)?.identity() == self.left)
    }
}

/// The whole of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) last_run: u64,
    pub(super) history: Vec<RunSummary>,
    pub(super) originals: Vec<Original>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RunDto {
    id: u64,
    title: String,
    at: i64,
    changes: usize,
}

#[derive(Serialize, Deserialize)]
struct OriginalDto {
    path: PathDto,
    was: SnapshotDto,
    left: IdentityDto,
    since_run: u64,
}

#[derive(Serialize, Deserialize)]
struct LedgerDto {
    last_run: u64,
    history: Vec<RunDto>,
    originals: Vec<OriginalDto>,
}

impl RunDto {
    pub(super) fn of(run: &RunSummary) -> Self {
        Self {
            id: run.id,
            title: run.title.clone(),
            at: run.at,
            changes: run.changes,
        }
    }
}

impl From<RunDto> for RunSummary {
    fn from(dto: RunDto) -> Self {
        Self {
            id: dto.id,
            title: dto.title,
            at: dto.at,
            changes: dto.changes,
        }
    }
}

impl Ledger {
    /// The ledger at this path; an empty one when there is none.
    pub(super) fn load(path: &Path) -> Result<Self, Error> {
        if fs::stat(path)?.is_none() {
            return Ok(Self::default());
        }
        let bytes = Sensitive::new(fs::read(path)?);
        let (dto, mut blobs) = record::decode::<LedgerDto>(NAME, path, bytes.expose())?;
        let originals = dto
            .originals
            .into_iter()
            .map(|original| {
                let left = original.left.identity()?;
                Some(Original {
                    path: original.path.path(),
                    was: blobs.take(original.was)?,
                    we_wrote: digest_of(&left),
                    since_run: original.since_run,
                    left,
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(|| Error::Damaged {
                path: path.to_path_buf(),
                why: "an original is incomplete".into(),
            })?;
        Ok(Self {
            last_run: dto.last_run,
            history: dto.history.into_iter().map(Into::into).collect(),
            originals,
        })
    }

    /// Takes a run in: what it touched for the first time becomes an original.
    pub(super) fn take_in(&mut self, journal: Journal, forgets: &Forgets) {
        self.last_run = journal.run.id;
        let mut places: HashMap<PathBuf, usize> = HashMap::new();
        for (index, original) in self.originals.iter().enumerate() {
            places.insert(original.path.clone(), index);
        }
        for entry in journal.entries {
            let Some(left) = entry.ours.last().cloned() else {
                continue;
            };
            let known = places.get(&entry.path).copied();
            match known.and_then(|index| self.originals.get_mut(index)) {
                Some(known) => {
                    known.we_wrote = digest_of(&left);
                    known.left = left;
                }
                None => self.originals.push(Original {
                    path: entry.path,
                    was: entry.before,
                    we_wrote: digest_of(&left),
                    since_run: journal.run.id,
                    left,
                }),
            }
        }
        match forgets {
            Forgets::Nothing => {}
            Forgets::Everything => self.originals.clear(),
            Forgets::Paths(paths) => self.originals.retain(|o| !paths.contains(&o.path)),
        }
        self.history.push(journal.run);
        let surplus = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..surplus);
    }

    /// Replaces the ledger by one rename: the instant a run is committed. The rename is durable
    /// only after a sync of the directory.
    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let mut blobs = Blobs::default();
        let dto = LedgerDto {
            last_run: self.last_run,
            history: self.history.iter().map(RunDto::of).collect(),
            originals: self
                .originals
                .iter()
                .map(|original| OriginalDto {
                    path: PathDto::of(&original.path),
                    was: blobs.put(&original.was),
                    left: IdentityDto::of(&original.left),
                    since_run: original.since_run,
                })
                .collect(),
        };
        let bytes = record::encode(NAME, &dto, blobs)
            .map_err(|e| Error::io("write", path, std::io::Error::other(e)))?;
        fs::replace(path, bytes.expose(), 0o600, None, None)
    }
}

fn digest_of(identity: &Identity) -> Option<Digest> {
    match identity {
        Identity::File(digest) => Some(*digest),
        _ => None,
    }
}
