//! F704: TLS 1.3 is not offered.

use crate::seen::{Offer, Protocol};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F704",
    title: "TLS 1.3 is not offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 8446 §1.2; Go release notes 1.13 (TLS 1.3 by default)",
    meaning: "Every dockerd since 2019 offers TLS 1.3. Where it is missing, the daemon is older, or something else \
              ends TLS in front of it. In TLS 1.2 the certificates of both sides cross the network in the clear, so \
              whoever listens learns the names of clients.",
    remedy: "Update the daemon, or allow TLS 1.3 in what stands in front of it.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let without = seen.endpoints.iter().filter(|end| {
        end.scan.as_ref().is_some_and(|scan| {
            scan.protocols.contains(&(Protocol::Tls13, Offer::No))
                && scan.protocols.iter().any(|(_, offer)| *offer == Offer::Yes)
        })
    });
    without
        .map(|end| {
            let cause = "expected TLS 1.2 and 1.3, TLS 1.3 was refused";
            Spot::new(end.label.clone(), cause).of(&end.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::{offering, with};
    use crate::seen::Protocol;

    #[test]
    fn a_missing_version_is_found() {
        assert_eq!(offering(&[Protocol::Tls12]).look(&CHECK).len(), 1);
        assert!(offering(&[Protocol::Tls13]).look(&CHECK).is_empty());
        // Nothing was agreed on at all: that is another finding.
        assert!(offering(&[]).look(&CHECK).is_empty());
        assert!(with(|scan| scan.protocols.clear()).look(&CHECK).is_empty());
    }
}
