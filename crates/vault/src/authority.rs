//! Authorities and their anchors.

use crate::error::VaultError;
use crate::keys;
use crate::vault::Vault;
use rusqlite::{OptionalExtension, params};
use sealock_pki::{
    AuthorityName, Certificate, Entropy, Issuer, KeyId, KeyKind, Passphrase, Purpose, Timestamp,
};

/// A named CA: for each purpose the anchors of all generations.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its name.
    pub name: AuthorityName,
    /// The kind of key it makes by default.
    pub key_kind: KeyKind,
    /// Its anchors, ordered by purpose, then generation.
    pub anchors: Vec<Anchor>,
}

impl Authority {
    /// The anchor that signs for this purpose now: the youngest active one.
    pub fn signs_now(&self, purpose: Purpose) -> Option<&Anchor> {
        self.anchors
            .iter()
            .rev()
            .find(|a| a.purpose == purpose && a.state == AnchorState::Active)
    }

    /// The anchors that whoever verifies this purpose should trust, youngest first: all that are
    /// not withdrawn.
    pub fn trusted(&self, purpose: Purpose) -> Vec<&Anchor> {
        self.anchors
            .iter()
            .rev()
            .filter(|a| a.purpose == purpose && a.state != AnchorState::Withdrawn)
            .collect()
    }
}

/// One generation of a trust anchor.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// What the leaves that it signs are for.
    pub purpose: Purpose,
    /// Counts from 1 for each purpose.
    pub generation: u32,
    /// The self-signed certificate.
    pub certificate: Certificate,
    /// The id of its key, and the name of its key file.
    pub key_id: KeyId,
    /// Whether the key file was written sealed.
    pub sealed: bool,
    /// What it is still good for.
    pub state: AnchorState,
}

/// What an anchor is still good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorState {
    /// Signs, and is trusted.
    Active,
    /// Is trusted, but signs no more: a younger generation does.
    Superseded,
    /// Is not to be trusted any more.
    Withdrawn,
}

impl AnchorState {
    /// "active", "superseded" or "withdrawn".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Superseded, Self::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// An anchor to be stored, with its key.
#[derive(Clone, Copy, Debug)]
pub struct NewAnchor<'a> {
    /// What it signs for.
    pub purpose: Purpose,
    /// Its generation, from 1.
    pub generation: u32,
    /// Certificate and key.
    pub issuer: &'a Issuer,
}

impl Vault {
    /// Stores a new authority with its anchors in one transaction, after their keys are durable.
    /// With a passphrase the keys are sealed (a quarter of a second each).
    pub fn store_authority(
        &mut self,
        name: &AuthorityName,
        key_kind: KeyKind,
        anchors: &[NewAnchor<'_>],
        passphrase: Option<&Passphrase>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        // Before any key is written; the transaction decides when two do this at once.
        if self.kind_of(name)?.is_some() {
            return Err(VaultError::AuthorityExists { name: name.clone() });
        }
        keys::store(&self.home, anchors, passphrase, entropy)?;
        self.transaction(|transaction, path| {
            let added = transaction
                .execute(
                    "INSERT OR IGNORE INTO authority (name, key_kind, created_at) VALUES (?1, ?2, ?3)",
                    params![name.as_str(), key_kind.as_str(), now.as_unix()],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            if added == 0 {
                return Err(VaultError::AuthorityExists { name: name.clone() });
            }
            insert(transaction, path, name, anchors, passphrase.is_some(), now)
        })
    }

    /// Adds anchors of a further generation to an authority, active, after their keys are durable.
    pub fn add_anchors(
        &mut self,
        name: &AuthorityName,
        anchors: &[NewAnchor<'_>],
        passphrase: Option<&Passphrase>,
        entropy: &mut dyn Entropy,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.known_authority(name)?;
        keys::store(&self.home, anchors, passphrase, entropy)?;
        self.transaction(|transaction, path| {
            insert(transaction, path, name, anchors, passphrase.is_some(), now)
        })
    }

    /// Says what an anchor is still good for.
    pub fn set_anchor_state(
        &mut self,
        name: &AuthorityName,
        purpose: Purpose,
        generation: u32,
        state: AnchorState,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            let changed = transaction
                .execute(
                    "UPDATE anchor SET state = ?4
                     WHERE authority = ?1 AND purpose = ?2 AND generation = ?3",
                    params![name.as_str(), purpose.as_str(), generation, state.as_str()],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            if changed == 0 {
                return Err(VaultError::NoIssuer {
                    authority: name.clone(),
                    purpose,
                    generation: Some(generation),
                });
            }
            Ok(())
        })
    }

    /// The authority of this name.
    pub fn authority(&self, name: &AuthorityName) -> Result<Option<Authority>, VaultError> {
        let Some(key_kind) = self.kind_of(name)? else {
            return Ok(None);
        };
        let sql = |e| VaultError::sql(&self.path, e);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT purpose, generation, certificate, sealed, state FROM anchor
                 WHERE authority = ?1 ORDER BY purpose, generation",
            )
            .map_err(sql)?;
        let mut rows = statement.query([name.as_str()]).map_err(sql)?;
        let mut anchors = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            let purpose: String = row.get(0).map_err(sql)?;
            let state: String = row.get(4).map_err(sql)?;
            let certificate = Certificate::from_der(row.get(2).map_err(sql)?)
                .map_err(|e| self.damaged(format!("an anchor of {name}: {e}")))?;
            anchors.push(Anchor {
                purpose: parse_purpose(&purpose)
                    .ok_or_else(|| self.damaged("an anchor has an unknown purpose"))?,
                generation: row.get(1).map_err(sql)?,
                key_id: certificate.key_id(),
                certificate,
                sealed: row.get(3).map_err(sql)?,
                state: AnchorState::parse(&state)
                    .ok_or_else(|| self.damaged("an anchor has an unknown state"))?,
            });
        }
        Ok(Some(Authority {
            name: name.clone(),
            key_kind,
            anchors,
        }))
    }

