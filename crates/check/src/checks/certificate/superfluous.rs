//! F315: more certificates than needed.

use super::sighting::{called, chain_of};
use crate::checks::file::owner::{is_certificate, owned};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F315",
    title: "the chain holds certificates that do not belong in it",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 8446 section 4.4.2 (the root may be left out)",
    meaning: "The anchor itself need not be sent: who does not have it will not believe it either. Certificates \
              that are no issuers of the leaf are carried along in every handshake, and some clients stumble over \
              them.",
    remedy: "Keep the own certificate and its intermediates in the file, and nothing else",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut chains: Vec<(String, &str, Vec<&Certificate>)> = Vec::new();
    for one in owned(seen)
        .into_iter()
        .filter(|one| is_certificate(one.file.role))
    {
        chains.push((one.file.shown(), one.scope, chain_of(one.file)));
    }
    for end in &seen.endpoints {
        chains.push((end.label.clone(), &end.label, end.chain.iter().collect()));
    }
    for (service, door) in seen.doors() {
        let chain = door.chain.iter().collect();
        chains.push((door.seen.address.clone(), &service.label, chain));
    }
    let mut spots = Vec::new();
    for (place, scope, chain) in &chains {
        let Some((leaf, others)) = chain.split_first().filter(|(leaf, _)| !leaf.is_ca()) else {
            continue;
        };
        for other in others {
            let belongs = chain
                .iter()
                .any(|one| one != other && one.issuer_der() == other.subject_der());
            let cause = match (belongs, other.is_self_issued()) {
                (true, false) => continue,
                (true, true) => format!(
                    "{} is the root itself, which need not be sent",
                    called(other)
                ),
                (false, _) => format!("{} is not an issuer of {}", called(other), called(leaf)),
            };
            spots.push(Spot::new(place.clone(), cause).of(scope).about(other));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn superfluous() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let anchor = world.server_anchor.certificate().clone();
        world.serve(&[world.server.clone(), anchor]);
        assert_eq!(world.codes(), ["SL-F315"]);
        assert_eq!(world.look(&CHECK).len(), 2);
    }
}
