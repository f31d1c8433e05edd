//! F318: an anchor from the future.

use super::anchor_expired::bite;
use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F318",
    title: "a trust anchor is not yet valid",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 6.1; Go crypto/x509 Verify: certificate has expired or is not yet valid",
    meaning: "The anchor begins to be valid later than this moment, and until then nothing below it is accepted. \
              The clock of the machine that made it was wrong, or the clock of this one is.",
    remedy: "Compare the clocks:\n  timedatectl\nIf they are right, make new anchors:\n  sealock rekey",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    all.iter()
        .filter(|one| one.part.is_anchor() || one.part == Part::RegistryAnchor)
        .filter(|one| one.certificate.not_before() > seen.now)
        .map(|one| {
            let anchor = one.certificate;
            one.spot(format!(
                "{} is valid from {}; it is {}",
                called(anchor),
                anchor.not_before(),
                seen.now
            ))
            .severity(bite(one, &all))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn anchor_not_yet_valid() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let anchor = anchor_at(Purpose::Server, 1, NOW + 2 * DAY, 3650 * DAY);
        let leaf = server_leaf(&anchor, &world.server_key, &[NAME], NOW + 2 * DAY, 90 * DAY);
        world.believe(&[anchor.certificate().clone()]);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F318"]);
    }
}
