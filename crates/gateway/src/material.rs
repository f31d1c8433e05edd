//! Certificate, key, anchors, lists and deny-list: one snapshot, verified before it is used.
//!
//! Nothing of a new snapshot is used before all of it was found good; what is not good leaves the old one
//! in place. A list that is missing, overdue, broken or somebody else's is an error here, and while a
//! gateway runs a list that goes overdue shuts out those whom it would tell of.

mod files;
mod lists;
mod server;
#[cfg(test)]
pub(crate) mod tests;

use crate::admission::Known;
use crate::{GatewayError, Sources};
use files::Files;
pub(crate) use files::read_small;
use lists::{Anchors, Choice, Chosen};
use sealock_diag::escape;
use sealock_pki::{Certificate, Timestamp};
use sealock_tls::{Clock, DenyList, Gate, GateSettings, Identity, Standing, Verified, Versions};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Callers remembered at most.
const REMEMBERED: usize = 4096;

/// One snapshot of everything that TLS needs. A new one replaces it whole.
#[derive(Debug)]
pub(crate) struct Material {
    epoch: u64,
    gate: Gate,
    callers: Mutex<HashMap<[u8; 32], Arc<Known>>>,
    server: Certificate,
    lists: Vec<Chosen>,
    waits: bool,
    denied: usize,
    notes: Vec<String>,
    content: [u8; 32],
}

/// What came of reading the files again.
#[derive(Debug)]
pub(crate) enum Loaded {
    /// They say what they said before.
    Same,
    /// They changed, and all is good.
    New(Box<Material>),
}

impl Material {
    /// Reads all files for the first time.
    ///
    /// # Errors
    /// The first thing that is not good.
    pub(crate) fn load(sources: &Sources, clock: Clock) -> Result<Self, GatewayError> {
        Self::build(&Files::read(sources)?, None, clock)
    }

    /// Reads all files again. Takes as long as the lists are large: not for a worker's event loop.
    ///
    /// # Errors
    /// The first thing that is not good; `self` is then still what holds.
    pub(crate) fn reload(&self, sources: &Sources, clock: Clock) -> Result<Loaded, GatewayError> {
        let files = Files::read(sources)?;
        // Judged even when nothing changed: a list may have gone overdue in the meantime.
        let next = Self::build(&files, Some(self), clock)?;
        Ok(match next.content == self.content {
            true => Loaded::Same,
            false => Loaded::New(Box::new(next)),
        })
    }

    fn build(files: &Files, before: Option<&Self>, clock: Clock) -> Result<Self, GatewayError> {
        let now = clock.now();
        let mut notes = Vec::new();
        let chain = Certificate::chain_from_pem(&files.certificate.bytes)
            .map_err(|error| files.certificate.wrong(&error))?;
        let key = sealock_pki::PrivateKey::from_pem(files.key.bytes.expose(), None)
            .map_err(|error| GatewayError::from_below(&error).at(shown(&files.key.path)))?;
        let identity =
            Identity::new(chain, &key).map_err(|error| files.certificate.wrong(&error))?;
        let (anchors, expired) = anchors(files, now, &mut notes)?;
        let choice = match &files.lists {
            None => None,
            Some(found) => {
                let held = before.map_or(&[][..], |before| &before.lists);
                let of = Anchors {
                    good: &anchors,
                    expired: &expired,
                };
                Some(lists::choose(found, of, held, now, &mut notes)?)
            }
        };
        if choice.is_none() {
            notes.push(
                "there is no revocation list: who was revoked is let in until the certificate expires, \
                 unless the deny-list names it"
                    .to_owned(),
            );
        }
        let denied = match &files.deny {
            None => DenyList::default(),
            Some(file) => DenyList::parse(&file.bytes).map_err(|error| {
                GatewayError::new("SL-G006", error.to_string()).at(shown(&file.path))
            })?,
        };
        if files.key.others_may_read {
            notes.push(format!(
                "the key {} can be read by every user of this machine",
                shown(&files.key.path)
            ));
        }
        let refused = denied.len();
        let lists = |choice: &Choice| -> Vec<_> {
            let lists = choice.lists.iter();
            lists.map(|chosen| chosen.list.clone()).collect()
        };
        let lists = choice.as_ref().map(lists);
        // Of the lists only those that count: that one takes the place of another may be a matter of time alone.
        let content = files.content(&anchors, lists.as_deref().unwrap_or_default());
        let gate = Gate::new(GateSettings {
            identity: identity.clone(),
            anchors,
            lists,
            denied,
            versions: Versions::Both,
            clock,
        })
        .map_err(|error| files.anchors.wrong(&error))?;
        let trusted = match &files.server_anchors {
            None => None,
            Some(file) => {
                Some(Certificate::chain_from_pem(&file.bytes).map_err(|error| file.wrong(&error))?)
            }
        };
        server::prove(&gate, identity.chain(), trusted.as_deref(), now, &mut notes)
            .map_err(|error| error.at(shown(&files.certificate.path)))?;
        if let Some(before) = before {
            server::names_lost(&before.server, identity.leaf(), &mut notes);
        }
        let (lists, waits) =
            choice.map_or_else(Default::default, |choice| (choice.lists, choice.waits));
        Ok(Self {
            epoch: before.map_or(1, |before| before.epoch + 1),
            gate,
            callers: Mutex::default(),
            server: identity.leaf().clone(),
            lists,
            waits,
            denied: refused,
            notes,
            content,
        })
    }

