//! F701: TLS 1.0 or 1.1 is offered.

use crate::seen::{Offer, Protocol};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F701",
    title: "TLS 1.0 or 1.1 is offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 8996 §2; docker/go-connections tlsconfig/config.go (MinVersion)",
    meaning: "Both versions were taken out of use in 2021: they sign with SHA-1 and MD5 and know only suites with CBC \
              or RC4. No docker CLI or daemon of the last ten years needs them. Somebody on the way can try to push a \
              client of other make down to them.",
    remedy: "Set the lowest version to TLS 1.2 where TLS ends; it is what stands in front of the daemon (a proxy, a \
              load balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let Some(scan) = &end.scan else { continue };
        let old: Vec<&str> = [(Protocol::Tls10, "TLS 1.0"), (Protocol::Tls11, "TLS 1.1")]
            .into_iter()
            .filter(|(protocol, _)| scan.protocols.contains(&(*protocol, Offer::Yes)))
            .map(|(_, name)| name)
            .collect();
        if !old.is_empty() {
            let cause = format!(
                "expected TLS 1.2 and 1.3 only, {} agreed to as well",
                old.join(" and ")
            );
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::{offering, with};
    use crate::seen::Protocol;

    #[test]
    fn old_versions_are_found() {
        let world = offering(&[Protocol::Tls10, Protocol::Tls11, Protocol::Tls12]);
        let spots = world.look(&CHECK);
        assert!(
            spots[0].cause.contains("TLS 1.0 and TLS 1.1"),
            "{}",
            spots[0].cause
        );
        assert!(offering(&[Protocol::Tls12]).look(&CHECK).is_empty());
        assert!(with(|_| {}).look(&CHECK).is_empty());
    }
}
