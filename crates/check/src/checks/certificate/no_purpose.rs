//! F309: a certificate that does not say what it is for.

use super::sighting::sightings;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Purposes;

pub(super) const CHECK: Check = Check {
    code: "SL-F309",
    title: "the certificate does not say what it is for",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.2.1.12; Go crypto/x509 Verify takes a certificate without extKeyUsage for any purpose",
    meaning: "Without an extended key usage Docker takes a certificate for everything: a server certificate gets \
              in as a client, and a client can stand in for a server, wherever the same CA vouches for both. A \
              stolen server key is then root.",
    remedy: "Issue it again with exactly one purpose:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part.is_leaf() && !one.certificate.is_ca())
        .filter(|one| *one.certificate.purposes() == Purposes::Unstated)
        .map(|one| one.spot("no extended key usage").severity(Severity::Weak))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn no_purpose() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let forged = world.forged_server().with(forge::names(&[NAME], &[]));
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F309"]);
    }
}
