//! Which addresses to ask from here, for a list of listeners.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sealock_host::{Desired, Listen, Observed};
use sealock_pki::San;
use sealock_probe::Target;

/// A listener and the addresses of this host by which it is reached.
pub(crate) struct Door {
    pub(crate) listen: Listen,
    pub(crate) targets: Vec<Target>,
}

/// Every door, with every address of this host behind a wildcard.
pub(crate) fn doors(observed: &Observed, desired: &Desired) -> Vec<Door> {
    desired
        .daemon
        .listen
        .iter()
        .map(|listen| {
            let addresses = addresses_of(listen.address().ip(), &observed.addresses);
            let targets = addresses
                .into_iter()
                .map(|ip| target(SocketAddr::new(ip, listen.address().port()), desired))
                .collect();
            Door {
                listen: *listen,
                targets,
            }
        })
        .collect()
}

/// All targets of all doors.
pub(crate) fn all(doors: &[Door]) -> Vec<Target> {
    doors
        .iter()
        .flat_map(|door| door.targets.iter().cloned())
        .collect()
}

fn addresses_of(wanted: IpAddr, local: &[IpAddr]) -> Vec<IpAddr> {
    let mut found = match wanted {
        IpAddr::V4(ip) if ip.is_unspecified() => with(
            local.iter().copied().filter(IpAddr::is_ipv4).collect(),
            Ipv4Addr::LOCALHOST.into(),
        ),
        // Docker opens one dual-stack socket for [::], so both families knock.
        IpAddr::V6(ip) if ip.is_unspecified() => with(local.to_vec(), Ipv6Addr::LOCALHOST.into()),
        ip => vec![ip],
    };
    found.dedup();
    found
}

fn with(mut list: Vec<IpAddr>, loopback: IpAddr) -> Vec<IpAddr> {
    if list.is_empty() {
        list.push(loopback);
    }
    list
}

/// The certificate is judged by the address itself where it carries it, else by the first name that it does carry.
fn target(address: SocketAddr, desired: &Desired) -> Target {
    let names = &desired.daemon.names;
    if names.iter().any(|name| name.parse() == Ok(address.ip())) {
        return Target::at(address);
    }
    match names.iter().find_map(|name| name.parse::<San>().ok()) {
        Some(name) => Target::tcp(address, name),
        None => Target::at(address),
    }
}
