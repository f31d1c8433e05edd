//! F107: revoked, and still in.

use super::let_in::let_in;
use crate::seen::{LeafState, Role, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use sealock_pki::Purpose;

pub(super) const CHECK: Check = Check {
    code: "SL-F107",
    title: "a revoked client certificate gets in",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 5280 §5; moby vendor go-connections tlsconfig (no revocation list is ever read)",
    meaning: "dockerd reads no revocation list and asks nobody: a certificate that was revoked opens the API until its last \
              day, as long as its authority is trusted. Whoever holds the stolen key is root on the host until then. To end \
              it, the anchor that signed it has to go from tlscacert, and every other client needs a certificate of a new one.",
    remedy: "sealock cert revoke NAME --swap      # a new client anchor, and everybody else on it; the daemon restarts once",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut found = let_in(seen, Visitor::Revoked, "with a revoked client certificate");
    if found.is_empty() {
        found.extend(trusted(seen));
    }
    found
}

/// Revoked leaves whose anchor the daemon of this host still trusts.
fn trusted(seen: &Seen) -> Vec<Spot> {
    let (Some(host), Some(keeping)) = (&seen.host, &seen.keeping) else {
        return Vec::new();
    };
    let Some(anchors) = host
        .files
        .iter()
        .find(|file| file.role == Role::DaemonAnchors)
        .filter(|_| !host.listeners.is_empty())
    else {
        return Vec::new();
    };
    let revoked = keeping.leaves.iter().filter(|leaf| {
        leaf.state == LeafState::Revoked
            && leaf.purpose == Purpose::Client
            && leaf.certificate.not_after() > seen.now
    });
    revoked
        .filter(|leaf| {
            let issuers = keeping.anchors.iter().filter(|anchor| {
                anchor.purpose == leaf.purpose && anchor.generation == leaf.generation
            });
            issuers.into_iter().any(|anchor| {
                anchors.contents().is_some_and(|contents| {
                    contents
                        .certificates()
                        .any(|trusted| trusted.fingerprint() == anchor.certificate.fingerprint())
                })
            })
        })
        .map(|leaf| {
            Spot::new(
                anchors.shown(),
                format!(
                    "the certificate {} of {} was revoked and lives until {}; its anchor, generation {}, is still trusted here",
                    leaf.certificate.serial(),
                    escape(&leaf.identity),
                    leaf.certificate.not_after(),
                    leaf.generation
                ),
            )
            .about(&leaf.certificate)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{LeafState, Outcome, Role, Visit, Visitor};
    use crate::testing::World;

    #[test]
    fn the_wire_and_the_inventory_tell() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.seen.keeping.as_mut().unwrap().leaves[1].state = LeafState::Revoked;
        assert_eq!(world.look(&CHECK).len(), 1);
        let other = world.server.clone();
        *world.daemon_file(Role::DaemonAnchors) = crate::testing::file(
            "/etc/docker/tls/ca.pem",
            Role::DaemonAnchors,
            &crate::testing::pem(&[other]),
        );
        assert_eq!(
            world.look(&CHECK),
            vec![],
            "its anchor is not trusted any more"
        );
        world.endpoint_mut().visits.push(Visit {
            visitor: Visitor::Revoked,
            protocol: None,
            outcome: Outcome::In,
        });
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
