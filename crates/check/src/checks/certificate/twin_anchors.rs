//! F327: two anchors of one name.

use super::sighting::{called, chain_of};
use crate::checks::file::owner::{is_anchors, owned};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F327",
    title: "two anchors have the same subject and different keys",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "RFC 4210 section 4.4; RFC 5280 section 4.2.1.1 (authority key identifier)",
    meaning: "The CA was made again under its old name. Go tries both; other clients take the first that has the \
              name, verify with the wrong key and say that the signature is bad. Which one it is depends on the \
              order in the file.",
    remedy: "Give the newer anchor a subject of its own, which says its generation: sealock does so by itself.\n  sealock ca rotate",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    for one in owned(seen)
        .into_iter()
        .filter(|one| is_anchors(one.file.role))
    {
        if let Some((first, cause)) = twins(&chain_of(one.file)) {
            spots.push(one.spot(cause).severity(Severity::Weak).about(first));
        }
    }
    for end in &seen.endpoints {
        let anchors: Vec<&Certificate> = end.anchors.iter().collect();
        let told = |first: &Certificate| {
            let about = Some(first.fingerprint());
            spots.iter().any(|spot| spot.about == about)
        };
        if let Some((first, cause)) = twins(&anchors).filter(|(first, _)| !told(first)) {
            let place = format!("{}, judged by these anchors", end.label);
            spots.push(Spot::new(place, cause).of(&end.label).about(first));
        }
    }
    spots
}

/// The first anchor that has a twin among the others, and what to say of them.
fn twins<'a>(anchors: &[&'a Certificate]) -> Option<(&'a Certificate, String)> {
    anchors.iter().enumerate().find_map(|(at, first)| {
        let twin = |other: &&&Certificate| {
            other.subject_der() == first.subject_der() && other.spki_der() != first.spki_der()
        };
        let other = anchors.iter().skip(at + 1).find(twin)?;
        let cause = format!(
            "{} is there with the keys {} and {}",
            called(first),
            first.key_id(),
            other.key_id()
        );
        Some((*first, cause))
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn twin_anchors() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let own = world.server_anchor.certificate().clone();
        let twin_key = key();
        let mut twin = forge::Forge::root("x", &twin_key).with(forge::ca());
        twin.subject = own.subject_der().to_vec();
        twin.issuer = twin.subject.clone();
        world.believe(&[own, twin.sign()]);
        assert_eq!(world.codes(), ["SL-F327"]);
        // From outside there are no files, only the anchors that judge.
        world.seen.host = None;
        world.seen.clients.clear();
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
