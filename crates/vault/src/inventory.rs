//! Every certificate that was issued: for whom, by which anchor, until when, and where it lies.

use crate::authority::parse_purpose;
use crate::error::VaultError;
use crate::scope::{self, Scope};
use crate::vault::Vault;
use rusqlite::{OptionalExtension, Row, params, params_from_iter, types::Value};
use sealock_pki::{Certificate, KeyId, Purpose, RevocationReason, San, Serial, Timestamp};

/// A certificate to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct NewEntry<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// What it is for.
    pub purpose: Purpose,
    /// The name under which we know whoever has it: a person, a machine, a daemon.
    pub identity: &'a str,
    /// The id of the key of the anchor that signed it.
    pub issuer: KeyId,
    /// The generation of that anchor.
    pub generation: u32,
    /// The scope of that anchor; [`Scope::own`] for a server's.
    pub scope: &'a Scope,
    /// How it is used.
    pub usage: Usage,
    /// The run that issued it.
    pub run: Option<&'a str>,
}

/// How a certificate is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usage {
    /// It lies somewhere and is renewed in time.
    #[default]
    Standing,
    /// It was born for one session and dies with it.
    Session,
}

impl Usage {
    /// "standing" or "session".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Session => "session",
        }
    }
}

/// A certificate that is in use, and where it lies.
#[derive(Clone, Copy, Debug)]
pub struct InUse<'a> {
    /// The name under which we know whoever has it.
    pub identity: &'a str,
    /// What it is for.
    pub purpose: Purpose,
    /// Its serial.
    pub serial: &'a Serial,
    /// Where its files are.
    pub places: &'a [String],
}

/// What a certificate is still good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// In use.
    Active,
    /// A younger one has taken its place; whoever verifies still accepts it.
    Superseded,
    /// On the next CRL.
    Revoked {
        /// Since when.
        at: Timestamp,
        /// Why, as the CRL will say it.
        reason: RevocationReason,
    },
    /// Taken from where we had put it, not revoked: stock dockerd accepts it until it expires.
    Withdrawn,
}

/// [`State`] without its details, for filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// In use.
    Active,
    /// Replaced by a younger one.
    Superseded,
    /// Revoked.
    Revoked,
    /// Taken away.
    Withdrawn,
}

impl StateKind {
    /// "active", "superseded", "revoked" or "withdrawn".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl State {
    /// The state without its details.
    pub fn kind(&self) -> StateKind {
        match self {
            Self::Active => StateKind::Active,
            Self::Superseded => StateKind::Superseded,
            Self::Revoked { .. } => StateKind::Revoked,
            Self::Withdrawn => StateKind::Withdrawn,
        }
    }
}

/// Where a certificate was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A path, a context, an archive.
    pub place: String,
    /// When.
    pub at: Timestamp,
}

/// One certificate of the inventory.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its serial.
    pub serial: Serial,
    /// The name under which we know whoever has it.
    pub identity: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Its CN; display only.
    pub common_name: Option<String>,
    /// Its SANs.
    pub sans: Vec<San>,
    /// The id of the key of the anchor that signed it.
    pub issuer: KeyId,
    /// The generation of that anchor.
    pub generation: u32,
    /// The scope of that anchor.
    pub scope: Scope,
    /// How it is used.
    pub usage: Usage,
    /// The id of its own key.
    pub key_id: KeyId,
    /// Good from.
    pub not_before: Timestamp,
    /// Good until.
    pub not_after: Timestamp,
    /// What it is still good for.
    pub state: State,
    /// When it was recorded.
    pub issued_at: Timestamp,
    /// The run that issued it.
    pub run: Option<String>,
    /// Where it was put, ordered by place.
    pub places: Vec<Place>,
    /// The certificate itself.
    pub certificate: Certificate,
}

/// Which entries are wanted; the default is all of them.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    serial: Option<Serial>,
    identity: Option<String>,
    purpose: Option<Purpose>,
    state: Option<StateKind>,
    expiring_before: Option<Timestamp>,
    issuer: Option<KeyId>,
}

