//! F703: suites that protect little or nothing.

use super::listed;
use crate::seen::Flaw;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F703",
    title: "suites without forward secrecy, or weaker ones, are offered",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 9325 §4.1; RFC 7465 §2 (RC4); RFC 9155; CVE-2016-2183 (64-bit blocks)",
    meaning: "Without forward secrecy (static RSA), whoever gets hold of the server's key one day reads everything \
              that was recorded before. RC4, blocks of 64 bits and keys of 40 bits can be broken in practice. With \
              NULL nothing is encrypted, and with anonymous suites the server shows no certificate at all. dockerd \
              offers none of these, so something else answers here.",
    remedy: "Leave only ECDHE suites with GCM or ChaCha20 where TLS ends; it is what stands in front of the daemon (a \
              proxy, a load balancer, an old program): dockerd has no setting for this.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let Some(scan) = &end.scan else { continue };
        let mut causes = Vec::new();
        for flaw in Flaw::ALL.into_iter().filter(|flaw| *flaw != Flaw::Cbc) {
            let found = scan
                .suites
                .iter()
                .filter(|suite| suite.flaw() == Some(flaw));
            if let Some(list) = listed(found.map(|suite| suite.name.as_str())) {
                causes.push(format!("{}: {list}", flaw.words()));
            }
        }
        if !causes.is_empty() {
            spots.push(Spot::new(end.label.clone(), causes.join("; ")).of(&end.label));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::{with, with_suites};

    #[test]
    fn weak_suites_are_found_by_their_flaw() {
        for (number, name, word) in [
            (0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", "no forward secrecy"),
            (
                0x009c,
                "TLS_RSA_WITH_AES_128_GCM_SHA256",
                "no forward secrecy",
            ),
            (0x0005, "TLS_RSA_WITH_RC4_128_SHA", "RC4"),
            (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "64-bit blocks"),
            (0x0001, "TLS_RSA_WITH_NULL_MD5", "no encryption"),
            (
                0x0034,
                "TLS_DH_anon_WITH_AES_128_CBC_SHA",
                "no server certificate",
            ),
            (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "40-bit keys"),
        ] {
            let spots = with_suites(&[(number, name)]).look(&CHECK);
            assert!(spots[0].cause.starts_with(word), "{}", spots[0].cause);
        }
        assert!(with(|_| {}).look(&CHECK).is_empty());
    }
}
