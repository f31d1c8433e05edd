//! F203: one setting as a flag and in `daemon.json`.

use super::at_start;
use crate::mode;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F203",
    title: "a setting stands both as a flag and in daemon.json",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Docker documentation, dockerd: daemon configuration file; moby daemon/config/config.go \
              (getConflictFreeConfiguration), findConfigurationConflicts",
    meaning: "dockerd does not choose between the two places: it ends, even when both say the same. The flag usually stands in \
              the unit that the package brought (`-H fd://`), the key in daemon.json, so each file looks right by itself. A \
              daemon that runs does not notice before its next start.",
    remedy: "Leave the setting in one place: take the key out of daemon.json, or the flag out of the unit:\n  systemctl edit docker.service",
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
    let path = escape(&host.config.path.to_string_lossy());
    mode::conflicts(host, &json)
        .into_iter()
        .map(|conflict| {
            let spot = Spot::new(path.clone(), conflict.words()).help(format!(
                "take `{}` out of {path}, or --{} off {}",
                escape(&conflict.key),
                escape(&conflict.flag),
                host.unit.as_ref().map_or_else(
                    || "the command line of dockerd".to_owned(),
                    |unit| escape(&unit.name)
                )
            ));
            at_start(host, spot)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;
    use serde_json::json;

    #[test]
    fn one_name_in_two_places() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (key, value, expected) in [
            ("hosts", json!(["fd://"]), 1),
            ("tlsverify", json!(true), 1),
            ("tls", json!(true), 0),
            ("runtimes", json!({}), 0),
        ] {
            let mut world = World::new();
            world.host_mut().config.keys.insert(key.into(), value);
            assert_eq!(world.look(&CHECK).len(), expected, "{key}");
        }
        let mut world = World::new();
        world
            .host_mut()
            .config
            .keys
            .insert("hosts".into(), json!(["fd://"]));
        assert!(
            world.look(&CHECK)[0]
                .cause
                .ends_with("hosts: (from flag: [fd:// tcp://0.0.0.0:2376], from file: [fd://])")
        );
    }
}
