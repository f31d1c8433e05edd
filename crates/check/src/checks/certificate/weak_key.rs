//! F321: a key that is too weak.

use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::{Certificate, KeyAlgorithm};

pub(super) const CHECK: Check = Check {
    code: "SL-F321",
    title: "the key of a certificate is too weak",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "NIST SP 800-57 part 1 table 2; NIST SP 800-131A; CA/Browser Forum Baseline Requirements section 6.1.5",
    meaning: "RSA below 2048 bits can be taken apart with money and patience: whoever does is the server, the \
              client or the CA. Docker accepts such keys; on other curves than those of NIST, and beyond 8192 \
              bits of RSA, Go makes no connection at all.",
    remedy: "Issue it again with a key of 2048 bits or more, or on P-256:\n  sealock cert issue NAME --profile server --cert FILE --key FILE",
    explains: &["SL-F706", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        .filter_map(|one| {
            let (what, fatal) = weakness(one.certificate)?;
            let spot = one.spot(format!("{}: {what}", called(one.certificate)));
            Some(match fatal {
                // The daemon has loaded it, and cannot show it to anybody.
                true if one.part == Part::Server && one.scope.is_empty() && is_loaded(seen) => {
                    spot.severity(Severity::Down)
                }
                true => spot,
                false => spot.severity(Severity::Weak),
            })
        })
        .collect()
}

/// Whether the daemon runs with the files that lie there.
fn is_loaded(seen: &Seen) -> bool {
    seen.host
        .as_ref()
        .is_some_and(|host| host.is_on() && !host.stale)
}

/// What is weak about the key of a certificate, and whether nobody can connect with it.
pub(super) fn weakness(certificate: &Certificate) -> Option<(String, bool)> {
    if certificate.key_kind().is_some() {
        return None;
    }
    match certificate.describe().key {
        KeyAlgorithm::Rsa { bits } if bits < 2048 => Some((
            format!("RSA of {bits} bits; 2048 are the least"),
            bits < 1024,
        )),
        KeyAlgorithm::Rsa { bits } if bits > 8192 => {
            Some((format!("RSA of {bits} bits; Go takes 8192 at most"), true))
        }
        KeyAlgorithm::Other(oid) => Some((
            format!("a key of the kind {oid}, which TLS in Go does not use"),
            true,
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;

    #[test]
    fn weak_key() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        for (spki, severity) in [
            (forge::rsa_spki(1024), Severity::Weak),
            (forge::p224_spki(), Severity::Down),
        ] {
            let mut forged = world
                .forged_server()
                .with(forge::purposes(&[forge::SERVER_AUTH]))
                .with(forge::names(&[NAME], &[]));
            forged.spki = spki;
            world.endpoint_mut().chain = vec![forged.sign()];
            assert_eq!(world.look(&CHECK)[0].severity, Some(severity));
        }
    }

    #[test]
    fn a_loaded_key_that_nobody_takes_is_down_though_nothing_is_seen_of_it() {
        let mut world = World::new();
        let mut forged = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]));
        forged.spki = forge::p224_spki();
        let leaf = forged.sign();
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[leaf])));
        world.endpoint_mut().chain.clear();
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        world.host_mut().stale = true;
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
    }
}
