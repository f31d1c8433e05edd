//! F328: an anchor that is no CA.

use super::path::can_vouch;
use super::sighting::{called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F328",
    title: "a file of anchors holds a certificate that is no CA",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.9 and 6.1.4 (k); Go crypto/x509 CheckSignatureFrom: parent certificate cannot \
              sign this kind of certificate",
    meaning: "A certificate without CA:TRUE vouches for nobody but itself. In the place of the CA it shuts out \
              everybody whose certificate that CA issued. Mostly a server or client certificate was copied over \
              ca.pem.",
    remedy: "Put the certificate of the CA in its place:\n  sealock apply",
    explains: &["SL-F316", "SL-F338", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    all.iter()
        .filter(|one| one.part.is_anchor() && !can_vouch(one.certificate))
        .map(|one| {
            // A leaf that is trusted by itself works, and another CA beside it does its work.
            let pinned = all.iter().any(|other| {
                other.part.is_leaf()
                    && other.certificate == one.certificate
                    && other.part == one.part.leaf()
            });
            let other_ca = all.iter().any(|other| {
                other.place == one.place && other.part == one.part && can_vouch(other.certificate)
            });
            let spot = one.spot(format!("{} is not a CA", called(one.certificate)));
            if pinned || other_ca {
                spot.severity(Severity::Weak)
            } else {
                spot
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;

    #[test]
    fn no_ca() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let leaf = world.client.clone();
        world.client_file(Role::ClientAnchors).state =
            FileState::Read(Contents::read(&pem(&[leaf])));
        assert_eq!(world.codes(), ["SL-F328"]);
        let mut world = World::new();
        let leaf = world.server.clone();
        world.daemon_file(Role::DaemonAnchors).state =
            FileState::Read(Contents::read(&pem(&[leaf])));
        assert_eq!(world.codes(), ["SL-F328"]);
    }
}
