//! Looking at this host, from inside and from outside.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use sealock_check::Seen;
use sealock_check::seen::{ClientSide, Drift, Host, Listener};
use sealock_diag::{Diagnose, escape};
use sealock_host::survey::survey;
use sealock_host::{Desired, Local, Options, System};
use sealock_pki::{San, Timestamp};
use sealock_probe::{Depth, Place, Visitors, look_at_all};

use super::keeping::keeping;
use super::services::{self, Way};
use crate::cloak::{gateway, registries, up};
use crate::session::Session;

/// How many addresses behind a wildcard are knocked at.
const ADDRESSES: usize = 4;

/// What is needed to look at this host again.
#[derive(Clone, Debug)]
pub(crate) struct Inside {
    pub(crate) options: Options,
    pub(crate) desired: Option<Desired>,
    pub(crate) now: Timestamp,
    pub(crate) min_days: u32,
}

impl Inside {
    /// The host, its clients and registries; not the wire, not the vault.
    pub(crate) fn files_only(&self) -> Seen {
        self.survey().0
    }

    /// Everything, and what could not be looked at.
    pub(crate) fn look(
        &self,
        session: &Session,
        visitors: &Visitors,
        depth: Depth,
        timeout: Duration,
    ) -> (Seen, Vec<String>) {
        let (mut seen, unseen) = self.survey();
        let mut places = seen.host.as_ref().map(doors).unwrap_or_default();
        if let Some(host) = &mut seen.host {
            self.in_front(session, host, &mut places);
            if let Some(desired) = &self.desired {
                // What cannot be read of the vault is told by whoever looks at the vault.
                let found = registries::drift_unasked(session, desired);
                host.drift.extend(found.unwrap_or_default());
            }
        }
        seen.endpoints = all(&places, visitors, depth, timeout, self.now);
        let way = Way {
            visitors,
            timeout,
            now: self.now,
        };
        services::look_at(&mut seen.services, self.desired.as_ref(), way);
        seen.keeping = keeping(session);
        (seen, unseen)
    }

    /// The gateway in front of the daemon: its doors are knocked at like the daemon's own, and what of it is not as it shall
    /// be is drift.
    fn in_front(&self, session: &Session, host: &mut Host, places: &mut Vec<Place>) {
        let Some(desired) = &self.desired else { return };
        let Some(front) = &desired.gateway else {
            return;
        };
        for listen in &desired.daemon.listen {
            for place in at(&listen.to_string(), host) {
                if !places.iter().any(|known| known.label == place.label) {
                    places.push(place);
                }
            }
        }
        if let Ok(observed) = up::observed(&self.options) {
            let found = gateway::drift(session, desired, front, &observed);
            host.drift.extend(found.into_iter().map(|drift| Drift {
                place: escape(&drift.place.to_string_lossy()),
                what: escape(&drift.what),
            }));
        }
    }

    fn survey(&self) -> (Seen, Vec<String>) {
        let survey = survey(&system(), &self.options, self.desired.as_ref());
        let mut seen = Seen::new(self.now);
        seen.min_days = self.min_days;
        seen.host = survey.host;
        seen.clients = survey.clients;
        seen.registries = survey.registries;
        seen.services = services::on_disk(self.desired.as_ref());
        let unseen = survey
            .problems
            .iter()
            .map(|problem| match Diagnose::cause(problem) {
                Some(cause) => format!("{problem}: {cause}"),
                None => problem.to_string(),
            });
        (seen, unseen.collect())
    }
}

/// The machine we run on.
pub(crate) fn system() -> Arc<dyn System> {
    Arc::new(Local::new())
}

/// Looks at some endpoints side by side and keeps their order.
pub(crate) fn all(
    places: &[Place],
    visitors: &Visitors,
    depth: Depth,
    timeout: Duration,
    now: Timestamp,
) -> Vec<sealock_check::seen::Endpoint> {
    let mut found: Vec<_> = places.iter().map(|_| None).collect();
    look_at_all(
        places,
        visitors,
        depth,
        places.len().clamp(1, 8),
        timeout,
        now,
        &mut |index, endpoint| {
            if let Some(slot) = found.get_mut(index) {
                *slot = Some(endpoint);
            }
        },
    );
    found.into_iter().flatten().collect()
}

/// Where to knock from outside: every listener, and behind a wildcard the host's own addresses.
fn doors(host: &Host) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for listener in &host.listeners {
        for place in behind(listener, host) {
            if !places.iter().any(|known| known.label == place.label) {
                places.push(place);
            }
        }
    }
    places
}

fn behind(listener: &Listener, host: &Host) -> Vec<Place> {
    at(&listener.address, host)
}

fn at(address: &str, host: &Host) -> Vec<Place> {
    let Some((name, port)) = parts(address) else {
        return Vec::new();
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let ip: Option<IpAddr> = match name {
        "" => Some(Ipv4Addr::LOCALHOST.into()),
        "*" => Some(Ipv4Addr::UNSPECIFIED.into()),
        name => name.parse().ok(),
    };
    let at = |ip: IpAddr| {
        let place = Place::at(SocketAddr::new(ip, port));
        // An address that nobody wants in the certificate is only a way to the host: it is called as it wants to be.
        match host.wanted_names.first() {
            Some(name) if !host.wanted_names.contains(&San::Ip(ip)) => place.called(name.clone()),
            _ => place,
        }
    };
    match ip {
        Some(ip) if ip.is_unspecified() => {
            let own = host
                .addresses
                .iter()
                .copied()
                .filter(|own| ip.is_ipv6() || own.is_ipv4());
            let mut places: Vec<Place> = own.take(ADDRESSES).map(at).collect();
            if places.is_empty() {
                places.push(at(Ipv4Addr::LOCALHOST.into()));
            }
            places
        }
        Some(ip) => vec![at(ip)],
        None => Place::parse(&format!("tcp://{name}:{port}"))
            .into_iter()
            .collect(),
    }
}

/// Host and port of a listener; without a port dockerd takes the one for connections in clear.
fn parts(address: &str) -> Option<(&str, u16)> {
    let address = address.split('/').next().unwrap_or_default();
    // An IPv6 address in brackets has colons of its own.
    let (name, port) = match address.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, port),
        _ => (address, ""),
    };
    let port = match port {
        "" => 2375,
        port => port.parse().ok()?,
    };
    Some((name, port))
}

/// The endpoint of a client, when it goes to one.
pub(crate) fn place_of(client: &ClientSide) -> Option<Place> {
    client
        .is_tcp()
        .then(|| {
            client
                .host
                .as_deref()
                .and_then(|host| Place::parse(host).ok())
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn a_listener_without_a_port_listens_on_2375() {
        for (written, expected) in [
            ("0.0.0.0:2376", Some(("0.0.0.0", 2376))),
            ("10.0.0.5", Some(("10.0.0.5", 2375))),
            ("[::1]", Some(("[::1]", 2375))),
            ("[::]:2376", Some(("[::]", 2376))),
            ("localhost:", Some(("localhost", 2375))),
            ("", Some(("", 2375))),
            (":2376/path", Some(("", 2376))),
            ("host:x", None),
        ] {
            assert_eq!(parts(written), expected, "{written}");
        }
    }
}
