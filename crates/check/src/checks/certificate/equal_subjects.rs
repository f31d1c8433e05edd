//! F326: a server that is called like its CA.

use super::sighting::{Part, authorities, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F326",
    title: "CA and server have the same subject",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 section 6.1 (self-issued); OpenSSL X509_check_issued: error 18, self-signed certificate",
    meaning: "The server certificate and its CA have the same name, so it looks as if it had issued itself. \
              Docker sees through it; clients built on OpenSSL, curl and Python among them, call it a self-signed \
              certificate and go no further.",
    remedy: "Issue the server certificate with the name of the host, and leave the name of the CA to the CA:\n  \
              sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter(|one| one.part == Part::Server && !one.certificate.is_ca())
        .filter_map(|one| {
            let leaf = one.certificate;
            let twin = |anchor: &&Certificate| {
                anchor.subject_der() == leaf.subject_der() && anchor.spki_der() != leaf.spki_der()
            };
            let anchor = authorities(seen).find(twin)?;
            let looks_own = leaf.is_self_issued() && leaf.describe().authority_key_id.is_none();
            let severity = match looks_own {
                // On disk it waits for the next start.
                true if one.bite == Severity::Latent => Severity::Latent,
                true => Severity::LockedOut,
                false => Severity::Weak,
            };
            Some(
                one.spot(format!("both are called {}", called(anchor)))
                    .severity(severity),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::*;

    #[test]
    fn equal_subjects() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let root_key = key();
        let root = forge::Forge::root(NAME, &root_key).with(forge::ca()).sign();
        let leaf = forge::Forge::leaf(NAME, &world.server_key, &root, &root_key)
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]))
            .sign();
        world.believe(&[root]);
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F326"]);
        // On the wire it stops clients; on disk it waits.
        let severities: Vec<_> = world
            .look(&CHECK)
            .into_iter()
            .map(|spot| spot.severity)
            .collect();
        assert_eq!(
            severities,
            [Some(Severity::Latent), Some(Severity::LockedOut)]
        );
    }
}
