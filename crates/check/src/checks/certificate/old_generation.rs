//! F331: a server certificate that is not of the current anchor.

use super::path::vouches;
use super::sighting::{called, chain_of, host_file, leaf_of};
use crate::Mend;
use crate::checks::file::owner::daemon_bite;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Purpose;

pub(super) const CHECK: Check = Check {
    code: "SL-F331",
    title: "the daemon's certificate is not by the current anchor of its authority",
    severity: Severity::Latent,
    stage: Stage::ServerCertificate,
    source: "RFC 4210 section 4.4 (root CA key update); the vault of sealock",
    meaning: "Clients believe the server anchor of this host's authority. A certificate by an older generation \
              works until that generation is taken out of the clients' ca.pem; a certificate by somebody else \
              does not work at all.",
    remedy: "sealock apply",
    explains: &["SL-F304", "SL-F305", "SL-F316", "SL-F332"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let (Some(host), Some(keeping)) = (
        seen.host.as_ref().filter(|host| host.cloaked),
        &seen.keeping,
    ) else {
        return Vec::new();
    };
    let anchors: Vec<_> = keeping
        .anchors
        .iter()
        .filter(|anchor| anchor.purpose == Purpose::Server)
        .collect();
    let Some(file) = host_file(host, Role::ServerCertificate).filter(|_| !anchors.is_empty())
    else {
        return Vec::new();
    };
    let chain = chain_of(file);
    let Some(leaf) = leaf_of(&chain).filter(|leaf| !leaf.is_ca()) else {
        return Vec::new();
    };
    let vouching = anchors
        .iter()
        .find(|anchor| vouches(&anchor.certificate, leaf) || chain.contains(&&anchor.certificate));
    let (cause, weak) = match vouching {
        Some(anchor) if anchor.current => return Vec::new(),
        Some(anchor) => (
            format!("{} is of generation {}", called(leaf), anchor.generation),
            true,
        ),
        None => (
            format!(
                "{} was issued by `{}`, which the vault does not know",
                called(leaf),
                leaf.issuer()
            ),
            false,
        ),
    };
    let severity = if weak {
        Severity::Weak
    } else {
        daemon_bite(seen)
    };
    let spot = |place: String| {
        Spot::new(place, cause.clone())
            .about(leaf)
            .mend(Mend::Apply)
    };
    let mut spots = vec![spot(file.shown()).severity(severity)];
    for end in seen.endpoints.iter().filter(|end| end.leaf() == Some(leaf)) {
        let severity = if weak { Severity::Weak } else { Severity::Down };
        spots.push(spot(end.label.clone()).of(&end.label).severity(severity));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn old_generation() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let foreign = anchor(Purpose::Server, 1);
        let leaf = server_leaf(&foreign, &world.server_key, &[NAME], NOW, 90 * DAY);
        world.serve(std::slice::from_ref(&leaf));
        assert_eq!(world.codes(), ["SL-F331"]);
        assert_eq!(world.look(&CHECK)[1].severity, Some(Severity::Down));
        // Not restarted yet.
        let mut world = World::new();
        let leaf = server_leaf(&foreign, &world.server_key, &[NAME], NOW, 90 * DAY);
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[leaf])));
        assert_eq!(world.codes(), ["SL-F331"]);
        let mut world = World::new();
        world.seen.keeping.as_mut().unwrap().anchors[0].current = false;
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
    }
}
