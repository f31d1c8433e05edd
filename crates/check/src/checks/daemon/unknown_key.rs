//! F202: a key that this version does not know.

use super::at_start;
use crate::mode;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F202",
    title: "daemon.json has a key that this version of dockerd does not know",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Docker documentation, dockerd: daemon configuration file; moby daemon/config/config.go \
              (getConflictFreeConfiguration) and daemon/command/config_unix.go",
    meaning: "dockerd compares every key of the file with its own options and ends at the first one it does not know. Keys are \
              case-sensitive, so tlsVerify is as unknown as nonsense. A key from the documentation of a newer release, or one \
              that a newer release dropped, keeps the daemon from starting just the same.",
    remedy: "Take the key away or write it right, then test before restarting (dockerd 23 and later):\n  dockerd --validate --config-file /etc/docker/daemon.json",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let Some(json) = mode::members(host) else {
        return Vec::new();
    };
    let version = match &host.version {
        Some(version) => format!("dockerd {}", version.text),
        // Nobody says which one is installed, so only what none of them has is told.
        None => "every dockerd from 20.10 to 29".to_owned(),
    };
    let unknown = mode::unknown_keys(host, &json).into_iter();
    unknown
        .map(|key| {
            let spot = Spot::new(
                escape(&host.config.path.to_string_lossy()),
                format!(
                    "{version}: the following directives don't match any configuration option: {key}"
                ),
            );
            let spot = match (mode::similar(&key), mode::since(&key)) {
                (_, Some(since)) => spot.help(format!("`{key}` came with dockerd {since}: take it away")),
                (Some(similar), None) => spot.help(format!("`{similar}` is the nearest key that there is")),
                (None, None) => spot,
            };
            at_start(host, spot)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    /// A daemon that is off and was started by hand says nothing of its version.
    #[test]
    fn what_no_version_knows_is_told_of_a_daemon_whose_version_nobody_knows() {
        for (key, told) in [("tls-verify", true), ("bip6", false), ("graph", false)] {
            let mut world = World::new();
            let host = world.host_mut();
            host.version = None;
            host.config.keys.insert(key.into(), true.into());
            let spots = world.look(&CHECK);
            assert_eq!(!spots.is_empty(), told, "{key}");
            let says = |spot: &crate::Spot| spot.cause.starts_with("every dockerd from");
            assert!(spots.iter().all(says), "{spots:?}");
        }
    }

    #[test]
    fn by_version() {
        for (key, major, help) in [
            ("debug", 28, None),
            (
                "tlsVerify",
                28,
                Some("`tlsverify` is the nearest key that there is"),
            ),
            (
                "bip6",
                20,
                Some("`bip6` came with dockerd 27: take it away"),
            ),
            ("bip6", 28, None),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.version.as_mut().unwrap().major = major;
            host.config.keys.insert(key.into(), true.into());
            let spots = world.look(&CHECK);
            assert_eq!(
                spots.first().and_then(|spot| spot.help.as_deref()),
                help,
                "{key} {major}"
            );
        }
    }
}
