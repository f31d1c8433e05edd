//! Where certificates are seen, and what part they play there.

use super::stale::is_own;
use crate::checks::file::owner::{client_bite, daemon_bite, service_bite};
use crate::seen::{ClientSide, Endpoint, File, Host, Role};
use crate::{Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use sealock_pki::{Certificate, Purpose};

/// What a certificate is used for at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checks) enum Part {
    /// Proves a daemon.
    Server,
    /// Proves a client.
    Client,
    /// Vouches for servers.
    ServerAnchor,
    /// Vouches for clients.
    ClientAnchor,
    /// Vouches for registries.
    RegistryAnchor,
    /// Stands behind a leaf in its chain.
    Issuer,
}

impl Part {
    /// Whether it is a server's or client's own certificate.
    pub(in crate::checks) fn is_leaf(self) -> bool {
        matches!(self, Self::Server | Self::Client)
    }

    /// What an anchor vouches for.
    pub(in crate::checks) fn leaf(self) -> Self {
        if self == Self::ServerAnchor {
            Self::Server
        } else {
            Self::Client
        }
    }

    /// Whether verification starts from it.
    pub(in crate::checks) fn is_anchor(self) -> bool {
        matches!(self, Self::ServerAnchor | Self::ClientAnchor)
    }
}

/// A certificate at a place.
pub(in crate::checks) struct Sighting<'a> {
    pub(in crate::checks) certificate: &'a Certificate,
    pub(in crate::checks) part: Part,
    /// Escaped.
    pub(in crate::checks) place: String,
    pub(in crate::checks) scope: &'a str,
    /// How it bites when it cannot be used.
    pub(in crate::checks) bite: Severity,
}

impl Sighting<'_> {
    /// A finding about this certificate, biting as it does when it cannot be used.
    pub(in crate::checks) fn spot(&self, cause: impl Into<String>) -> Spot {
        let spot = Spot::new(self.place.clone(), cause)
            .of(self.scope)
            .severity(self.bite)
            .about(self.certificate);
        // The client judges the server before it is judged itself.
        match self.part {
            Part::Client | Part::ClientAnchor => spot.not_before(Stage::ClientCertificate),
            _ => spot,
        }
    }
}

/// Every certificate that plays a part.
pub(in crate::checks) fn sightings(seen: &Seen) -> Vec<Sighting<'_>> {
    let mut found = Vec::new();
    if let Some(host) = &seen.host {
        for file in &host.files {
            match file.role {
                Role::ServerCertificate => {
                    push_chain(&mut found, file, Part::Server, "", daemon_bite(seen))
                }
                Role::DaemonAnchors => {
                    let from = found.len();
                    push_all(&mut found, file, Part::ClientAnchor, "", Severity::Down);
                    for one in found.iter_mut().skip(from) {
                        if !is_loaded(seen, host, one.certificate) {
                            one.bite = Severity::Latent;
                        }
                    }
                }
                _ => {}
            }
        }
    }
    for client in &seen.clients {
        let (scope, bite) = (client.label.as_str(), client_bite(client));
        for file in &client.files {
            match file.role {
                Role::ClientCertificate => push_chain(&mut found, file, Part::Client, scope, bite),
                Role::ClientAnchors => push_all(&mut found, file, Part::ServerAnchor, scope, bite),
                _ => {}
            }
        }
    }
    for folder in &seen.registries {
        let (scope, bite) = (folder.name.as_str(), Severity::LockedOut);
        for file in &folder.files {
            match file.role {
                Role::RegistryCertificate => {
                    push_chain(&mut found, file, Part::Client, scope, bite)
                }
                Role::RegistryAnchors => {
                    push_all(&mut found, file, Part::RegistryAnchor, scope, bite)
                }
                _ => {}
            }
        }
    }
    for service in &seen.services {
        let (scope, bite) = (service.label.as_str(), service_bite(service));
        for file in &service.files {
            match file.role {
                Role::ServiceCertificate => push_chain(&mut found, file, Part::Server, scope, bite),
                Role::ServiceAnchors => {
                    push_all(&mut found, file, Part::ClientAnchor, scope, bite);
                }
                _ => {}
            }
        }
    }
    for end in &seen.endpoints {
        let lists = [
            (&end.chain, Part::Server, Severity::Down, ""),
            (
                &end.rightful,
                Part::Client,
                Severity::LockedOut,
                ", the client that came",
            ),
            (
                &end.anchors,
                Part::ServerAnchor,
                Severity::Down,
                ", judged by this anchor",
            ),
        ];
        for (list, part, bite, remark) in lists {
            let always = part.is_leaf();
            for (at, certificate) in list.iter().enumerate() {
                // Anchors that lie in a file are told there.
                let told = !always
                    && found
                        .iter()
                        .any(|one: &Sighting<'_>| one.certificate == certificate);
                if told {
                    continue;
                }
                found.push(Sighting {
                    certificate,
                    part: if at > 0 && part.is_leaf() {
                        Part::Issuer
                    } else {
                        part
                    },
                    place: format!("{}{remark}", end.label),
                    scope: &end.label,
                    bite,
                });
            }
        }
    }
    for (service, door) in seen.doors() {
        let (place, scope) = (&door.seen.address, service.label.as_str());
        for (at, certificate) in door.chain.iter().enumerate() {
            found.push(Sighting {
                certificate,
                part: match at {
                    0 => Part::Server,
                    _ => Part::Issuer,
                },
                place: place.clone(),
                scope,
                bite: Severity::Down,
            });
        }
        for certificate in &door.anchors {
            // Anchors that were told already are one anchor.
            if !found.iter().any(|one| one.certificate == certificate) {
                found.push(Sighting {
                    certificate,
                    part: Part::ServerAnchor,
                    place: format!("{place}, judged by this anchor"),
                    scope,
                    bite: Severity::Down,
                });
            }
        }
    }
    let anchors = seen.keeping.iter().flat_map(|keeping| &keeping.anchors);
    for anchor in anchors.filter(|anchor| anchor.current) {
        found.push(Sighting {
            certificate: &anchor.certificate,
            part: match anchor.purpose {
                Purpose::Server => Part::ServerAnchor,
                Purpose::Client => Part::ClientAnchor,
            },
            place: format!(
                "{} anchor {} of the vault",
                anchor.purpose, anchor.generation
            ),
            scope: "",
            bite: Severity::Latent,
        });
    }
    found
}

