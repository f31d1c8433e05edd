//! F706: no common version or suite.

use super::offered;
use crate::seen::{Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F706",
    title: "no version or suite of TLS in common",
    severity: Severity::Down,
    stage: Stage::Handshake,
    source: "RFC 8446 §4.1.1 and §6.2 (handshake_failure, protocol_version); docker/go-connections \
              tlsconfig/config.go (client)",
    meaning: "The docker CLI offers TLS 1.2 and 1.3 with ECDHE and GCM or ChaCha20. The server ended the handshake \
              before it showed a certificate, because it speaks none of that. No client gets in, whatever its \
              certificate is. dockerd itself never does this.",
    remedy: "Allow TLS 1.2 or 1.3 with ECDHE-GCM suites where TLS ends, or reach the daemon without what stands in \
              between.",
    explains: &["SL-F704"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in seen.endpoints.iter().filter(|end| end.chain_size.0 == 0) {
        let mut alerts = Vec::new();
        let mut visits = 0;
        for visit in end.outcomes(Visitor::NoCertificate) {
            visits += 1;
            match &visit.outcome {
                Outcome::Alert(name, number @ (40 | 70 | 71)) => {
                    alerts.push(format!("alert {name} ({number})"));
                }
                // It chose what was not offered, as servers did that know no newer version.
                Outcome::Nonsense(what) if what.starts_with("peer is incompatible") => {
                    alerts.push(what.clone());
                }
                _ => {}
            }
        }
        if visits == 0 || alerts.len() < visits {
            continue;
        }
        alerts.dedup();
        let mut cause = format!(
            "TLS 1.2 and 1.3 with ECDHE were offered, the answer was {}",
            alerts.join(" and ")
        );
        if let Some(theirs) = end.scan.as_ref().and_then(offered) {
            cause.push_str(&format!("; the server speaks {theirs}"));
        }
        spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::wire::table::offering;
    use crate::seen::{Outcome, Protocol, Visitor};

    #[test]
    fn an_alert_before_any_certificate_is_found() {
        let mut world = offering(&[Protocol::Tls11]);
        let end = world.endpoint_mut();
        end.chain.clear();
        end.chain_size = (0, 0);
        end.visits
            .retain(|visit| visit.visitor == Visitor::NoCertificate);
        for visit in &mut end.visits {
            visit.outcome = Outcome::Alert("protocol_version".to_owned(), 70);
        }
        let spots = world.look(&CHECK);
        assert!(
            spots[0].cause.ends_with("the server speaks TLS 1.1"),
            "{}",
            spots[0].cause
        );
        for visit in &mut world.endpoint_mut().visits {
            visit.outcome =
                Outcome::Nonsense("peer is incompatible: ServerDoesNotSupport".to_owned());
        }
        assert_eq!(world.look(&CHECK).len(), 1);
        // With a certificate shown, the same alert is about the client.
        world.endpoint_mut().chain_size = (1, 500);
        assert!(world.look(&CHECK).is_empty());
    }
}
