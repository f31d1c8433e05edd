//! F103: a certificate of somebody else gets in.

use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F103",
    title: "a client with a certificate of a foreign authority gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §6; Go crypto/tls, ClientAuthType (RequireAnyClientCert)",
    meaning: "A certificate is demanded, but not checked against any authority: one that was made a moment ago, by nobody who \
              is known here, was good enough. Anybody can make such a certificate and is root on the host with it. A proxy in \
              front of the daemon often does this when it asks for a certificate and leaves the check to somebody else.",
    remedy: "Name the authority of your clients where TLS ends: tlscacert for dockerd, the client CA for a proxy.\nFor the daemon of this host: sealock up",
    explains: &["SL-F105", "SL-F106", "SL-F107"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let open = seen
        .endpoints
        .iter()
        .filter(|end| end.lets_in(Visitor::Foreign));
    open.map(|end| {
        Spot::new(
            end.label.clone(),
            format!("GET /_ping with a certificate of an authority made for this look was answered by {}; expected a refusal", end.address),
        )
        .of(&end.label)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Outcome, Protocol, Visit, Visitor};
    use crate::testing::World;

    #[test]
    fn it_is_told_by_the_answer() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.endpoint_mut().visits.push(Visit {
            visitor: Visitor::Foreign,
            protocol: Some(Protocol::Tls13),
            outcome: Outcome::In,
        });
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.codes(), ["SL-F103"]);
    }
}
