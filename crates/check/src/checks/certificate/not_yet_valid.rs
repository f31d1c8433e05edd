//! F302: a certificate from the future.

use super::path::vouches;
use super::sighting::{Part, authorities, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F302",
    title: "the certificate is not yet valid",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.1.2.5; Go crypto/x509 Verify: certificate has expired or is not yet valid",
    meaning: "The certificate begins to be valid later than this moment. Mostly a clock is wrong: that of the \
              machine that issued it, or that of the one that looks. Until then the other side refuses it.",
    remedy: "Compare the clocks of both machines:\n  timedatectl\nIf they are right, issue the certificate \
              again:\n  sealock apply",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| !one.part.is_anchor() && one.part != Part::RegistryAnchor)
        .filter(|one| one.certificate.not_before() > seen.now)
        .filter(|one| {
            !authorities(seen)
                .any(|anchor| anchor.not_before() > seen.now && vouches(anchor, one.certificate))
        })
        .map(|one| {
            let leaf = one.certificate;
            one.spot(format!(
                "{} is valid from {}; it is {}",
                called(leaf),
                leaf.not_before(),
                seen.now
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn not_yet_valid() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let leaf = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &[NAME],
            NOW + 2 * DAY,
            90 * DAY,
        );
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F302"]);
    }
}
