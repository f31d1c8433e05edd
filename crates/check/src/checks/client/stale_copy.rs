//! F520: a client still has its old certificate, though there is a newer one.

use super::file_place;
use crate::seen::{LeafState, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F520",
    title: "a client has an old copy of its certificate",
    severity: Severity::Soon,
    stage: Stage::Keeping,
    source: "docker/cli cli/command/context (certificates are copied into the context), the vault's inventory",
    meaning: "Contexts and bundles hold copies. This certificate was renewed, and the new one has not reached this place. The copy works \
              until its own end, or until the authority's generation changes, and then the client is refused although \"the certificate \
              was renewed\".",
    remedy: "Install the new one over it, where the old one is:\n  sealock client install NAME --to PLACE",
    explains: &["SL-F301", "SL-F303"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    let Some(keeping) = &seen.keeping else {
        return spots;
    };
    for client in &seen.clients {
        let file = client.file(Role::ClientCertificate);
        let Some(leaf) = file.and_then(|file| file.contents()?.certificates().next()) else {
            continue;
        };
        let old = keeping.leaves.iter().find(|known| {
            known.certificate.fingerprint() == leaf.fingerprint()
                && known.state == LeafState::Superseded
        });
        let Some(old) = old else {
            continue;
        };
        let newest = keeping
            .leaves
            .iter()
            .filter(|known| {
                known.state == LeafState::Active
                    && known.identity == old.identity
                    && known.purpose == old.purpose
            })
            .max_by_key(|known| known.certificate.not_after());
        let Some(newest) = newest else {
            continue;
        };
        let expired = leaf.not_after() <= seen.now;
        let identity = escape(&old.identity);
        let cause = format!(
            "the copy {} {}; the newest certificate of {identity} lasts until {}",
            if expired { "ended on" } else { "ends on" },
            leaf.not_after(),
            newest.certificate.not_after()
        );
        spots.push(
            Spot::new(file_place(client, Role::ClientCertificate), cause)
                .severity(if expired {
                    Severity::LockedOut
                } else {
                    Severity::Soon
                })
                .about(leaf)
                .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::client::tests::{codes, context};
    use crate::seen::LeafState;
    use crate::testing::{DAY, NOW, client_leaf, key};
    use crate::{Finding, Perspective, Severity, findings};

    #[test]
    fn an_old_copy_is_found_once_there_is_a_newer_one() {
        let mut world = context();
        let fingerprint = world.client.fingerprint();
        let newer = client_leaf(&world.client_anchor, &key(), "alice", NOW, 90 * DAY);
        let keeping = world.seen.keeping.as_mut().unwrap();
        let mut leaves = keeping.leaves.iter_mut();
        let old = leaves
            .find(|leaf| leaf.certificate.fingerprint() == fingerprint)
            .unwrap();
        let mut next = old.clone();
        next.certificate = newer;
        old.state = LeafState::Superseded;
        assert!(codes(&world).is_empty(), "there is no newer one");
        world.seen.keeping.as_mut().unwrap().leaves.push(next);
        assert_eq!(codes(&world), ["SL-F520"]);
        world.seen.now = NOW + 91 * DAY;
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        // That the copy has expired is no finding of its own: a newer one is at hand.
        let told = findings(&world.seen, Perspective::Client);
        let own = |finding: &&Finding| finding.spots[0].scope.starts_with("context");
        let codes: Vec<&str> = told.iter().filter(own).map(|one| one.check.code).collect();
        assert_eq!(codes, ["SL-F520"]);
    }
}
