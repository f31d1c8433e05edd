//! F212: the daemon runs with what it read before.

use super::specific;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F212",
    title: "the daemon runs since before its configuration or certificate changed",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "moby daemon/reload.go (hosts and TLS settings are not reloadable); moby issue 23936",
    meaning: "dockerd reads its certificate, key, anchors and hosts once, when it starts. A reload says that the configuration \
              was reloaded and keeps the old ones. So a renewed certificate is not served, a withdrawn anchor is still \
              trusted, and whatever was changed is tried for the first time at the next restart.",
    remedy: "Test, then restart (containers go on with live-restore):\n  dockerd --validate && systemctl restart docker",
    explains: &["SL-F221", "SL-F332"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| host.stale && host.is_on()) else {
        return Vec::new();
    };
    // A change that is wrong is told by itself, and mending it restarts the daemon.
    if specific::config_is_told(seen) || specific::files_are_told(seen) {
        return Vec::new();
    }
    let place = host
        .unit
        .as_ref()
        .map_or_else(|| "dockerd".to_owned(), |unit| escape(&unit.name));
    let spot = Spot::new(
        place,
        "it started before its files were last changed, and serves what it read then",
    );
    let spot = match (super::listener_missing::CHECK.look)(seen).is_empty() {
        true => spot,
        false => spot.severity(Severity::Down),
    };
    vec![match host.cloaked {
        true => spot.mend(Mend::Apply),
        false => spot,
    }]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn only_when_nothing_says_more() {
        let mut world = World::new();
        world.host_mut().stale = true;
        assert_eq!(world.look(&CHECK).len(), 1);
        world.host_mut().group_members = vec!["alice".into()];
        assert_eq!(
            world.look(&CHECK).len(),
            1,
            "what is merely weak does not cover it"
        );
        world
            .host_mut()
            .config
            .keys
            .insert("tlsVerify".into(), true.into());
        assert_eq!(world.look(&CHECK), vec![]);
    }
}
