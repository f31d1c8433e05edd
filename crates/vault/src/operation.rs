//! What is under way with an authority's anchors: a rotation or a rekey, and how far it has come.

use crate::authority::{self, AnchorState};
use crate::error::VaultError;
use crate::scope::{self, Scope};
use crate::vault::Vault;
use rusqlite::{OptionalExtension, params};
use sealock_pki::{AuthorityName, Purpose, Timestamp};

/// What kind of change of anchors is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// Phase by phase, with both generations trusted in between.
    Rotation,
    /// Everything at once: the old generation is refused from one restart on.
    Rekey,
}

impl OperationKind {
    /// "rotation" or "rekey".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Rekey => "rekey",
        }
    }
}

/// How far an operation has come; each phase was proved before it was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The new anchors exist; nobody trusts them yet.
    Prepared,
    /// Whoever verifies trusts both generations.
    Trusted,
    /// Clients have certificates of the new client anchor, and trust both server anchors.
    Issued,
    /// The daemon shows a certificate of the new server anchor.
    Swapped,
    /// The old generation is refused.
    Dropped,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Prepared,
        Self::Trusted,
        Self::Issued,
        Self::Swapped,
        Self::Dropped,
    ];

    /// "prepared", "trusted", "issued", "swapped" or "dropped".
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Trusted => "trusted",
            Self::Issued => "issued",
            Self::Swapped => "swapped",
            Self::Dropped => "dropped",
        }
    }
}

/// One anchor that follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    /// What the anchors sign for.
    pub purpose: Purpose,
    /// The generation that goes.
    pub from: u32,
    /// The generation that comes.
    pub to: u32,
}

/// A rotation or rekey that has begun and not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its row.
    pub id: i64,
    /// Which kind.
    pub kind: OperationKind,
    /// The scope of its client anchor.
    pub scope: Scope,
    /// Which anchors.
    pub successions: Vec<Succession>,
    /// How far it has come.
    pub phase: Phase,
    /// When that phase was reached.
    pub phase_at: Timestamp,
    /// When it began.
    pub started_at: Timestamp,
}

impl Operation {
    /// The succession of the anchors for this purpose, if they are part of it.
    pub fn succession(&self, purpose: Purpose) -> Option<Succession> {
        self.successions
            .iter()
            .copied()
            .find(|succession| succession.purpose == purpose)
    }
}

