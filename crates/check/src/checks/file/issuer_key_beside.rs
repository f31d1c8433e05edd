//! F417: an issuer's key beside the daemon's files.

use super::owner::{Owned, owned};
use crate::checks::certificate::sighting::authorities;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F417",
    title: "the key of a CA lies beside the files that Docker uses",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, Protect the Docker daemon socket: ca-key.pem; RFC 5280 section 9",
    meaning: "Docker needs the certificate of a CA, never its key. Whoever takes that key from here can make as \
              many clients as he likes, with any name and any life, and stock Docker knows no revocation: only a \
              new CA locks him out.",
    remedy: "Move the key to the machine that issues certificates, out of reach of the daemon, and shred it here:\n  shred -u FILE",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_issuer_key(seen, one))
        .map(|one| {
            let by_all = one.file.mode & 0o007 != 0 && one.file.reachable_by_others;
            let spot = one.spot("a private key that signs certificates");
            spot.severity(if by_all {
                Severity::Open
            } else {
                Severity::Weak
            })
        })
        .collect()
}

/// Whether a stray file is the key of a CA that anybody here trusts, or is called like one.
pub(super) fn is_issuer_key(seen: &Seen, one: &Owned<'_>) -> bool {
    let Some(contents) = one.file.contents().filter(|_| one.file.role == Role::Stray) else {
        return false;
    };
    let name = one
        .file
        .path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase());
    let called = name.is_some_and(|name| {
        matches!(
            name.as_str(),
            "ca-key.pem" | "ca.key" | "cakey.pem" | "ca_key.pem"
        )
    });
    contents.keys().any(|key| {
        let known = |spki: &Vec<u8>| authorities(seen).any(|ca| ca.spki_der() == spki.as_slice());
        called || key.spki.as_ref().is_some_and(known)
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::{World, file, key, key_pem};

    #[test]
    fn a_ca_key_that_was_left() {
        for (name, own, mode, severity) in [
            ("ca-key.pem", false, 0o400, Some(Severity::Weak)),
            ("old.pem", true, 0o400, Some(Severity::Weak)),
            ("old.pem", true, 0o644, Some(Severity::Open)),
            ("old.pem", false, 0o400, None),
        ] {
            let mut world = World::new();
            let text = if own {
                key_pem(world.client_anchor.key())
            } else {
                key_pem(&key())
            };
            let mut stray = file(&format!("/etc/docker/tls/{name}"), Role::Stray, &text);
            stray.mode = mode;
            world.host_mut().files.push(stray);
            let found = world.look(&CHECK);
            assert_eq!(
                found.first().and_then(|spot| spot.severity),
                severity,
                "{name}"
            );
            assert_eq!(world.codes().len(), usize::from(severity.is_some()));
        }
    }
}
