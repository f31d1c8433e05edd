//! F223: a host that this host is not.

use super::at_start;
use crate::mode::{self, Source, Target};
use crate::seen::{Daemon, Host, Supervisor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use std::net::{IpAddr, Ipv6Addr};

pub(super) const CHECK: Check = Check {
    code: "SL-F223",
    title: "the daemon is to listen on a name, or on an address this host does not have",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "bind(2), EADDRNOTAVAIL; moby daemon/listeners (net.Listen)",
    meaning: "dockerd can listen only on addresses that the host has while it starts. An address that came by DHCP and went \
              again, or that belongs to an interface which comes up later, keeps it from starting: bind: cannot assign \
              requested address. A name is looked up once at the start, when the resolver may not be up.",
    remedy: "Listen on every address and let TLS decide who enters, then restart the daemon:\n  tcp://0.0.0.0:2376",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    // A rootless daemon may live in a network of its own.
    if host.supervisor == Supervisor::Rootless || host.addresses.is_empty() {
        return Vec::new();
    }
    mode::hosts(host)
        .iter()
        .filter_map(|entry| {
            let Target::Tcp { host: written, .. } = &entry.target else {
                return None;
            };
            let key = match entry.source {
                Source::Flag => "host",
                Source::Json => "hosts",
            };
            let place = mode::place(host, key);
            match written.parse::<IpAddr>() {
                Ok(ip) => (!is_ours(host, ip)).then(|| {
                    let cause = format!("{ip} is none of this host's addresses: bind: cannot assign requested address");
                    at_start(host, Spot::new(place, cause))
                }),
                Err(_) => name(host, written).map(|spot| {
                    let cause = format!("`{}` is a name, looked up once at every start", escape(written));
                    spot(place, cause)
                }),
            }
        })
        .collect()
}

/// How a name bites: it is the reason why the daemon is off, or a habit that may become one.
fn name(host: &Host, written: &str) -> Option<fn(String, String) -> Spot> {
    if written.is_empty() || written == "localhost" || written.contains('%') {
        return None;
    }
    match &host.daemon {
        Daemon::On { .. } => Some(|place, cause| Spot::new(place, cause).severity(Severity::Weak)),
        Daemon::Off { why } if why.contains("no such host") || why.contains("lookup") => {
            Some(|place, cause| Spot::new(place, cause).severity(Severity::Down))
        }
        Daemon::Off { .. } => None,
    }
}

fn is_ours(host: &Host, ip: IpAddr) -> bool {
    let link_local = matches!(ip, IpAddr::V6(ip) if Ipv6Addr::is_unicast_link_local(&ip));
    ip.is_unspecified() || ip.is_loopback() || link_local || host.addresses.contains(&ip)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::World;

    #[test]
    fn own_addresses_only() {
        for (written, expected) in [
            ("tcp://0.0.0.0:2376", None),
            ("tcp://[::]:2376", None),
            ("tcp://127.0.0.1:2376", None),
            ("tcp://localhost:2376", None),
            ("tcp://192.0.2.7:2376", None),
            ("tcp://192.0.2.8:2376", Some(Severity::Latent)),
            ("tcp://docker.example.org:2376", Some(Severity::Weak)),
        ] {
            let mut world = World::new();
            world.host_mut().flags[1].value = Some(written.into());
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().and_then(|spot| spot.severity),
                expected,
                "{written}"
            );
        }
    }
}