impl Filter {
    /// All entries.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of one identity.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = Some(identity.into());
        self
    }

    /// Those for one purpose.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// Those in one state.
    #[must_use]
    pub fn state(mut self, state: StateKind) -> Self {
        self.state = Some(state);
        self
    }

    /// Those that are not good any more at this time.
    #[must_use]
    pub fn expiring_before(mut self, at: Timestamp) -> Self {
        self.expiring_before = Some(at);
        self
    }

    /// Those that one anchor signed.
    #[must_use]
    pub fn issuer(mut self, issuer: KeyId) -> Self {
        self.issuer = Some(issuer);
        self
    }

    fn clause(self) -> (String, Vec<Value>) {
        let mut terms = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        let mut term = |column: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                terms.push(format!("{column} ?{}", values.len()));
            }
        };
        term(
            "serial =",
            self.serial.map(|s| s.as_bytes().to_vec().into()),
        );
        term("identity =", self.identity.map(Into::into));
        term(
            "purpose =",
            self.purpose.map(|p| p.as_str().to_owned().into()),
        );
        term("state =", self.state.map(|s| s.as_str().to_owned().into()));
        term(
            "not_after <",
            self.expiring_before.map(|t| t.as_unix().into()),
        );
        term(
            "issuer =",
            self.issuer.map(|i| i.as_bytes().to_vec().into()),
        );
        let clause = if terms.is_empty() {
            String::new()
        } else {
            format!("WHERE {}", terms.join(" AND "))
        };
        (clause, values)
    }
}

