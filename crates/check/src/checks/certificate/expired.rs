//! F301: a certificate has expired.

use super::path::vouches;
use super::sighting::{Part, authorities, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F301",
    title: "the certificate has expired",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.1.2.5; Go crypto/x509 Verify: certificate has expired or is not yet valid",
    meaning: "Docker looks at the dates at every connection, on both sides. With an expired server certificate no \
              verifying client goes on; an expired client certificate is refused by the daemon, which an older \
              daemon calls a bad certificate.",
    remedy: "sealock apply",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    all.iter()
        .filter(|one| !one.part.is_anchor() && one.part != Part::RegistryAnchor)
        .filter(|one| one.certificate.not_after() < seen.now)
        // Below an anchor that has expired too, the anchor is what is to be mended.
        .filter(|one| {
            !authorities(seen)
                .any(|anchor| anchor.not_after() < seen.now && vouches(anchor, one.certificate))
        })
        .map(|one| {
            let leaf = one.certificate;
            one.spot(format!(
                "{} expired on {}; it is {}",
                called(leaf),
                leaf.not_after(),
                seen.now
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn expired() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let old = NOW - 100 * DAY;
        let anchor = anchor_at(Purpose::Server, 1, old, 3650 * DAY);
        world.believe(&[anchor.certificate().clone()]);
        let leaf = server_leaf(&anchor, &world.server_key, &[NAME], old, 90 * DAY);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F301"]);
        let spots = world.look(&CHECK);
        assert_eq!(spots.len(), 2);
        assert!(
            spots
                .iter()
                .any(|spot| spot.severity == Some(Severity::Down))
        );
        let mut world = World::new();
        let forged = world
            .forged_client()
            .with(forge::purposes(&[forge::CLIENT_AUTH]));
        world.come_as(&[forged.dates(old, NOW - DAY).sign()]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
    }

    /// Docker's client says `certificate signed by unknown authority` then, and nothing of the date.
    #[test]
    fn a_client_judges_the_server_before_it_is_judged_itself() {
        let mut world = World::new();
        let old = NOW - 100 * DAY;
        world.believe(&[anchor(Purpose::Server, 9).certificate().clone()]);
        let forged = world
            .forged_client()
            .with(forge::purposes(&[forge::CLIENT_AUTH]));
        world.come_as(&[forged.dates(old, NOW - DAY).sign()]);
        world.seen.keeping = None;
        assert_eq!(world.codes(), ["SL-F316", "SL-F301"]);
    }
}
