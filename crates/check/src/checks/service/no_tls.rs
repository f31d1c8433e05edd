//! F650: a service that answers, and has no TLS.

use super::{doors, has_no_tls};
use crate::seen::service::Way;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F650",
    title: "a service speaks no TLS",
    severity: Severity::Open,
    stage: Stage::Handshake,
    source: "RFC 8446 §1 (what TLS is for); the service's own way into TLS (PostgreSQL 15 documentation §55.2, SSLRequest; MS-TDS §2.2.6.5)",
    meaning: "The service takes connections at its address, and no way into TLS was found there. Names, passwords, questions and answers \
              travel so that everybody on the way can read and change them, and nobody can know whom he talks to. A certificate in a \
              file changes nothing until the service is told to use it, and has been started again where it must be. A service that \
              takes no clear text either lets nobody in at all, or speaks another protocol than its table says.",
    remedy: "Let sealock write the files and the settings, then look again:\n  sealock apply\n  sealock check",
    explains: &["SL-F651", "SL-F656"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    doors(seen)
        .filter(|(_, door)| has_no_tls(door))
        .map(|(service, door)| {
            let cause = format!(
                "{}: no TLS: {}; in clear text: {}",
                door.protocol, door.without.said, door.clear.said
            );
            // Who takes no clear text either is of use to nobody, and dangerous to nobody.
            let severity = match door.clear.verdict {
                Way::Refused | Way::NotSpoken => Severity::Down,
                Way::Accepted | Way::NotAsked | Way::Unclear => Severity::Open,
            };
            let spot = Spot::new(&*door.address, cause).of(&service.label);
            spot.severity(severity)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::service::tests::{door, tds, world};
    use crate::seen::service::{Passage, TdsEncryption, Way};

    #[test]
    fn no_tls_is_told_where_somebody_answers() {
        let (open, down) = (Some(Severity::Open), Some(Severity::Down));
        for (clear, without, expected) in [
            (Way::Accepted, Passage::NoTls, open),
            (Way::Accepted, Passage::Unclear, open),
            (Way::NotAsked, Passage::NoTls, open),
            (Way::Refused, Passage::NoTls, down),
            (Way::NotSpoken, Passage::NoTls, down),
            // A handshake that failed for another reason.
            (Way::NotSpoken, Passage::Unclear, None),
            (Way::Refused, Passage::Unclear, None),
        ] {
            let mut seen = door();
            (seen.clear.verdict, seen.without.verdict) = (clear, without);
            assert_eq!(world(seen.clone(), None).look(&CHECK), [], "there is TLS");
            seen.tls = None;
            let found = world(seen.clone(), None).look(&CHECK);
            assert_eq!(
                found.first().and_then(|spot| spot.severity),
                expected,
                "{clear:?} {without:?}"
            );
            seen.unreached = Some("the connection was refused".to_owned());
            assert_eq!(world(seen, None).look(&CHECK), []);
        }
    }

    /// TDS 8.0 is TLS, though TDS 7 has none there.
    #[test]
    fn strict_tds_is_tls() {
        let mut seen = door();
        seen.tls = None;
        (seen.clear.verdict, seen.without.verdict) = (Way::Accepted, Passage::NoTls);
        let mut said = tds(Some(TdsEncryption::NotSupported), false);
        for (strict, expected) in [(false, 1), (true, 0)] {
            said.strict = strict;
            seen.tds = Some(said.clone());
            assert_eq!(world(seen.clone(), None).look(&CHECK).len(), expected);
        }
    }
}
