//! F320: an anchor expires within a year.

use super::expires_soon::{DAY, is_short, span};
use super::sighting::{called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F320",
    title: "a trust anchor expires soon",
    severity: Severity::Soon,
    stage: Stage::Keeping,
    source: "RFC 5280 section 6.1; RFC 4210 section 4.4 (root CA key update)",
    meaning: "Everything below it stops on that day, and a new anchor has to reach every client and every daemon \
              before. That takes time: some machines are off, some people are away. A year is not too early.",
    remedy: "Replace the anchor in time. Both generations are trusted for a while, so nobody is shut out:\n  sealock ca rotate",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let asked = DAY * seen.min_days;
    sightings(seen)
        .iter()
        .filter(|one| one.part.is_anchor() && one.certificate.not_after() >= seen.now)
        .filter_map(|one| {
            let (from, to) = (one.certificate.not_before(), one.certificate.not_after());
            let (life, left) = (to.since(from), to.since(seen.now));
            // An anchor of a short life is not found in its youth.
            let limit = if is_short(life, seen) {
                life / 5
            } else {
                asked.max((DAY * 365).min(life / 5))
            };
            if left >= limit {
                return None;
            }
            let cause = format!(
                "{} expires on {to}: {} are left",
                called(one.certificate),
                span(left)
            );
            Some(one.spot(cause).severity(Severity::Soon))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn anchor_expires_soon() {
        let world = World::new();
        assert_eq!(world.look(&CHECK), []);
        for (life, gone, found) in [
            (3650, 3200, false),
            (3650, 3300, true),
            (365, 10, false),
            (365, 300, true),
            (30, 1, false),
        ] {
            let mut world = World::new();
            let anchor = anchor_at(Purpose::Server, 1, NOW - gone * DAY, life * DAY);
            world.believe(&[anchor.certificate().clone()]);
            assert_eq!(!world.look(&CHECK).is_empty(), found, "{life} {gone}");
            world.seen.min_days = 4000;
            assert!(!world.look(&CHECK).is_empty(), "{life} {gone}");
        }
    }
}
