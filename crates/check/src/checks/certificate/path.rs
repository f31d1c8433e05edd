//! Whether a chain leads to anchors, and what is in the way: as Docker's clients and daemons judge.

use super::sighting::{authorities, chain_of, comes_here, host_file, leaf_of};
use super::stale::awaiting;
use crate::checks::file::owner::daemon_bite;
use crate::seen::{Role, TlsUse};
use crate::{Seen, Severity, Spot};
use sealock_pki::Certificate;

/// Certificates followed upwards.
const DEPTH: usize = 8;

/// Where a chain leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checks) enum Lead<'a> {
    /// To an anchor.
    Anchor,
    /// To one that has the issuer's name and another key.
    OtherKey {
        /// Whose issuer.
        child: &'a Certificate,
        /// The one with the name.
        named: &'a Certificate,
    },
    /// To itself: the leaf vouches for itself, and nobody else does.
    Itself,
    /// An intermediate is missing.
    Gap(&'a Certificate),
    /// To an authority that is not trusted here: the certificate whose issuer is missing.
    Stranger(&'a Certificate),
}

/// Follows a chain, leaf first, to the anchors.
pub(in crate::checks) fn lead<'a>(
    seen: &'a Seen,
    chain: &[&'a Certificate],
    anchors: &[&'a Certificate],
) -> Option<Lead<'a>> {
    let leaf = leaf_of(chain)?;
    let mut current = leaf;
    for _ in 0..DEPTH {
        if anchors.contains(&current) {
            return Some(Lead::Anchor);
        }
        let named = |one: &&&Certificate| one.subject_der() == current.issuer_der();
        if anchors
            .iter()
            .filter(named)
            .any(|anchor| vouches(anchor, current))
        {
            return Some(Lead::Anchor);
        }
        let above = chain
            .iter()
            .filter(named)
            .find(|one| **one != current && vouches(one, current));
        if let Some(above) = above {
            current = above;
            continue;
        }
        if let Some(named) = anchors.iter().find(named) {
            return Some(Lead::OtherKey {
                child: current,
                named,
            });
        }
        if current.is_self_issued() {
            return Some(if current == leaf {
                Lead::Itself
            } else {
                Lead::Stranger(current)
            });
        }
        return Some(if is_gap(seen, current, anchors) {
            Lead::Gap(current)
        } else {
            Lead::Stranger(current)
        });
    }
    None
}

/// Whether `issuer` signed `child`; where the algorithm is too weak to be verified, the name counts.
pub(in crate::checks) fn vouches(issuer: &Certificate, child: &Certificate) -> bool {
    issuer.subject_der() == child.issuer_der()
        && (super::weak_signature::weakness(child).is_some()
            || super::weak_key::weakness(issuer).is_some()
            || child.is_signed_by(issuer))
}

/// Whether the missing issuer is an intermediate: one that was seen somewhere, or one that is called so.
pub(super) fn is_gap(seen: &Seen, child: &Certificate, anchors: &[&Certificate]) -> bool {
    let named = |one: &&Certificate| one.subject_der() == child.issuer_der();
    if let Some(known) = everything(seen).find(|one| named(one) && one.is_ca()) {
        return !known.is_self_issued();
    }
    if authorities(seen).any(|one| named(&one)) {
        return false;
    }
    let issuer = child.issuer();
    let small = issuer.to_ascii_lowercase();
    let organization = |name: &str| {
        name.split(", ")
            .find(|part| part.starts_with("O="))
            .map(str::to_owned)
    };
    let same_house = organization(&issuer).is_some_and(|own| {
        anchors
            .iter()
            .any(|anchor| organization(&anchor.subject()).as_ref() == Some(&own))
    });
    ["intermediate", "issuing", "sub ca", "subca", "subordinate"]
        .iter()
        .any(|word| small.contains(word))
        || (same_house && !small.contains("anchor") && !small.contains("root"))
}

fn everything(seen: &Seen) -> impl Iterator<Item = &Certificate> {
    let files = seen.files().flat_map(chain_of);
    let served = seen.doors().flat_map(|(_, door)| &door.chain);
    files.chain(served).chain(
        seen.endpoints
            .iter()
            .flat_map(|end| end.chain.iter().chain(&end.rightful)),
    )
}

/// A chain and those who are to judge it.
pub(in crate::checks) struct Judged<'a> {
    pub(in crate::checks) chain: Vec<&'a Certificate>,
    pub(in crate::checks) anchors: Vec<&'a Certificate>,
    /// Where the chain is.
    pub(in crate::checks) place: String,
    /// Where the anchors are.
    pub(in crate::checks) judge: String,
    pub(in crate::checks) scope: &'a str,
    pub(in crate::checks) bite: Severity,
}

