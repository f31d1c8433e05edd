//! F415: a folder of keys that others may write.

use super::owner::{is_anchors, is_certificate, is_key, mode_mend, octal, owned};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use std::collections::BTreeSet;

pub(super) const CHECK: Check = Check {
    code: "SL-F415",
    title: "a folder with TLS files can be written by others",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "POSIX rename(2): the folder's mode decides who replaces a file; CWE-732",
    meaning: "The modes of the files do not help when others may write their folder: they remove a file and put \
              another in its place. A CA file of their own in the daemon's folder makes them root after the next \
              restart.",
    remedy: "chmod 755 FOLDER (or 700), and let its rightful user own it:\n  sealock check --fix",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut told = BTreeSet::new();
    let mut spots = Vec::new();
    for one in owned(seen) {
        let (role, mode) = (one.file.role, one.file.folder_mode);
        let counts = is_key(role) || is_certificate(role) || is_anchors(role);
        let Some(folder) = one.file.path.parent().filter(|_| counts && mode != 0) else {
            continue;
        };
        // In a sticky folder others add files, and replace none.
        let by_all = mode & 0o1002 == 0o002;
        let stranger = one.file.folder_uid != 0 && one.file.folder_uid != one.file.rightful_uid;
        if !(by_all || mode & 0o020 != 0 || stranger) || !told.insert(folder.to_owned()) {
            continue;
        }
        let place = escape(&folder.to_string_lossy());
        let (wanted, mend) = mode_mend(seen, folder, mode & !0o022 & 0o777);
        let spot = if stranger {
            Spot::new(
                place,
                format!(
                    "user {} owns it; expected user {} or root",
                    one.file.folder_uid, one.file.rightful_uid
                ),
            )
            .severity(Severity::Latent)
        } else {
            Spot::new(
                place,
                format!("mode {}; expected {}", octal(mode), octal(wanted)),
            )
            .severity(if by_all {
                Severity::Latent
            } else {
                Severity::Weak
            })
            .mend(mend)
        };
        spots.push(spot.of(one.scope));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::World;

    #[test]
    fn folders_that_others_write() {
        for (mode, uid, severity) in [
            (0o755, 0, None),
            (0o1777, 0, None),
            (0o777, 0, Some(Severity::Latent)),
            (0o775, 0, Some(Severity::Weak)),
            (0o755, 1000, Some(Severity::Latent)),
        ] {
            let mut world = World::new();
            for file in &mut world.host_mut().files {
                (file.folder_mode, file.folder_uid) = (mode, uid);
            }
            if mode == 0o1777 {
                world
                    .host_mut()
                    .files
                    .iter_mut()
                    .for_each(|file| file.folder_mode = 0o1757);
            }
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().and_then(|spot| spot.severity),
                severity,
                "{mode:o}"
            );
            assert!(spots.len() < 2);
        }
    }
}
