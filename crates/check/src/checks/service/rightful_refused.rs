//! F656: a service that turns away the client that should get in.

use crate::seen::service::Passage;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F656",
    title: "a service refuses the rightful client",
    severity: Severity::Down,
    stage: Stage::ClientCertificate,
    source: "RFC 8446 §6.2 (alerts about certificates); PostgreSQL 15 documentation §21.12 (clientcert), SQLSTATE 28000",
    meaning: "The service was reached, showed its certificate, and turned away a client that came with ours. Mostly it judges by other \
              authorities than those that issue your clients' certificates: an older list that it still has in memory, or another file. \
              It can also be a rule about names: PostgreSQL's clientcert=verify-full lets in whoever is called like the role that he \
              asks for. What is quoted is the service's own reason.",
    remedy: "Compare the issuer of the client's certificate (`sealock cert show cert.pem`) with the authorities in the service's file, and \
             let it read that file again. Where sealock writes it:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    seen.doors()
        .filter_map(|(service, door)| {
            let with = door.seen.with.as_ref()?;
            let who = door.rightful.first().map_or_else(
                || "the rightful client".to_owned(),
                |leaf| {
                    let (subject, issuer) = (leaf.subject(), leaf.issuer());
                    escape(&format!("the certificate of {subject} signed by {issuer}"))
                },
            );
            let cause = format!(
                "{}: {who} was answered with {}",
                door.seen.protocol, with.said
            );
            let spot = Spot::new(&*door.seen.address, cause).of(&service.label);
            (with.verdict == Passage::Refused).then_some(spot)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::service::{Entry, Passage};
    use crate::testing::World;

    #[test]
    fn a_rightful_client_that_is_refused() {
        for (verdict, expected) in [
            (Passage::In, 0),
            (Passage::Refused, 1),
            (Passage::NoTls, 0),
            (Passage::Unclear, 0),
        ] {
            let mut world = World::new().with_service();
            world.door_mut().seen.with = Some(Entry {
                verdict,
                said: "the alert unknown_ca".to_owned(),
            });
            let found = world.look(&CHECK);
            assert_eq!(found.len(), expected, "{verdict:?}");
            if expected == 1 {
                assert!(
                    found[0]
                        .cause
                        .starts_with("redis: the certificate of CN=alice")
                        && found[0]
                            .cause
                            .ends_with("was answered with the alert unknown_ca"),
                    "{}",
                    found[0].cause
                );
                assert_eq!(world.codes(), ["SL-F656"]);
            }
        }
        let mut world = World::new().with_service();
        world.door_mut().seen.with = None;
        assert_eq!(world.look(&CHECK), []);
    }
}
