//! F802: the peer's clock.

use crate::{Check, Seen, Severity, Spot, Stage};
use std::time::Duration;

pub(super) const CHECK: Check = Check {
    code: "SL-F802",
    title: "the peer's clock differs from ours",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 9110 §6.6.1 (Date); RFC 5280 §4.1.2.5",
    meaning: "Each side checks the certificates of the other by its own clock. When the clocks differ, a certificate that was \
              just issued is not yet valid for one of them, and one that has expired still gets in. Log lines of the two hosts \
              cannot be laid side by side. Which of the two is wrong cannot be told from here.",
    remedy: "timedatectl set-ntp true     # on whichever host is wrong",
    explains: &[],
    look,
};

/// A request may wait on its way; five minutes are no longer that.
const TOLERATED: Duration = Duration::from_secs(300);
/// From here on certificates of a usual life are judged differently.
const SERIOUS: Duration = Duration::from_secs(86_400);

fn look(seen: &Seen) -> Vec<Spot> {
    let ends = seen.endpoints.iter();
    ends.filter_map(|end| {
        let (theirs, ours) = end.date?;
        let (apart, how) = match theirs >= ours {
            true => (theirs.since(ours), "ahead of"),
            false => (ours.since(theirs), "behind"),
        };
        if apart <= TOLERATED {
            return None;
        }
        let minutes = apart.as_secs() / 60;
        let severity = match apart >= SERIOUS {
            true => Severity::Latent,
            false => Severity::Weak,
        };
        let cause = format!(
            "{} says {theirs}, {minutes} minutes {how} ours, {ours}",
            end.address
        );
        Some(
            Spot::new(end.label.clone(), cause)
                .of(&end.label)
                .severity(severity),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::{DAY, NOW, World};
    use std::time::Duration;

    #[test]
    fn five_minutes_are_tolerated() {
        for (theirs, expected) in [
            (NOW, None),
            (NOW + Duration::from_secs(300), None),
            (NOW + Duration::from_secs(301), Some(Severity::Weak)),
            (NOW - Duration::from_secs(7200), Some(Severity::Weak)),
            (NOW - 2 * DAY, Some(Severity::Latent)),
        ] {
            let mut world = World::new();
            world.endpoint_mut().date = Some((theirs, NOW));
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().and_then(|spot| spot.severity),
                expected,
                "{theirs}"
            );
        }
    }
}
