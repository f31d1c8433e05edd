//! F222: registries that are not verified.

use crate::{Check, Seen, Severity, Spot, Stage, mode};
use sealock_diag::escape;
use serde_json::Value;

pub(super) const CHECK: Check = Check {
    code: "SL-F222",
    title: "registries are listed as insecure",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, dockerd --insecure-registry; moby daemon/pkg/registry/config.go",
    meaning: "With a registry of this list dockerd does not verify certificates and falls back to plain HTTP. Whoever stands \
              between can hand out any image in its place, and your containers run it; passwords of docker login go the same \
              way.",
    remedy: "Put the authority of the registry where dockerd looks for it, and take it off the list:\n  /etc/docker/certs.d/REGISTRY:PORT/ca.crt",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let json = mode::members(host)
        .and_then(|json| json.get("insecure-registries")?.as_array().cloned())
        .unwrap_or_default();
    let flags = host
        .flags
        .iter()
        .filter(|flag| flag.name == "insecure-registry")
        .filter_map(|flag| flag.value.as_deref());
    let listed: Vec<String> = json
        .iter()
        .filter_map(Value::as_str)
        .chain(flags)
        .filter(|name| !is_loopback(name))
        .map(escape)
        .collect();
    if listed.is_empty() {
        return Vec::new();
    }
    let place = match host.flag("insecure-registry") {
        Some(_) if json.is_empty() => mode::place(host, "insecure-registry"),
        _ => mode::place(host, "insecure-registries"),
    };
    vec![Spot::new(
        place,
        format!("not verified: {}", listed.join(", ")),
    )]
}

/// These are never verified, listed or not.
fn is_loopback(name: &str) -> bool {
    name.starts_with("127.") || name.starts_with("[::1]") || name.starts_with("::1")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;
    use serde_json::json;

    #[test]
    fn loopback_is_never_verified_anyway() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (listed, expected) in [
            (json!([]), 0),
            (json!(["127.0.0.0/8"]), 0),
            (json!(["registry.example.org:5000", "127.0.0.1:5000"]), 1),
        ] {
            let mut world = World::new();
            world
                .host_mut()
                .config
                .keys
                .insert("insecure-registries".into(), listed);
            assert_eq!(world.look(&CHECK).len(), expected);
        }
    }
}
