//! What is in use and near its end: one question to the database, for a warning beside every command.

use crate::authority::parse_purpose;
use crate::error::VaultError;
use crate::scope::{self, Scope};
use rusqlite::{Connection, OpenFlags, Row, params};
use sealock_pki::{Certificate, Purpose, Timestamp};
use std::path::Path;

/// Something in use that ends soon, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The identity of a leaf, the authority of an anchor.
    pub name: String,
    /// What it is for.
    pub purpose: Purpose,
    /// The scope of an anchor; `None` for a leaf.
    pub anchor: Option<Scope>,
    /// Good from.
    pub not_before: Timestamp,
    /// Good until.
    pub not_after: Timestamp,
    /// Where a leaf was put.
    pub places: Vec<String>,
    /// Whether it is a copy that somebody carried away and has not replaced by a younger one.
    pub carried: bool,
}

/// Everything in use that has less than `percent` of its life left, what ends first first.
///
/// Nothing is written for it, not even the step from an older version of the tables: whoever asks has other things to do.
pub fn remaining(home: &Path, now: Timestamp, percent: u32) -> Result<Vec<Remaining>, VaultError> {
    let path = home.join("vault.db");
    let sql = |e| VaultError::sql(&path, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(sql)?;
    let mut statement = connection
        .prepare(
            "SELECT identity, purpose, not_before, not_after, NULL, NULL, group_concat(place, char(10)),
                    state = 'superseded'
             FROM certificate AS c LEFT JOIN place ON certificate = id
             WHERE usage = 'standing'
               AND (not_after - ?1) * 100 < (not_after - not_before) * ?2
               AND (state = 'active' AND NOT (
                        -- A run that was taken back had issued it: nobody ever got it, and another one is in force.
                        NOT EXISTS (SELECT 1 FROM place AS own WHERE own.certificate = c.id)
                        AND EXISTS (SELECT 1 FROM certificate AS other JOIN place AS held ON held.certificate = other.id
                                    WHERE other.state = 'active' AND other.identity = c.identity
                                      AND other.purpose = c.purpose AND other.scope = c.scope
                                      AND held.place NOT LIKE 'cert:%'))
                    OR state = 'superseded' AND not_after > ?1
                    AND EXISTS (SELECT 1 FROM place AS taken WHERE taken.certificate = c.id
                                AND (taken.place LIKE 'archive:%' OR taken.place LIKE 'copy:%'))
                    AND NOT EXISTS (SELECT 1 FROM certificate AS younger JOIN place AS taken ON taken.certificate = younger.id
                                    WHERE younger.id > c.id AND younger.identity = c.identity
                                      AND younger.purpose = c.purpose AND younger.scope = c.scope
                                      AND (taken.place LIKE 'archive:%' OR taken.place LIKE 'copy:%')))
             GROUP BY id
             UNION ALL
             SELECT authority, purpose, NULL, NULL, certificate, scope, NULL, 0
             FROM anchor WHERE state = 'active'",
        )
        .map_err(sql)?;
    let mut rows = statement
        .query(params![now.as_unix(), percent])
        .map_err(sql)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(sql)? {
        // A row that does not read is a finding of `check`, and not of this.
        if let Some(one) = read(row).map_err(sql)?
            && is_short(&one, now, percent)
        {
            found.push(one);
        }
    }
    found.sort_by_key(|one| one.not_after);
    Ok(found)
}

fn read(row: &Row<'_>) -> Result<Option<Remaining>, rusqlite::Error> {
    let (name, purpose): (String, String) = (row.get(0)?, row.get(1)?);
    let Some(purpose) = parse_purpose(&purpose) else {
        return Ok(None);
    };
    let anchor: Option<Vec<u8>> = row.get(4)?;
    let (not_before, not_after) = match &anchor {
        None => (
            Timestamp::from_unix(row.get(2)?),
            Timestamp::from_unix(row.get(3)?),
        ),
        Some(der) => match Certificate::from_der(der.clone()) {
            Ok(certificate) => (certificate.not_before(), certificate.not_after()),
            Err(_) => return Ok(None),
        },
    };
    let scope: Option<String> = row.get(5)?;
    let places: Option<String> = row.get(6)?;
    Ok(Some(Remaining {
        name,
        purpose,
        anchor: anchor.and(scope).map(scope::stored),
        not_before,
        not_after,
        places: places
            .iter()
            .flat_map(|places| places.lines())
            .map(str::to_owned)
            .collect(),
        carried: row.get(7)?,
    }))
}

fn is_short(one: &Remaining, now: Timestamp, percent: u32) -> bool {
    let whole = one.not_after.since(one.not_before);
    one.not_after.since(now) * 100 < whole * percent
}
