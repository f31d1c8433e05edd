//! F658: a service that serves another certificate than that of its file.

use crate::checks::certificate::naming::{carries, has_names};
use crate::checks::certificate::path::{Lead, lead};
use crate::checks::certificate::sighting::{called, chain_of, leaf_of};
use crate::seen::{File, Role, Service, ServiceDoor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F658",
    title: "a service serves another certificate than that of its file",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "SQL Server and distribution read their certificates when they start; PostgreSQL 15 documentation §19.9 (a reload reads them again)",
    meaning: "The file was exchanged, and the service goes on with what it read before, until it is told to read again or is started \
              anew. All looks well until the old certificate runs out; then no client gets in, although a good one lies there. It can \
              also be that the service reads another file than the one that its table names.",
    remedy: "Let the service read its files again: the command of `reload` or `restart` in its table does it. When it serves the old one \
             even then, look for the path in the service's own configuration",
    explains: &[
        "SL-F301", "SL-F302", "SL-F303", "SL-F304", "SL-F305", "SL-F306", "SL-F308", "SL-F316",
    ],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for service in &seen.services {
        for door in &service.doors {
            let served: Vec<&Certificate> = door.chain.iter().collect();
            let Some(served) = leaf_of(&served) else {
                continue;
            };
            let held: Vec<(&File, &Certificate)> = service
                .files
                .iter()
                .filter(|file| file.role == Role::ServiceCertificate)
                .filter_map(|file| Some((file, leaf_of(&chain_of(file))?)))
                .collect();
            if held.iter().any(|(_, leaf)| *leaf == served) {
                continue;
            }
            let sound =
                |(file, leaf): &&(&File, &Certificate)| is_sound(seen, service, door, file, leaf);
            let Some((file, leaf)) = held.iter().find(sound) else {
                continue;
            };
            let cause = format!(
                "it serves {} until {}; {} holds another until {}",
                called(served),
                served.not_after(),
                file.shown(),
                leaf.not_after()
            );
            let severity = match served.not_after() < seen.now {
                true => Severity::Down,
                false => Severity::Latent,
            };
            let spot = Spot::new(&*door.seen.address, cause).of(&service.label);
            spots.push(spot.severity(severity));
        }
    }
    spots
}

/// Whether reading the file again would mend it: a certificate that is broken itself is another finding.
fn is_sound(
    seen: &Seen,
    service: &Service,
    door: &ServiceDoor,
    file: &File,
    leaf: &Certificate,
) -> bool {
    let keys = service
        .files
        .iter()
        .filter(|file| file.role == Role::ServiceKey)
        .filter_map(|file| file.contents()?.key()?.spki.as_deref());
    let fits = {
        let mut keys = keys.peekable();
        keys.peek().is_none() || keys.any(|spki| spki == leaf.spki_der())
    };
    let anchors: Vec<&Certificate> = door.anchors.iter().collect();
    let led = anchors.is_empty() || lead(seen, &chain_of(file), &anchors) == Some(Lead::Anchor);
    let named = has_names(leaf) && door.name.as_ref().is_none_or(|name| carries(leaf, name));
    leaf.not_before() <= seen.now
        && leaf.not_after() >= seen.now
        && !leaf.is_ca()
        && fits
        && led
        && named
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::*;

    /// A world whose cache still serves what it read at its start, with this much life.
    fn stale(ends: std::time::Duration) -> World {
        let mut world = World::new().with_service();
        let old = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &["cache.example.org", "127.0.0.1"],
            NOW - DAY / 2,
            ends,
        );
        world.door_mut().chain = vec![old];
        world
    }

    #[test]
    fn what_was_read_before() {
        let world = stale(60 * DAY);
        let found = world.look(&CHECK);
        assert_eq!(found[0].severity, Some(Severity::Latent));
        assert!(
            found[0]
                .cause
                .contains("; /etc/cache/tls/cert.pem holds another until"),
            "{}",
            found[0].cause
        );
        assert_eq!(world.codes()[0], "SL-F658");
    }

    /// That it has expired follows from it, and is not told by itself.
    #[test]
    fn an_expired_one_is_explained_by_the_file_that_lies_there() {
        let world = stale(DAY / 4);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        assert_eq!(world.codes(), ["SL-F658"]);
    }

    #[test]
    fn a_file_that_would_mend_nothing_is_not_told() {
        let mut world = World::new().with_service();
        assert_eq!(world.look(&CHECK), []);
        let elsewhere = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &["elsewhere.example.org"],
            NOW,
            90 * DAY,
        );
        *world.service_file(Role::ServiceCertificate) = file(
            "/etc/cache/tls/cert.pem",
            Role::ServiceCertificate,
            &pem(&[elsewhere]),
        );
        assert_eq!(world.look(&CHECK), []);
        let mut world = stale(60 * DAY);
        *world.service_file(Role::ServiceKey) =
            file("/etc/cache/tls/key.pem", Role::ServiceKey, &key_pem(&key()));
        assert_eq!(world.look(&CHECK), []);
        let mut world = stale(60 * DAY);
        world.seen.services[0].files.clear();
        assert_eq!(world.look(&CHECK), []);
    }
}
