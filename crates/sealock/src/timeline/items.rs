//! Everything that ends some day, from the vault alone: no key is unlocked for it.

use std::collections::{BTreeMap, BTreeSet};

use sealock_host::Desired;
use sealock_host::desired::Share;
use sealock_pki::{Purpose, Timestamp};
use sealock_service::{Holds, Service};
use sealock_vault::{AnchorState, Entry, Filter, Operation, Scope, State, StateKind, Usage, Vault};

use super::usage::{Users, is_in_use};
use crate::cloak::credentials::due_at;
use crate::cloak::{desired, up, waiting};
use crate::failure::Failure;
use crate::session::Session;

/// Something that ends.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its name for people, not escaped.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) begins: Timestamp,
    pub(crate) ends: Timestamp,
    /// When it is to be replaced; `None` for what is never renewed by itself.
    pub(crate) due: Option<Timestamp>,
    /// Where it lies, not escaped.
    pub(crate) places: Vec<String>,
    /// Its serial; of a list its number.
    pub(crate) serial: String,
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Anchor {
        purpose: Purpose,
        scope: Scope,
        generation: u32,
        state: AnchorState,
    },
    Daemon,
    Client,
    /// A service beside the daemon. Its certificate is the first of its places.
    Service,
    /// A client's files that were carried away, and not fetched again since they were renewed here.
    Carried,
    /// Issued by `cert issue`, or signed for somebody.
    Single {
        purpose: Purpose,
    },
    /// A revocation list.
    List {
        purpose: Purpose,
    },
}

impl Kind {
    /// The word for programs.
    pub(crate) fn slug(&self) -> &'static str {
        match self {
            Self::Anchor { .. } => "anchor",
            Self::Daemon => "daemon",
            Self::Client => "client",
            Self::Service => "service",
            Self::Carried => "bundle",
            Self::Single { .. } => "single",
            Self::List { .. } => "crl",
        }
    }

    pub(crate) fn purpose(&self) -> Purpose {
        match self {
            Self::Anchor { purpose, .. } | Self::Single { purpose } | Self::List { purpose } => {
                *purpose
            }
            Self::Daemon | Self::Service => Purpose::Server,
            Self::Client | Self::Carried => Purpose::Client,
        }
    }
}

impl Item {
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// How much of its life is left, in thousandths.
    pub(crate) fn left_in_thousand(&self, now: Timestamp) -> u64 {
        let whole = self.ends.since(self.begins).as_secs().max(1);
        self.ends.since(now).as_secs() * 1000 / whole
    }
}

/// Everything in use that ends, what ends first first. Empty where there is no vault.
pub(crate) fn items(session: &Session) -> Result<Vec<Item>, Failure> {
    if !session.has_vault()? {
        return Ok(Vec::new());
    }
    let vault = session.vault()?;
    // A file that somebody broke hides no date.
    let wanted = desired::find(session).ok().flatten();
    let mut found = anchors(&vault, wanted.as_ref())?;
    found.extend(lists(&vault, wanted.as_ref())?);
    found.extend(leaves(session, &vault, wanted.as_ref())?);
    found.sort_by(|a, b| (a.ends, &a.name).cmp(&(b.ends, &b.name)));
    Ok(found)
}

/// What is due next, and when; what is due already and was not renewed is not next.
pub(crate) fn next_due(items: &[Item], now: Timestamp) -> Option<(&Item, Timestamp)> {
    items
        .iter()
        .filter_map(|item| item.due.map(|due| (item, due)))
        .filter(|(_, due)| *due > now)
        .min_by_key(|(_, due)| *due)
}

/// The rotations and rekeys that are under way.
pub(crate) fn operations(session: &Session) -> Result<Vec<Operation>, Failure> {
    let mut found = Vec::new();
    if !session.has_vault()? {
        return Ok(found);
    }
    let vault = session.vault()?;
    for name in vault.authorities()? {
        let scopes = vault.authority(&name)?.map(|authority| authority.scopes());
        for scope in scopes.unwrap_or_default() {
            found.extend(vault.operation(&name, &scope)?);
        }
    }
    Ok(found)
}

fn anchors(vault: &Vault, wanted: Option<&Desired>) -> Result<Vec<Item>, Failure> {
    let mut found = Vec::new();
    for name in vault.authorities()? {
        let is_other = wanted.is_some_and(|wanted| wanted.authority.name != name.as_str());
        let Some(authority) = vault.authority(&name)?.filter(|_| !is_other) else {
            continue;
        };
        for anchor in authority.anchors {
            if anchor.state == AnchorState::Withdrawn {
                continue;
            }
            let of_scope = match anchor.scope.is_own() {
                true => String::new(),
                false => format!(" of {}", anchor.scope),
            };
            let state = match anchor.state {
                AnchorState::Active => String::new(),
                other => format!(", {}", other.as_str()),
            };
            found.push(Item {
                name: format!(
                    "{} anchor {}{of_scope}{state}",
                    anchor.purpose, anchor.generation
                ),
                begins: anchor.certificate.not_before(),
                ends: anchor.certificate.not_after(),
                due: None,
                places: Vec::new(),
                serial: anchor.certificate.serial().to_string(),
                kind: Kind::Anchor {
                    purpose: anchor.purpose,
                    scope: anchor.scope,
                    generation: anchor.generation,
                    state: anchor.state,
                },
            });
        }
    }
    Ok(found)
}

