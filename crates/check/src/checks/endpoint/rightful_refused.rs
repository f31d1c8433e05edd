//! F911: the rightful client is refused.

use super::words;
use crate::seen::{Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F911",
    title: "the rightful client is refused",
    severity: Severity::Down,
    stage: Stage::ClientCertificate,
    source: "RFC 8446 §6.2 (alerts about certificates); crypto/tls of Go, handshake_server.go \
              (processCertsFromClient)",
    meaning: "The server was reached, showed its certificate, asked for one, and did not accept ours. Mostly it trusts \
              another authority: one of an older generation, or a `tlscacert` that was changed while the daemon ran \
              on. What the alert says is the daemon's own reason. When a finding about a certificate explains it, this \
              one is not listed.",
    remedy: "Compare the issuer of the client's certificate (`sealock cert show cert.pem`) with the daemon's \
              `tlscacert`; after a change of files, restart the daemon. On a host of ours: `sealock apply`.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in seen
        .endpoints
        .iter()
        .filter(|end| !end.lets_in(Visitor::Rightful))
    {
        let mut refusals: Vec<String> = end
            .outcomes(Visitor::Rightful)
            .filter(|visit| turns_away(&visit.outcome))
            .map(|visit| words(&visit.outcome))
            .collect();
        refusals.dedup();
        if refusals.is_empty() {
            continue;
        }
        let who = end.rightful.first().map_or_else(
            || "the rightful client".to_owned(),
            |leaf| {
                escape(&format!(
                    "the certificate of {} signed by {}",
                    leaf.subject(),
                    leaf.issuer()
                ))
            },
        );
        let cause = format!("{who} was answered with {}", refusals.join(", "));
        spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
    }
    spots
}

/// Refusals, and whatever else ends the matter before there is an answer.
fn turns_away(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Unreachable(_) | Outcome::SpeaksPlain | Outcome::NotTrusted(_) => true,
        Outcome::Nonsense(what) => what.starts_with("peer is incompatible"),
        outcome => outcome.is_refusal(),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Outcome, Visitor};
    use crate::testing::World;

    #[test]
    fn a_refusal_of_the_rightful_is_found() {
        let mut world = World::new();
        for visit in &mut world.endpoint_mut().visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = Outcome::Alert("unknown_ca".to_owned(), 48);
            }
        }
        let spots = world.look(&CHECK);
        assert!(
            spots[0].cause.ends_with("alert unknown_ca (48)"),
            "{}",
            spots[0].cause
        );
        // One version is enough.
        world.endpoint_mut().visits[1].outcome = Outcome::In;
        assert!(world.look(&CHECK).is_empty());
        world
            .endpoint_mut()
            .visits
            .retain(|visit| visit.visitor != Visitor::Rightful);
        assert!(world.look(&CHECK).is_empty());
    }
}
