//! F336: a client certificate that is for something else.

use super::sighting::{Part, sightings};
use super::wrong_purpose::is_for_others;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Purpose;

pub(super) const CHECK: Check = Check {
    code: "SL-F336",
    title: "the client certificate is not for a client",
    severity: Severity::LockedOut,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 section 4.2.1.12; Go crypto/tls: certificate specifies an incompatible key usage",
    meaning: "The extended key usage says what a certificate is for, and clientAuth is not in it: the daemon \
              refuses it, and calls it a bad certificate. Mostly a server certificate was put in its place.",
    remedy: "Issue a client certificate:\n  sealock client bundle NAME",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Client && !one.certificate.is_ca())
        .filter(|one| is_for_others(one.certificate, Purpose::Client))
        .map(|one| {
            one.spot(format!(
                "expected the purpose client, found {}",
                one.certificate.purposes()
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn client_purpose() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let forged = world
            .forged_client()
            .with(forge::purposes(&[forge::SERVER_AUTH]));
        world.come_as(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F336"]);
    }
}
