//! F322: a signature that is too weak.

use super::sighting::{Part, called, sightings};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F322",
    title: "a certificate is signed with a weak algorithm",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 9155; Go crypto/x509 since 1.18: cannot verify signature: insecure algorithm SHA1-RSA",
    meaning: "Signatures with SHA-1 or MD5 can be forged, so Docker of today does not accept them: a server with \
              such a certificate is not trusted, a client is refused. Old clients accept them, which is why it \
              worked once.",
    remedy: "Issue it again; sealock signs with SHA-256 and better:\n  sealock apply",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    sightings(seen)
        .iter()
        // What an anchor says of itself is not verified by anybody.
        .filter(|one| {
            !(one.certificate.is_self_issued()
                && (one.part.is_anchor() || one.part == Part::Issuer))
        })
        .filter(|one| one.part != Part::RegistryAnchor)
        .filter_map(|one| {
            let algorithm = weakness(one.certificate)?;
            Some(one.spot(format!(
                "{} is signed with {algorithm}",
                called(one.certificate)
            )))
        })
        .collect()
}

/// The weak algorithm that a certificate is signed with.
pub(super) fn weakness(certificate: &Certificate) -> Option<String> {
    let algorithm = certificate.describe().signature_algorithm;
    let weak = ["SHA-1", "MD5", "MD2", "SHA-224", "DSA with SHA-256"];
    let weak = weak
        .iter()
        .any(|word| algorithm.contains(word) && !algorithm.starts_with("ECDSA with SHA-256"));
    weak.then_some(algorithm)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;

    #[test]
    fn weak_signature() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let mut forged = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]));
        forged.algorithm = Some(forge::ecdsa_sha1());
        world.serve(&[forged.sign()]);
        assert_eq!(world.codes(), ["SL-F322"]);
    }
}
