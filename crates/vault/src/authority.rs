//! Authorities and their anchors.

use crate::error::VaultError;
use crate::keys;
use crate::scope::{self, Scope};
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
    /// Its anchors, ordered by purpose, then scope, then generation.
    pub anchors: Vec<Anchor>,
}

impl Authority {
    /// The anchor that signs for this purpose now: the youngest active one. For servers the scope does not matter.
    pub fn signs_now(&self, purpose: Purpose, scope: &Scope) -> Option<&Anchor> {
        self.of(purpose, scope)
            .find(|a| a.state == AnchorState::Active)
    }

    /// The anchors that whoever verifies this purpose should trust, youngest first: see
    /// [`AnchorState::is_trusted`]. For servers the scope does not matter.
    pub fn trusted(&self, purpose: Purpose, scope: &Scope) -> Vec<&Anchor> {
        self.of(purpose, scope)
            .filter(|a| a.state.is_trusted())
            .collect()
    }

    /// All generations of an anchor, youngest first. For servers the scope does not matter.
    pub fn of(&self, purpose: Purpose, scope: &Scope) -> impl Iterator<Item = &Anchor> {
        self.anchors
            .iter()
            .rev()
            .filter(move |a| a.belongs_to(purpose, scope))
    }

    /// The scopes that have client anchors, the authority's own first.
    pub fn scopes(&self) -> Vec<Scope> {
        let mut scopes: Vec<Scope> = Vec::new();
        for anchor in &self.anchors {
            if anchor.purpose == Purpose::Client && !scopes.contains(&anchor.scope) {
                scopes.push(anchor.scope.clone());
            }
        }
        scopes.sort();
        scopes
    }
}

/// One generation of a trust anchor.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// What the leaves that it signs are for.
    pub purpose: Purpose,
    /// The scope of a client anchor; server anchors are always the authority's own.
    pub scope: Scope,
    /// Counts from 1 for each purpose and scope.
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

impl Anchor {
    pub(crate) fn belongs_to(&self, purpose: Purpose, scope: &Scope) -> bool {
        self.purpose == purpose && (purpose == Purpose::Server || self.scope == *scope)
    }
}

/// What an anchor is good for, in the order in which it goes through life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnchorState {
    /// Exists: nobody trusts it yet, and it signs nothing.
    Prepared,
    /// Is trusted, but does not sign yet: an older generation does.
    Next,
    /// Signs, and is trusted.
    Active,
    /// Is trusted, but signs no more: a younger generation does.
    Superseded,
    /// Is not to be trusted any more.
    Withdrawn,
}

impl AnchorState {
    /// "prepared", "next", "active", "superseded" or "withdrawn".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Next => "next",
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether whoever verifies should trust it.
    pub fn is_trusted(self) -> bool {
        !matches!(self, Self::Prepared | Self::Withdrawn)
    }

    fn parse(text: &str) -> Option<Self> {
        [
            Self::Prepared,
            Self::Next,
            Self::Active,
            Self::Superseded,
            Self::Withdrawn,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
    }
}

/// An anchor to be stored, with its key.
#[derive(Clone, Copy, Debug)]
pub struct NewAnchor<'a> {
    /// What it signs for.
    pub purpose: Purpose,
    /// The scope of a client anchor; [`Scope::own`] for a server anchor.
    pub scope: &'a Scope,
    /// Its generation, from 1.
    pub generation: u32,
    /// What it is good for from now on.
    pub state: AnchorState,
    /// Certificate and key.
    pub issuer: &'a Issuer,
}

impl<'a> NewAnchor<'a> {
    /// The first generation of an authority's own anchor, which signs from now on.
    pub fn first(purpose: Purpose, issuer: &'a Issuer) -> Self {
        Self {
            purpose,
            scope: Scope::own(),
            generation: 1,
            state: AnchorState::Active,
            issuer,
        }
    }
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

    /// Adds anchors of a further generation or scope to an authority, after their keys are durable.
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

    /// Says in one transaction what anchors are good for. The scope is that of the client anchors among them.
    pub fn set_anchor_states(
        &mut self,
        name: &AuthorityName,
        scope: &Scope,
        states: &[(Purpose, u32, AnchorState)],
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| set_states(transaction, path, name, scope, states))
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
                "SELECT purpose, generation, certificate, sealed, state, scope FROM anchor
                 WHERE authority = ?1 ORDER BY purpose, scope, generation",
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
                scope: scope::stored(row.get(5).map_err(sql)?),
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

/// Server anchors are always the authority's own; the scope is that of the client anchors.
pub(crate) fn set_states(
    transaction: &rusqlite::Transaction<'_>,
    path: &std::path::Path,
    name: &AuthorityName,
    scope: &Scope,
    states: &[(Purpose, u32, AnchorState)],
) -> Result<(), VaultError> {
    for (purpose, generation, state) in states {
        let scope = match purpose {
            Purpose::Server => "",
            Purpose::Client => scope.as_str(),
        };
        let changed = transaction
            .execute(
                "UPDATE anchor SET state = ?5
                 WHERE authority = ?1 AND purpose = ?2 AND scope = ?3 AND generation = ?4",
                params![
                    name.as_str(),
                    purpose.as_str(),
                    scope,
                    generation,
                    state.as_str()
                ],
            )
            .map_err(|e| VaultError::sql(path, e))?;
        if changed == 0 {
            return Err(VaultError::NoIssuer {
                authority: name.clone(),
                purpose: *purpose,
                generation: Some(*generation),
            });
        }
    }
    Ok(())
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
             (authority, purpose, scope, generation, key_id, certificate, sealed, state, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(sql)?;
    for anchor in anchors {
        let certificate = anchor.issuer.certificate();
        let added = statement
            .execute(params![
                name.as_str(),
                anchor.purpose.as_str(),
                anchor.scope.as_str(),
                anchor.generation,
                certificate.key_id().as_bytes(),
                certificate.der(),
                sealed,
                anchor.state.as_str(),
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
