//! F707: compression inside TLS.

use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F707",
    title: "compression inside TLS is offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 9325 §3.3; CVE-2012-4929 (CRIME)",
    meaning: "When secrets and text of an attacker are compressed together, the length of what crosses the network \
              betrays the secret. TLS 1.3 has no compression any more, and no Docker client offers it. Whatever agrees \
              to it is very old.",
    remedy: "Switch TLS compression off where TLS ends; it is what stands in front of the daemon (a proxy, a load \
              balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let with = seen
        .endpoints
        .iter()
        .filter(|end| end.scan.as_ref().is_some_and(|scan| scan.compression));
    with.map(|end| {
        let cause = "expected no compression, DEFLATE was agreed to";
        Spot::new(end.label.clone(), cause).of(&end.label)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::with;

    #[test]
    fn compression_is_found() {
        assert_eq!(with(|scan| scan.compression = true).look(&CHECK).len(), 1);
        assert!(with(|_| {}).look(&CHECK).is_empty());
    }
}
