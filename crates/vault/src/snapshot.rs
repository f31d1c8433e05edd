//! A consistent copy of a vault, and whether one is complete.

use crate::authority::{Anchor, AnchorState};
use crate::error::VaultError;
use crate::keys::{self, key_path};
use crate::vault::Vault;
use sealock_change::fs::{self, Kind};
use sealock_diag::Sensitive;
use sealock_pki::{AuthorityName, Passphrase, is_sealed};
use std::path::PathBuf;

/// An anchor, and where its key lies.
#[derive(Clone, Debug)]
pub struct KeyFile {
    /// Whose anchor it is.
    pub authority: AuthorityName,
    /// The anchor.
    pub anchor: Anchor,
    /// The file of its key.
    pub path: PathBuf,
}

impl KeyFile {
    /// Whether the vault is broken without the file. The key of a generation that nobody trusts any more may be gone.
    pub fn is_needed(&self) -> bool {
        self.anchor.state != AnchorState::Withdrawn
    }
}

impl Vault {
    /// The bytes of the database as they are between two transactions: a writer in another process is either wholly
    /// in them or not at all, and what a killed one left is taken back first.
    pub fn snapshot(&mut self) -> Result<Vec<u8>, VaultError> {
        let bytes = self.copy();
        if bytes.is_err() {
            // Whatever went wrong was said; a transaction that only read has nothing to lose.
            let _ended = self.connection.execute_batch("ROLLBACK");
        }
        bytes.map_err(|e| VaultError::sql(&self.path, e))
    }

    fn copy(&mut self) -> Result<Vec<u8>, rusqlite::Error> {
        self.connection.execute_batch("BEGIN")?;
        // The first read takes the lock that keeps writers from committing until the copy is done.
        let _tables: i64 =
            self.connection
                .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let bytes = self.connection.serialize("main")?.to_vec();
        self.connection.execute_batch("COMMIT")?;
        Ok(bytes)
    }

    /// The anchors of all authorities, of all generations and scopes, and where their keys lie.
    pub fn key_files(&self) -> Result<Vec<KeyFile>, VaultError> {
        let mut all = Vec::new();
        for authority in self.authorities()? {
            for anchor in self.known_authority(&authority)?.anchors {
                all.push(KeyFile {
                    authority: authority.clone(),
                    path: key_path(&self.home, anchor.key_id),
                    anchor,
                });
            }
        }
        Ok(all)
    }

    /// Checks that the key of every anchor that is still good for something is there, closed to others, and its own. A sealed
    /// key shows what it is only to whoever has the passphrase; without it, it must at least be a sealed key.
    pub fn check_keys(&self, passphrase: Option<&Passphrase>) -> Result<(), VaultError> {
        for KeyFile {
            authority,
            anchor,
            path,
        } in self.key_files()?
        {
            let there = fs::stat(&path)?.is_some();
            if !there && anchor.state == AnchorState::Withdrawn {
                continue;
            }
            let closed = there && passphrase.is_none() && {
                crate::vault::check_closed(&path, Kind::File, "0400")?;
                is_sealed(Sensitive::new(fs::read(&path)?).expose())
            };
            if !closed {
                keys::load(&self.home, &authority, &anchor, passphrase)?;
            }
        }
        Ok(())
    }
}
