//! F319: a leaf that outlives its anchor.

use super::path::vouches;
use super::sighting::{authorities, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F319",
    title: "a trust anchor expires before a certificate below it",
    severity: Severity::Soon,
    stage: Stage::Keeping,
    source: "RFC 5280 section 6.1: every certificate of the path must be valid",
    meaning: "The leaf says that it is good for longer, and it is not: on the day when its anchor expires it is \
              refused too. Whoever watches the dates of leaves alone is surprised then.",
    remedy: "Replace the anchor before that day; nobody is locked out on the way:\n  sealock ca rotate",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for one in sightings(seen).iter().filter(|one| one.part.is_leaf()) {
        let ends = |anchor: &&Certificate| {
            anchor.not_after() < one.certificate.not_after()
                && anchor.not_after() >= seen.now
                && *anchor != one.certificate
                && vouches(anchor, one.certificate)
        };
        if let Some(anchor) = authorities(seen).find(ends) {
            let cause = format!(
                "{} ends on {}, its anchor on {}",
                called(one.certificate),
                one.certificate.not_after(),
                anchor.not_after()
            );
            spots.push(one.spot(cause).severity(Severity::Soon));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn anchor_outlived() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let names = forge::names(&[NAME], &[]);
        let purposes = forge::purposes(&[forge::SERVER_AUTH]);
        let anchor = anchor_at(Purpose::Server, 1, NOW - 100 * DAY, 600 * DAY);
        let leaf = forge::Forge::leaf(NAME, &world.server_key, anchor.certificate(), anchor.key());
        let leaf = leaf
            .with(names)
            .with(purposes)
            .dates(NOW - DAY, NOW + 700 * DAY)
            .sign();
        world.believe(&[anchor.certificate().clone()]);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F319"]);
    }
}
