//! Issuer keys: files, and the power to sign that comes from opening them.

use crate::authority::{Anchor, AnchorState, NewAnchor};
use crate::error::VaultError;
use crate::scope::Scope;
use crate::vault::{Vault, check_closed};
use sealock_change::fs::{self, Kind};
use sealock_diag::Sensitive;
use sealock_pki::{
    AuthorityName, Entropy, Issuer, KeyError, KeyId, Passphrase, PrivateKey, Purpose,
};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Only the owner may read a key, and nobody may write one: a key is made once.
const MODE: u32 = 0o400;

/// The power to sign with the anchors of one authority, its server anchors and the client anchors of one scope. Each
/// key is opened when it is first needed.
#[derive(Debug)]
pub struct Unlocked {
    authority: AuthorityName,
    scope: Scope,
    home: PathBuf,
    passphrase: Option<Passphrase>,
    anchors: Vec<(Anchor, OnceLock<Issuer>)>,
}

impl Unlocked {
    /// The authority.
    pub fn authority(&self) -> &AuthorityName {
        &self.authority
    }

    /// The scope of the client anchors.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Takes anchors for what they will be good for, without noting it anywhere: for a plan that leads there.
    pub fn assume(&mut self, states: &[(Purpose, u32, AnchorState)]) {
        for (anchor, _) in &mut self.anchors {
            for (purpose, generation, state) in states {
                if anchor.purpose == *purpose && anchor.generation == *generation {
                    anchor.state = *state;
                }
            }
        }
    }

    /// The anchors for this purpose, youngest first.
    pub fn anchors(&self, purpose: Purpose) -> impl Iterator<Item = &Anchor> {
        self.anchors
            .iter()
            .rev()
            .map(|(anchor, _)| anchor)
            .filter(move |anchor| anchor.purpose == purpose)
    }

    /// The issuer that signs for this purpose now: the youngest active generation. Opening a sealed
    /// key takes a quarter of a second, once.
    pub fn issuer(&self, purpose: Purpose) -> Result<&Issuer, VaultError> {
        self.open(purpose, None, |a| a.state == AnchorState::Active)
    }

    /// The generation of [`Unlocked::issuer`].
    pub fn generation(&self, purpose: Purpose) -> Option<u32> {
        let signs = |a: &&(Anchor, _)| a.0.purpose == purpose && a.0.state == AnchorState::Active;
        self.anchors
            .iter()
            .rev()
            .find(signs)
            .map(|a| a.0.generation)
    }

    /// The issuer of one generation, whatever its state: for the CRLs of an older one.
    pub fn issuer_of(&self, purpose: Purpose, generation: u32) -> Result<&Issuer, VaultError> {
        self.open(purpose, Some(generation), |a| a.generation == generation)
    }

    fn open(
        &self,
        purpose: Purpose,
        generation: Option<u32>,
        wanted: impl Fn(&Anchor) -> bool,
    ) -> Result<&Issuer, VaultError> {
        let missing = || VaultError::NoIssuer {
            authority: self.authority.clone(),
            purpose,
            generation,
        };
        let (anchor, slot) = self
            .anchors
            .iter()
            .rev()
            .find(|(a, _)| a.purpose == purpose && wanted(a))
            .ok_or_else(missing)?;
        if let Some(issuer) = slot.get() {
            return Ok(issuer);
        }
        let issuer = load(
            &self.home,
            &self.authority,
            anchor,
            self.passphrase.as_ref(),
        )?;
        Ok(slot.get_or_init(|| issuer))
    }
}

impl Vault {
    /// Opens the way to the issuer keys of an authority: its server anchors, and the client anchors of one scope. Sealed
    /// keys need the passphrase; whether it is the right one shows when a key is first used.
    pub fn unlock(
        &self,
        name: &AuthorityName,
        scope: &Scope,
        passphrase: Option<&Passphrase>,
    ) -> Result<Unlocked, VaultError> {
        let mut authority = self.known_authority(name)?;
        authority
            .anchors
            .retain(|anchor| anchor.belongs_to(anchor.purpose, scope));
        let needs = |a: &Anchor| a.sealed && a.state != AnchorState::Withdrawn;
        if passphrase.is_none() && authority.anchors.iter().any(needs) {
            return Err(VaultError::PassphraseNeeded {
                authority: name.clone(),
            });
        }
        Ok(Unlocked {
            authority: name.clone(),
            scope: scope.clone(),
            home: self.home.clone(),
            passphrase: passphrase.cloned(),
            anchors: authority
                .anchors
                .into_iter()
                .map(|anchor| (anchor, OnceLock::new()))
                .collect(),
        })
    }

