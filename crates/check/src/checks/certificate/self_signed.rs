//! F314: a server certificate that vouches for itself.

use super::sighting::{Part, authorities, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F314",
    title: "the server certificate is self-signed",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 6.1; Go crypto/x509 Verify: certificate signed by unknown authority",
    meaning: "The certificate was not issued by any CA, but by its own key, and it is not among the anchors of \
              the clients. They cannot tell it from one that an attacker made a minute ago, so a verifying client \
              goes no further.",
    remedy: "Issue a certificate by an authority that the clients trust:\n  sealock up",
    explains: &["SL-F331"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Server && !one.certificate.is_ca())
        .filter(|one| {
            one.certificate.is_self_issued() && one.certificate.is_signed_by(one.certificate)
        })
        .filter(|one| !authorities(seen).any(|anchor| anchor == one.certificate))
        .map(|one| {
            one.spot(format!(
                "{} is its own issuer, and nobody trusts it",
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
    fn self_signed() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let leaf = forge::Forge::root(NAME, &world.server_key)
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]))
            .dates(NOW - DAY, NOW + 89 * DAY)
            .sign();
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F314"]);
    }
}
