//! Who still needs the old generation: certificates that somebody has taken away, and whose successor nobody has fetched.

use sealock_pki::{Purpose, Timestamp};
use sealock_vault::{Entry, Operation, Place, State, Usage, Vault};

use super::singles;
use crate::failure::Failure;

/// The place of an archive that `client bundle` wrote.
const ARCHIVE: &str = "archive:";
/// The place of a copy that `client install` made, outside `sealock.toml`.
const COPY: &str = "copy:";

/// An archive, as the inventory keeps it.
pub(crate) fn archive(path: &std::path::Path) -> String {
    format!("{ARCHIVE}{}", path.display())
}

/// A copy, as the inventory keeps it.
pub(crate) fn copy(place: &impl std::fmt::Display) -> String {
    format!("{COPY}{place}")
}

/// Whether somebody has carried this certificate away.
pub(crate) fn is_carried(entry: &Entry) -> bool {
    entry.places.iter().any(is_elsewhere)
}

fn is_elsewhere(place: &Place) -> bool {
    place.place.starts_with(ARCHIVE) || place.place.starts_with(COPY)
}

/// Somebody whose files are out of our reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) identity: String,
    /// Where the last files went.
    pub(crate) place: String,
    /// What brings them up to date.
    pub(crate) help: String,
}

/// Those who have not fetched anything since a phase was reached.
pub(crate) fn list(
    vault: &Vault,
    operation: &Operation,
    now: Timestamp,
) -> Result<Vec<Waiting>, Failure> {
    let entries = vault.entries(sealock_vault::Filter::all())?;
    Ok(judge(&entries, operation, now))
}

fn judge(entries: &[Entry], operation: &Operation, now: Timestamp) -> Vec<Waiting> {
    let since = operation.phase_at;
    let mut waiting: Vec<Waiting> = Vec::new();
    // Who is revoked or removed need not be waited for, nor who is out of date anyway.
    let counts = |entry: &&Entry| {
        entry.usage == Usage::Standing
            && entry.not_after > now
            && matches!(entry.state, State::Active | State::Superseded)
            && entry.scope == operation.scope
    };
    for entry in entries.iter().filter(counts) {
        if waiting.iter().any(|one| one.identity == entry.identity) {
            continue;
        }
        let all = || {
            entries
                .iter()
                .filter(|other| other.identity == entry.identity && other.purpose == entry.purpose)
        };
        let last = all()
            .flat_map(|other| other.places.iter().map(move |place| (other, place)))
            .filter(|(_, place)| is_elsewhere(place))
            .max_by_key(|(other, place)| (place.at, other.issued_at));
        let is_old = |other: &Entry, taken: &Place| match operation.succession(Purpose::Client) {
            // What was taken says by itself whether it is of the generation that comes.
            Some(one) => other.generation != one.to,
            // A new server anchor leaves the certificate as it is; in doubt it was taken before.
            None => taken.at <= since,
        };
        if let Some((other, taken)) = last
            && is_old(other, taken)
        {
            waiting.push(Waiting {
                identity: entry.identity.clone(),
                place: taken.place.clone(),
                help: format!("sealock client bundle {}", entry.identity),
            });
            continue;
        }
        let old = operation
            .succession(entry.purpose)
            .is_some_and(|one| entry.generation == one.from);
        if old && singles::is_of_a_request(entry) && !all().any(|other| other.issued_at >= since) {
            waiting.push(Waiting {
                identity: entry.identity.clone(),
                place: "its key is not here".to_owned(),
                help: "sealock cert sign REQUEST …".to_owned(),
            });
        }
    }
    // A session keeps what it began with; nobody is locked out in the middle of its work, and it is not for long.
    let live = entries.iter().filter(|entry| {
        entry.usage == Usage::Session
            && entry.state == State::Active
            && entry.not_after > now
            && entry.scope == operation.scope
            && entry.issued_at < since
    });
    waiting.extend(live.map(|entry| Waiting {
        identity: entry.identity.clone(),
        place: format!("a session until {}", entry.not_after),
        help: "ends by itself".to_owned(),
    }));
    waiting
}
