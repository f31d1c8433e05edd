//! F413: something that cannot be read.

use super::owner::{only_we_may_not, owned};
use crate::seen::{FileState, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F413",
    title: "a TLS file cannot be read",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "go-connections tlsconfig/config.go: could not read CA certificate (is a directory, permission denied)",
    meaning: "At the path is a directory, a link that leads nowhere, or a file that its user may not read. \
              Containers leave such directories: mounting a path that does not exist makes one. The daemon does \
              not start with it; a client stops before it connects.",
    remedy: "Look at what lies there (`ls -ld PATH`), and put the file in its place",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| one.file.role != Role::Stray && !only_we_may_not(one.file))
        .filter_map(|one| {
            let cause = match &one.file.state {
                FileState::Directory => "expected a file, found a directory".to_owned(),
                FileState::Dangling(target) => format!(
                    "it is a link to {}, where nothing is",
                    escape(&target.to_string_lossy())
                ),
                FileState::Unreadable(words) => escape(words),
                FileState::Absent | FileState::Read(_) => return None,
            };
            Some(one.spot(cause))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{FileState, Role};
    use crate::testing::World;

    #[test]
    fn what_is_no_file() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        for state in [
            FileState::Directory,
            FileState::Dangling("/nowhere".into()),
            FileState::Unreadable("Input/output error (os error 5)".into()),
        ] {
            world.daemon_file(Role::DaemonAnchors).state = state;
            assert_eq!(world.codes(), ["SL-F413"]);
        }
        // Root reads it, whoever looks.
        world.daemon_file(Role::DaemonAnchors).state =
            FileState::Unreadable("Permission denied (os error 13)".into());
        assert_eq!(world.look(&CHECK), []);
    }
}
