//! F330: a server certificate of a long life.

use super::sighting::{Part, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::SERVER_LIFE_LIMIT;

pub(super) const CHECK: Check = Check {
    code: "SL-F330",
    title: "the server certificate lives longer than 825 days",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Apple support article HT210176 (825 days for every server certificate); CA/Browser Forum Baseline \
              Requirements section 6.3.2",
    meaning: "Apple's systems refuse server certificates of a longer life, those of private authorities too. \
              Stock Docker knows no revocation: a stolen key is good for as long as the certificate says.",
    remedy: "Issue it again; sealock gives it 90 days and renews it:\n  sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Server && !one.certificate.is_ca())
        .filter_map(|one| {
            let life = one
                .certificate
                .not_after()
                .since(one.certificate.not_before());
            let days = life.as_secs() / 86_400;
            (life > SERVER_LIFE_LIMIT).then(|| {
                one.spot(format!("it lives {days} days"))
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
    fn long_life() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let forged = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]));
        world.serve(&[forged.dates(NOW - DAY, NOW + 900 * DAY).sign()]);
        assert_eq!(world.codes(), ["SL-F330"]);
    }
}