/// The revocation lists of the authority; published anew when half of their life is over.
fn lists(vault: &Vault, wanted: Option<&Desired>) -> Result<Vec<Item>, Failure> {
    let mut found = Vec::new();
    for name in vault.authorities()? {
        if wanted.is_some_and(|wanted| wanted.authority.name != name.as_str()) {
            continue;
        }
        for published in vault.lists(&name)? {
            let begins = published.list.this_update();
            let Some(ends) = published.list.next_update() else {
                continue;
            };
            let of_scope = match published.scope.is_own() {
                true => String::new(),
                false => format!(" of {}", published.scope),
            };
            found.push(Item {
                name: format!(
                    "{} CRL {}{of_scope}",
                    published.purpose, published.generation
                ),
                begins,
                ends,
                due: Some(begins + ends.since(begins) / 2),
                places: Vec::new(),
                serial: published
                    .list
                    .number()
                    .map_or_else(String::new, |number| number.to_string()),
                kind: Kind::List {
                    purpose: published.purpose,
                },
            });
        }
    }
    Ok(found)
}

/// Certificates that were renewed here, and whose last copy elsewhere is still the old one.
fn carried(vault: &Vault, now: Timestamp) -> Result<Vec<Entry>, Failure> {
    let mut last: BTreeMap<(String, Scope), Entry> = BTreeMap::new();
    let clients = vault.entries(Filter::all().purpose(Purpose::Client))?;
    for entry in clients.into_iter().filter(waiting::is_carried) {
        last.insert((entry.identity.clone(), entry.scope.clone()), entry);
    }
    let old = last.into_values().filter(|entry| {
        entry.state == State::Superseded && entry.not_after > now && entry.usage == Usage::Standing
    });
    Ok(old.collect())
}

fn leaves(
    session: &Session,
    vault: &Vault,
    wanted: Option<&Desired>,
) -> Result<Vec<Item>, Failure> {
    let users = Users::of(session);
    let after = wanted.map_or(Share::default(), |wanted| wanted.authority.renew_after);
    let mut found = Vec::new();
    for entry in carried(vault, session.now)? {
        found.push(Item {
            name: format!("{}, as carried away", entry.identity),
            kind: Kind::Carried,
            begins: entry.not_before,
            ends: entry.not_after,
            // Only who has it can replace it.
            due: None,
            places: entry.places.into_iter().map(|place| place.place).collect(),
            serial: entry.serial.to_string(),
        });
    }
    let active = vault.entries(Filter::all().state(StateKind::Active))?;
    let placed: BTreeSet<_> = active
        .iter()
        .filter(|entry| !entry.places.is_empty())
        .map(whose)
        .collect();
    for entry in active {
        // A run that was taken back had issued it, and nobody ever got it.
        let is_left_over = entry.places.is_empty() && placed.contains(&whose(&entry));
        let mut places: Vec<String> = entry.places.into_iter().map(|place| place.place).collect();
        if entry.usage != Usage::Standing || !is_in_use(&places, entry.not_after, &users) {
            continue;
        }
        let is_client = wanted.is_some_and(|wanted| {
            wanted
                .clients
                .iter()
                .any(|client| client.name == entry.identity)
        });
        let mut services = wanted.into_iter().flat_map(|wanted| &wanted.services);
        let service = services.find(|service| service.name == entry.identity);
        let kind = match (entry.purpose, service) {
            (Purpose::Server, _) if entry.identity == up::DAEMON => Kind::Daemon,
            (Purpose::Server, Some(service)) => {
                let cert = certificate(service);
                places.sort_by_key(|place| Some(place) != cert.as_ref());
                Kind::Service
            }
            (Purpose::Client, _) if is_client => Kind::Client,
            (purpose, _) => Kind::Single { purpose },
        };
        if is_left_over && !matches!(kind, Kind::Single { .. }) {
            continue;
        }
        found.push(Item {
            name: entry.identity,
            kind,
            begins: entry.not_before,
            ends: entry.not_after,
            due: Some(due_at(&entry.certificate, after)),
            places,
            serial: entry.serial.to_string(),
        });
    }
    Ok(found)
}

/// Whose certificate it is, and what for.
fn whose(entry: &Entry) -> (String, Purpose, Scope) {
    (entry.identity.clone(), entry.purpose, entry.scope.clone())
}

/// The file of a service's certificate, as the inventory has it.
fn certificate(service: &Service) -> Option<String> {
    let files = service.kind().ok()?.files();
    let cert = files
        .into_iter()
        .find(|file| file.holds == Holds::Certificate);
    cert.map(|file| file.path.display().to_string())
}
