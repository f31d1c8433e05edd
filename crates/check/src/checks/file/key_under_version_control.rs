//! F410: a key in a repository.

use super::owner::{is_key, owned};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F410",
    title: "a private key lies in a version-controlled folder",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "CWE-538; RFC 4210 section 4.4 on the protection of private keys",
    meaning: "The next commit that takes everything along publishes the key to everybody who has the repository, \
              and its history keeps it after it was deleted. Whoever has a client's key is root on the daemon's \
              host. If it was committed already, issue a new pair: deleting the file does not help.",
    remedy: "Move the key out of the repository, or name it in the ignore file; look whether it was committed:\n  \
              git log --all -- KEY",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| match one.file.contents() {
            Some(contents) => contents.keys().any(|key| !key.encrypted),
            None => is_key(one.file.role) && one.file.mode != 0,
        })
        .filter_map(|one| {
            let repository = one
                .file
                .repository
                .as_ref()
                .filter(|found| !found.ignored)?;
            let root = escape(&repository.root.to_string_lossy());
            Some(
                one.spot(format!(
                    "it lies in the repository {root}, which does not ignore it"
                ))
                .severity(Severity::Latent),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Repository, Role};
    use crate::testing::World;

    #[test]
    fn a_key_in_a_repository() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let found = |ignored| {
            Some(Repository {
                root: "/root".into(),
                ignored,
            })
        };
        world.client_file(Role::ClientKey).repository = found(true);
        world.client_file(Role::ClientCertificate).repository = found(false);
        assert_eq!(world.look(&CHECK), []);
        world.client_file(Role::ClientKey).repository = found(false);
        assert_eq!(world.codes(), ["SL-F410"]);
    }
}
