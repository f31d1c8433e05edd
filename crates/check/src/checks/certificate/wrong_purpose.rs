//! F308: a server certificate that is for something else.

use super::sighting::{Part, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::{Certificate, ExtendedKeyUsage, Purpose, Purposes};

pub(super) const CHECK: Check = Check {
    code: "SL-F308",
    title: "the server certificate is not for a server",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.12; Go crypto/x509 Verify: certificate specifies an incompatible key usage",
    meaning: "The extended key usage says what a certificate is for, and serverAuth is not in it. The daemon \
              starts with it and does not notice; every verifying client refuses it. Mostly a client certificate \
              was put in its place.",
    remedy: "Issue a server certificate:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Server && !one.certificate.is_ca())
        .filter(|one| is_for_others(one.certificate, Purpose::Server))
        .map(|one| {
            one.spot(format!(
                "expected the purpose server, found {}",
                one.certificate.purposes()
            ))
        })
        .collect()
}

/// Whether a certificate states purposes, and this one is not among them.
pub(super) fn is_for_others(certificate: &Certificate, purpose: Purpose) -> bool {
    matches!(certificate.purposes(), Purposes::Listed(_)) && !serves(certificate, purpose)
}

/// Whether a certificate states this purpose, or any.
pub(super) fn serves(certificate: &Certificate, purpose: Purpose) -> bool {
    let any = matches!(
        certificate.purposes(),
        Purposes::Listed(list) if list.contains(&ExtendedKeyUsage::Any)
    );
    any || certificate.purposes().include(purpose)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn wrong_purpose() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let names = forge::names(&[NAME], &[]);
        let forged = world
            .forged_server()
            .with(forge::purposes(&[forge::CLIENT_AUTH]))
            .with(names);
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F308"]);
    }
}
