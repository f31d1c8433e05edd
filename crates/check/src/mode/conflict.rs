//! One setting in two places: dockerd does not start, even when both say the same.

use crate::mode::flattened;
use crate::seen::Host;
use sealock_diag::escape;
use serde_json::{Map, Value};

/// A setting that stands as a flag and in `daemon.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The flag, by long name.
    pub flag: String,
    /// The key of `daemon.json`.
    pub key: String,
    /// What the flags say, escaped.
    pub from_flag: String,
    /// What the file says, escaped.
    pub from_file: String,
}

/// Flags whose key in `daemon.json` is called otherwise.
const NAMED: [(&str, &str); 17] = [
    ("host", "hosts"),
    ("label", "labels"),
    ("dns-opt", "dns-opts"),
    ("exec-opt", "exec-opts"),
    ("storage-opt", "storage-opts"),
    ("log-opt", "log-opts"),
    ("insecure-registry", "insecure-registries"),
    ("registry-mirror", "registry-mirrors"),
    ("authorization-plugin", "authorization-plugins"),
    ("default-ulimit", "default-ulimits"),
    ("default-address-pool", "default-address-pools"),
    ("default-network-opt", "default-network-opts"),
    ("node-generic-resource", "node-generic-resources"),
    ("cluster-store-opt", "cluster-store-opts"),
    ("cdi-spec-dir", "cdi-spec-dirs"),
    ("host-gateway-ip", "host-gateway-ips"),
    ("feature", "features"),
];

/// Every setting that stands in both places.
pub fn conflicts(host: &Host, json: &Map<String, Value>) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    for flag in &host.flags {
        if flag.name == "add-runtime" || found.iter().any(|known| known.flag == flag.name) {
            continue;
        }
        let plural = NAMED
            .iter()
            .find(|(name, _)| *name == flag.name)
            .map_or(flag.name.as_str(), |(_, key)| key);
        let Some((key, value)) =
            flattened(json).find(|(key, _)| *key == flag.name || *key == plural)
        else {
            continue;
        };
        let given: Vec<&str> = host
            .flags
            .iter()
            .filter(|other| other.name == flag.name)
            .map(|other| other.value.as_deref().unwrap_or("true"))
            .collect();
        let from_flag = match plural {
            "log-opts" | "cluster-store-opts" => {
                format!("map[{}]", given.join(" ").replace('=', ":"))
            }
            "dns" | "dns-search" => format!("[{}]", given.join(" ")),
            same if same == flag.name => given.last().copied().unwrap_or_default().to_owned(),
            _ => format!("[{}]", given.join(" ")),
        };
        found.push(Conflict {
            flag: flag.name.clone(),
            key: key.to_owned(),
            from_flag: escape(&from_flag),
            from_file: escape(&as_go_prints(value)),
        });
    }
    found
}

/// dockerd's words for them.
pub(super) fn words(conflicts: &[Conflict]) -> String {
    let each: Vec<String> = conflicts
        .iter()
        .map(|conflict| {
            format!(
                "{}: (from flag: {}, from file: {})",
                conflict.key, conflict.from_flag, conflict.from_file
            )
        })
        .collect();
    format!(
        "the following directives are specified both as a flag and in the configuration file: {}",
        each.join(", ")
    )
}

impl Conflict {
    /// dockerd's words for it.
    pub fn words(&self) -> String {
        words(std::slice::from_ref(self))
    }
}

fn as_go_prints(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(as_go_prints).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{key}:{}", as_go_prints(value)))
                .collect();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}
