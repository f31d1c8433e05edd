//! F521: a certificate that was revoked or withdrawn is still in use.

use super::{endpoint, file_place};
use crate::seen::{LeafState, Outcome, Role, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F521",
    title: "a client still has a certificate that was taken from it",
    severity: Severity::Weak,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §3.3 (revocation), the vault's inventory; dockerd reads no revocation list",
    meaning: "The authority has revoked this certificate or removed its client, and the copy still lies here with its key. A stock dockerd \
              knows no revocation: the copy opens the door until it expires or the client anchor is replaced. A gateway in front of the \
              daemon refuses it, and then this client gets no answer.",
    remedy: "Remove the copy. To end what it can do before its date, replace the client anchor, or put a gateway in front of the daemon.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    let Some(keeping) = &seen.keeping else {
        return spots;
    };
    for client in &seen.clients {
        let file = client.file(Role::ClientCertificate);
        let Some(leaf) = file.and_then(|file| file.contents()?.certificates().next()) else {
            continue;
        };
        let known = keeping.leaves.iter().find(|known| {
            known.certificate.fingerprint() == leaf.fingerprint()
                && matches!(known.state, LeafState::Revoked | LeafState::Withdrawn)
        });
        let Some(known) = known.filter(|_| leaf.not_after() > seen.now) else {
            continue;
        };
        let word = match known.state {
            LeafState::Revoked => "revoked",
            _ => "withdrawn",
        };
        let refused = endpoint(seen, client).is_some_and(|end| {
            let mut visits = end.outcomes(Visitor::Revoked).peekable();
            visits.peek().is_some() && visits.all(|visit| visit.outcome != Outcome::In)
        });
        let cause = format!(
            "the certificate of {} was {word} and does not end before {}",
            escape(&known.identity),
            leaf.not_after()
        );
        spots.push(
            Spot::new(file_place(client, Role::ClientCertificate), cause)
                .severity(if refused {
                    Severity::LockedOut
                } else {
                    Severity::Weak
                })
                .about(leaf)
                .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::codes;
    use crate::seen::{LeafState, Outcome, Protocol, Visit, Visitor};
    use crate::testing::World;

    #[test]
    fn revoked_and_withdrawn_certificates_are_found() {
        for state in [LeafState::Revoked, LeafState::Withdrawn] {
            let mut world = World::new();
            let fingerprint = world.client.fingerprint();
            let keeping = world.seen.keeping.as_mut().unwrap();
            let mut leaves = keeping.leaves.iter_mut();
            let leaf = leaves
                .find(|leaf| leaf.certificate.fingerprint() == fingerprint)
                .unwrap();
            leaf.state = state;
            assert_eq!(codes(&world), ["SL-F521"]);
            assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
            world.endpoint_mut().visits.push(Visit {
                visitor: Visitor::Revoked,
                protocol: Some(Protocol::Tls13),
                outcome: Outcome::Alert("certificate_revoked".to_owned(), 44),
            });
            assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        }
    }
}
