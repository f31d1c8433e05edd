//! F408: key and certificate do not belong together.

use super::owner::{pairs, swapped};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F408",
    title: "key and certificate do not belong together",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go crypto/tls X509KeyPair: private key does not match public key",
    meaning: "The public key in the certificate is not the public half of this private key: one of the two files \
              was renewed or copied without the other. The daemon does not start with such a pair, and a client \
              stops before it connects.",
    remedy: "Put the pair that was issued together in place, or issue a new one:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F657", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (certificate, key) in pairs(seen) {
        let (Some(contents), Some(keys)) = (certificate.file.contents(), key.file.contents())
        else {
            continue;
        };
        let (Some(leaf), Some(told)) = (contents.certificates().next(), keys.key()) else {
            continue;
        };
        let Some(spki) = &told.spki else { continue };
        // Another certificate that fits is a chain in wrong order; another key that fits, one key too many.
        let fits = contents
            .certificates()
            .any(|one| one.spki_der() == spki.as_slice())
            || keys
                .keys()
                .any(|one| one.spki.as_deref() == Some(leaf.spki_der()));
        if !fits && !swapped(certificate.file, key.file) {
            let cause = format!(
                "the certificate `{}` in {} has the key {}, and this is another",
                leaf.subject(),
                certificate.file.shown(),
                leaf.key_id()
            );
            spots.push(key.spot(cause));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file, key, key_pem, pem};

    #[test]
    fn another_key() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, &key_pem(&key()));
        assert_eq!(world.codes(), ["SL-F408"]);
        let mut world = World::new();
        *world.client_file(Role::ClientKey) = file("/k", Role::ClientKey, &key_pem(&key()));
        assert_eq!(world.codes(), ["SL-F408"]);
        // Both in one file is lawful.
        let mut world = World::new();
        let both = [pem(&[world.server.clone()]), key_pem(&world.server_key)].concat();
        *world.daemon_file(Role::ServerKey) = file("/both", Role::ServerKey, &both);
        assert_eq!(world.look(&CHECK), []);
    }
}
