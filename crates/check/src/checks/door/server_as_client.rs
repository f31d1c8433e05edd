//! F106: a server's certificate opens the API.

use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F106",
    title: "a server's certificate gets in as a client",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §4.2.1.12; Go crypto/x509, VerifyOptions.KeyUsages",
    meaning: "A certificate that was made for a server was accepted as a client's. Whoever reads the key of one server of this \
              authority is root on this host, and on every other that trusts the same authority. It happens when server \
              certificates carry both usages, or none, and one authority signs servers and clients.",
    remedy: "Give servers certificates with serverAuth only, and sign clients with an anchor of their own:\nsealock up",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let open = seen
        .endpoints
        .iter()
        .filter(|end| end.lets_in(Visitor::ServerAsClient));
    open.map(|end| {
        Spot::new(
            end.label.clone(),
            format!(
                "GET /_ping with a server's certificate was answered by {}; expected a refusal",
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
            visitor: Visitor::ServerAsClient,
            protocol: Some(Protocol::Tls13),
            outcome: Outcome::In,
        });
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.codes(), ["SL-F106"]);
    }
}
