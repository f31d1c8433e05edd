//! F317: an anchor has expired.

use super::sighting::{Part, Sighting, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F317",
    title: "a trust anchor has expired",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 6.1; Go crypto/x509 Verify judges the dates of every certificate of the path, the \
              root included",
    meaning: "Nothing below an expired anchor is accepted any more, however fresh the leaf. A server anchor shuts \
              out every client that trusts it, a client anchor every client of the daemon. Renewing leaves does \
              not help: a new anchor is needed, and it has to reach everybody.",
    remedy: "Make new anchors, and give everybody certificates of them:\n  sealock rekey",
    explains: &["SL-F319", "SL-F656", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    all.iter()
        .filter(|one| one.part.is_anchor() || one.part == Part::RegistryAnchor)
        .filter(|one| one.certificate.not_after() < seen.now)
        .map(|one| {
            let anchor = one.certificate;
            one.spot(format!(
                "{} expired on {}; it is {}",
                called(anchor),
                anchor.not_after(),
                seen.now
            ))
            .severity(bite(one, &all))
        })
        .collect()
}

/// An anchor of a server that is served here shuts out everybody, wherever it was found.
pub(super) fn bite(anchor: &Sighting<'_>, all: &[Sighting<'_>]) -> Severity {
    let serves = anchor.part == Part::ServerAnchor
        && all.iter().any(|one| {
            one.part == Part::Server
                && one.bite == Severity::Down
                && one.certificate.issuer_der() == anchor.certificate.subject_der()
        });
    if serves { Severity::Down } else { anchor.bite }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn anchor_expired() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let old = NOW - 100 * DAY;
        let anchor = anchor_at(Purpose::Server, 1, old, 90 * DAY);
        let leaf = server_leaf(&anchor, &world.server_key, &[NAME], old, 80 * DAY);
        world.believe(&[anchor.certificate().clone()]);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F317"]);
        assert_eq!(
            crate::findings(&world.seen, crate::Perspective::Service)[0].severity,
            Severity::Down
        );
    }
}
