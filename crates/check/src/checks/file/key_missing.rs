//! F401: a private key is not there.

use super::owner::{is_key, owned};
use crate::seen::FileState;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F401",
    title: "the private key is not there",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby daemon/command/daemon.go (newAPIServerTLSConfig) and go-connections tlsconfig: could not load \
              X509 key pair",
    meaning: "Without its private key a certificate proves nothing. A running daemon goes on with the key that it \
              has read, and does not start again: it reads its TLS files at the start only. A client whose \
              settings name the key stops before it connects.",
    remedy: "Put the key back where it is named, or issue a new pair:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F657", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_key(one.file.role) && one.file.named)
        .filter(|one| matches!(one.file.state, FileState::Absent))
        .map(|one| one.spot("the settings name this key, and there is no such file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::{Daemon, Role};
    use crate::testing::{World, absent};

    #[test]
    fn a_key_that_is_gone() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        *world.daemon_file(Role::ServerKey) =
            absent("/etc/docker/tls/server-key.pem", Role::ServerKey);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
        assert_eq!(world.codes(), ["SL-F401"]);
        world.host_mut().daemon = Daemon::Off {
            why: "failed".into(),
        };
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        // A client's default file that nobody named is skipped by the docker CLI.
        let mut world = World::new();
        *world.client_file(Role::ClientKey) = absent("/root/.docker/key.pem", Role::ClientKey);
        world.client_file(Role::ClientKey).named = false;
        assert_eq!(world.look(&CHECK), []);
    }
}