    /// Key files that no anchor names: left by a run that was killed between writing the key and
    /// committing its row.
    pub fn orphan_keys(&self) -> Result<Vec<PathBuf>, VaultError> {
        let directory = directory(&self.home);
        if fs::stat(&directory)?.is_none() {
            return Ok(Vec::new());
        }
        let mut named = HashSet::new();
        for name in self.authorities()? {
            for anchor in self.known_authority(&name)?.anchors {
                named.insert(key_path(&self.home, anchor.key_id));
            }
        }
        let fail = |source| sealock_change::Error::Io {
            doing: "list",
            path: directory.clone(),
            fault: sealock_change::Fault::Other,
            source,
        };
        let mut orphans = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let ours = name.ends_with(".key") || name.ends_with(".sealock-new");
            if ours && !named.contains(&path) {
                orphans.push(path);
            }
        }
        orphans.sort();
        Ok(orphans)
    }

    /// Clears up in a home where a run was killed while it made a vault or an authority: a database
    /// that was not yet put in place, and [`Vault::tidy`]. Where no vault is, none is made.
    pub fn clear_up(home: &Path) -> Result<Vec<PathBuf>, VaultError> {
        let path = home.join("vault.db");
        let half = fs::temporary_of(&path)?;
        let mut removed = Vec::new();
        if fs::stat(&half)?.is_some() {
            fs::remove(&half)?;
            removed.push(half);
        }
        if fs::stat(&path)?.is_some() {
            removed.extend(Self::open(home)?.tidy()?);
        }
        Ok(removed)
    }

    /// Removes [`Vault::orphan_keys`], and says which. Not while another process may be making an
    /// authority: the caller holds the lock of the store.
    pub fn tidy(&mut self) -> Result<Vec<PathBuf>, VaultError> {
        let orphans = self.orphan_keys()?;
        for path in &orphans {
            fs::remove(path)?;
        }
        if !orphans.is_empty() {
            fs::sync_dir(&directory(&self.home))?;
        }
        Ok(orphans)
    }
}

/// Writes the keys, sealed with the passphrase when there is one; durable when this returns.
pub(crate) fn store(
    home: &Path,
    anchors: &[NewAnchor<'_>],
    passphrase: Option<&Passphrase>,
    entropy: &mut dyn Entropy,
) -> Result<(), VaultError> {
    let directory = directory(home);
    if fs::stat(&directory)?.is_none() {
        fs::create_dir(&directory, 0o700, None)?;
        fs::sync_dir(home)?;
    }
    check_closed(&directory, Kind::Directory, "0700")?;
    for anchor in anchors {
        let key = anchor.issuer.key();
        let key_id = anchor.issuer.certificate().key_id();
        let pem = match passphrase {
            Some(passphrase) => key.to_sealed_pem(passphrase, entropy),
            None => key.to_pem(),
        }
        .map_err(|source| VaultError::KeyNotSealed { key_id, source })?;
        fs::write_atomic(&key_path(home, key_id), pem.expose(), MODE, None)?;
    }
    Ok(())
}

/// An anchor with its key: the file must be there, closed to others, and hold the key of this very anchor.
pub(crate) fn load(
    home: &Path,
    authority: &AuthorityName,
    anchor: &Anchor,
    passphrase: Option<&Passphrase>,
) -> Result<Issuer, VaultError> {
    let path = key_path(home, anchor.key_id);
    if fs::stat(&path)?.is_none() {
        return Err(VaultError::KeyMissing {
            purpose: anchor.purpose,
            path,
        });
    }
    check_closed(&directory(home), Kind::Directory, "0700")?;
    check_closed(&path, Kind::File, "0400")?;
    let pem = Sensitive::new(fs::read(&path)?);
    let key = PrivateKey::from_pem(pem.expose(), passphrase).map_err(|e| match e {
        KeyError::PassphraseNeeded => VaultError::PassphraseNeeded {
            authority: authority.clone(),
        },
        KeyError::WrongPassphrase => VaultError::WrongPassphrase {
            authority: authority.clone(),
            path: path.clone(),
        },
        source => VaultError::KeyUnreadable {
            path: path.clone(),
            source,
        },
    })?;
    Issuer::new(anchor.certificate.clone(), key).map_err(|source| VaultError::KeyMismatch {
        purpose: anchor.purpose,
        path,
        source,
    })
}

fn directory(home: &Path) -> PathBuf {
    home.join("issuers")
}

pub(crate) fn key_path(home: &Path, key_id: KeyId) -> PathBuf {
    directory(home).join(format!("{key_id}.key"))
}
