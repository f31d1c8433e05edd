//! F409: a key that others may read.

use super::owner::{is_key, mode_mend, octal, owned};
use crate::seen::{File, Role};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F409",
    title: "a private key can be read by others",
    severity: Severity::Open,
    stage: Stage::Keeping,
    source: "Docker documentation, Protect the Docker daemon socket: chmod -v 0400 ca-key.pem key.pem server-key.pem",
    meaning: "Whoever reads a client's key is that client, and so root on the daemon's host; whoever reads a \
              server's key can stand in for the server. Docker does not look at the mode of its files, so nothing \
              else tells. Changing the mode does not take back what was copied: if others have been on this \
              machine, issue a new pair.",
    remedy: "chmod 400 KEY\nor let sealock do it:\n  sealock check --fix",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| !matches!(one.file.role, Role::IssuerKey | Role::Stray))
        .filter(|one| match one.file.contents() {
            Some(contents) => contents.key().is_some(),
            None => is_key(one.file.role),
        })
        .filter(|one| one.file.mode & !shared(one.file) & 0o077 != 0)
        .map(|one| {
            let (file, mode) = (one.file, one.file.mode);
            let by_all = mode & 0o007 != 0 && file.reachable_by_others;
            let severity = match (by_all, file.role) {
                (true, Role::ClientKey | Role::ClientCertificate) => Severity::Open,
                (true, _) => Severity::Latent,
                (false, _) => Severity::Weak,
            };
            let (wanted, mend) = mode_mend(seen, &file.path, mode & (0o600 | shared(file)));
            let who = match (by_all, mode & 0o007 != 0) {
                (true, _) => "every user of this machine reads it",
                (false, true) => "only the mode of a folder above keeps others away",
                (false, false) => "its group reads it",
            };
            one.spot(format!(
                "mode {}: {who}; expected {}",
                octal(mode),
                octal(wanted)
            ))
            .severity(severity)
            .help(format!("chmod {wanted:o} {}", file.shown()))
            .mend(mend)
        })
        .collect()
}

/// What the group may do with a key: nothing, except where the table of a service says so. PostgreSQL reads root's key by its
/// group, SQL Server's page asks for 0440; whether the mode is the table's is told as drift.
fn shared(file: &File) -> u32 {
    match file.role {
        Role::ServiceKey => 0o040,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::World;
    use crate::{Mend, Severity};

    #[test]
    fn keys_that_others_read() {
        for (mode, reachable, severity) in [
            (0o400, true, None),
            (0o600, true, None),
            (0o644, true, Some(Severity::Open)),
            (0o644, false, Some(Severity::Weak)),
            (0o440, true, Some(Severity::Weak)),
        ] {
            let mut world = World::new();
            let key = world.client_file(Role::ClientKey);
            (key.mode, key.reachable_by_others) = (mode, reachable);
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().map(|spot| spot.severity),
                severity.map(Some),
                "{mode:o}"
            );
            assert_eq!(world.codes().len(), usize::from(severity.is_some()));
        }
        // A service's user may read the key by its group, and needs no more.
        for (uid, mode, expected) in [
            (0, 0o640, None),
            (0, 0o644, Some(0o640)),
            (999, 0o440, None),
            (999, 0o604, Some(0o600)),
        ] {
            let mut world = World::new().with_service();
            let key = world.service_file(Role::ServiceKey);
            (key.mode, key.uid, key.rightful_uid) = (mode, uid, uid);
            let mends = expected.map(|mode| Mend::Mode {
                path: "/etc/cache/tls/key.pem".into(),
                mode,
            });
            let found = world.look(&CHECK);
            assert_eq!(
                found.first().and_then(|spot| spot.mends.first()),
                mends.as_ref()
            );
            assert_eq!(found.len(), usize::from(expected.is_some()));
        }
        let mut world = World::new();
        world.daemon_file(Role::ServerKey).mode = 0o644;
        let spot = world.look(&CHECK).remove(0);
        assert_eq!(spot.severity, Some(Severity::Latent));
        let path = "/etc/docker/tls/server-key.pem".into();
        assert_eq!(spot.mends, [Mend::Mode { path, mode: 0o600 }]);
    }
}
