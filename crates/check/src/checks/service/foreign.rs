//! F655: a service that asks for certificates, and takes one of anybody's making.

use crate::seen::service::Passage;
use crate::seen::{Service, ServiceDoor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F655",
    title: "a service lets in a client of somebody else's authority",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5246 §7.4.8 (CertificateVerify proves the key, not the issuer); nginx, ssl_verify_client optional_no_ca",
    meaning: "The service asks for a certificate, and took one that no authority of yours has issued: sealock made it for this visit, and \
              so can everybody. Showing a certificate is then no more than a courtesy. Some services are told to ask and not to judge, \
              others trust every authority that the system knows, or have a list of authorities that is too long.",
    remedy: "Name the anchors of your clients, and nobody else's, as the authorities by which the service judges them, and demand that \
             it judges (nginx: ssl_verify_client on; Redis: tls-auth-clients yes; RabbitMQ: verify_peer). Where sealock writes them:\n  \
             sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    seen.doors()
        .filter(|(service, door)| must_show(service, door))
        .filter_map(|(service, door)| {
            let foreign = door.foreign.as_ref()?;
            let spot = Spot::new(
                &*door.seen.address,
                format!(
                    "{}: with a certificate of a foreign authority: {}",
                    door.seen.protocol, foreign.said
                ),
            );
            (foreign.verdict == Passage::In).then(|| spot.of(&service.label))
        })
        .collect()
}

/// Whether a certificate must be shown: because somebody said so, or because whoever shows none is turned away.
fn must_show(service: &Service, door: &ServiceDoor) -> bool {
    let asked = door
        .seen
        .tls
        .as_ref()
        .is_some_and(|sight| sight.asks_for_certificate);
    service.clients == Some(true) || (asked && door.seen.without.verdict == Passage::Refused)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::service::{Entry, Passage};
    use crate::testing::World;

    #[test]
    fn a_foreign_client_that_gets_in() {
        for (clients, asks, without, foreign, expected) in [
            (Some(true), true, Passage::Refused, Passage::In, 1),
            (Some(true), true, Passage::In, Passage::In, 1),
            (Some(true), true, Passage::Refused, Passage::Refused, 0),
            (Some(true), true, Passage::Refused, Passage::Unclear, 0),
            // Nobody said so, but the service itself insists.
            (None, true, Passage::Refused, Passage::In, 1),
            // Who needs no certificate may show any.
            (None, true, Passage::In, Passage::In, 0),
            (Some(false), true, Passage::In, Passage::In, 0),
            (None, false, Passage::Refused, Passage::In, 0),
        ] {
            let mut world = World::new().with_service();
            world.seen.services[0].clients = clients;
            let door = world.door_mut();
            door.seen.without.verdict = without;
            if let Some(sight) = &mut door.seen.tls {
                sight.asks_for_certificate = asks;
            }
            door.foreign = Some(Entry {
                verdict: foreign,
                said: "+PONG".to_owned(),
            });
            let found = world.look(&CHECK);
            assert_eq!(found.len(), expected, "{clients:?} {without:?} {foreign:?}");
            if expected == 1 {
                assert_eq!(found[0].place, "127.0.0.1:6379");
                assert_eq!(found[0].scope, "cache");
                assert_eq!(
                    found[0].cause,
                    "redis: with a certificate of a foreign authority: +PONG"
                );
            }
        }
        let mut world = World::new().with_service();
        world.door_mut().foreign = None;
        assert_eq!(world.look(&CHECK), []);
    }
}
