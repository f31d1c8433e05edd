//! F220: a path that depends on where dockerd starts.

use super::at_start;
use crate::mode;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F220",
    title: "a TLS path is not absolute",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby go-connections tlsconfig (paths go to open(2) as they are); systemd.exec(5), WorkingDirectory=",
    meaning: "dockerd opens the path from the folder it was started in: the root of the file system under systemd, any folder \
              by hand. What works in a terminal fails as a service. A tilde is not expanded either: `~/.docker/ca.pem` is a \
              folder that is called `~`.",
    remedy: "Write the whole path, then restart the daemon:\n  \"tlscacert\": \"/etc/docker/tls/ca.pem\"",
    explains: &[
        "SL-F207", "SL-F210", "SL-F211", "SL-F401", "SL-F402", "SL-F403", "SL-F901",
    ],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let Some(json) = mode::members(host) else {
        return Vec::new();
    };
    mode::PATHS
        .into_iter()
        .filter_map(|name| {
            let key = json.get(name).and_then(|value| value.as_str());
            let flag = host.flag(name).and_then(|flag| flag.value.as_deref());
            Some((name, key.or(flag)?))
        })
        .filter(|(_, path)| !path.is_empty() && !path.starts_with('/'))
        .map(|(name, path)| {
            let cause = format!(
                "`{name}` is `{}`, which depends on the folder that dockerd starts in",
                escape(path)
            );
            at_start(host, Spot::new(mode::place(host, name), cause))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn whole_paths_only() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for path in ["ca.pem", "./ca.pem", "~/.docker/ca.pem"] {
            let mut world = World::new();
            world.host_mut().flags[3].value = Some(path.into());
            assert_eq!(world.look(&CHECK).len(), 1, "{path}");
        }
    }
}
