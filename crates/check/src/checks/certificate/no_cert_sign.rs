//! F325: a CA that may not sign certificates.

use super::anchor_expired::bite;
use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F325",
    title: "a CA may not sign certificates",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 4.2.1.3 (keyCertSign) and 6.1.4 (n); Go crypto/x509 CheckSignatureFrom: parent \
              certificate cannot sign this kind of certificate",
    meaning: "The certificate states a key usage, and keyCertSign is not in it: what it signed is not accepted. A \
              CA that states no key usage at all, as Docker's own recipe makes it, is accepted and is no finding.",
    remedy: "Make a new authority, and issue again:\n  sealock ca create",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let all = sightings(seen);
    all.iter()
        .filter(|one| one.part.is_anchor() || (one.part == Part::Issuer && one.certificate.is_ca()))
        .filter(|one| one.certificate.is_ca())
        .filter_map(|one| {
            let usage = one
                .certificate
                .describe()
                .key_usage
                .filter(|usage| !usage.cert_sign())?;
            Some(
                one.spot(format!(
                    "{}: its key usage is {usage}",
                    called(one.certificate)
                ))
                .severity(bite(one, &all)),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn no_cert_sign() {
        assert_eq!(World::new().look(&CHECK), []);
        let world = World::under_root(Some(forge::CRL_SIGN));
        assert_eq!(world.codes(), ["SL-F325"]);
        assert_eq!(World::under_root(None).codes(), Vec::<&str>::new());
    }
}
