//! Opening and making a vault.

use crate::error::VaultError;
use crate::schema;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use sealock_change::Owner;
use sealock_change::fs::{self, Kind};
use sealock_diag::escape;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a transaction waits for another process. Transactions last milliseconds; a thousand
/// certificates at once some dozens.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open vault.
#[derive(Debug)]
pub struct Vault {
    pub(crate) home: PathBuf,
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
}

impl Vault {
    /// Opens the vault in this home, and makes both when they are missing.
    ///
    /// The database is made in memory and put in place whole, closed to others from its first
    /// instant, so a half-made vault does not exist, and an empty file is not one of ours.
    pub fn create_or_open(home: &Path) -> Result<Self, VaultError> {
        for missing in sealock_change::Edit::missing_directories(home, 0o700, None)? {
            // Two processes may do this at once: a directory that is there by now is as good.
            fs::create_dir(missing.path(), 0o700, None)?;
            if let Some(parent) = missing.path().parent() {
                fs::sync_dir(parent)?;
            }
        }
        check_closed(home, Kind::Directory, "0700")?;
        let path = home.join("vault.db");
        if fs::stat(&path)?.is_none() {
            // Of two that make it at once, the second must not replace what the first has filled.
            let directory = std::fs::File::open(home)
                .and_then(|d| d.lock().map(|()| d))
                .map_err(|source| sealock_change::Error::Io {
                    doing: "lock",
                    path: home.to_path_buf(),
                    fault: sealock_change::Fault::Other,
                    source,
                })?;
            if fs::stat(&path)?.is_none() {
                let bytes = schema::empty().map_err(|e| VaultError::sql(&path, e))?;
                fs::write_atomic(&path, &bytes, 0o600, None)?;
            }
            drop(directory);
        }
        Self::open(home)
    }

    /// Opens the vault in this home. Nothing is made: without one, the error is
    /// [`VaultError::Missing`]. Home and database must belong to this user and be closed to others.
    pub fn open(home: &Path) -> Result<Self, VaultError> {
        let path = home.join("vault.db");
        let Some(stat) = fs::stat(&path)? else {
            return Err(VaultError::Missing {
                home: home.to_path_buf(),
            });
        };
        let not_a_vault = |found: &str| VaultError::NotAVault {
            path: path.clone(),
            found: found.to_owned(),
        };
        match stat.kind {
            Kind::File if stat.size == 0 => return Err(not_a_vault("it is empty")),
            Kind::File => {}
            Kind::Directory => return Err(not_a_vault("it is a directory")),
            Kind::Symlink => return Err(not_a_vault("it is a symbolic link")),
            Kind::Special(found) => return Err(not_a_vault(&format!("it is a {found}"))),
        }
        check_closed(home, Kind::Directory, "0700")?;
        check_closed(&path, Kind::File, "0600")?;

        let sql = |e| VaultError::sql(&path, e);
        // Never SQLITE_OPEN_CREATE: a file that went away meanwhile is not made anew, and open.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(sql)?;
        connection.busy_timeout(PATIENCE).map_err(sql)?;
        let pragma = |name: &str| -> Result<i64, VaultError> {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .map_err(sql)
        };
        if pragma("application_id")? != schema::APPLICATION {
            return Err(not_a_vault("it is the database of another program"));
        }
        let found = pragma("user_version")?;
        if found > schema::VERSION {
            return Err(VaultError::Newer {
                path,
                found,
                known: schema::VERSION,
            });
        }
        // Durability first: when a transaction returns, its certificates may be handed out, so it
        // must survive the power. TRUNCATE with FULL syncs the emptied journal too (DELETE with FULL
        // does not sync the removal, and a power cut there takes a committed transaction back); it
        // makes no file per transaction, and unlike WAL leaves nothing to fold back at the end of
        // commands that write once and exit.
        connection
            .execute_batch(
                "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )
            .map_err(sql)?;
        let mut vault = Self {
            home: home.to_path_buf(),
            path,
            connection,
        };
        if found < schema::VERSION {
            vault.transaction(|transaction, path| {
                // Another process may have done it while this one waited.
                let sql = |e| VaultError::sql(path, e);
                let found = transaction
                    .pragma_query_value(None, "user_version", |row| row.get(0))
                    .map_err(sql)?;
                schema::migrate(transaction, found).map_err(sql)
            })?;
        }
        Ok(vault)
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Reads the whole database and checks it; the error says what is wrong.
    pub fn check_integrity(&self) -> Result<(), VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        let verdict: String = self
            .connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .map_err(sql)?;
        let orphans = self
            .connection
            .prepare("PRAGMA foreign_key_check")
            .and_then(|mut s| s.exists([]))
            .map_err(sql)?;
        let why = match (verdict.as_str(), orphans) {
            ("ok", false) => return Ok(()),
            ("ok", true) => "a row refers to one that is not there".into(),
            (verdict, _) => verdict.to_owned(),
        };
        Err(VaultError::Damaged {
            path: self.path.clone(),
            why,
        })
    }

    /// Runs `work` in one transaction: all of it is durable when this returns, or none of it is.
    pub(crate) fn transaction<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &Path) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let path = &self.path;
        let sql = |e| VaultError::sql(path, e);
        // Immediate: a reader that wants to become a writer can meet another and fail at once,
        // without the patience above.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sql)?;
        let value = work(&transaction, path)?;
        transaction.commit().map_err(sql)?;
        Ok(value)
    }

    /// A row that does not read as what we wrote.
    pub(crate) fn damaged(&self, why: impl Into<String>) -> VaultError {
        VaultError::Damaged {
            path: self.path.clone(),
            why: why.into(),
        }
    }
}

/// Checks that a path is what it should be, belongs to this user, and is closed to all others.
pub(crate) fn check_closed(path: &Path, kind: Kind, mode: &str) -> Result<(), VaultError> {
    let Some(stat) = fs::stat(path)? else {
        return Ok(());
    };
    let shown = escape(&path.to_string_lossy());
    let exposed = |found: String, remedy: String| VaultError::Exposed {
        path: path.to_path_buf(),
        found,
        remedy,
    };
    if stat.kind != kind {
        return Err(VaultError::NotAVault {
            path: path.to_path_buf(),
            found: format!(
                "it is no {}",
                if kind == Kind::Directory {
                    "directory"
                } else {
                    "plain file"
                }
            ),
        });
    }
    let me = Owner::of_this_process().uid;
    if stat.owner.uid != me {
        return Err(exposed(
            format!("it belongs to user {}, this is user {me}", stat.owner.uid),
            format!("run this as its owner, or take it over with\n  chown {me} {shown}"),
        ));
    }
    if stat.mode & 0o077 != 0 {
        return Err(exposed(
            format!("its mode is {:04o}, expected {mode}", stat.mode),
            format!("chmod {mode} {shown}"),
        ));
    }
    Ok(())
}
