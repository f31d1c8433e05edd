//! F303: a certificate expires soon.

use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use std::time::Duration;

pub(super) const CHECK: Check = Check {
    code: "SL-F303",
    title: "the certificate expires soon",
    severity: Severity::Soon,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.1.2.5; the threshold is that of --min-days",
    meaning: "On this date Docker stops to accept the certificate, without a warning before. A certificate of a \
              short life counts only when less than a fifth of it is left, because it is meant to be renewed \
              often; unless --min-days asks for more than the usual 30 days.",
    remedy: "On a host of sealock's:\n  sealock apply      # renews what has lived two thirds of its life\nElsewhere:\n  sealock cert issue NAME --profile server --cert FILE --key FILE",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let asked = DAY * seen.min_days;
    sightings(seen)
        .iter()
        .filter(|one| !one.part.is_anchor() && one.part != Part::RegistryAnchor)
        .filter(|one| one.certificate.not_after() >= seen.now)
        .filter_map(|one| {
            let (from, to) = (one.certificate.not_before(), one.certificate.not_after());
            let (life, left) = (to.since(from), to.since(seen.now));
            let limit = if is_short(life, seen) {
                life / 5
            } else {
                asked
            };
            if left >= limit {
                return None;
            }
            let spot = one.spot(format!(
                "{} expires on {to}: {} are left of {}",
                called(one.certificate),
                span(left),
                span(life)
            ));
            Some(spot.severity(Severity::Soon))
        })
        .collect()
}

/// Whether a certificate lives so shortly that the usual number of days says nothing of it. Whoever asks for more days
/// than usual wants to see everything that ends within them.
pub(super) fn is_short(life: Duration, seen: &Seen) -> bool {
    seen.min_days <= USUAL && life < 3 * DAY * seen.min_days
}

/// Days that are asked for when nobody says how many.
const USUAL: u32 = 30;

/// One day.
pub(super) const DAY: Duration = Duration::from_secs(86_400);

/// A length of time in the largest unit that tells it.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 86_400, seconds / 3600, seconds / 60) {
        (2.., ..) => format!("{} days", seconds / 86_400),
        (_, 2.., _) => format!("{} hours", seconds / 3600),
        (.., minutes) => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn expires_soon() {
        let world = World::new();
        assert_eq!(world.look(&CHECK), []);
        for (life, gone, min_days, found) in [
            (90, 0, 30, false),
            (90, 59, 30, false),
            (90, 61, 30, true),
            (90, 61, 20, false),
            (10, 0, 30, false),
            (10, 7, 30, false),
            (10, 9, 30, true),
            (800, 790, 30, true),
            (800, 500, 400, true),
            (10, 0, 4000, true),
            (1200, 900, 400, true),
        ] {
            let mut world = World::new();
            world.seen.min_days = min_days;
            let born = NOW - gone * DAY;
            let issuer = anchor_at(Purpose::Client, 1, born, 3650 * DAY);
            let leaf = client_leaf(&issuer, &world.client_key, "alice", born, life * DAY);
            world.come_as(&[leaf]);
            world.seen.endpoints.clear();
            let spots = world.look(&CHECK);
            let about_client = spots.iter().any(|spot| spot.scope == "this shell");
            assert_eq!(about_client, found, "{life} {gone} {min_days}");
        }
    }
}
