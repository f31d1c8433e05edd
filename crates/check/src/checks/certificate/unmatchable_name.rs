//! F335: an alternative name that fits nothing.

use super::naming::wanted;
use super::sighting::{Part, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::{Certificate, San};
use std::net::IpAddr;

pub(super) const CHECK: Check = Check {
    code: "SL-F335",
    title: "the server certificate carries a name that no client can match",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.6; RFC 6125 section 6.4.3; Go crypto/x509 VerifyHostname",
    meaning: "An address that is written as a DNS name is not compared with addresses, so the server cannot be \
              called by it. A wildcard without two labels behind it fits nothing in OpenSSL and curl. The \
              certificate looks right to a reader, and is not.",
    remedy: "Issue it again with sound names; sealock writes addresses as addresses:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let asked = wanted(seen);
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Server && !one.certificate.is_ca())
        .filter_map(|one| {
            let names: Vec<String> = unmatchable(one.certificate).into_iter().take(5).collect();
            if names.is_empty() {
                return None;
            }
            let bites = asked.iter().any(|asked| {
                asked.leaf == one.certificate
                    && !asked.is_carried()
                    && address_as_name(asked.leaf, &asked.name)
            });
            let spot = one.spot(format!("no client matches {}", names.join(", ")));
            Some(if bites {
                spot
            } else {
                spot.severity(Severity::Weak)
            })
        })
        .collect()
}

fn dns_names(leaf: &Certificate) -> Vec<String> {
    let sans = leaf.describe().sans.into_iter();
    sans.filter_map(|san| san.strip_prefix("DNS:").map(str::to_owned))
        .collect()
}

fn unmatchable(leaf: &Certificate) -> Vec<String> {
    let bad = |name: &String| {
        name.parse::<IpAddr>().is_ok()
            || (name.starts_with('*') && !name.trim_start_matches("*.").contains('.'))
    };
    dns_names(leaf).into_iter().filter(bad).collect()
}

/// Whether a certificate has this address as a DNS name.
pub(super) fn address_as_name(leaf: &Certificate, name: &San) -> bool {
    let San::Ip(address) = name else { return false };
    dns_names(leaf)
        .iter()
        .any(|name| name.parse::<IpAddr>().ok() == Some(*address))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn unmatchable_name() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let leaf = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]));
        world.serve(&[leaf
            .clone()
            .with(forge::names(&[NAME, "192.0.2.7"], &[]))
            .sign()]);
        assert_eq!(world.codes(), ["SL-F335"]);
        world.endpoint_mut().name = ADDRESS.parse().unwrap();
        assert_eq!(world.codes(), ["SL-F335"]);
        assert_eq!(world.look(&CHECK)[1].severity, Some(crate::Severity::Down));
        let mut world = World::new();
        world.serve(&[leaf.with(forge::names(&[NAME, "*.local"], &[])).sign()]);
        assert_eq!(world.look(&CHECK).len(), 2);
    }
}
