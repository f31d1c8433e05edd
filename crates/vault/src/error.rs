//! What can go wrong in the vault.

use sealock_diag::{Code, Diagnose, Entry, escape};
use sealock_pki::{AuthorityName, IssuerError, KeyError, KeyId, Purpose, Serial};
use std::path::{Path, PathBuf};

/// An error of the vault; each has a stable code in [`CATALOGUE`], but for those of files, which
/// are `sealock-change`'s.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no vault in this home.
    #[error("there is no vault in {}", shown(home))]
    Missing {
        /// The home directory.
        home: PathBuf,
    },
    /// Others could read or replace what is in the vault.
    #[error("{} is open to other users", shown(path))]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// What was found.
        found: String,
        /// The command that mends it.
        remedy: String,
    },
    /// The file at the vault's place is something else.
    #[error("{} does not belong to a vault", shown(path))]
    NotAVault {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// A newer sealock wrote it.
    #[error("{} was written by a newer sealock", shown(path))]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest version this program reads.
        known: i64,
    },
    /// Another process kept the database locked for too long.
    #[error("another process keeps {} locked", shown(path))]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk (or the quota) is full.
    #[error("cannot write {}: no space left", shown(path))]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The database or a row of it does not read as what we wrote.
    #[error("{} is damaged", shown(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// This user may not write it, or the file system is read-only.
    #[error("cannot open {} for writing", shown(path))]
    Denied {
        /// The file.
        path: PathBuf,
        /// The database's answer.
        source: rusqlite::Error,
    },
    /// Any other failure of the database.
    #[error("the database {} failed", shown(path))]
    Database {
        /// The file.
        path: PathBuf,
        /// Its answer.
        source: rusqlite::Error,
    },
    /// The name is taken.
    #[error("there is an authority called {name} already")]
    AuthorityExists {
        /// The name.
        name: AuthorityName,
    },
    /// No authority has this name.
    #[error("there is no authority called {name}")]
    AuthorityUnknown {
        /// The name.
        name: AuthorityName,
        /// Those there are.
        known: Vec<String>,
    },
    /// The issuer keys are sealed, and no passphrase was given.
    #[error("the issuer keys of {authority} are sealed, and no passphrase was given")]
    PassphraseNeeded {
        /// The authority.
        authority: AuthorityName,
    },
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the issuer keys of {authority}")]
    WrongPassphrase {
        /// The authority.
        authority: AuthorityName,
        /// The key file tried.
        path: PathBuf,
    },
    /// A key file named by the vault is not there.
    #[error("the key of the {purpose} anchor is missing: {}", shown(path))]
    KeyMissing {
        /// The anchor's purpose.
        purpose: Purpose,
        /// Where it should be.
        path: PathBuf,
    },
    /// A key file does not read as a key.
    #[error("the issuer key {} cannot be read", shown(path))]
    KeyUnreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: KeyError,
    },
    /// A key file holds another key than its name and certificate say.
    #[error("{} is not the key of the {purpose} anchor", shown(path))]
    KeyMismatch {
        /// The anchor's purpose.
        purpose: Purpose,
        /// The file.
        path: PathBuf,
        /// The details.
        source: IssuerError,
    },
    /// The authority has no such anchor, or none that signs.
    #[error("{authority} has no {purpose} anchor{}", generation.map_or(String::from(" that signs"), |g| format!(" of generation {g}")))]
    NoIssuer {
        /// The authority.
        authority: AuthorityName,
        /// The purpose asked for.
        purpose: Purpose,
        /// The generation asked for; `None` for the one that signs now.
        generation: Option<u32>,
    },
    /// The inventory, or the list of anchors, has this one already.
    #[error("{what} is in the vault already")]
    Known {
        /// What: a serial, a generation.
        what: String,
    },
    /// No certificate in the inventory has this serial.
    #[error("the vault knows no certificate with the serial {serial}")]
    SerialUnknown {
        /// The serial.
        serial: Serial,
    },
    /// A new key could not be sealed or encoded.
    #[error("the issuer key {key_id} cannot be stored")]
    KeyNotSealed {
        /// The key.
        key_id: KeyId,
        /// Why not.
        source: KeyError,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Files(#[from] sealock_change::Error),
}

impl VaultError {
    /// What SQLite said of the file at `path`.
    pub(crate) fn sql(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as E;
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(E::DatabaseBusy | E::DatabaseLocked) => Self::Busy { path },
            Some(E::DiskFull) => Self::Full { path },
            Some(E::DatabaseCorrupt) => Self::Damaged {
                path,
                why: source.to_string(),
            },
            Some(E::NotADatabase) => Self::NotAVault {
                path,
                found: "it is no SQLite database".into(),
            },
            Some(E::ReadOnly | E::PermissionDenied | E::CannotOpen) => {
                Self::Denied { path, source }
            }
            _ => Self::Database { path, source },
        }
    }
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

impl Diagnose for VaultError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Missing { .. } => "SL-V001",
            Self::Exposed { .. } => "SL-V002",
            Self::NotAVault { .. } => "SL-V003",
            Self::Newer { .. } => "SL-V004",
            Self::Busy { .. } => "SL-V005",
            Self::Full { .. } => "SL-V006",
            Self::Damaged { .. } => "SL-V007",
            Self::Denied { .. } => "SL-V008",
            Self::Database { .. } => "SL-V009",
            Self::AuthorityExists { .. } => "SL-V010",
            Self::AuthorityUnknown { .. } => "SL-V011",
            Self::PassphraseNeeded { .. } => "SL-V012",
            Self::WrongPassphrase { .. } => "SL-V013",
            Self::KeyMissing { .. } => "SL-V014",
            Self::KeyUnreadable { .. } => "SL-V015",
            Self::KeyMismatch { .. } => "SL-V016",
            Self::NoIssuer { .. } => "SL-V017",
            Self::Known { .. } => "SL-V018",
            Self::SerialUnknown { .. } => "SL-V019",
            Self::KeyNotSealed { .. } => "SL-V020",
            Self::Files(error) => return error.code(),
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Missing { home } => Some(shown(home)),
            Self::Exposed { path, .. }
            | Self::NotAVault { path, .. }
            | Self::Newer { path, .. }
            | Self::Busy { path }
            | Self::Full { path }
            | Self::Damaged { path, .. }
            | Self::Denied { path, .. }
            | Self::Database { path, .. }
            | Self::WrongPassphrase { path, .. }
            | Self::KeyMissing { path, .. }
            | Self::KeyUnreadable { path, .. }
            | Self::KeyMismatch { path, .. } => Some(shown(path)),
            Self::Files(error) => error.location(),
            _ => None,
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Exposed { found, .. } | Self::NotAVault { found, .. } => Some(escape(found)),
            Self::Newer { found, known, .. } => {
                Some(format!("schema {found}, this program reads up to {known}"))
            }
            Self::Damaged { why, .. } => Some(escape(why)),
            Self::Denied { source, .. } | Self::Database { source, .. } => {
                Some(escape(&source.to_string()))
            }
            Self::KeyUnreadable { source, .. } | Self::KeyNotSealed { source, .. } => {
                Some(source.to_string())
            }
            Self::KeyMismatch { source, .. } => Some(source.to_string()),
            Self::AuthorityUnknown { known, .. } if known.is_empty() => {
                Some("the vault holds none".into())
            }
            Self::AuthorityUnknown { known, .. } => {
                Some(format!("the vault holds {}", known.join(", ")))
            }
            Self::Files(error) => Diagnose::cause(error),
            _ => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some("make one with\n  sealock up".into()),
            Self::Exposed { remedy, .. } => Some(remedy.clone()),
            Self::Newer { .. } => Some("use the newer sealock".into()),
            Self::Busy { .. } => Some("wait for it to end, and run it again".into()),
            Self::Full { .. } => {
                Some("free some space on that file system, and run it again".into())
            }
            Self::PassphraseNeeded { .. } => Some(
                "give it at the prompt, or in a file that only you can read:\n  sealock --passphrase file:PATH …"
                    .into(),
            ),
            Self::KeyUnreadable { source, .. } => source.help(),
            Self::Files(error) => error.help(),
            _ => None,
        }
    }
}

