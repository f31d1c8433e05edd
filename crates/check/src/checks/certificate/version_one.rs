//! F323: a CA of version 1.

use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F323",
    title: "a CA certificate is of version 1",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.1.2.1 and 6.1.4 (k); Go crypto/x509 CheckSignatureFrom accepts a parent of version 1",
    meaning: "A certificate of version 1 has no extensions: it does not say that it is a CA, nor what it may \
              sign. Go accepts it as a root, other clients do not, and nothing keeps somebody from using any \
              certificate of that kind as a CA. OpenSSL makes such CAs without an extension file.",
    remedy: "Make a new authority:\n  sealock ca create",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    // What stands behind a leaf and signed nothing there is superfluous, and no CA for that.
    let signs = |ca: &Certificate| {
        all.iter()
            .any(|one| one.certificate != ca && one.certificate.issuer_der() == ca.subject_der())
    };
    all.iter()
        .filter(|one| one.part.is_anchor() || (one.part == Part::Issuer && signs(one.certificate)))
        .filter(|one| one.certificate.describe().version < 3)
        .map(|one| {
            let spot = one.spot(format!(
                "{} is of version 1; 3 is expected",
                called(one.certificate)
            ));
            // Between leaf and root Go takes no CA that does not say so.
            if one.part == Part::Issuer {
                spot
            } else {
                spot.severity(Severity::Weak)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn version_one() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let root_key = key();
        let mut root = forge::Forge::root("old root", &root_key);
        root.version = 1;
        let root = root.sign();
        let leaf = forge::Forge::leaf(NAME, &world.server_key, &root, &root_key)
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]))
            .sign();
        world.believe(&[root]);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F323"]);
    }

    #[test]
    fn what_signs_nothing_is_superfluous_and_no_ca() {
        let mut world = World::new();
        let mut other = forge::Forge::root("somebody", &key());
        other.version = 1;
        world.serve(&[world.server.clone(), other.sign()]);
        assert_eq!(world.codes(), ["SL-F315"]);
    }
}
