//! F324: a CA that may not sign revocation lists.

use super::sighting::{called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F324",
    title: "a CA may not sign revocation lists",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 5280 section 4.2.1.3 (cRLSign) and 6.3.3 (f)",
    meaning: "Its key usage lacks cRLSign, so no list that it signs counts. Docker itself reads no revocation \
              lists; whatever stands in front of it does, and could not lock out a stolen certificate of this CA. \
              mkcert, minica and docker-machine make such CAs.",
    remedy: "Replace the anchor, or live with rotation as the only revocation:\n  sealock ca rotate",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part.is_anchor() && one.certificate.is_ca())
        .filter_map(|one| {
            let usage = one.certificate.describe().key_usage?;
            let lacks = usage.cert_sign() && !usage.crl_sign();
            lacks.then(|| {
                one.spot(format!(
                    "{}: its key usage is {usage}",
                    called(one.certificate)
                ))
                .severity(Severity::Weak)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn no_crl_sign() {
        assert_eq!(World::new().look(&CHECK), []);
        let world = World::under_root(Some(forge::CERT_SIGN));
        assert_eq!(world.codes(), ["SL-F324"]);
    }
}
