//! What can go wrong with files and runs.

use sealock_diag::{Code, Diagnose, Entry, escape};
use std::io;
use std::path::{Path, PathBuf};

/// An error of this crate; each has a stable code in [`CATALOGUE`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused an operation on a path.
    #[error("cannot {doing} {}", shown(path))]
    Io {
        /// What was tried: "read", "write", "create the directory" …
        doing: &'static str,
        /// The path it was tried on.
        path: PathBuf,
        /// What kind of refusal it was.
        fault: Fault,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Something else than a regular file, a directory or a symlink lies at the path.
    #[error(
        "{} is a {found}, and only plain files, directories and links are changed",
        shown(path)
    )]
    NotRegular {
        /// The path.
        path: PathBuf,
        /// What lies there.
        found: &'static str,
    },
    /// A thing of another kind is in the way of an edit.
    #[error("cannot put a {wanted} at {}: a {found} is in the way", shown(path))]
    InTheWay {
        /// The path.
        path: PathBuf,
        /// What the edit would put there.
        wanted: &'static str,
        /// What lies there.
        found: &'static str,
    },
    /// The path cannot be the target of an edit.
    #[error("{} cannot be edited: {why}", shown(path))]
    BadPath {
        /// The path.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The file is larger than what an undo log keeps.
    #[error(
        "{} has {size} bytes; at most {} are kept for the way back",
        shown(path),
        crate::fs::LARGEST
    )]
    TooLarge {
        /// The path.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
    },
    /// Another process holds the store's lock.
    #[error("another sealock is changing this host{}", pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, when it could be read.
        pid: Option<u32>,
    },
    /// The journal or the ledger does not read as what we wrote.
    #[error("{} is damaged", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The journal or the ledger was written by a newer sealock.
    #[error("{} was written by a newer sealock", shown(path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u64,
        /// The newest version this program reads.
        known: u64,
    },
    /// A file changed between planning and its edit, and not by us.
    #[error(
        "{} was changed by somebody else while the run was under way",
        shown(path)
    )]
    ChangedMeanwhile {
        /// The path.
        path: PathBuf,
    },
    /// The user asked to stop.
    #[error("interrupted")]
    Stopped,
    /// Others could read or replace the store.
    #[error("{} is open to other users", shown(path))]
    Exposed {
        /// The directory or file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// The commands that mend it.
        remedy: String,
    },
    /// A run was interrupted and has not been recovered yet.
    #[error("an interrupted run must be recovered first: {title}")]
    Unrecovered {
        /// The journal.
        path: PathBuf,
        /// The run's title.
        title: String,
    },
}

/// Kinds of refusals by the kernel that users can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// ENOENT.
    Missing,
    /// EACCES or EPERM.
    Denied,
    /// ENOSPC or EDQUOT.
    Full,
    /// EROFS.
    ReadOnly,
    /// ENOTDIR.
    NotADirectory,
    /// EISDIR.
    IsADirectory,
    /// ELOOP.
    Loop,
    /// ENOTEMPTY.
    NotEmpty,
    /// ENAMETOOLONG.
    NameTooLong,
    /// Everything else.
    Other,
}

impl Error {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind as K;
        let fault = match source.kind() {
            K::NotFound => Fault::Missing,
            K::PermissionDenied => Fault::Denied,
            K::StorageFull | K::QuotaExceeded => Fault::Full,
            K::ReadOnlyFilesystem => Fault::ReadOnly,
            K::NotADirectory => Fault::NotADirectory,
            K::IsADirectory => Fault::IsADirectory,
            K::DirectoryNotEmpty => Fault::NotEmpty,
            K::InvalidFilename => Fault::NameTooLong,
            // `FilesystemLoop` is not stable; the number is.
            _ if source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                Fault::Loop
            }
            _ => Fault::Other,
        };
        Self::Io {
            doing,
            path: path.to_path_buf(),
            fault,
            source,
        }
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

