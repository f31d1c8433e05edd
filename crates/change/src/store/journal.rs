//! The way back of the run that is under way.

use super::ledger::{RunDto, RunSummary};
use crate::error::Error;
use crate::fs::{self, Kind};
use crate::record::{self, Blobs, IdentityDto, PathDto, SnapshotDto};
use crate::snapshot::{self, Identity, Put, Snapshot};
use sealock_diag::Sensitive;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const NAME: &str = "sealock-journal";

/// What one path was before the run, and what the run makes of it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    pub(super) before: Snapshot,
    /// Everything the run ever puts there: what is none of these is somebody else's work.
    pub(super) ours: Vec<Identity>,
    /// What an action may leave there for a while; a path without `ours` is only lent, never edited.
    pub(super) lent: Vec<Identity>,
}

impl Entry {
    /// Everything that is not somebody else's work.
    pub(super) fn known(&self) -> Vec<Identity> {
        self.ours.iter().chain(&self.lent).cloned().collect()
    }
}

/// Everything that recovery needs, written before the first edit.
#[derive(Debug)]
pub(super) struct Journal {
    pub(super) run: RunSummary,
    pub(super) steps: Vec<String>,
    pub(super) entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct EntryDto {
    path: PathDto,
    before: SnapshotDto,
    ours: Vec<IdentityDto>,
    #[serde(default)]
    lent: Vec<IdentityDto>,
}

#[derive(Serialize, Deserialize)]
struct JournalDto {
    run: RunDto,
    steps: Vec<String>,
    entries: Vec<EntryDto>,
}

impl Journal {
    pub(super) fn load(path: &Path) -> Result<Option<Self>, Error> {
        if fs::stat(path)?.is_none() {
            return Ok(None);
        }
        let bytes = Sensitive::new(fs::read(path)?);
        let (dto, mut blobs) = record::decode::<JournalDto>(NAME, path, bytes.expose())?;
        let entries = dto
            .entries
            .into_iter()
            .map(|entry| {
                Some(Entry {
                    path: entry.path.path(),
                    before: blobs.take(entry.before)?,
                    ours: entry
                        .ours
                        .into_iter()
                        .map(IdentityDto::identity)
                        .collect::<Option<_>>()?,
                    lent: entry
                        .lent
                        .into_iter()
                        .map(IdentityDto::identity)
                        .collect::<Option<_>>()?,
                })
            })
            .collect::<Option<_>>()
            .ok_or_else(|| Error::Damaged {
                path: path.to_path_buf(),
                why: "an entry is incomplete".into(),
            })?;
        Ok(Some(Self {
            run: dto.run.into(),
            steps: dto.steps,
            entries,
        }))
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let mut blobs = Blobs::default();
        let dto = JournalDto {
            run: RunDto::of(&self.run),
            steps: self.steps.clone(),
            entries: self
                .entries
                .iter()
                .map(|entry| EntryDto {
                    path: PathDto::of(&entry.path),
                    before: blobs.put(&entry.before),
                    ours: entry.ours.iter().map(IdentityDto::of).collect(),
                    lent: entry.lent.iter().map(IdentityDto::of).collect(),
                })
                .collect(),
        };
        let bytes = record::encode(NAME, &dto, blobs)
            .map_err(|e| Error::io("write", path, std::io::Error::other(e)))?;
        fs::write_atomic(path, bytes.expose(), 0o600, None)
    }
}

/// What became of a path that was to be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undone {
    /// It was as before already.
    Already,
    /// It is as before again.
    PutBack,
    /// Somebody else has changed it since, and it stays.
    Kept,
}

/// Puts one path back, unless somebody else has changed it since.
pub(super) fn undo(path: &Path, before: &Snapshot, ours: &[Identity]) -> Result<Undone, Error> {
    let temporary = fs::temporary_of(path)?;
    if matches!(
        fs::stat(&temporary)?.map(|s| s.kind),
        Some(Kind::File | Kind::Symlink)
    ) {
        fs::remove(&temporary)?;
    }
    let now = match Snapshot::take(path) {
        Err(Error::NotRegular { .. }) => return Ok(Undone::Kept),
        other => other?,
    };
    if now.satisfies(before) {
        return Ok(Undone::Already);
    }
    let identity = now.identity();
    if identity != before.identity() && !ours.contains(&identity) {
        return Ok(Undone::Kept);
    }
    Ok(match snapshot::put(path, &now, before)? {
        Put::Already => Undone::Already,
        Put::Made => Undone::PutBack,
        Put::NotEmpty => Undone::Kept,
    })
}
