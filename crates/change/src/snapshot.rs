//! What a path is: taken before an edit, wanted after it, put back to undo it.
//!
//! Edit, undo and recovery are one movement, [`put`], with other snapshots.

use crate::digest::Digest;
use crate::error::{Error, Fault};
use crate::fs::{self, Kind, Modified, Owner};
use sealock_diag::Sensitive;
use std::path::{Path, PathBuf};

/// What lies at a path, whole.
#[derive(Clone, Debug)]
pub enum Snapshot {
    /// Nothing.
    Absent,
    /// A plain file.
    File {
        /// Its bytes; any file may hold a key, so they are treated as if it did.
        bytes: Sensitive<Vec<u8>>,
        /// Permission bits with setuid, setgid and sticky.
        mode: u32,
        /// Its owner.
        owner: Owner,
        /// When it was modified; `None` in a wanted snapshot means "when it is written".
        modified: Option<Modified>,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads, as written in it.
        target: PathBuf,
        /// Its owner.
        owner: Owner,
    },
    /// A directory; what is in it has snapshots of its own.
    Directory {
        /// Permission bits with setgid and sticky.
        mode: u32,
        /// Its owner.
        owner: Owner,
    },
}

/// Enough of a snapshot to know it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    Absent,
    File(Digest),
    Symlink(PathBuf),
    Directory,
}

impl Snapshot {
    /// What lies at a path now. A last link is not followed; a device or socket is an error.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let Some(stat) = fs::stat(path)? else {
            return Ok(Self::Absent);
        };
        let (mode, owner) = (stat.mode, stat.owner);
        Ok(match stat.kind {
            Kind::File => Self::File {
                bytes: Sensitive::new(fs::read_unfollowed(path)?),
                mode,
                owner,
                modified: Some(stat.modified),
            },
            Kind::Symlink => Self::Symlink {
                target: fs::read_link(path)?,
                owner,
            },
            Kind::Directory => Self::Directory { mode, owner },
            Kind::Special(found) => return Err(fs::not_regular(path, found)),
        })
    }

    /// Whether nothing has to be done to get from here to `wanted`.
    pub(crate) fn satisfies(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::Absent, Self::Absent) => true,
            (
                Self::File {
                    bytes,
                    mode,
                    owner,
                    modified,
                },
                Self::File {
                    bytes: want_bytes,
                    mode: want_mode,
                    owner: want_owner,
                    modified: want_modified,
                },
            ) => {
                bytes.expose() == want_bytes.expose()
                    && mode == want_mode
                    && owner == want_owner
                    && (want_modified.is_none() || modified == want_modified)
            }
            (
                Self::Symlink { target, owner },
                Self::Symlink {
                    target: want_target,
                    owner: want_owner,
                },
            ) => target == want_target && owner == want_owner,
            (
                Self::Directory { mode, owner },
                Self::Directory {
                    mode: want_mode,
                    owner: want_owner,
                },
            ) => mode == want_mode && owner == want_owner,
            _ => false,
        }
    }

    pub(crate) fn identity(&self) -> Identity {
        match self {
            Self::Absent => Identity::Absent,
            Self::File { bytes, .. } => Identity::File(Digest::of(bytes.expose())),
            Self::Symlink { target, .. } => Identity::Symlink(target.clone()),
            Self::Directory { .. } => Identity::Directory,
        }
    }

    /// The owner of what lies there.
    pub fn owner(&self) -> Option<Owner> {
        match self {
            Self::Absent => None,
            Self::File { owner, .. }
            | Self::Symlink { owner, .. }
            | Self::Directory { owner, .. } => Some(*owner),
        }
    }

    /// Whether it is a file that only its owner may read, or that holds a private key: never shown.
    pub(crate) fn is_secret(&self) -> bool {
        const MARK: &[u8] = b"PRIVATE KEY-----";
        match self {
            Self::File { bytes, mode, .. } => {
                mode & 0o077 == 0 || bytes.expose().windows(MARK.len()).any(|w| w == MARK)
            }
            _ => false,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::File { .. } => "file",
            Self::Symlink { .. } => "symbolic link",
            Self::Directory { .. } => "directory",
        }
    }
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It was so already.
    Already,
    /// It was made so.
    Made,
    /// A directory should go, and something of somebody else's is in it.
    NotEmpty,
}

/// Makes a path be what `wanted` says, from whatever `now` it is. The directory entry is not
/// synced: the caller does that once per directory, before the run counts as done.
pub(crate) fn put(path: &Path, now: &Snapshot, wanted: &Snapshot) -> Result<Put, Error> {
    if now.satisfies(wanted) {
        return Ok(Put::Already);
    }
    let blocked = |found| Err(fs::in_the_way(path, wanted.kind(), found));
    match (wanted, now) {
        (Snapshot::Absent, _) => match fs::remove(path) {
            Err(Error::Io {
                fault: Fault::NotEmpty,
                ..
            }) => return Ok(Put::NotEmpty),
            other => other?,
        },
        (Snapshot::File { .. } | Snapshot::Symlink { .. }, Snapshot::Directory { .. }) => {
            return blocked(Kind::Directory);
        }
        (Snapshot::Directory { .. }, Snapshot::File { .. }) => return blocked(Kind::File),
        (Snapshot::Directory { .. }, Snapshot::Symlink { .. }) => return blocked(Kind::Symlink),
        (
            Snapshot::File {
                bytes,
                mode,
                owner,
                modified,
            },
            _,
        ) => {
            fs::replace(path, bytes.expose(), *mode, Some(*owner), *modified)?;
        }
        (Snapshot::Symlink { target, owner }, _) => fs::relink(path, target, Some(*owner))?,
        (Snapshot::Directory { mode, owner }, _) => fs::create_dir(path, *mode, Some(*owner))?,
    }
    Ok(Put::Made)
}
