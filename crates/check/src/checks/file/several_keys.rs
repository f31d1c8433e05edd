//! F421: more than one key.

use super::owner::owned;
use super::owner::pairs;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F421",
    title: "a key file holds several private keys",
    severity: Severity::Weak,
    stage: Stage::Start,
    source: "Go crypto/tls X509KeyPair takes the first; other clients (bollard, docker-java) refuse the file or \
              take the last",
    meaning: "Docker takes the first key and looks no further. Other tools take another one or refuse the file. \
              Where the first does not fit the certificate, the daemon does not start, although the right key is \
              there.",
    remedy: "Keep the one key that fits the certificate, and put the others where they belong",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let pairs = pairs(seen);
    owned(seen)
        .into_iter()
        .filter(|one| {
            matches!(
                one.file.role,
                Role::ServerKey | Role::ClientKey | Role::RegistryKey | Role::ServiceKey
            )
        })
        .filter_map(|one| {
            let contents = one.file.contents()?;
            let count = contents.keys().count();
            if count < 2 {
                return None;
            }
            let leaf = pairs
                .iter()
                .find(|(_, key)| std::ptr::eq(key.file, one.file));
            let leaf = leaf
                .and_then(|(certificate, _)| certificate.file.contents()?.certificates().next());
            let first = contents.key()?.spki.as_deref();
            let wrong = leaf.is_some_and(|leaf| first.is_some_and(|spki| spki != leaf.spki_der()));
            Some(if wrong {
                one.spot(format!(
                    "{count} keys; the first is not that of the certificate"
                ))
            } else {
                one.spot(format!("{count} keys; the first is used"))
                    .severity(Severity::Weak)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::{World, file, key, key_pem};

    #[test]
    fn two_keys() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let (right, other) = (key_pem(&world.server_key), key_pem(&key()));
        for (bytes, severity) in [
            ([&right[..], &other].concat(), Severity::Weak),
            ([&other[..], &right].concat(), Severity::Latent),
        ] {
            *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, &bytes);
            assert_eq!(world.codes(), ["SL-F421"]);
            assert_eq!(world.look(&CHECK)[0].severity, Some(severity));
        }
    }
}
