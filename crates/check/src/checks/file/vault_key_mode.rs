//! F422: an issuer's key in the vault, open to others.

use super::owner::{octal, owned};
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F422",
    title: "the key of an issuer in the vault can be read by others",
    severity: Severity::Open,
    stage: Stage::Keeping,
    source: "RFC 5280 section 9 (protection of a CA's private key)",
    meaning: "Whoever reads the client anchor's key can make clients of any name, and every daemon that trusts it \
              lets them in as root. There is no revocation in stock Docker, so a key that was read by others \
              means new anchors everywhere.",
    remedy: "chmod 400 KEY\nIf others may have read it, make everything new, and refuse what was signed with it:\n  sealock rekey --rehearse\n  sealock rekey",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| one.file.role == Role::IssuerKey && one.file.mode & 0o077 != 0)
        .map(|one| {
            let (file, mode) = (one.file, one.file.mode);
            let sealed = file
                .contents()
                .and_then(|contents| contents.key())
                .is_some_and(|key| key.encrypted);
            let by_all = mode & 0o007 != 0 && file.reachable_by_others && !sealed;
            one.spot(format!(
                "mode {}; expected {}",
                octal(mode),
                octal(mode & 0o600)
            ))
            .severity(if by_all {
                Severity::Open
            } else {
                Severity::Weak
            })
            .mend(Mend::Mode {
                path: file.path.clone(),
                mode: mode & 0o600,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::World;

    #[test]
    fn a_vault_that_is_open() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let key = &mut world.seen.keeping.as_mut().unwrap().issuer_keys[0];
        key.mode = 0o644;
        assert_eq!(world.codes(), ["SL-F422"]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
        world.seen.keeping.as_mut().unwrap().issuer_keys[0].reachable_by_others = true;
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Open));
    }
}
