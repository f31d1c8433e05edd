//! F316: no anchor of the client vouches for the server.

use super::path::{Lead, can_vouch, lead, servers};
use super::sighting::{called, leaf_of};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F316",
    title: "the server certificate was not issued by an authority that the client trusts",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 6.1; Go crypto/x509 Verify: certificate signed by unknown authority",
    meaning: "The chain ends at an authority that is not in the client's ca.pem. Either the server was given a \
              certificate by somebody else, or the client has the wrong or an old ca.pem. It can also be an \
              attacker in between, which is what the client protects itself from.",
    remedy: "Compare the issuer of the server certificate with the ca.pem of the client:\n  sealock cert show \
              ca.pem\nand copy the right ca.pem to the client",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let kept: Vec<&Certificate> = seen
        .keeping
        .iter()
        .flat_map(|keeping| &keeping.anchors)
        .map(|one| &one.certificate)
        .collect();
    let mut spots = Vec::new();
    let all = servers(seen);
    for judged in all
        .iter()
        .filter(|judged| judged.anchors.iter().any(|anchor| can_vouch(anchor)))
    {
        let (Some(Lead::Stranger(child)), Some(leaf)) = (judged.lead(seen), leaf_of(&judged.chain))
        else {
            continue;
        };
        // When it was a client's own anchors that judged, and the vault knows better, the client is at fault.
        let by_client = judged.bite != Severity::LockedOut
            && all
                .iter()
                .any(|other| other.bite == Severity::LockedOut && other.anchors == judged.anchors)
            && matches!(lead(seen, &judged.chain, &kept), Some(Lead::Anchor));
        if leaf.is_ca() || by_client {
            continue;
        }
        let anchors: Vec<String> = judged
            .anchors
            .iter()
            .take(4)
            .map(|anchor| called(anchor))
            .collect();
        let cause = format!(
            "{} was issued by `{}`; trusted are {}",
            called(child),
            child.issuer(),
            anchors.join(", ")
        );
        let place = if judged.bite == Severity::LockedOut {
            &judged.judge
        } else {
            &judged.place
        };
        spots.push(judged.spot(place, cause));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;
    use crate::{Perspective, Severity, findings};
    use sealock_pki::Purpose;

    #[test]
    fn unknown_authority() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let foreign = anchor(Purpose::Server, 1);
        let bytes = pem(&[foreign.certificate().clone()]);
        world.client_file(Role::ClientAnchors).state = FileState::Read(Contents::read(&bytes));
        assert_eq!(world.codes(), ["SL-F316"]);
        assert_eq!(world.look(&CHECK)[0].place, "/root/.docker/ca.pem");
        world.endpoint_mut().anchors = vec![foreign.certificate().clone()];
        assert_eq!(world.codes(), ["SL-F316"]);
        assert_eq!(world.look(&CHECK).len(), 1);
    }

    #[test]
    fn what_the_next_restart_loads_is_judged_before() {
        let mut world = World::new();
        world.seen.keeping = None;
        world.host_mut().stale = true;
        let foreign = anchor(Purpose::Server, 1);
        let leaf = server_leaf(
            &foreign,
            &world.server_key,
            &[NAME, ADDRESS],
            NOW - DAY,
            80 * DAY,
        );
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[leaf])));
        let found = findings(&world.seen, Perspective::Service);
        assert_eq!(
            (found[0].check.code, found[0].severity),
            ("SL-F316", Severity::Latent)
        );
    }
}
