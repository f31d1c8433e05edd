//! F304: a name is missing in the certificate.

use super::naming::{carried, has_names, wanted};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::San;

pub(super) const CHECK: Check = Check {
    code: "SL-F304",
    title: "the certificate does not carry the name by which the server is called",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 6125 section 6.4; Go crypto/x509 VerifyHostname: certificate is valid for A, not B",
    meaning: "A client compares the name in its DOCKER_HOST with the alternative names in the certificate, and \
              goes no further when none fits. It does not help that the name leads to the right address, nor that \
              it stands as the common name.",
    remedy: "Issue the certificate again with this name:\n  sealock up --name NAME\nor call the server by a name \
              that the certificate carries",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    wanted(seen)
        .iter()
        .filter(|one| matches!(one.name, San::Dns(_)) && has_names(one.leaf) && !one.is_carried())
        .map(|one| {
            let name = one.name.value();
            one.spot(format!("expected {name}, found {}", carried(one.leaf)))
                .help(one.help())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn name_missing() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let leaf = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &["elsewhere.example", ADDRESS],
            NOW,
            90 * DAY,
        );
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F304"]);
        assert_eq!(
            world.look(&CHECK)[0].cause,
            "expected docker.example.org, found elsewhere.example, 192.0.2.7"
        );
        let leaf = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &["*.example.org"],
            NOW,
            90 * DAY,
        );
        world.serve(&[leaf]);
        assert_eq!(world.look(&CHECK), []);
    }

    /// The host was looked at by its address, so a name that only `sealock.toml` has went unseen.
    #[test]
    fn a_name_that_is_wanted_and_not_carried() {
        let mut world = World::new();
        let wanted = |name: &str| vec![name.parse().unwrap()];
        world.seen.host.as_mut().unwrap().wanted_names = wanted("docker.example.org");
        assert_eq!(world.look(&CHECK), []);
        world.seen.host.as_mut().unwrap().wanted_names = wanted("other.example.org");
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