impl Diagnose for Error {
    fn code(&self) -> Code {
        Code(match self {
            Self::Io { fault, .. } => match fault {
                Fault::Missing => "SL-C001",
                Fault::Denied => "SL-C002",
                Fault::Full => "SL-C003",
                Fault::ReadOnly => "SL-C004",
                Fault::NotADirectory => "SL-C005",
                Fault::IsADirectory => "SL-C006",
                Fault::Loop => "SL-C007",
                Fault::NotEmpty => "SL-C008",
                Fault::NameTooLong => "SL-C009",
                Fault::Other => "SL-C010",
            },
            Self::NotRegular { .. } => "SL-C011",
            Self::InTheWay { .. } => "SL-C012",
            Self::BadPath { .. } => "SL-C013",
            Self::TooLarge { .. } => "SL-C014",
            Self::Locked { .. } => "SL-C020",
            Self::Damaged { .. } => "SL-C021",
            Self::Newer { .. } => "SL-C022",
            Self::ChangedMeanwhile { .. } => "SL-C023",
            Self::Stopped => "SL-C024",
            Self::Exposed { .. } => "SL-C025",
            Self::Unrecovered { .. } => "SL-C026",
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Io { path, .. }
            | Self::NotRegular { path, .. }
            | Self::InTheWay { path, .. }
            | Self::BadPath { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Locked { path, .. }
            | Self::Damaged { path, .. }
            | Self::Newer { path, .. }
            | Self::ChangedMeanwhile { path }
            | Self::Exposed { path, .. }
            | Self::Unrecovered { path, .. } => Some(shown(path)),
            Self::Stopped => None,
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Io { source, .. } => Some(source.to_string()),
            Self::Damaged { why, .. } => Some(escape(why)),
            Self::Newer { found, known, .. } => {
                Some(format!("format {found}, this program reads up to {known}"))
            }
            Self::Exposed { found, .. } => Some(escape(found)),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Io { fault, path, .. } => match fault {
                Fault::Full => Some("free some space on that file system, and run it again".into()),
                Fault::ReadOnly => {
                    Some("remount that file system writable, or run it where it is".into())
                }
                Fault::Denied if !rustix::process::geteuid().is_root() => {
                    Some("run it as root (sudo), or as the owner of that file".into())
                }
                Fault::Denied => Some(format!(
                    "root was refused: look for an immutable flag with\n  lsattr -d {}",
                    shown(path)
                )),
                _ => None,
            },
            Self::Locked { .. } => Some("wait for it to end, and run it again".into()),
            Self::Newer { .. } => Some("use the newer sealock".into()),
            Self::ChangedMeanwhile { .. } => Some("look at the file, and run it again".into()),
            Self::Exposed { remedy, .. } => Some(remedy.clone()),
            _ => None,
        }
    }
}

/// Every code of this crate, for `sealock explain`.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-C001",
        "a file or its directory is missing",
        "A file was to be read or written, and it, or a directory above it, does not exist. Files are only created in directories that exist or that the plan itself creates, so that the way back can remove exactly what was made.",
        "Check the path for typing errors; create the directory when it is yours to create.",
    ),
    entry(
        "SL-C002",
        "permission denied",
        "The kernel refused the operation for this user. Even root is refused where a file carries the immutable flag, where a security module forbids it, or on some network file systems.",
        "Run the command with sudo when the file is the system's. As root, look at `lsattr -d FILE`, and at the journal of AppArmor or SELinux.",
    ),
    entry(
        "SL-C003",
        "no space left",
        "The file system (or the quota) is full. Files are written beside the old one and put in place by one rename, so the old file is whole.",
        "Free space (`df -h`, `df -i`), then run the same command again.",
    ),
    entry(
        "SL-C004",
        "the file system is read-only",
        "The path lies on a file system that is mounted read-only: an image-based system, a live medium, or a disk that the kernel has stopped writing to after errors.",
        "See `findmnt --target FILE` and `dmesg`; remount it writable when it is meant to be.",
    ),
    entry(
        "SL-C005",
        "a part of the path is not a directory",
        "Something above the file in its path is a plain file, so nothing can lie below it.",
        "Look at each part of the path with `namei -l PATH`.",
    ),
    entry(
        "SL-C006",
        "a directory lies where a file belongs",
        "A file was to be read or written, and a directory has its name. Container runtimes create such directories when a bind mount names a file that does not exist.",
        "Look into the directory, and remove it when it is empty: `rmdir PATH`.",
    ),
    entry(
        "SL-C007",
        "symbolic links lead in a circle",
        "The path is a symbolic link that leads, over others perhaps, back to itself.",
        "See where it leads with `namei -l PATH`, and mend the link.",
    ),
    entry(
        "SL-C008",
        "the directory is not empty",
        "A directory was to be removed, and something is in it that is not ours.",
        "Look at what is in it, and move it away if the directory should go.",
    ),
    entry(
        "SL-C009",
        "the file name is too long",
        "File systems take names of up to 255 bytes, and paths of up to 4,096.",
        "Choose a shorter name.",
    ),
    entry(
        "SL-C010",
        "the kernel reported an input or output error",
        "Reading or writing failed for a reason that has no special treatment; the cause line carries the kernel's words.",
        "`dmesg` often says more, above all about failing disks.",
    ),
    entry(
        "SL-C011",
        "not a plain file",
        "A device, a socket or a named pipe lies at the path. Only plain files, directories and symbolic links are ever replaced.",
        "Check the path; remove the special file when it is there by mistake.",
    ),
    entry(
        "SL-C012",
        "something of another kind is in the way",
        "A directory was to be made where a file lies, or a link where a directory lies. Nothing is removed to make room, because it is not ours.",
        "Move what lies there away, and run the command again.",
    ),
    entry(
        "SL-C013",
        "the path cannot be edited",
        "An edit needs an absolute path that ends in a name.",
        "Give the full path of the file.",
    ),
    entry(
        "SL-C014",
        "the file is too large to keep for the way back",
        "Before a file is changed its bytes are kept, so that the change can be undone. A file this large is no configuration file, and is probably the wrong path.",
        "Check the path.",
    ),
    entry(
        "SL-C020",
        "another sealock is at work",
        "Only one process changes a host at a time. The lock belongs to the process named, and goes away with it, however it ends.",
        "Wait for the other command to end, then run this one again.",
    ),
    entry(
        "SL-C021",
        "the journal or the ledger is damaged",
        "The file that holds the way back does not have the checksum it was written with. It is written beside the old one and put in place by one rename, so a crash does not do this; a failing disk or an editor does. Nothing is changed while it is in this state.",
        "Restore the file from a backup of the home directory. Without one, move it away: the way back of `down` is lost then, and files must be put back by hand.",
    ),
    entry(
        "SL-C022",
        "written by a newer sealock",
        "The home directory was last used by a newer version, whose format this one does not know. Nothing was touched.",
        "Use the newer sealock.",
    ),
    entry(
        "SL-C023",
        "a file changed while the run was under way",
        "Between the start of the run and the edit, somebody else changed the file. Their work is not overwritten; the run stops and undoes what it did.",
        "Look at the file, then run the command again: it plans anew from what is there now.",
    ),
    entry(
        "SL-C024",
        "interrupted",
        "The run was asked to stop (Ctrl-C, or a signal), and was undone step by step.",
        "Run the command again when you are ready.",
    ),
    entry(
        "SL-C025",
        "the home directory is open to other users",
        "The home directory holds keys and the way back. Whoever can write to it can change what a later run restores as root, so it must belong to this user and be closed to others.",
        "chown and chmod it as the help line shows: directories 0700, files 0600.",
    ),
    entry(
        "SL-C026",
        "an interrupted run waits for recovery",
        "An earlier run was killed. Its files must be put back before something new is changed.",
        "Run `sealock apply` or `sealock down`: both begin by recovering.",
    ),
];

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_an_entry() {
        let path = PathBuf::from("/etc/x\u{1b}[2J");
        let mut errors = vec![
            Error::NotRegular {
                path: path.clone(),
                found: "socket",
            },
            Error::InTheWay {
                path: path.clone(),
                wanted: "directory",
                found: "file",
            },
            Error::BadPath {
                path: path.clone(),
                why: "it is relative",
            },
            Error::TooLarge {
                path: path.clone(),
                size: 1 << 40,
            },
            Error::Locked {
                path: path.clone(),
                pid: Some(7),
            },
            Error::Damaged {
                path: path.clone(),
                why: "checksum".into(),
            },
            Error::Newer {
                path: path.clone(),
                found: 9,
                known: 1,
            },
            Error::ChangedMeanwhile { path: path.clone() },
            Error::Stopped,
            Error::Exposed {
                path: path.clone(),
                found: String::new(),
                remedy: String::new(),
            },
            Error::Unrecovered {
                path: path.clone(),
                title: "up".into(),
            },
        ];
        for errno in [2, 13, 28, 30, 20, 21, 40, 39, 36, 5] {
            errors.push(Error::io(
                "write",
                &path,
                io::Error::from_raw_os_error(errno),
            ));
        }
        let mut seen = std::collections::BTreeSet::new();
        for error in &errors {
            assert!(
                CATALOGUE.iter().any(|e| e.code == error.code()),
                "{error:?}"
            );
            assert!(!error.to_string().contains('\u{1b}'));
            seen.insert(error.code());
        }
        assert_eq!(
            seen.len(),
            CATALOGUE.len(),
            "an entry without an error, or the reverse"
        );
    }
}
