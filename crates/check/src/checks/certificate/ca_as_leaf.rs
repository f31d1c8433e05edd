//! F311: a CA's certificate in the place of a leaf.

use super::naming::carries;
use super::path::{Lead, clients_here, servers};
use super::sighting::{Part, Sighting, called, leaf_of, sightings};
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F311",
    title: "the certificate of a CA stands in the place of a server's or client's own",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.9; CA/Browser Forum Baseline Requirements section 7.1.2.7; rustls-webpki \
              CaUsedAsEndEntity",
    meaning: "A CA signs certificates and does not serve connections. Mostly the wrong file was copied. Where it \
              does work, the key of the CA lies on a machine that talks to the network: whoever takes it makes \
              certificates of every name.",
    remedy: "Put the own certificate in its place, or issue one:\n  sealock apply",
    explains: &["SL-F408", "SL-F316", "SL-F338", "SL-F332", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part.is_leaf() && one.certificate.is_ca())
        .map(|one| {
            let spot = one.spot(format!("{} is a CA (CA:TRUE)", called(one.certificate)));
            match (one.part, one.bite) {
                // Go takes a CA for a leaf when its chain leads to an anchor; OpenSSL and others do not.
                (Part::Server, Severity::Down) if is_taken(seen, one) => {
                    spot.severity(Severity::LockedOut)
                }
                (Part::Client, _) if is_taken(seen, one) => spot.severity(Severity::Weak),
                _ => spot,
            }
        })
        .collect()
}

/// Whether Docker makes do with it.
fn is_taken(seen: &Seen, one: &Sighting<'_>) -> bool {
    let judged = match one.part {
        Part::Server => servers(seen),
        _ => clients_here(seen),
    };
    let leads = judged.iter().any(|judged| {
        leaf_of(&judged.chain) == Some(one.certificate) && judged.lead(seen) == Some(Lead::Anchor)
    });
    let called = seen
        .endpoints
        .iter()
        .all(|end| end.leaf() != Some(one.certificate) || carries(one.certificate, &end.name));
    let came = seen
        .endpoints
        .iter()
        .any(|end| end.rightful.first() == Some(one.certificate) && end.lets_in(Visitor::Rightful));
    leads && called || came
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;

    #[test]
    fn ca_as_leaf() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let anchor = world.server_anchor.certificate().clone();
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[anchor])));
        assert_eq!(world.codes(), ["SL-F311"]);
        let mut world = World::new();
        let anchor = world.server_anchor.certificate().clone();
        world.serve(&[anchor]);
        assert_eq!(world.codes()[0], "SL-F311");
        let down = Some(Severity::Down);
        assert!(world.look(&CHECK).iter().any(|spot| spot.severity == down));
    }

    #[test]
    fn what_docker_makes_do_with_does_not_shut_everybody_out() {
        let mut world = World::new();
        let authority = world
            .forged_server()
            .with(forge::ca())
            .with(forge::names(&[NAME], &[]))
            .sign();
        world.serve(&[authority]);
        let spots = world.look(&CHECK);
        assert!(!spots.is_empty());
        assert!(
            spots
                .iter()
                .all(|spot| spot.severity >= Some(Severity::LockedOut)),
            "{spots:?}"
        );
    }
}
