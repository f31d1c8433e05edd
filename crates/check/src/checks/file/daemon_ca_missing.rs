//! F403: the daemon's file of anchors is not there.

use super::owner::owned;
use crate::seen::{FileState, Role};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F403",
    title: "the daemon's CA file is not there",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "go-connections tlsconfig/config.go (certPool): could not read CA certificate",
    meaning: "The file says whose clients get in. When it is named and absent, the daemon does not start again; a \
              running one goes on with what it has read. Taking the setting away instead of putting the file back \
              is a trap: with TLS switched on in daemon.json the daemon would then believe every public authority.",
    remedy: "Put the CA certificate of your clients back at that path, or let sealock write it:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| one.file.role == Role::DaemonAnchors)
        .filter(|one| matches!(one.file.state, FileState::Absent))
        .map(|one| one.spot("tlscacert leads here, and there is no such file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, absent};

    #[test]
    fn a_ca_file_that_is_gone() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        *world.daemon_file(Role::DaemonAnchors) =
            absent("/etc/docker/tls/ca.pem", Role::DaemonAnchors);
        assert_eq!(world.codes(), ["SL-F403"]);
    }
}
