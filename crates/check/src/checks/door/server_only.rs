//! F102: TLS, and nobody is asked for a certificate.

use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F102",
    title: "a client without a certificate gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "moby daemon/command/daemon.go (tlsverify false with tls true); RFC 8446 §4.3.2",
    meaning: "The connection is encrypted and the server proves who it is, but nobody asks who the client is. Whoever reaches \
              the address can start a container that mounts / and is root on the host. Encryption keeps others from reading \
              along; it keeps nobody out.",
    remedy: "sealock up",
    explains: &["SL-F103", "SL-F105", "SL-F106", "SL-F107"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let open = seen
        .endpoints
        .iter()
        .filter(|end| end.lets_in(Visitor::NoCertificate));
    open.map(|end| {
        Spot::new(
            end.label.clone(),
            format!(
                "GET /_ping over TLS without a certificate was answered by {}; expected a refusal",
                end.address
            ),
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
            visitor: Visitor::NoCertificate,
            protocol: Some(Protocol::Tls13),
            outcome: Outcome::In,
        });
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.codes(), ["SL-F102"]);
    }
}
