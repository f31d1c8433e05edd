//! Who was revoked: their certificates are not good any more, and nobody gives them new ones in passing.

use std::collections::{BTreeMap, BTreeSet};

use sealock_diag::escape;
use sealock_pki::{Purpose, Serial, Timestamp};
use sealock_vault::{Entry, Filter, Scope, State, StateKind, Usage, Vault, VaultError};

use crate::catalogue;
use crate::failure::Failure;

/// What the vault says of revocations, read once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revoked {
    serials: BTreeSet<Serial>,
    clients: BTreeMap<String, Timestamp>,
}

impl Revoked {
    /// For clients of this scope.
    pub(crate) fn of(vault: &Vault, scope: &Scope) -> Result<Self, VaultError> {
        let mut revoked = Self::default();
        for entry in vault.entries(Filter::all().state(StateKind::Revoked))? {
            let is_new = !revoked.clients.contains_key(&entry.identity);
            if entry.purpose == Purpose::Client && is_new {
                let filter = Filter::all()
                    .identity(&entry.identity)
                    .purpose(Purpose::Client);
                if let Some(at) = since(&vault.entries(filter)?, scope) {
                    revoked.clients.insert(entry.identity, at);
                }
            }
            revoked.serials.insert(entry.serial);
        }
        Ok(revoked)
    }

    /// Whether this certificate stands on a list.
    pub(crate) fn has(&self, serial: &Serial) -> bool {
        self.serials.contains(serial)
    }

    /// Since when a client is out: its last certificate was revoked, and it was given no other since.
    pub(crate) fn since(&self, client: &str) -> Option<Timestamp> {
        self.clients.get(client).copied()
    }
}

/// Refuses who is out, for what would let them in again.
pub(crate) fn check(vault: &Vault, scope: &Scope, client: &str) -> Result<(), Failure> {
    let Some(since) = Revoked::of(vault, scope)?.since(client) else {
        return Ok(());
    };
    let shown = escape(client);
    Err(
        Failure::own(catalogue::REVOKED, format!("{shown} was revoked"))
            .because(format!(
                "its last certificate was revoked at {since}, and it was given no other since"
            ))
            .help(format!(
                "to let {shown} in again:\n  sealock client add {shown}"
            )),
    )
}

/// What a plan says of a client that it leaves out.
pub(crate) fn left_out(client: &str, since: Timestamp) -> String {
    format!(
        "{client} was revoked at {since} and gets no new certificate; `sealock client add {client}` gives one, \
         `sealock client remove {client}` forgets it"
    )
}

/// The last certificate counts: that of this scope, or where it never had one here, of any. What was taken back before
/// it was used says nothing.
fn since(entries: &[Entry], scope: &Scope) -> Option<Timestamp> {
    let counts = |entry: &&Entry| entry.usage == Usage::Standing && entry.state != State::Withdrawn;
    let mut counted = entries.iter().filter(counts);
    let here = entries
        .iter()
        .filter(counts)
        .rfind(|entry| entry.scope == *scope);
    match here.or_else(|| counted.next_back())?.state {
        State::Revoked { at, .. } => Some(at),
        _ => None,
    }
}
