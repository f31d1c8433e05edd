//! F418: a key that Docker cannot use.

use super::owner::owned;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F418",
    title: "the private key is of a kind or in a form that Docker cannot use",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go crypto/tls parsePrivateKey: failed to parse private key; RFC 5958, RFC 8017, RFC 5915",
    meaning: "Docker reads RSA, ECDSA on the curves of NIST and Ed25519, as PKCS#8, PKCS#1 or SEC1. Keys of \
              OpenSSH, DSA keys, other curves and keys that were cut off are not read: the daemon does not start, \
              and a client stops before it connects.",
    remedy: "Issue a new pair:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| {
            matches!(
                one.file.role,
                Role::ServerKey | Role::ClientKey | Role::RegistryKey | Role::ServiceKey
            )
        })
        .filter_map(|one| {
            let key = one.file.contents()?.key().filter(|key| !key.encrypted)?;
            let problem = key.problem.as_ref()?;
            Some(one.spot(format!("`{}`: {problem}", key.label)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file, key_pem};

    #[test]
    fn keys_that_cannot_be_read() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let text = key_pem(&world.server_key);
        let cut = &text[..text.len() / 2];
        let ssh = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        for bytes in [cut, &ssh[..]] {
            *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, bytes);
            assert_eq!(world.codes(), ["SL-F418"]);
        }
    }
}
