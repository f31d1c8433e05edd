//! F806: due for renewal.

use crate::checks::by_code;
use crate::seen::LeafState;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use sealock_pki::Fingerprint;

pub(super) const CHECK: Check = Check {
    code: "SL-F806",
    title: "a certificate of the inventory is due for renewal",
    severity: Severity::Soon,
    stage: Stage::Keeping,
    source: "RFC 5280 §4.1.2.5; renewal at two thirds of a life, as ACME clients do (RFC 8555 has no rule)",
    meaning: "Two thirds of its life are over. Nothing is broken yet, but renewing now leaves time to mend what may go wrong, \
              and a restart of the daemon can be chosen instead of suffered. On the day it expires every connection with it \
              fails at once.",
    remedy: "sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(keeping) = &seen.keeping else {
        return Vec::new();
    };
    let cloaked = seen.host.as_ref().is_some_and(|host| host.cloaked);
    // Whether it expires soon, or has expired, is told by checks that know the date.
    let told: Vec<Fingerprint> = ["SL-F301", "SL-F303"]
        .into_iter()
        .filter_map(by_code)
        .flat_map(|check| (check.look)(seen))
        .filter_map(|spot| spot.about)
        .collect();
    let active = keeping
        .leaves
        .iter()
        .filter(|leaf| leaf.state == LeafState::Active);
    active
        .filter(|leaf| {
            let (born, ends) = (leaf.certificate.not_before(), leaf.certificate.not_after());
            let (life, age) = (ends.since(born), seen.now.since(born));
            age * 3 >= life * 2
                && ends > seen.now
                && !told.contains(&leaf.certificate.fingerprint())
        })
        .map(|leaf| {
            let days = leaf.certificate.not_after().since(seen.now).as_secs() / 86_400;
            let cause = format!(
                "the {} certificate of {} expires {}, in {days} days; two thirds of its life are over",
                leaf.purpose.as_str(),
                escape(&leaf.identity),
                leaf.certificate.not_after()
            );
            let place = leaf.places.first().map_or_else(
                || escape(&leaf.identity),
                |place| escape(&place.to_string_lossy()),
            );
            let spot = Spot::new(place, cause).about(&leaf.certificate);
            match cloaked {
                true => spot.mend(Mend::Apply),
                false => spot,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::{DAY, NOW, World};

    #[test]
    fn two_thirds_of_a_life() {
        for (days, min_days, expected) in [(0, 30, 0), (59, 20, 0), (61, 20, 2), (91, 20, 0)] {
            let mut world = World::new();
            world.seen.min_days = min_days;
            world.seen.now = NOW + days * DAY;
            assert_eq!(world.look(&CHECK).len(), expected, "{days}");
        }
    }
}
