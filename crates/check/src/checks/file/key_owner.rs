//! F420: a key that belongs to somebody else.

use super::owner::{is_key, owned};
use crate::seen::{FileState, Role};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F420",
    title: "a private key belongs to another user than the one who uses it",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "POSIX chmod(2): the owner of a file changes its mode; CWE-283",
    meaning: "The owner of a file reads it or makes it readable, whatever its mode. A stranger's key in the \
              daemon's folder lets him stand in for the server; a key that root owns in a user's folder is one \
              that the user cannot read, as sudo leaves it.",
    remedy: "chown USER KEY",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_key(one.file.role))
        .filter(|one| {
            matches!(
                one.file.state,
                FileState::Read(_) | FileState::Unreadable(_)
            )
        })
        .filter(|one| one.file.uid != one.file.rightful_uid)
        .filter_map(|one| {
            let file = one.file;
            let cause = format!(
                "user {} owns it; expected user {}",
                file.uid, file.rightful_uid
            );
            let severity = match (file.uid, file.role) {
                // Root reads everything anyhow: it matters only where the rightful user cannot.
                (0, _) if file.mode & 0o044 != 0 => return None,
                (0, _) => one.bite,
                (_, Role::ClientKey | Role::IssuerKey) => Severity::Open,
                _ => Severity::Latent,
            };
            Some(one.spot(cause).severity(severity).help(format!(
                "chown {} {}",
                file.rightful_uid,
                file.shown()
            )))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Role;
    use crate::testing::World;

    #[test]
    fn owners() {
        for (role, uid, rightful, severity) in [
            (Role::ClientKey, 1000, 1000, None),
            (Role::ClientKey, 0, 1000, Some(Severity::LockedOut)),
            (Role::ClientKey, 1001, 1000, Some(Severity::Open)),
        ] {
            let mut world = World::new();
            let key = world.client_file(role);
            (key.uid, key.rightful_uid) = (uid, rightful);
            assert_eq!(
                world.look(&CHECK).first().and_then(|spot| spot.severity),
                severity
            );
        }
        let mut world = World::new();
        world.daemon_file(Role::ServerKey).uid = 1000;
        assert_eq!(world.codes(), ["SL-F420"]);
    }
}
