//! F407: an encrypted key.

use super::owner::owned;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F407",
    title: "the private key is encrypted, and Docker cannot ask for its passphrase",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "go-connections tlsconfig/config.go: Make sure the key is not encrypted; docker/cli \
              cli/context/docker/load.go: support for encrypted private keys has been removed",
    meaning: "Neither the daemon nor a current docker CLI asks for a passphrase. The daemon does not start with \
              such a key, and says that it failed to parse it; a client stops before it connects. What protects a \
              key on disk is its mode, and a short life of its certificate.",
    remedy: "openssl pkey -in OLD -out NEW.pem && chmod 400 NEW.pem\nor issue a new pair:\n  sealock apply",
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
            let key = one.file.contents()?.key().filter(|key| key.encrypted)?;
            Some(one.spot(format!(
                "expected a key in clear, found `{}`, encrypted",
                key.label
            )))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{Counter, World, file};
    use sealock_pki::Passphrase;

    #[test]
    fn an_encrypted_key_is_the_only_finding() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let phrase = Passphrase::new("open sesame".into()).unwrap();
        let sealed = world
            .server_key
            .to_sealed_pem(&phrase, &mut Counter(3))
            .unwrap();
        *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, sealed.expose());
        assert_eq!(world.codes(), ["SL-F407"]);
        // In the vault a key is meant to be sealed.
        let mut world = World::new();
        let keeping = world.seen.keeping.as_mut().unwrap();
        keeping.issuer_keys[0] = file("/v", Role::IssuerKey, sealed.expose());
        assert_eq!(world.codes(), Vec::<&str>::new());
    }
}
