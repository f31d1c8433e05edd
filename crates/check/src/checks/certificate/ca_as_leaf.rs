//! F311: a CA's certificate in the place of a leaf.

use super::sighting::{called, sightings};
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
        .map(|one| one.spot(format!("{} is a CA (CA:TRUE)", called(one.certificate))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
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
    }
}
