//! F705: SSL 3 is offered.

use crate::seen::{Offer, Protocol};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F705",
    title: "SSL 3 is offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 7568 §3; CVE-2014-3566 (POODLE)",
    meaning: "SSL 3 was broken in 2014: its padding is not covered by the MAC, so somebody on the way reads secrets \
              byte by byte. No Docker client ever speaks it. Whatever answers here is very old, and its other flaws \
              will be as old.",
    remedy: "Set the lowest version to TLS 1.2 where TLS ends; it is what stands in front of the daemon (a proxy, a \
              load balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let with = seen.endpoints.iter().filter(|end| {
        end.scan
            .as_ref()
            .is_some_and(|scan| scan.protocols.contains(&(Protocol::Ssl3, Offer::Yes)))
    });
    with.map(|end| {
        let cause = "expected TLS 1.2 and 1.3 only, SSL 3 was agreed to as well";
        Spot::new(end.label.clone(), cause).of(&end.label)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::offering;
    use crate::seen::Protocol;

    #[test]
    fn ssl_3_is_found() {
        assert_eq!(
            offering(&[Protocol::Ssl3, Protocol::Tls12])
                .look(&CHECK)
                .len(),
            1
        );
        assert!(offering(&[Protocol::Tls12]).look(&CHECK).is_empty());
    }
}
