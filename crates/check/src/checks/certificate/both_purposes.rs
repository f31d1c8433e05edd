//! F310: a server certificate that is a client too.

use super::sighting::{Part, sightings};
use super::wrong_purpose::serves;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Purpose;

pub(super) const CHECK: Check = Check {
    code: "SL-F310",
    title: "the server certificate is also good for a client",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.2.1.12",
    meaning: "With clientAuth among its purposes, or any purpose, the server certificate gets in as a client at \
              every daemon that trusts its CA. Who steals the key of one daemon is then root on the others.",
    remedy: "Issue it again with the purpose server alone:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    of_both(seen, Part::Server)
}

/// Leaves of this part that are good for servers and for clients.
pub(super) fn of_both(seen: &Seen, part: Part) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == part && !one.certificate.is_ca())
        .filter(|one| {
            serves(one.certificate, Purpose::Server) && serves(one.certificate, Purpose::Client)
        })
        .map(|one| {
            one.spot(format!("its purposes are {}", one.certificate.purposes()))
                .severity(Severity::Weak)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn both_purposes() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let both = forge::purposes(&[forge::SERVER_AUTH, forge::CLIENT_AUTH]);
        let forged = world
            .forged_server()
            .with(both)
            .with(forge::names(&[NAME], &[]));
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F310"]);
    }
}
