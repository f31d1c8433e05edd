//! F411: a copy of a key that everybody may read.

use super::issuer_key_beside::is_issuer_key;
use super::owner::{octal, owned};
use crate::checks::certificate::sighting::clients;
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F411",
    title: "a copy of a private key can be read by others",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "CWE-530 (exposure of backup file to an unauthorized control sphere)",
    meaning: "Somebody made a copy or a backup, and it has the mode of an ordinary file. The key that is in use \
              is guarded for nothing then. Whoever has a client's key is root on the daemon's host; who has been \
              on this machine may have it already, so issue a new pair.",
    remedy: "Remove the copy, or chmod 400 it; then issue a new pair",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| one.file.role == Role::Stray && !is_issuer_key(seen, one))
        .filter(|one| one.file.mode & 0o007 != 0 && one.file.reachable_by_others)
        .filter_map(|one| {
            let key = one.file.contents()?.keys().find(|key| !key.encrypted)?;
            let of_client = key.spki.as_ref().is_some_and(|spki| {
                clients(seen).any(|client| client.spki_der() == spki.as_slice())
            });
            let (severity, what) = if of_client {
                (Severity::Open, "the key of a client")
            } else {
                (Severity::Latent, "a private key")
            };
            let mode = one.file.mode;
            Some(
                one.spot(format!(
                    "{what}, mode {}; expected {}",
                    octal(mode),
                    octal(mode & 0o600)
                ))
                .severity(severity)
                .mend(Mend::Mode {
                    path: one.file.path.clone(),
                    mode: mode & 0o600,
                }),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::{World, file, key_pem};

    #[test]
    fn copies() {
        for (mode, client, severity) in [
            (0o400, true, None),
            (0o644, true, Some(Severity::Open)),
            (0o644, false, Some(Severity::Latent)),
        ] {
            let mut world = World::new();
            let text = if client {
                key_pem(&world.client_key)
            } else {
                key_pem(&world.server_key)
            };
            let mut stray = file("/etc/docker/tls/key.pem.bak", Role::Stray, &text);
            stray.mode = mode;
            world.host_mut().files.push(stray);
            assert_eq!(
                world.look(&CHECK).first().and_then(|spot| spot.severity),
                severity
            );
            assert_eq!(world.codes().len(), usize::from(severity.is_some()));
        }
    }
}
