//! F305: an address is missing in the certificate.

use super::naming::{carried, has_names, wanted};
use super::unmatchable_name::address_as_name;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::San;

pub(super) const CHECK: Check = Check {
    code: "SL-F305",
    title: "the certificate does not carry the address by which the server is called",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.6 (iPAddress); Go crypto/x509 VerifyHostname: doesn't contain any IP SANs",
    meaning: "A client that goes to an address looks for that address among the alternative names, in a form of \
              its own: a DNS name that looks like an address does not count. Without it the client goes no \
              further.",
    remedy: "Issue the certificate again with this address:\n  sealock up --name ADDRESS\nor call the server by a \
              name that the certificate carries",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    wanted(seen)
        .iter()
        .filter(|one| matches!(one.name, San::Ip(_)) && has_names(one.leaf) && !one.is_carried())
        .filter(|one| !address_as_name(one.leaf, &one.name))
        .map(|one| {
            let address = one.name.value();
            one.spot(format!("expected {address}, found {}", carried(one.leaf)))
                .help(one.help())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn ip_missing() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        world.endpoint_mut().name = "198.51.100.9".parse().unwrap();
        assert_eq!(world.codes(), ["SL-F305"]);
    }
}
