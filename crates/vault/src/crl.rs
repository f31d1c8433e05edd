//! The revocation lists that were published: for each generation of an anchor the last one.

use crate::authority::{Anchor, parse_purpose};
use crate::error::VaultError;
use crate::inventory::{Entry, Filter, State, StateKind};
use crate::scope::{self, Scope};
use crate::vault::Vault;
use rusqlite::params;
use sealock_pki::{AuthorityName, Crl, Purpose, RevocationReason, Revoked, Serial, Timestamp};

/// The last list that was published for one generation of an anchor.
#[derive(Clone, Debug)]
pub struct PublishedList {
    /// What the anchor signs for.
    pub purpose: Purpose,
    /// The scope of a client anchor.
    pub scope: Scope,
    /// The anchor's generation.
    pub generation: u32,
    /// The list; its number and its dates are in it.
    pub list: Crl,
}

impl PublishedList {
    /// Whether it is the list of this anchor.
    pub fn is_of(&self, anchor: &Anchor) -> bool {
        (self.purpose, &self.scope, self.generation)
            == (anchor.purpose, &anchor.scope, anchor.generation)
    }
}

impl Vault {
    /// Marks certificates as revoked in one transaction: all of them, or on an error none.
    pub fn revoke(
        &mut self,
        serials: &[Serial],
        at: Timestamp,
        reason: RevocationReason,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            for serial in serials {
                let changed = transaction
                    .execute(
                        "UPDATE certificate SET state = ?2, state_at = ?3, reason = ?4 WHERE serial = ?1",
                        params![
                            serial.as_bytes(),
                            StateKind::Revoked.as_str(),
                            at.as_unix(),
                            reason.code()
                        ],
                    )
                    .map_err(|e| VaultError::sql(path, e))?;
                if changed == 0 {
                    return Err(VaultError::SerialUnknown {
                        serial: serial.clone(),
                    });
                }
            }
            Ok(())
        })
    }

    /// The revoked certificates that one anchor signed, as a list has them, ordered by serial.
    pub fn revoked_by(&self, anchor: &Anchor) -> Result<Vec<(Revoked, Entry)>, VaultError> {
        let filter = Filter::all()
            .issuer(anchor.key_id)
            .state(StateKind::Revoked);
        let mut found: Vec<(Revoked, Entry)> = self
            .entries(filter)?
            .into_iter()
            .filter_map(|entry| match entry.state {
                State::Revoked { at, reason } => {
                    let serial = entry.serial.clone();
                    Some((Revoked { serial, at, reason }, entry))
                }
                _ => None,
            })
            .collect();
        found.sort_by(|a, b| a.0.serial.cmp(&b.0.serial));
        Ok(found)
    }

    /// The lists that were published for the anchors of an authority, ordered as its anchors are.
    pub fn lists(&self, name: &AuthorityName) -> Result<Vec<PublishedList>, VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        let mut statement = self
            .connection
            .prepare_cached(
                "SELECT purpose, scope, generation, der FROM crl
                 WHERE authority = ?1 ORDER BY purpose, scope, generation",
            )
            .map_err(sql)?;
        let mut rows = statement.query([name.as_str()]).map_err(sql)?;
        let mut lists = Vec::new();
        while let Some(row) = rows.next().map_err(sql)? {
            let purpose: String = row.get(0).map_err(sql)?;
            lists.push(PublishedList {
                purpose: parse_purpose(&purpose)
                    .ok_or_else(|| self.damaged("a revocation list has an unknown purpose"))?,
                scope: scope::stored(row.get(1).map_err(sql)?),
                generation: row.get(2).map_err(sql)?,
                list: Crl::from_der(row.get(3).map_err(sql)?)
                    .map_err(|e| self.damaged(format!("a revocation list: {e}")))?,
            });
        }
        Ok(lists)
    }

    /// Notes lists that are about to be published, in one transaction. A number grows from list to list of an anchor;
    /// one that does not is [`VaultError::Known`], and none of them is noted.
    pub fn note_lists(
        &mut self,
        name: &AuthorityName,
        lists: &[PublishedList],
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            for new in lists {
                let known = || VaultError::Known {
                    what: format!(
                        "a revocation list of the {} anchor of generation {} with this number, or a later one,",
                        new.purpose, new.generation
                    ),
                };
                let number = new.list.number().and_then(|number| i64::try_from(number).ok());
                let next_update = new.list.next_update();
                let (number, next_update) = number.zip(next_update).ok_or_else(known)?;
                let noted = transaction
                    .execute(
                        "INSERT INTO crl
                         (authority, purpose, scope, generation, number, this_update, next_update, der)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                         ON CONFLICT DO UPDATE SET number = excluded.number,
                             this_update = excluded.this_update, next_update = excluded.next_update,
                             der = excluded.der
                         WHERE excluded.number > number",
                        params![
                            name.as_str(),
                            new.purpose.as_str(),
                            new.scope.as_str(),
                            new.generation,
                            number,
                            new.list.this_update().as_unix(),
                            next_update.as_unix(),
                            new.list.der(),
                        ],
                    )
                    .map_err(|e| VaultError::sql(path, e))?;
                if noted == 0 {
                    return Err(known());
                }
            }
            Ok(())
        })
    }
}
