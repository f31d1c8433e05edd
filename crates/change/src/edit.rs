//! One change of one path.

use crate::error::Error;
use crate::fs::{self, Kind, Owner};
use crate::snapshot::{Put, Snapshot};
use sealock_diag::{Sensitive, escape};
use std::fmt;
use std::path::{Path, PathBuf};

/// What a file is to hold.
#[derive(Clone)]
pub enum Content {
    /// May be shown in a diff.
    Public(Vec<u8>),
    /// Is shown as its length only.
    Secret(Sensitive<Vec<u8>>),
}

impl Content {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Public(bytes) => bytes,
            Self::Secret(bytes) => bytes.expose(),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public(bytes) => write!(f, "Public({} bytes)", bytes.len()),
            Self::Secret(bytes) => write!(f, "Secret({} bytes)", bytes.expose().len()),
        }
    }
}

/// One change of one path. Paths are absolute.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A plain file with these bytes, mode and owner. Through a symbolic link its target is
    /// written and the link stays. Without `owner` an existing file keeps its own, and a new one
    /// belongs to this process.
    Write {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        content: Content,
        /// Permission bits, exact whatever the umask.
        mode: u32,
        /// Who owns it.
        owner: Option<Owner>,
    },
    /// A directory with this mode and owner; its parent exists or is made by an edit before.
    Directory {
        /// The directory.
        path: PathBuf,
        /// Permission bits, exact whatever the umask.
        mode: u32,
        /// Who owns it.
        owner: Option<Owner>,
    },
    /// A symbolic link; a link or file that lies there is replaced.
    Symlink {
        /// The link.
        path: PathBuf,
        /// Where it leads, as written into it.
        target: PathBuf,
    },
    /// No file or link at this path (a link itself goes, not its target), or no directory, when it
    /// is empty: one that is not is an error.
    Remove {
        /// What goes.
        path: PathBuf,
    },
    /// What the path was once: bytes, mode, owner and time of modification. A directory that was
    /// not there goes only when it is empty, and stays otherwise. See `Store::restore_edits`.
    Restore {
        /// The path, links resolved when it was first touched.
        path: PathBuf,
        /// What it was.
        was: Snapshot,
    },
}

impl Edit {
    /// The path as it was asked for.
    pub fn path(&self) -> &Path {
        match self {
            Self::Write { path, .. }
            | Self::Directory { path, .. }
            | Self::Symlink { path, .. }
            | Self::Remove { path }
            | Self::Restore { path, .. } => path,
        }
    }

    /// The edits that make a directory and all of its missing parents, outermost first; the mode
    /// and owner are for the missing ones. Empty when the directory exists.
    pub fn missing_directories(
        path: &Path,
        mode: u32,
        owner: Option<Owner>,
    ) -> Result<Vec<Self>, Error> {
        let mut edits = Vec::new();
        let mut at = Some(path);
        while let Some(path) = at {
            if fs::stat(path)?.is_some() {
                break;
            }
            edits.push(Self::Directory {
                path: path.to_path_buf(),
                mode,
                owner,
            });
            at = path.parent();
        }
        edits.reverse();
        Ok(edits)
    }

    /// Whether the disk agrees already: content, mode and owner.
    pub fn is_noop(&self) -> Result<bool, Error> {
        let at = self.lands_at()?;
        let now = Snapshot::take(&at)?;
        Ok(now.satisfies(&self.wanted(&at, &now)?))
    }

    /// One line for people: "write /etc/docker/daemon.json".
    pub fn describe(&self) -> String {
        let path = escape(&self.path().to_string_lossy());
        match self {
            Self::Write { .. } => format!("write {path}"),
            Self::Directory { .. } => format!("make the directory {path}"),
            Self::Symlink { target, .. } => {
                format!("link {path} to {}", escape(&target.to_string_lossy()))
            }
            Self::Remove { .. }
            | Self::Restore {
                was: Snapshot::Absent,
                ..
            } => {
                format!("remove {path}")
            }
            Self::Restore { .. } => format!("restore {path}"),
        }
    }

    /// The kind as a word for JSON.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Write { .. } => "write",
            Self::Directory { .. } => "directory",
            Self::Symlink { .. } => "symlink",
            Self::Remove { .. } => "remove",
            Self::Restore { .. } => "restore",
        }
    }

    /// Whether the new content must not be shown.
    pub(crate) fn is_secret(&self) -> bool {
        match self {
            Self::Write { content, mode, .. } => {
                matches!(content, Content::Secret(_)) || mode & 0o077 == 0
            }
            Self::Restore { was, .. } => was.is_secret(),
            _ => false,
        }
    }

    /// The path that is really changed.
    pub(crate) fn lands_at(&self) -> Result<PathBuf, Error> {
        match self {
            Self::Write { path, .. } | Self::Directory { path, .. } => fs::resolve(path),
            Self::Symlink { path, .. } | Self::Remove { path } | Self::Restore { path, .. } => {
                fs::resolve_parent(path)
            }
        }
    }

    /// What the path at `at` is to be, given what it is now. Refuses what would need something of
    /// another kind to be removed.
    pub(crate) fn wanted(&self, at: &Path, now: &Snapshot) -> Result<Snapshot, Error> {
        let keep = |owner: &Option<Owner>| {
            owner
                .or_else(|| now.owner())
                .unwrap_or_else(Owner::of_this_process)
        };
        let blocked = |wanted| {
            let found = match now {
                Snapshot::File { .. } => Kind::File,
                Snapshot::Directory { .. } => Kind::Directory,
                Snapshot::Symlink { .. } => Kind::Symlink,
                Snapshot::Absent => return Ok(()),
            };
            Err(fs::in_the_way(at, wanted, found))
        };
        Ok(match self {
            Self::Write {
                content,
                mode,
                owner,
                ..
            } => {
                if matches!(now, Snapshot::Directory { .. }) {
                    let e = std::io::Error::from(std::io::ErrorKind::IsADirectory);
                    return Err(Error::io("write", at, e));
                }
                Snapshot::File {
                    bytes: Sensitive::new(content.bytes().to_vec()),
                    mode: mode & 0o7777,
                    owner: keep(owner),
                    modified: None,
                }
            }
            Self::Directory { mode, owner, .. } => {
                if !matches!(now, Snapshot::Directory { .. }) {
                    blocked("directory")?;
                }
                Snapshot::Directory {
                    mode: mode & 0o7777,
                    owner: keep(owner),
                }
            }
            Self::Symlink { target, .. } => {
                if matches!(now, Snapshot::Directory { .. }) {
                    blocked("symbolic link")?;
                }
                Snapshot::Symlink {
                    target: target.clone(),
                    owner: match now {
                        Snapshot::Symlink { owner, .. } => *owner,
                        _ => Owner::of_this_process(),
                    },
                }
            }
            Self::Remove { .. } => Snapshot::Absent,
            Self::Restore { was, .. } => was.clone(),
        })
    }

    /// Judges what became of the path.
    pub(crate) fn accepts(&self, outcome: Put, at: &Path) -> Result<(), Error> {
        match (outcome, self) {
            (Put::NotEmpty, Self::Remove { .. }) => {
                let e = std::io::Error::from(std::io::ErrorKind::DirectoryNotEmpty);
                Err(Error::io("remove", at, e))
            }
            _ => Ok(()),
        }
    }
}