impl Vault {
    /// Records certificates in one transaction: all of them, or on an error none. Before it returns
    /// they are durable, and only then may they be handed out.
    pub fn record(&mut self, entries: &[NewEntry<'_>], now: Timestamp) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            let sql = |e| VaultError::sql(path, e);
            let mut statement = transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO certificate
                     (serial, identity, purpose, common_name, sans, issuer, generation, key_id,
                      not_before, not_after, state, issued_at, run, der, scope, usage)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 'active', ?11, ?12, ?13, ?14, ?15)",
                )
                .map_err(sql)?;
            for entry in entries {
                let certificate = entry.certificate;
                let added = statement
                    .execute(params![
                        certificate.serial().as_bytes(),
                        entry.identity,
                        entry.purpose.as_str(),
                        certificate.common_name(),
                        join(certificate.sans()),
                        entry.issuer.as_bytes(),
                        entry.generation,
                        certificate.key_id().as_bytes(),
                        certificate.not_before().as_unix(),
                        certificate.not_after().as_unix(),
                        now.as_unix(),
                        entry.run,
                        certificate.der(),
                        entry.scope.as_str(),
                        entry.usage.as_str(),
                    ])
                    .map_err(sql)?;
                if added == 0 {
                    return Err(VaultError::Known {
                        what: format!("the certificate with the serial {}", certificate.serial()),
                    });
                }
            }
            Ok(())
        })
    }

    /// The entries that pass the filter, oldest record first.
    pub fn entries(&self, filter: Filter) -> Result<Vec<Entry>, VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        let (clause, values) = filter.clause();
        let mut statement = self
            .connection
            .prepare_cached(&format!(
                "SELECT id, identity, purpose, issuer, generation, state, state_at, reason,
                        issued_at, run, der, scope, usage
                 FROM certificate {clause} ORDER BY id"
            ))
            .map_err(sql)?;
        let mut rows = statement.query(params_from_iter(values)).map_err(sql)?;
        let mut places = self
            .connection
            .prepare_cached("SELECT place, at FROM place WHERE certificate = ?1 ORDER BY place")
            .map_err(sql)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            let id: i64 = row.get(0).map_err(sql)?;
            let places = places
                .query_map([id], |row| {
                    Ok(Place {
                        place: row.get(0)?,
                        at: Timestamp::from_unix(row.get(1)?),
                    })
                })
                .and_then(Iterator::collect)
                .map_err(sql)?;
            entries.push(self.entry(row, places)?);
        }
        Ok(entries)
    }

    /// The entry with this serial.
    pub fn find(&self, serial: &Serial) -> Result<Option<Entry>, VaultError> {
        let filter = Filter {
            serial: Some(serial.clone()),
            ..Filter::default()
        };
        Ok(self.entries(filter)?.pop())
    }

    /// Remembers that a certificate was put somewhere; again at the same place renews the time.
    pub fn installed(
        &mut self,
        serial: &Serial,
        place: &str,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| put_place(transaction, path, serial, place, now))
    }

    /// Forgets a place of a certificate: it was taken away from there.
    pub fn uninstalled(&mut self, serial: &Serial, place: &str) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            let id = id_of(transaction, path, serial)?;
            transaction
                .execute(
                    "DELETE FROM place WHERE certificate = ?1 AND place = ?2",
                    params![id, place],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            Ok(())
        })
    }

    /// Says what a certificate is still good for.
    pub fn set_state(&mut self, serial: &Serial, state: &State) -> Result<(), VaultError> {
        let (at, reason) = match state {
            State::Revoked { at, reason } => (Some(at.as_unix()), Some(reason.code())),
            _ => (None, None),
        };
        self.transaction(|transaction, path| {
            let id = id_of(transaction, path, serial)?;
            transaction
                .execute(
                    "UPDATE certificate SET state = ?2, state_at = ?3, reason = ?4 WHERE id = ?1",
                    params![id, state.kind().as_str(), at, reason],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            Ok(())
        })
    }

    /// Marks the active certificates of an identity for a purpose, all but the one given, as
    /// superseded; says how many. Those of other scopes, of sessions, and those that lie in files of their own
    /// (`cert:PATH`) stay as they are.
    pub fn supersede(
        &mut self,
        identity: &str,
        purpose: Purpose,
        by: &Serial,
    ) -> Result<usize, VaultError> {
        self.transaction(|transaction, path| {
            replace_others(transaction, path, identity, purpose, by)
        })
    }

    /// Notes in one transaction what is in use now: others of the same identity and purpose are
    /// superseded, as by [`Vault::supersede`], and the places are remembered.
    pub fn settle(&mut self, used: &[InUse<'_>], now: Timestamp) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            for used in used {
                replace_others(transaction, path, used.identity, used.purpose, used.serial)?;
                for place in used.places {
                    put_place(transaction, path, used.serial, place, now)?;
                }
            }
            Ok(())
        })
    }

    /// Notes in one transaction that certificates were replaced by others at their places: old, new, where; with old and new
    /// one, only where it lies. What else the identity has stays as it is.
    pub fn replace(
        &mut self,
        replaced: &[(Serial, Serial, Vec<String>)],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            for (old, new, places) in replaced {
                let old_id = id_of(transaction, path, old)?;
                if old != new {
                    transaction
                        .execute(
                            "UPDATE certificate SET state = 'superseded' WHERE id = ?1 AND state = 'active'",
                            [old_id],
                        )
                        .map_err(|e| VaultError::sql(path, e))?;
                }
                for place in places {
                    put_place(transaction, path, new, place, now)?;
                }
            }
            Ok(())
        })
    }

    fn entry(&self, row: &Row<'_>, places: Vec<Place>) -> Result<Entry, VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        let certificate = Certificate::from_der(row.get("der").map_err(sql)?)
            .map_err(|e| self.damaged(format!("a certificate: {e}")))?;
        let purpose: String = row.get("purpose").map_err(sql)?;
        let state: String = row.get("state").map_err(sql)?;
        let usage: String = row.get("usage").map_err(sql)?;
        let issuer: Vec<u8> = row.get("issuer").map_err(sql)?;
        let issuer: String = issuer.iter().map(|b| format!("{b:02x}")).collect();
        let time = |name: &str| -> Result<Timestamp, VaultError> {
            Ok(Timestamp::from_unix(row.get(name).map_err(sql)?))
        };
        Ok(Entry {
            serial: certificate.serial().clone(),
            identity: row.get("identity").map_err(sql)?,
            purpose: parse_purpose(&purpose)
                .ok_or_else(|| self.damaged("a certificate has an unknown purpose"))?,
            common_name: certificate.common_name(),
            sans: certificate.sans().to_vec(),
            issuer: issuer
                .parse()
                .map_err(|_| self.damaged("a certificate has an unreadable issuer"))?,
            generation: row.get("generation").map_err(sql)?,
            scope: scope::stored(row.get("scope").map_err(sql)?),
            usage: [Usage::Standing, Usage::Session]
                .into_iter()
                .find(|known| known.as_str() == usage)
                .ok_or_else(|| self.damaged("a certificate has an unknown usage"))?,
            key_id: certificate.key_id(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            state: match state.as_str() {
                "active" => State::Active,
                "superseded" => State::Superseded,
                "revoked" => State::Revoked {
                    at: time("state_at")?,
                    reason: row
                        .get("reason")
                        .map(reason)
                        .map_err(sql)?
                        .ok_or_else(|| self.damaged("a certificate has an unknown reason"))?,
                },
                "withdrawn" => State::Withdrawn,
                _ => return Err(self.damaged("a certificate has an unknown state")),
            },
            issued_at: time("issued_at")?,
            run: row.get("run").map_err(sql)?,
            places,
            certificate,
        })
    }
}

