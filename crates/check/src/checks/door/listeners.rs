//! Listeners that the settings leave open, and whether the wire says so too.

use crate::seen::{Endpoint, Host, Listener};
use crate::{Mend, Seen, Severity, Spot};
use sealock_diag::escape;
use std::net::{IpAddr, SocketAddr};

/// One spot for every listener that `concerned` picks: open now where an endpoint shows it, otherwise at
/// the next start.
pub(super) fn spots(
    seen: &Seen,
    host: &Host,
    concerned: impl Fn(&Listener) -> bool,
    shows: impl Fn(&Endpoint) -> bool,
    spot: impl Fn(&Listener) -> Spot,
) -> Vec<Spot> {
    let concerned = host.listeners.iter().filter(|listener| concerned(listener));
    concerned
        .map(|listener| {
            let spot = match host.cloaked {
                true => spot(listener).mend(Mend::Apply),
                false => spot(listener),
            };
            // Endpoints of a host that is seen from inside are its own: an open one is explained by this.
            let open = seen
                .endpoints
                .iter()
                .any(|end| is_at(listener, end) && shows(end));
            match open {
                true => spot.severity(Severity::Open),
                false => spot.of(&escape(&listener.address)),
            }
        })
        .collect()
}

/// Whether an endpoint is this listener, seen from outside.
pub(in crate::checks) fn is_at(listener: &Listener, endpoint: &Endpoint) -> bool {
    let Ok(address) = endpoint.address.parse::<SocketAddr>() else {
        return false;
    };
    // A path is a mistake of its own.
    let written = listener.address.split('/').next().unwrap_or_default();
    let (host, port) = match written.rsplit_once(':') {
        Some((host, port)) if !written.ends_with(']') => (host, port.parse().ok()),
        _ => (written, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    port.unwrap_or(2375) == address.port()
        && host.parse::<IpAddr>().map_or(true, |ip| {
            ip.is_unspecified() || ip == address.ip() || ip.to_canonical() == address.ip()
        })
}

#[cfg(test)]
mod tests {
    use super::is_at;
    use crate::seen::{Listener, ListenerKind};
    use crate::testing::World;

    #[test]
    fn a_listener_is_found_behind_its_addresses() {
        let world = World::new();
        let endpoint = &world.seen.endpoints[0];
        for (address, expected) in [
            ("0.0.0.0:2376", true),
            ("[::]:2376", true),
            ("192.0.2.7:2376", true),
            ("192.0.2.7:2376/docker", true),
            ("docker.example.org:2376", true),
            ("127.0.0.1:2376", false),
            ("0.0.0.0:2375", false),
            ("0.0.0.0", false),
        ] {
            let listener = Listener {
                address: address.to_owned(),
                kind: ListenerKind::Json,
                origin: String::new(),
                taken_by: None,
            };
            assert_eq!(is_at(&listener, endpoint), expected, "{address}");
        }
    }
}
