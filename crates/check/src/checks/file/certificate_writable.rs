//! F414: a certificate or CA file that others may write.

use super::owner::{is_anchors, is_certificate, mode_mend, octal, owned};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F414",
    title: "a certificate or CA file can be written by others",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "Docker documentation, Protect the Docker daemon socket: chmod -v 0444 ca.pem server-cert.pem cert.pem",
    meaning: "Who may write the daemon's CA file adds a CA of his own and is root after the next restart. Who may \
              write a client's CA file makes the client believe a false server. Who may write a certificate keeps \
              the daemon from starting.",
    remedy: "chmod 444 FILE\nor let sealock do it:\n  sealock check --fix",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_anchors(one.file.role) || is_certificate(one.file.role))
        .filter(|one| one.file.contents().is_some() && one.file.mode & 0o022 != 0)
        .map(|one| {
            let mode = one.file.mode;
            let by_all = mode & 0o002 != 0 && one.file.reachable_by_others;
            let (wanted, mend) = mode_mend(seen, &one.file.path, mode & !0o022 & 0o777);
            one.spot(format!("mode {}; expected {}", octal(mode), octal(wanted)))
                .severity(if by_all {
                    Severity::Latent
                } else {
                    Severity::Weak
                })
                .mend(mend)
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
    fn files_that_others_write() {
        for (mode, severity) in [
            (0o644, None),
            (0o666, Some(Severity::Latent)),
            (0o664, Some(Severity::Weak)),
        ] {
            let mut world = World::new();
            world.daemon_file(Role::DaemonAnchors).mode = mode;
            assert_eq!(
                world.look(&CHECK).first().and_then(|spot| spot.severity),
                severity
            );
            assert_eq!(world.codes().len(), usize::from(severity.is_some()));
        }
    }
}