    /// The number of this snapshot: one more with every change.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Where handshakes happen.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The server's certificate.
    pub(crate) fn server(&self) -> &Certificate {
        &self.server
    }

    /// When the first of the lists goes overdue; `None` without lists.
    pub(crate) fn lists_due(&self) -> Option<Timestamp> {
        self.lists
            .iter()
            .filter_map(|chosen| chosen.list.next_update())
            .min()
    }

    /// Whether time alone may bring a newer list into force: one was published ahead.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// How many entries the lists have together.
    pub(crate) fn revoked(&self) -> usize {
        self.lists
            .iter()
            .map(|chosen| chosen.list.revoked().len())
            .sum()
    }

    /// How many entries the deny-list has.
    pub(crate) fn denied(&self) -> usize {
        self.denied
    }

    /// What is allowed and should not stay: for the log, one line each.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Who a verified chain is; read once for each chain.
    pub(crate) fn known(&self, chain: &Arc<Verified>) -> Arc<Known> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = callers.get(chain.id()) {
            return known.clone();
        }
        if callers.len() >= REMEMBERED {
            callers.clear();
        }
        let known = Arc::new(Known::of(chain));
        callers.insert(*chain.id(), known.clone());
        known
    }

    /// What somebody whom an earlier snapshot let in is worth to this one.
    pub(crate) fn standing(&self, known: &Known) -> Standing {
        match &known.chain {
            Some(chain) => self.gate.standing(chain),
            // A unix socket has no certificate that could be revoked.
            None => Standing::Good,
        }
    }
}

/// The anchors that are within their dates, and the others, which are as good as absent.
fn anchors(
    files: &Files,
    now: Timestamp,
    notes: &mut Vec<String>,
) -> Result<(Vec<Certificate>, Vec<Certificate>), GatewayError> {
    let all = Certificate::chain_from_pem(&files.anchors.bytes)
        .map_err(|error| files.anchors.wrong(&error))?;
    let (good, expired): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|anchor| now <= anchor.not_after());
    for anchor in &expired {
        notes.push(format!(
            "the anchor {} expired at {}: nobody of it is let in",
            escape(&anchor.subject()),
            anchor.not_after()
        ));
    }
    if good.is_empty() {
        return Err(
            GatewayError::new("SL-G007", "every client anchor has expired")
                .at(shown(&files.anchors.path))
                .because(notes.join("; "))
                .help("`sealock ca rotate` makes new anchors"),
        );
    }
    Ok((good, expired))
}

fn shown(path: &Path) -> String {
    escape(&path.display().to_string())
}