/// Every code of this crate, for `sealock explain`.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "SL-V001",
        "no vault",
        "The home directory holds no vault, so there is no authority whose certificates could be issued or listed.",
        "Make one with `sealock up` or `sealock ca create`, or name the right home with `--home DIR`.",
    ),
    entry(
        "SL-V002",
        "the vault is open to other users",
        "The home directory, the database or a key file can be read or replaced by users other than the one who runs sealock. Whoever reads an issuer key can be any client of every host that trusts it.",
        "Close it as the help line shows: directories 0700, the database 0600, keys 0400. If others may have read an issuer key, only new anchors end what they can do with it: `sealock rekey`.",
    ),
    entry(
        "SL-V003",
        "not a vault",
        "The file `vault.db` in the home directory is no database, an empty file, a directory, or the database of another program. It was not touched.",
        "Look at what it is; name the right home with `--home DIR`, or restore the vault from a backup.",
    ),
    entry(
        "SL-V004",
        "written by a newer sealock",
        "The vault's schema is newer than this program. It was not touched.",
        "Use the newer sealock.",
    ),
    entry(
        "SL-V005",
        "the vault is locked",
        "Another process wrote to the vault for longer than we wait. Transactions last milliseconds, so it is probably stopped, or on a network file system whose locks do not work.",
        "Wait for the other process to end; see which it is with `fuser vault.db`.",
    ),
    entry(
        "SL-V006",
        "no space left for the vault",
        "The file system that holds the vault is full. The transaction was taken back: the vault is as it was before.",
        "Free space (`df -h`), then run the same command again.",
    ),
    entry(
        "SL-V007",
        "the vault is damaged",
        "The database, or a row in it, is not what was written. Transactions survive crashes and power cuts; failing disks, and editing by hand, do this.",
        "Restore the home directory from a backup.",
    ),
    entry(
        "SL-V008",
        "the vault cannot be written",
        "The database file, or the directory around it, refuses this user, or lies on a read-only file system.",
        "Run as the owner of the home directory (often root, with sudo), or name another with `--home DIR`.",
    ),
    entry(
        "SL-V009",
        "the database failed",
        "SQLite reported an error that has no special treatment; the cause line carries its words. The transaction was taken back.",
        "`dmesg` often says more, above all about failing disks.",
    ),
    entry(
        "SL-V010",
        "the authority exists",
        "An authority with this name is in the vault. Its anchors are not replaced by making it again: everything they signed would lose its root.",
        "Choose another name with --name, or use the one that is there: `sealock ca show`.",
    ),
    entry(
        "SL-V011",
        "no such authority",
        "No authority in this vault has the name that sealock.toml or the command line asks for.",
        "See those there are with `sealock ca show`.",
    ),
    entry(
        "SL-V012",
        "a passphrase is needed",
        "The issuer keys of this authority are sealed, and signing needs them. A passphrase is never taken from the command line or the environment, where other users could see it.",
        "Give it at the prompt, or in a file: `sealock --passphrase file:PATH …`.",
    ),
    entry(
        "SL-V013",
        "wrong passphrase",
        "The passphrase does not open the key file. Nothing else can open it either: there is no way around a lost passphrase.",
        "Try again. When it is lost, make everything new under another one: `sealock rekey --lost --passphrase prompt`.",
    ),
    entry(
        "SL-V014",
        "an issuer key is missing",
        "The vault names a key file that is not there. Certificates that the anchor signed stay good, but nothing more can be signed with it.",
        "Restore the file from a backup, or make everything new without it: `sealock rekey`.",
    ),
    entry(
        "SL-V015",
        "an issuer key cannot be read",
        "The key file is there, but it is no private key that can be read.",
        "Restore the file from a backup, or make everything new without it: `sealock rekey`.",
    ),
    entry(
        "SL-V016",
        "an issuer key does not match its anchor",
        "The key file holds a key other than the one in the anchor's certificate: files were mixed up.",
        "Restore the right file from a backup of the home directory.",
    ),
    entry(
        "SL-V017",
        "no such anchor",
        "The authority has no anchor of this purpose and generation, or none that still signs.",
        "See what there is with `sealock ca show`.",
    ),
    entry(
        "SL-V018",
        "in the vault already",
        "A certificate with this serial, or an anchor of this generation, is recorded already. Serials of 126 random bits do not meet by chance, so the same thing was recorded twice.",
        "Nothing is to be done: nothing was changed.",
    ),
    entry(
        "SL-V019",
        "unknown serial",
        "No certificate in the inventory has this serial. The inventory knows what this vault has issued, and nothing else.",
        "See what there is with `sealock cert list`.",
    ),
    entry(
        "SL-V020",
        "an issuer key cannot be stored",
        "Sealing or encoding the new key failed, so nothing was stored.",
        "Run the command again; the cause line says what failed.",
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
    use std::collections::BTreeSet;

    #[test]
    fn every_error_has_an_entry() {
        let path = PathBuf::from("/home/x\u{1b}[2J/vault.db");
        let name = AuthorityName::try_from("main").unwrap();
        let purpose = Purpose::Client;
        let sql = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        let key = || KeyError::PassphraseNeeded;
        use rusqlite::ffi;
        let errors = [
            VaultError::Missing { home: path.clone() },
            VaultError::Exposed {
                path: path.clone(),
                found: String::new(),
                remedy: String::new(),
            },
            VaultError::sql(&path, sql(ffi::SQLITE_NOTADB)),
            VaultError::Newer {
                path: path.clone(),
                found: 2,
                known: 1,
            },
            VaultError::sql(&path, sql(ffi::SQLITE_BUSY)),
            VaultError::sql(&path, sql(ffi::SQLITE_FULL)),
            VaultError::sql(&path, sql(ffi::SQLITE_CORRUPT)),
            VaultError::sql(&path, sql(ffi::SQLITE_READONLY)),
            VaultError::sql(&path, sql(ffi::SQLITE_IOERR)),
            VaultError::AuthorityExists { name: name.clone() },
            VaultError::AuthorityUnknown {
                name: name.clone(),
                known: vec!["other".into()],
            },
            VaultError::PassphraseNeeded {
                authority: name.clone(),
            },
            VaultError::WrongPassphrase {
                authority: name.clone(),
                path: path.clone(),
            },
            VaultError::KeyMissing {
                purpose,
                path: path.clone(),
            },
            VaultError::KeyUnreadable {
                path: path.clone(),
                source: key(),
            },
            VaultError::KeyMismatch {
                purpose,
                path: path.clone(),
                source: key().into(),
            },
            VaultError::NoIssuer {
                authority: name,
                purpose,
                generation: Some(2),
            },
            VaultError::Known { what: "it".into() },
            VaultError::SerialUnknown {
                serial: Serial::from_bytes(&[1]),
            },
            VaultError::KeyNotSealed {
                key_id: "00".repeat(20).parse().unwrap(),
                source: key(),
            },
        ];
        let mut seen = BTreeSet::new();
        for error in &errors {
            let code = error.code();
            assert!(CATALOGUE.iter().any(|e| e.code == code), "{error:?}");
            for text in [
                Some(error.to_string()),
                error.location(),
                Diagnose::cause(error),
            ] {
                assert!(!text.unwrap_or_default().contains('\u{1b}'), "{error:?}");
            }
            seen.insert(code);
        }
        assert_eq!(seen.len(), CATALOGUE.len());
    }
}
