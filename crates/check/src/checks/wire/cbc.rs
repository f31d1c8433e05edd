//! F702: CBC suites that could be switched off.

use super::listed;
use crate::seen::Flaw;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F702",
    title: "suites with CBC are offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 7366 §1; RFC 9325 §4.2; docker/go-connections tlsconfig/config.go (DefaultServerAcceptedCiphers)",
    meaning: "In these suites the MAC is computed before the padding, and implementations have leaked time about it \
              again and again (BEAST, Lucky 13). Clients of today agree to better suites, so nothing breaks without \
              them. The four ECDHE suites with AES-CBC-SHA that every dockerd before 29 offers are left out here: no \
              setting takes them away.",
    remedy: "Take every suite with CBC from the list where TLS ends; it is what stands in front of the daemon (a \
              proxy, a load balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let Some(scan) = &end.scan else { continue };
        let found = scan
            .suites
            .iter()
            .filter(|suite| suite.flaw() == Some(Flaw::Cbc) && !suite.is_forced_by_dockerd());
        if let Some(list) = listed(found.map(|suite| suite.name.as_str())) {
            let cause = format!("expected suites with GCM or ChaCha20, found {list}");
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::{with, with_suites};

    #[test]
    fn only_what_can_be_switched_off_is_found() {
        let world = with_suites(&[(0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")]);
        assert_eq!(world.look(&CHECK).len(), 1);
        let forced = with_suites(&[(0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")]);
        assert!(forced.look(&CHECK).is_empty());
        assert!(with(|_| {}).look(&CHECK).is_empty());
    }
}
