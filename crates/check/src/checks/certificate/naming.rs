//! Which name is looked for in which certificate.

use super::sighting::{chain_of, comes_here, host_file, leaf_of, target};
use super::stale::awaiting;
use crate::checks::file::owner::daemon_bite;
use crate::seen::{Role, TlsUse};
use crate::{Seen, Severity, Spot};
use sealock_pki::{Certificate, San};

/// A name by which somebody calls a server.
pub(super) struct Wanted<'a> {
    pub(super) name: San,
    pub(super) leaf: &'a Certificate,
    pub(super) place: String,
    scope: &'a str,
    pub(super) bite: Severity,
    /// Whether the server is a service beside the daemon.
    is_service: bool,
}

impl Wanted<'_> {
    pub(super) fn spot(&self, cause: impl Into<String>) -> Spot {
        Spot::new(self.place.clone(), cause)
            .of(self.scope)
            .severity(self.bite)
            .about(self.leaf)
    }

    /// How a certificate with this name comes about.
    pub(super) fn help(&self) -> String {
        let name = self.name.value();
        match self.is_service {
            true => format!(
                "Add \"{name}\" to `names` in the service's table, then\n  sealock apply\nor call it by a name that it carries"
            ),
            false => format!("sealock up --name {name}"),
        }
    }

    /// Whether the certificate carries the name.
    pub(super) fn is_carried(&self) -> bool {
        carries(self.leaf, &self.name)
    }
}

/// Whether a certificate carries a name.
pub(in crate::checks) fn carries(leaf: &Certificate, name: &San) -> bool {
    leaf.sans().iter().any(|san| match (san, name) {
        (San::Dns(presented), San::Dns(wanted)) => presented.covers(wanted),
        (presented, wanted) => presented == wanted,
    })
}

/// Every name that is asked of a server's certificate here. CA certificates are another finding.
pub(super) fn wanted(seen: &Seen) -> Vec<Wanted<'_>> {
    let mut found = Vec::new();
    for end in &seen.endpoints {
        found.extend(
            leaf_of(&end.chain.iter().collect::<Vec<_>>()).map(|leaf| Wanted {
                name: end.name.clone(),
                leaf,
                place: end.label.clone(),
                scope: &end.label,
                bite: Severity::Down,
                is_service: false,
            }),
        );
    }
    for (service, door) in seen.doors() {
        let leaf = leaf_of(&door.chain.iter().collect::<Vec<_>>());
        if let (Some(name), Some(leaf)) = (&door.name, leaf) {
            found.push(Wanted {
                name: name.clone(),
                leaf,
                place: door.seen.address.clone(),
                scope: &service.label,
                bite: Severity::Down,
                is_service: true,
            });
        }
    }
    let disk = seen
        .host
        .as_ref()
        .and_then(|host| host_file(host, Role::ServerCertificate));
    if let (Some(host), Some(disk)) = (&seen.host, disk) {
        // What the next restart loads is judged by the names of today.
        let chain = chain_of(disk);
        if let Some(leaf) = leaf_of(&chain) {
            for end in awaiting(seen, leaf).filter(|end| !host.wanted_names.contains(&end.name)) {
                found.push(Wanted {
                    name: end.name.clone(),
                    leaf,
                    place: disk.shown(),
                    scope: "",
                    bite: daemon_bite(seen),
                    is_service: false,
                });
            }
        }
        for name in &host.wanted_names {
            found.extend(leaf_of(&chain_of(disk)).map(|leaf| Wanted {
                name: name.clone(),
                leaf,
                place: disk.shown(),
                scope: "",
                bite: if awaiting(seen, leaf).next().is_some() {
                    daemon_bite(seen)
                } else {
                    Severity::LockedOut
                },
                is_service: false,
            }));
        }
    }
    for client in seen
        .clients
        .iter()
        .filter(|client| client.tls == TlsUse::Verified)
    {
        let Some(name) = target(client).and_then(|target| target.parse().ok()) else {
            continue;
        };
        let served = seen
            .endpoints
            .iter()
            .find(|end| Some(end.label.as_str()) == client.host.as_deref());
        let leaf = match (served, disk) {
            (Some(end), _) => end.leaf(),
            (None, Some(disk)) if comes_here(seen, client) => leaf_of(&chain_of(disk)),
            _ => None,
        };
        found.extend(leaf.map(|leaf| Wanted {
            name,
            leaf,
            place: client.label.clone(),
            scope: &client.label,
            bite: Severity::LockedOut,
            is_service: false,
        }));
    }
    found.retain(|one| !one.leaf.is_ca());
    found
}

/// Names and addresses of a certificate, for a message.
pub(super) fn carried(leaf: &Certificate) -> String {
    let sans = leaf.sans();
    let mut names: Vec<String> = sans
        .iter()
        .filter(|san| san.is_server_name())
        .take(10)
        .map(San::value)
        .collect();
    if sans.len() > 10 {
        names.push(format!("and {} more", sans.len() - 10));
    }
    names.join(", ")
}

/// Whether a certificate carries any name or address, sound or not.
pub(in crate::checks) fn has_names(leaf: &Certificate) -> bool {
    leaf.describe()
        .sans
        .iter()
        .any(|san| san.starts_with("DNS:") || san.starts_with("IP:"))
}
