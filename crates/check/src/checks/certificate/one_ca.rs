//! F333: one CA for servers and clients.

use super::path::vouches;
use super::sighting::{chain_of, host_file, leaf_of};
use crate::seen::{Endpoint, Role};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F333",
    title: "one CA vouches for servers and for clients",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, Protect the Docker daemon socket (its recipe uses one CA for both); RFC 5280 \
              section 4.2.1.12",
    meaning: "The daemon lets in whoever has a certificate of the CA that also issued its own. What separates \
              server and client is the purpose in the certificate alone: a server certificate without one, or \
              with both, is a client too, and who steals a daemon's key is root on the others.",
    remedy: "Have two anchors, one for each direction. An import and a rotation lead there, and nobody is locked out:\n  sealock ca import FOLDER\n  sealock ca rotate",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let cause = "the CA of the server certificate is also trusted for clients";
    let disk = seen.host.as_ref().map(|host| {
        (
            host_file(host, Role::ServerCertificate),
            host_file(host, Role::DaemonAnchors),
        )
    });
    if let Some((Some(server), Some(anchors))) = disk {
        let chain = chain_of(server);
        let leaf = leaf_of(&chain).filter(|leaf| !leaf.is_ca() && !leaf.is_self_issued());
        let shared =
            leaf.is_some_and(|leaf| chain_of(anchors).iter().any(|anchor| vouches(anchor, leaf)));
        let spot = Spot::new(anchors.shown(), cause);
        return if shared { vec![spot] } else { Vec::new() };
    }
    let one = |end: &&Endpoint| {
        end.leaf().is_some_and(|leaf| {
            !leaf.is_ca()
                && !leaf.is_self_issued()
                && end.authorities.iter().any(|name| name == leaf.issuer_der())
        })
    };
    seen.endpoints
        .iter()
        .filter(one)
        .map(|end| Spot::new(end.label.clone(), cause).of(&end.label))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn one_ca() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let both = anchor(Purpose::Server, 1);
        let certificate = both.certificate().clone();
        world.host_mut().cloaked = false;
        world.believe(std::slice::from_ref(&certificate));
        let leaf = server_leaf(&both, &world.server_key, &[NAME], NOW, 90 * DAY);
        world.serve(&[leaf]);
        let client = client_leaf(&both, &world.client_key, "alice", NOW, 90 * DAY);
        world.come_as(&[client]);
        world.daemon_file(Role::DaemonAnchors).state =
            FileState::Read(Contents::read(&pem(std::slice::from_ref(&certificate))));
        world.endpoint_mut().authorities = vec![certificate.subject_der().to_vec()];
        assert_eq!(world.codes(), ["SL-F333"]);
        world.seen.host = None;
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
