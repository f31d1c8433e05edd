//! F412: certificate and key are swapped.

use super::owner::{pairs, swapped};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F412",
    title: "certificate and key are swapped",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go crypto/tls X509KeyPair: PEM inputs may have been switched",
    meaning: "The file that should hold the certificate holds a private key, and the other way round. Besides \
              that it does not work, the key may now have the mode of a certificate, which everybody may read.",
    remedy: "Swap the two settings or the two files, then look at the mode of the key: 0400",
    explains: &["SL-F409", "SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    pairs(seen)
        .into_iter()
        .filter(|(certificate, key)| swapped(certificate.file, key.file))
        .map(|(certificate, key)| {
            certificate.spot(format!(
                "it holds a private key, and {} holds a certificate",
                key.file.shown()
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file, key_pem, pem};

    #[test]
    fn swapped_is_the_only_finding() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let (certificate, key) = (pem(&[world.server.clone()]), key_pem(&world.server_key));
        *world.daemon_file(Role::ServerCertificate) = file("/c", Role::ServerCertificate, &key);
        *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, &certificate);
        world.daemon_file(Role::ServerKey).mode = 0o444;
        assert_eq!(world.codes(), ["SL-F412"]);
    }
}