fn put_place(
    transaction: &rusqlite::Transaction<'_>,
    path: &std::path::Path,
    serial: &Serial,
    place: &str,
    now: Timestamp,
) -> Result<(), VaultError> {
    let id = id_of(transaction, path, serial)?;
    transaction
        .execute(
            "INSERT INTO place (certificate, place, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (certificate, place) DO UPDATE SET at = excluded.at",
            params![id, place, now.as_unix()],
        )
        .map_err(|e| VaultError::sql(path, e))?;
    Ok(())
}

fn replace_others(
    transaction: &rusqlite::Transaction<'_>,
    path: &std::path::Path,
    identity: &str,
    purpose: Purpose,
    by: &Serial,
) -> Result<usize, VaultError> {
    id_of(transaction, path, by)?;
    transaction
        .execute(
            "UPDATE certificate SET state = 'superseded'
             WHERE identity = ?1 AND purpose = ?2 AND state = 'active' AND serial <> ?3
               AND usage = 'standing'
               AND NOT EXISTS (SELECT 1 FROM place WHERE certificate = certificate.id AND place LIKE 'cert:%')
               AND scope = (SELECT scope FROM certificate WHERE serial = ?3)",
            params![identity, purpose.as_str(), by.as_bytes()],
        )
        .map_err(|e| VaultError::sql(path, e))
}

fn id_of(
    transaction: &rusqlite::Transaction<'_>,
    path: &std::path::Path,
    serial: &Serial,
) -> Result<i64, VaultError> {
    transaction
        .prepare_cached("SELECT id FROM certificate WHERE serial = ?1")
        .and_then(|mut s| {
            s.query_row([serial.as_bytes()], |row| row.get(0))
                .optional()
        })
        .map_err(|e| VaultError::sql(path, e))?
        .ok_or_else(|| VaultError::SerialUnknown {
            serial: serial.clone(),
        })
}

/// The reason with this CRLReason number (RFC 5280 §5.3.1).
fn reason(code: u8) -> Option<RevocationReason> {
    use RevocationReason as R;
    [
        R::Unspecified,
        R::KeyCompromise,
        R::CaCompromise,
        R::AffiliationChanged,
        R::Superseded,
        R::CessationOfOperation,
        R::CertificateHold,
        R::RemoveFromCrl,
        R::PrivilegeWithdrawn,
        R::AaCompromise,
    ]
    .into_iter()
    .find(|reason| reason.code() == code)
}

/// SANs as one text for people who read the database; the certificate itself says it exactly.
fn join(sans: &[San]) -> String {
    let mut text = String::new();
    for san in sans {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&san.to_string());
    }
    text
}