/// Whether the daemon judges clients by this anchor now, or would if it were on: by what it says on the wire where that is
/// known, and by the age of its files.
pub(super) fn is_loaded(seen: &Seen, host: &Host, anchor: &Certificate) -> bool {
    let mut asks = seen
        .endpoints
        .iter()
        .filter(|end| is_own(host, end) && !end.authorities.is_empty())
        .peekable();
    let names = |end: &Endpoint| {
        end.authorities
            .iter()
            .any(|name| name == anchor.subject_der())
    };
    !host.stale && (asks.peek().is_none() || asks.any(names))
}

fn push_all<'a>(
    found: &mut Vec<Sighting<'a>>,
    file: &'a File,
    part: Part,
    scope: &'a str,
    bite: Severity,
) {
    for certificate in file
        .contents()
        .into_iter()
        .flat_map(|contents| contents.certificates())
    {
        found.push(Sighting {
            certificate,
            part,
            place: file.shown(),
            scope,
            bite,
        });
    }
}

fn push_chain<'a>(
    found: &mut Vec<Sighting<'a>>,
    file: &'a File,
    part: Part,
    scope: &'a str,
    bite: Severity,
) {
    let chain = chain_of(file);
    let leaf = leaf_of(&chain);
    for certificate in chain {
        let part = if Some(certificate) == leaf {
            part
        } else {
            Part::Issuer
        };
        found.push(Sighting {
            certificate,
            part,
            place: file.shown(),
            scope,
            bite,
        });
    }
}

/// The certificates of a file.
pub(in crate::checks) fn chain_of(file: &File) -> Vec<&Certificate> {
    file.contents()
        .into_iter()
        .flat_map(|contents| contents.certificates())
        .collect()
}

/// The leaf of a chain: its first certificate, unless that is a CA's and another one is not.
pub(in crate::checks) fn leaf_of<'a>(chain: &[&'a Certificate]) -> Option<&'a Certificate> {
    let first = chain.first().copied()?;
    if !first.is_ca() {
        return Some(first);
    }
    Some(
        chain
            .iter()
            .copied()
            .find(|one| !one.is_ca())
            .unwrap_or(first),
    )
}

/// Every anchor that somebody here trusts or keeps.
pub(in crate::checks) fn authorities(seen: &Seen) -> impl Iterator<Item = &Certificate> {
    let kept = seen
        .keeping
        .iter()
        .flat_map(|keeping| &keeping.anchors)
        .map(|anchor| &anchor.certificate);
    let trusted = seen
        .files()
        .filter(|file| {
            matches!(
                file.role,
                Role::DaemonAnchors | Role::ClientAnchors | Role::ServiceAnchors
            )
        })
        .flat_map(chain_of);
    kept.chain(trusted)
        .chain(seen.endpoints.iter().flat_map(|end| &end.anchors))
        .chain(seen.doors().flat_map(|(_, door)| &door.anchors))
}

/// Every client's certificate that was seen.
pub(in crate::checks) fn clients(seen: &Seen) -> impl Iterator<Item = &Certificate> {
    let files = seen
        .files()
        .filter(|file| file.role == Role::ClientCertificate);
    let came = seen.endpoints.iter().filter_map(|end| end.rightful.first());
    let kept = seen.keeping.iter().flat_map(|keeping| &keeping.leaves);
    files
        .filter_map(|file| leaf_of(&chain_of(file)))
        .chain(came)
        .chain(
            kept.filter(|leaf| leaf.purpose == Purpose::Client)
                .map(|leaf| &leaf.certificate),
        )
}

/// The host's file of this role.
pub(in crate::checks) fn host_file(host: &Host, role: Role) -> Option<&File> {
    host.files.iter().find(|file| file.role == role)
}

/// The name or address that a client goes to.
pub(in crate::checks) fn target(client: &ClientSide) -> Option<&str> {
    let rest = client.host.as_deref()?.strip_prefix("tcp://")?;
    let rest = rest.split('/').next()?;
    let name = rest.rsplit_once(':').map_or(rest, |(name, _)| name);
    Some(name.trim_matches(['[', ']']))
}

/// Whether a client goes to this host.
pub(in crate::checks) fn comes_here(seen: &Seen, client: &ClientSide) -> bool {
    let (Some(host), Some(target)) = (&seen.host, target(client)) else {
        return false;
    };
    let address: Option<std::net::IpAddr> = target.parse().ok();
    target == "localhost"
        || host
            .names
            .iter()
            .any(|name| name.eq_ignore_ascii_case(target))
        || address.is_some_and(|address| address.is_loopback() || host.addresses.contains(&address))
}

/// A subject in a message.
pub(in crate::checks) fn called(certificate: &Certificate) -> String {
    let subject = certificate.subject();
    if subject.is_empty() {
        "without a name".to_owned()
    } else {
        format!("`{}`", escape(&subject))
    }
}