    /// The names of all authorities, ordered.
    pub fn authorities(&self) -> Result<Vec<AuthorityName>, VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        let mut statement = self
            .connection
            .prepare_cached("SELECT name FROM authority ORDER BY name")
            .map_err(sql)?;
        let names: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(sql)?;
        names
            .iter()
            .map(|name| {
                AuthorityName::try_from(name.as_str())
                    .map_err(|e| self.damaged(format!("the name of an authority: {e}")))
            })
            .collect()
    }

    /// Like [`Vault::authority`], with an error that names those there are.
    pub(crate) fn known_authority(&self, name: &AuthorityName) -> Result<Authority, VaultError> {
        match self.authority(name)? {
            Some(authority) => Ok(authority),
            None => Err(VaultError::AuthorityUnknown {
                name: name.clone(),
                known: self
                    .authorities()?
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
            }),
        }
    }

    fn kind_of(&self, name: &AuthorityName) -> Result<Option<KeyKind>, VaultError> {
        let kind: Option<String> = self
            .connection
            .prepare_cached("SELECT key_kind FROM authority WHERE name = ?1")
            .and_then(|mut s| s.query_row([name.as_str()], |row| row.get(0)).optional())
            .map_err(|e| VaultError::sql(&self.path, e))?;
        kind.map(|kind| {
            kind.parse()
                .map_err(|_| self.damaged(format!("the kind of key of {name} is unknown")))
        })
        .transpose()
    }
}

pub(crate) fn parse_purpose(text: &str) -> Option<Purpose> {
    [Purpose::Server, Purpose::Client]
        .into_iter()
        .find(|purpose| purpose.as_str() == text)
}

fn insert(
    transaction: &rusqlite::Transaction<'_>,
    path: &std::path::Path,
    name: &AuthorityName,
    anchors: &[NewAnchor<'_>],
    sealed: bool,
    now: Timestamp,
) -> Result<(), VaultError> {
    let sql = |e| VaultError::sql(path, e);
    let mut statement = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO anchor
             (authority, purpose, generation, key_id, certificate, sealed, state, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'active', ?7)",
        )
        .map_err(sql)?;
    for anchor in anchors {
        let certificate = anchor.issuer.certificate();
        let added = statement
            .execute(params![
                name.as_str(),
                anchor.purpose.as_str(),
                anchor.generation,
                certificate.key_id().as_bytes(),
                certificate.der(),
                sealed,
                now.as_unix(),
            ])
            .map_err(sql)?;
        if added == 0 {
            return Err(VaultError::Known {
                what: format!(
                    "the {} anchor of generation {}",
                    anchor.purpose, anchor.generation
                ),
            });
        }
    }
    Ok(())
}