impl<'a> Judged<'a> {
    /// A finding about the leaf of this chain.
    pub(in crate::checks) fn spot(&self, place: &str, cause: impl Into<String>) -> Spot {
        let spot = Spot::new(place, cause).of(self.scope).severity(self.bite);
        match leaf_of(&self.chain) {
            Some(leaf) => spot.about(leaf),
            None => spot,
        }
    }

    /// Where it leads.
    pub(in crate::checks) fn lead(&self, seen: &'a Seen) -> Option<Lead<'a>> {
        lead(seen, &self.chain, &self.anchors)
    }
}

/// Every server's chain, with those who judge it: the anchors of a look from outside, and each client's own.
pub(in crate::checks) fn servers(seen: &Seen) -> Vec<Judged<'_>> {
    let mut found = Vec::new();
    for end in seen
        .endpoints
        .iter()
        .filter(|end| !end.chain.is_empty() && !end.anchors.is_empty())
    {
        found.push(Judged {
            chain: end.chain.iter().collect(),
            anchors: end.anchors.iter().collect(),
            place: end.label.clone(),
            judge: "the anchors at hand".to_owned(),
            scope: &end.label,
            bite: Severity::Down,
        });
    }
    for (service, door) in seen.doors() {
        if !door.chain.is_empty() && !door.anchors.is_empty() {
            found.push(Judged {
                chain: door.chain.iter().collect(),
                anchors: door.anchors.iter().collect(),
                place: door.seen.address.clone(),
                judge: "the anchors at hand".to_owned(),
                scope: &service.label,
                bite: Severity::Down,
            });
        }
    }
    let disk = seen
        .host
        .as_ref()
        .and_then(|host| host_file(host, Role::ServerCertificate));
    // What the next restart loads is judged by the anchors of today.
    if let Some(disk) = disk {
        let chain = chain_of(disk);
        if let Some(leaf) = leaf_of(&chain) {
            for end in awaiting(seen, leaf).filter(|end| !end.anchors.is_empty()) {
                found.push(Judged {
                    chain: chain.clone(),
                    anchors: end.anchors.iter().collect(),
                    place: disk.shown(),
                    judge: "the anchors at hand".to_owned(),
                    scope: "",
                    bite: daemon_bite(seen),
                });
            }
        }
    }
    for client in seen
        .clients
        .iter()
        .filter(|client| client.tls == TlsUse::Verified)
    {
        let Some(file) = client.file(Role::ClientAnchors) else {
            continue;
        };
        let anchors = chain_of(file);
        let served = seen
            .endpoints
            .iter()
            .find(|end| Some(end.label.as_str()) == client.host.as_deref());
        let (chain, place): (Vec<&Certificate>, String) = match (served, disk) {
            (Some(end), _) => (end.chain.iter().collect(), end.label.clone()),
            (None, Some(disk)) if comes_here(seen, client) => (chain_of(disk), disk.shown()),
            _ => continue,
        };
        if !anchors.is_empty() && !chain.is_empty() {
            let scope = client.label.as_str();
            found.push(Judged {
                chain,
                anchors,
                place,
                judge: file.shown(),
                scope,
                bite: Severity::LockedOut,
            });
        }
    }
    found
}

/// Every client's chain that this daemon is to judge.
pub(in crate::checks) fn clients_here(seen: &Seen) -> Vec<Judged<'_>> {
    let mut found = Vec::new();
    let Some(file) = seen
        .host
        .as_ref()
        .and_then(|host| host_file(host, Role::DaemonAnchors))
    else {
        return found;
    };
    let anchors = chain_of(file);
    for client in seen
        .clients
        .iter()
        .filter(|client| client.tls != TlsUse::Off && comes_here(seen, client))
    {
        let Some(own) = client.file(Role::ClientCertificate) else {
            continue;
        };
        let chain = chain_of(own);
        if !chain.is_empty() && !anchors.is_empty() {
            found.push(Judged {
                chain,
                anchors: anchors.clone(),
                place: own.shown(),
                judge: file.shown(),
                scope: &client.label,
                bite: Severity::LockedOut,
            });
        }
    }
    found
}

/// Whether a certificate may stand at the end of a path, as Go judges: a CA, or one of version 1.
pub(in crate::checks) fn can_vouch(certificate: &Certificate) -> bool {
    certificate.is_ca() || certificate.describe().version < 3
}
