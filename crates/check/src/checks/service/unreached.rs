//! F657: nobody answers where a service shall be.

use super::{has_no_tls, speaks_tls};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F657",
    title: "nobody answers at the address of a service",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 9293 §3.10.7 (a connection to a closed port is reset)",
    meaning: "No connection came about to the address that the service's table names, or one that led to nothing: neither TLS nor clear \
              text got an answer that can be understood, so nothing else could be looked at there. The service \
              is not running, did not come up with its new files (a key that its user cannot read is the usual reason), listens \
              elsewhere, or something in between does not let us through.",
    remedy: "Look whether it runs and what it says at its start (systemctl status, docker logs), and whether `address` in its table is \
             right. Then:\n  sealock check",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    seen.doors()
        .filter_map(|(service, door)| {
            let door = &door.seen;
            let cause = match &door.unreached {
                Some(why) => why.clone(),
                // A handshake that breaks, or silence: the rightful client gets no further either.
                None if !speaks_tls(door) && !has_no_tls(door) => {
                    format!("{}: no handshake: {}", door.protocol, door.without.said)
                }
                None => return None,
            };
            Some(Spot::new(&*door.address, cause).of(&service.label))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::service::tests::{door, world};
    use crate::seen::service::{Passage, Way};

    #[test]
    fn whoever_is_not_reached_is_told_with_the_reason() {
        assert_eq!(world(door(), None).look(&CHECK), []);
        let mut seen = door();
        seen.unreached = Some("the connection was refused".to_owned());
        let found = world(seen, None).look(&CHECK);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].cause, "the connection was refused");
    }

    /// Whoever is neither known to have TLS nor known to have none is not passed over.
    #[test]
    fn a_handshake_that_breaks_is_told() {
        for (clear, without, expected) in [
            (Way::Unclear, Passage::Unclear, 1),
            (Way::NotSpoken, Passage::Unclear, 1),
            (Way::NotAsked, Passage::Refused, 1),
            (Way::Accepted, Passage::Unclear, 0),
            (Way::NotSpoken, Passage::NoTls, 0),
        ] {
            let mut seen = door();
            (seen.clear.verdict, seen.without.verdict) = (clear, without);
            seen.without.said = "the alert handshake_failure".to_owned();
            assert_eq!(world(seen.clone(), None).look(&CHECK), []);
            seen.tls = None;
            let found = world(seen, None).look(&CHECK);
            assert_eq!(found.len(), expected, "{clear:?} {without:?}");
            if let Some(spot) = found.first() {
                assert_eq!(spot.cause, "tds: no handshake: the alert handshake_failure");
            }
        }
    }
}