impl Vault {
    /// Notes that an operation has begun, in [`Phase::Prepared`]. One at a time for each scope of an authority: a second
    /// one is [`VaultError::Known`].
    pub fn begin_operation(
        &mut self,
        name: &AuthorityName,
        scope: &Scope,
        kind: OperationKind,
        successions: &[Succession],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.known_authority(name)?;
        self.transaction(|transaction, path| {
            let added = transaction
                .execute(
                    "INSERT OR IGNORE INTO operation
                     (authority, scope, kind, successions, phase, phase_at, started_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
                    params![
                        name.as_str(),
                        scope.as_str(),
                        kind.as_str(),
                        write(successions),
                        Phase::Prepared.as_str(),
                        now.as_unix(),
                    ],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            match added {
                0 => Err(VaultError::Known {
                    what: format!("an operation on the anchors of {name}"),
                }),
                _ => Ok(()),
            }
        })
    }

    /// The operation that is under way for this scope of an authority.
    pub fn operation(
        &self,
        name: &AuthorityName,
        scope: &Scope,
    ) -> Result<Option<Operation>, VaultError> {
        self.operation_where(name, scope, "ended_at IS NULL AND ?3 IS NULL", None)
    }

    /// The operation that reached [`Phase::Dropped`] at this very time: by a run of that time, which may have been killed
    /// just after it.
    pub fn ended_operation(
        &self,
        name: &AuthorityName,
        scope: &Scope,
        at: Timestamp,
    ) -> Result<Option<Operation>, VaultError> {
        self.operation_where(name, scope, "ended_at = ?3 AND phase = 'dropped'", Some(at))
    }

    fn operation_where(
        &self,
        name: &AuthorityName,
        scope: &Scope,
        wanted: &str,
        at: Option<Timestamp>,
    ) -> Result<Option<Operation>, VaultError> {
        let sql = |e| VaultError::sql(&self.path, e);
        type Columns = (i64, String, String, String, String, i64, i64);
        let row: Option<Columns> = self
            .connection
            .prepare_cached(&format!(
                "SELECT id, kind, scope, successions, phase, phase_at, started_at FROM operation
                 WHERE authority = ?1 AND scope = ?2 AND {wanted} ORDER BY id DESC LIMIT 1"
            ))
            .and_then(|mut s| {
                let values = params![name.as_str(), scope.as_str(), at.map(Timestamp::as_unix)];
                s.query_row(values, |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                        row.get(5)?,
                        row.get(6)?,
                    ))
                })
                .optional()
            })
            .map_err(sql)?;
        let Some((id, kind, scope, successions, phase, phase_at, started_at)) = row else {
            return Ok(None);
        };
        let unknown = |what: &str| self.damaged(format!("an operation has an unknown {what}"));
        Ok(Some(Operation {
            id,
            kind: [OperationKind::Rotation, OperationKind::Rekey]
                .into_iter()
                .find(|known| known.as_str() == kind)
                .ok_or_else(|| unknown("kind"))?,
            scope: scope::stored(scope),
            successions: read(&successions).ok_or_else(|| unknown("succession"))?,
            phase: Phase::ALL
                .into_iter()
                .find(|known| known.as_str() == phase)
                .ok_or_else(|| unknown("phase"))?,
            phase_at: Timestamp::from_unix(phase_at),
            started_at: Timestamp::from_unix(started_at),
        }))
    }

    /// Ends an operation that changed nothing: its new anchors stay prepared, for the next one.
    pub fn cancel_operation(
        &mut self,
        operation: &Operation,
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            transaction
                .execute(
                    "UPDATE operation SET ended_at = ?2 WHERE id = ?1",
                    params![operation.id, now.as_unix()],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            Ok(())
        })
    }

    /// Notes in one transaction how far an operation has come and what its anchors are good for now. With
    /// [`Phase::Dropped`] it ends.
    pub fn advance_operation(
        &mut self,
        name: &AuthorityName,
        operation: &Operation,
        phase: Phase,
        states: &[(Purpose, u32, AnchorState)],
        now: Timestamp,
    ) -> Result<(), VaultError> {
        self.transaction(|transaction, path| {
            authority::set_states(transaction, path, name, &operation.scope, states)?;
            let ended = (phase == Phase::Dropped).then_some(now.as_unix());
            transaction
                .execute(
                    "UPDATE operation SET phase = ?2, phase_at = ?3, ended_at = ?4, successions = ?5 WHERE id = ?1",
                    params![
                        operation.id,
                        phase.as_str(),
                        now.as_unix(),
                        ended,
                        write(&operation.successions)
                    ],
                )
                .map_err(|e| VaultError::sql(path, e))?;
            Ok(())
        })
    }
}

fn write(successions: &[Succession]) -> String {
    let words: Vec<String> = successions
        .iter()
        .map(|s| format!("{} {} {}", s.purpose, s.from, s.to))
        .collect();
    words.join(",")
}

fn read(text: &str) -> Option<Vec<Succession>> {
    text.split(',')
        .map(|word| {
            let mut parts = word.split(' ');
            let succession = Succession {
                purpose: authority::parse_purpose(parts.next()?)?,
                from: parts.next()?.parse().ok()?,
                to: parts.next()?.parse().ok()?,
            };
            parts.next().is_none().then_some(succession)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Succession, read, write};
    use sealock_pki::Purpose;

    #[test]
    fn successions_are_read_as_written() {
        let both = vec![
            Succession {
                purpose: Purpose::Server,
                from: 1,
                to: 2,
            },
            Succession {
                purpose: Purpose::Client,
                from: 3,
                to: 5,
            },
        ];
        assert_eq!(read(&write(&both)), Some(both));
        for bad in [
            "",
            "server",
            "server 1",
            "server 1 2 3",
            "router 1 2",
            "server a 2",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
