//! F604: a registry that is never verified.

use super::{place, split};
use crate::seen::{Host, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use std::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "SL-F604",
    title: "a registry's certificates are not looked at",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "moby registry/config.go (127.0.0.0/8 and ::1/128 are insecure), registry/registry.go (certs.d is for secure ones)",
    meaning: "The daemon takes registries on loopback, and those in insecure-registries, as insecure: it verifies no certificate, shows \
              none of its own and goes over to plain HTTP when TLS fails. What lies in certs.d for them is not read. So a test against a \
              registry on 127.0.0.1 proves nothing about certificates.",
    remedy: "Reach the registry by a name that leads to another address, and take it out of insecure-registries.",
    explains: &["SL-F601", "SL-F602", "SL-F603", "SL-F607"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        let read = folder.files.iter().any(|file| file.role != Role::Stray);
        if !read {
            continue;
        }
        if let Some(why) = why_unverified(seen.host.as_ref(), &folder.name) {
            spots.push(Spot::new(place(folder), why).of(&folder.name));
        }
    }
    spots
}

/// Why the daemon verifies nothing at the registry of this name, as it stands before the first slash of an image's; `None`
/// when it does.
pub fn why_unverified(daemon: Option<&Host>, name: &str) -> Option<&'static str> {
    if is_loopback(split(name).0) {
        Some("it is on loopback, where the daemon verifies nothing")
    } else if daemon.is_some_and(|daemon| is_insecure(daemon, name)) {
        Some("insecure-registries lists it")
    } else {
        None
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    let address: Option<IpAddr> = bare.parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

fn is_insecure(host: &Host, name: &str) -> bool {
    let json = host
        .config
        .keys
        .get("insecure-registries")
        .and_then(|value| value.as_array());
    let json = json
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    let flags = host
        .flags
        .iter()
        .filter(|flag| flag.name == "insecure-registry");
    let mut listed = json.chain(flags.filter_map(|flag| flag.value.as_deref()));
    listed.any(|listed| covers(listed, name))
}

/// Whether an entry of `insecure-registries`, a name with port or a network, is about this registry.
fn covers(listed: &str, name: &str) -> bool {
    let host = split(name).0.trim_matches(['[', ']']);
    let Some((net, bits)) = listed.split_once('/') else {
        return listed == name;
    };
    match (net.parse(), bits.parse::<u32>(), host.parse()) {
        (Ok(IpAddr::V4(net)), Ok(bits @ 0..=32), Ok(IpAddr::V4(ip))) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            net.to_bits() & mask == ip.to_bits() & mask
        }
        (Ok(IpAddr::V6(net)), Ok(bits @ 0..=128), Ok(IpAddr::V6(ip))) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            net.to_bits() & mask == ip.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::registry::tests::{codes, registry};

    #[test]
    fn loopback_and_insecure_registries_are_found() {
        for (name, listed, found) in [
            ("127.0.0.1:5000", "", true),
            ("127.3.0.1", "", true),
            ("localhost:5000", "", true),
            ("[::1]:5000", "", true),
            ("10.1.2.3:5000", "", false),
            ("10.1.2.3:5000", "10.0.0.0/8", true),
            ("10.1.2.3:5000", "0.0.0.0/0", true),
            ("11.1.2.3:5000", "10.0.0.0/8", false),
            ("r.example.org:5000", "r.example.org:5000", true),
            ("r.example.org:5000", "r.example.org", false),
        ] {
            let mut world = registry();
            world.seen.registries[0].name = name.to_owned();
            let keys = &mut world.host_mut().config.keys;
            keys.insert("insecure-registries".to_owned(), vec![listed].into());
            assert_eq!(codes(&world).contains(&"SL-F604"), found, "{name} {listed}");
        }
    }
}
