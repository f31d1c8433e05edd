//! F334: a leaf that may not sign.

use super::sighting::sightings;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F334",
    title: "the key usage of a certificate lacks digitalSignature",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 8446 section 4.4.2.2; RFC 5246 section 7.4.2; RFC 5280 section 4.2.1.3",
    meaning: "In every handshake of today both sides sign with their keys, and the certificate does not allow \
              that. Go does not look; GnuTLS and others do, and refuse the connection.",
    remedy: "Issue it again; sealock states digitalSignature:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part.is_leaf() && !one.certificate.is_ca())
        .filter_map(|one| {
            let usage = one
                .certificate
                .describe()
                .key_usage
                .filter(|usage| !usage.digital_signature())?;
            Some(
                one.spot(format!("its key usage is {usage}"))
                    .severity(Severity::Weak),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn key_usage() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let forged = world
            .forged_server()
            .with(forge::usage(forge::KEY_ENCIPHERMENT))
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]));
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F334"]);
    }
}
