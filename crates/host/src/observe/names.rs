//! What this host is called, and where it is reached.

use crate::System;
use std::net::IpAddr;

/// Host names (short, full, `localhost`) and addresses (loopback last).
pub(super) fn names(system: &dyn System) -> (Vec<String>, Vec<IpAddr>) {
    let mut names = Vec::new();
    let hostname = system.hostname();
    if usable(&hostname) {
        names.push(hostname.clone());
    }
    let short = hostname.split('.').next().unwrap_or(&hostname).to_owned();
    if usable(&short) && !names.contains(&short) {
        names.push(short.clone());
    }
    for full in full_names(system, &short) {
        if !names.contains(&full) {
            names.push(full);
        }
    }
    names.push("localhost".into());
    let mut addresses: Vec<IpAddr> = Vec::new();
    for interface in system.interfaces() {
        let address = interface.address;
        if !dockers_own(&interface.name) && !local_only(address) && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses.extend([
        IpAddr::from([127, 0, 0, 1]),
        IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
    ]);
    (names, addresses)
}

/// Names with a domain that `/etc/hosts` gives this host. A resolver is not asked: that would be the
/// network, and may hang.
fn full_names(system: &dyn System, short: &str) -> Vec<String> {
    let Ok(hosts) = std::fs::read_to_string(system.root().at("/etc/hosts")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for line in hosts.lines() {
        let words: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or("")
            .split_whitespace()
            .skip(1)
            .collect();
        let full = words.iter().filter(|name| {
            name.strip_prefix(short)
                .is_some_and(|rest| rest.starts_with('.'))
        });
        found.extend(
            full.filter(|name| usable(name))
                .map(|name| (*name).to_owned()),
        );
    }
    found
}

fn usable(name: &str) -> bool {
    name != "localhost"
        && !name.is_empty()
        && name.len() <= 253
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.len() <= 63)
        && name != "(none)"
}

/// Interfaces that Docker makes for containers.
fn dockers_own(interface: &str) -> bool {
    ["docker", "br-", "veth"]
        .iter()
        .any(|prefix| interface.starts_with(prefix))
}

fn local_only(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => {
            v6.is_loopback() || v6.is_unspecified() || (v6.segments()[0] & 0xffc0) == 0xfe80
        }
    }
}
