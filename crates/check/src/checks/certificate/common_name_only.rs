//! F306: a certificate without alternative names.

use super::naming::has_names;
use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F306",
    title: "the server certificate has no alternative names at all",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 6125 section 6.4.4; Go crypto/x509 since 1.15: certificate relies on legacy Common Name field, \
              use SANs instead",
    meaning: "The name of the server stands as the common name only. Clients of today look at the alternative \
              names and nowhere else, so no verifying client accepts this certificate, whatever name it uses. Old \
              instructions and OpenSSL without an extension file make such certificates.",
    remedy: "Issue it again with names and addresses:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| {
            one.part == Part::Server && !one.certificate.is_ca() && !has_names(one.certificate)
        })
        .map(|one| {
            one.spot(format!(
                "{} carries no DNS name and no address",
                called(one.certificate)
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn common_name_only() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let forged = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]));
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F306"]);
    }
}
