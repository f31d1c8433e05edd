//! The keys of `daemon.json`, by version, and what they hold.
//!
//! dockerd takes a key when it has a flag of that name, or one whose list is kept under it; so the singular
//! names of flags pass too, though they do nothing. A version that is not sure stands as the earlier one:
//! nothing is called unknown that some release of that number knew.

use serde_json::{Map, Value};

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `true` or `false`.
    Switch,
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// A list of strings.
    Texts,
    /// An object whose values are strings.
    TextMap,
    /// An object.
    Object,
    /// Something that dockerd reads in more than one form, or not at all.
    Any,
}

use Shape::{Any, Number, Object, Switch, Text, TextMap, Texts};

/// The first major version that this table speaks of.
const OLDEST: u32 = 20;
/// The last one; of later ones nothing is known.
const NEWEST: u32 = 29;

/// Key, what it holds, the first major version that knows it, and the first that does not any more.
#[rustfmt::skip]
const KEYS: &[(&str, Shape, u32, u32)] = &[
    ("allow-direct-routing", Switch, 28, 99),
    ("allow-nondistributable-artifacts", Any, 0, 99),
    ("api-cors-header", Text, 0, 99),
    ("authorization-plugins", Texts, 0, 99),
    ("bip", Text, 0, 99),
    ("bip6", Text, 27, 99),
    ("bridge", Text, 0, 99),
    ("bridge-accept-fwmark", Text, 29, 99),
    ("builder", Object, 0, 99),
    ("cdi-spec-dirs", Texts, 25, 99),
    ("cgroup-parent", Text, 0, 99),
    ("cluster-advertise", Text, 0, 26),
    ("cluster-store", Text, 0, 26),
    ("cluster-store-opts", TextMap, 0, 26),
    ("containerd", Text, 0, 99),
    ("containerd-namespace", Text, 0, 99),
    ("containerd-plugins-namespace", Any, 0, 99),
    ("cpu-rt-period", Number, 0, 99),
    ("cpu-rt-runtime", Number, 0, 99),
    ("cri-containerd", Switch, 0, 99),
    ("data-root", Text, 0, 99),
    ("debug", Switch, 0, 99),
    ("default-address-pools", Any, 0, 99),
    ("default-cgroupns-mode", Text, 0, 99),
    ("default-gateway", Text, 0, 99),
    ("default-gateway-v6", Text, 0, 99),
    ("default-ipc-mode", Text, 0, 99),
    ("default-network-opts", Object, 24, 99),
    ("default-runtime", Text, 0, 99),
    ("default-shm-size", Any, 0, 99),
    ("default-stop-timeout", Number, 29, 99),
    ("default-ulimits", Object, 0, 99),
    ("deprecated-key-path", Any, 0, 99),
    ("dns", Texts, 0, 99),
    ("dns-opts", Texts, 0, 99),
    ("dns-search", Texts, 0, 99),
    ("exec-opts", Texts, 0, 99),
    ("exec-root", Text, 0, 99),
    ("experimental", Switch, 0, 99),
    ("features", Object, 0, 99),
    ("firewall-backend", Text, 29, 99),
    ("fixed-cidr", Text, 0, 99),
    ("fixed-cidr-v6", Text, 0, 99),
    ("graph", Text, 0, 23),
    ("group", Text, 0, 99),
    ("host-gateway-ip", Text, 0, 99),
    ("host-gateway-ips", Texts, 28, 99),
    ("hosts", Texts, 0, 99),
    ("http-proxy", Any, 23, 99),
    ("https-proxy", Any, 23, 99),
    ("icc", Switch, 0, 99),
    ("init", Switch, 0, 99),
    ("init-path", Text, 0, 99),
    ("insecure-registries", Texts, 0, 99),
    ("ip", Text, 0, 99),
    ("ip-forward", Switch, 0, 99),
    ("ip-forward-no-drop", Switch, 28, 99),
    ("ip-masq", Switch, 0, 99),
    ("ip6tables", Switch, 0, 99),
    ("iptables", Switch, 0, 99),
    ("ipv6", Switch, 0, 99),
    ("labels", Texts, 0, 99),
    ("live-restore", Switch, 0, 99),
    ("log-driver", Text, 0, 99),
    ("log-format", Text, 23, 99),
    ("log-level", Text, 0, 99),
    ("log-opts", TextMap, 0, 99),
    ("max-concurrent-downloads", Number, 0, 99),
    ("max-concurrent-uploads", Number, 0, 99),
    ("max-download-attempts", Number, 0, 99),
    ("metrics-addr", Text, 0, 99),
    ("min-api-version", Text, 29, 99),
    ("mtu", Number, 0, 99),
    ("network-control-plane-mtu", Number, 0, 99),
    ("network-diagnostic-port", Number, 0, 99),
    ("no-new-privileges", Switch, 0, 99),
    ("no-proxy", Any, 23, 99),
    ("node-generic-resources", Any, 0, 99),
    ("nri-opts", Object, 29, 99),
    ("oom-score-adjust", Number, 0, 26),
    ("pidfile", Text, 0, 99),
    ("raw-logs", Switch, 0, 99),
    ("registry-mirrors", Texts, 0, 99),
    ("rootless", Switch, 0, 99),
    ("runtimes", Object, 0, 99),
    ("seccomp-profile", Text, 0, 99),
    ("selinux-enabled", Switch, 0, 99),
    ("shutdown-timeout", Number, 0, 99),
    ("storage-driver", Text, 0, 99),
    ("storage-opts", Texts, 0, 99),
    ("swarm-default-advertise-addr", Text, 0, 99),
    ("tls", Switch, 0, 99),
    ("tlscacert", Text, 0, 99),
    ("tlscert", Text, 0, 99),
    ("tlskey", Text, 0, 99),
    ("tlsverify", Switch, 0, 99),
    ("userland-proxy", Switch, 0, 99),
    ("userland-proxy-path", Text, 0, 99),
    ("userns-remap", Text, 0, 99),
];

/// Flags whose name is no key: as a key they pass, and do nothing.
const FLAGS_ONLY: &[&str] = &[
    "add-runtime",
    "authorization-plugin",
    "cdi-spec-dir",
    "cluster-store-opt",
    "config-file",
    "default-address-pool",
    "default-network-opt",
    "default-ulimit",
    "dns-opt",
    "exec-opt",
    "feature",
    "help",
    "host",
    "insecure-registry",
    "label",
    "log-opt",
    "node-generic-resource",
    "registry-mirror",
    "restart",
    "storage-opt",
    "validate",
    "version",
];

/// Objects that dockerd does not look into when it compares keys with flags.
const CLOSED: [&str; 8] = [
    "builder",
    "cluster-store-opts",
    "default-network-opts",
    "default-ulimits",
    "features",
    "log-opts",
    "nri-opts",
    "runtimes",
];

/// The members as dockerd compares them with its flags: an object stands for its own members.
pub fn flattened(json: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    json.iter().flat_map(|(key, value)| match value {
        Value::Object(inner) if !CLOSED.contains(&key.as_str()) => inner
            .iter()
            .map(|(key, value)| (key.as_str(), value))
            .collect::<Vec<_>>(),
        _ => vec![(key.as_str(), value)],
    })
}

/// Whether a major version knows a key. Of versions before 20.10 and after 29 nothing is known, so they
/// know everything.
pub fn is_known(key: &str, major: u32) -> bool {
    !(OLDEST..=NEWEST).contains(&major)
        || FLAGS_ONLY.contains(&key)
        || KEYS
            .iter()
            .any(|(name, _, since, until)| *name == key && (*since..*until).contains(&major))
}

/// Whether any version that the table speaks of knows a key.
pub fn is_ever_known(key: &str) -> bool {
    (OLDEST..=NEWEST).any(|major| is_known(key, major))
}

/// The major version in which a key came, when it is one of ours to know.
pub fn since(key: &str) -> Option<u32> {
    KEYS.iter()
        .find(|(name, _, since, _)| *name == key && *since > 0)
        .map(|(_, _, since, _)| *since)
}

/// A key that differs from this one in case or by one or two letters.
pub fn similar(key: &str) -> Option<&'static str> {
    let lower = key.to_ascii_lowercase().replace('_', "-");
    KEYS.iter()
        .map(|(name, ..)| *name)
        .filter(|name| *name != key)
        .map(|name| (distance(name, &lower), name))
        .filter(|(distance, name)| *distance <= 2 && *distance * 3 <= name.len())
        .min()
        .map(|(_, name)| name)
}

/// How many letters must be changed, put in or taken out.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut corner = i;
        let mut last = i + 1;
        row[0] = last;
        for (j, right) in b.iter().enumerate() {
            let up = row[j + 1];
            last = (corner + usize::from(left != *right))
                .min(up + 1)
                .min(last + 1);
            row[j + 1] = last;
            corner = up;
        }
    }
    row.last().copied().unwrap_or_default()
}

/// What dockerd says of a value of a wrong type; `None` when the type is right or not known.
pub fn shape_problem(key: &str, value: &Value) -> Option<String> {
    let (_, shape, ..) = KEYS.iter().find(|(name, ..)| *name == key)?;
    let (found, wanted) = match (shape, value) {
        (_, Value::Null) | (Any, _) => return None,
        (Switch, Value::Bool(_)) | (Text, Value::String(_)) | (Object, Value::Object(_)) => {
            return None;
        }
        (Number, Value::Number(number)) if number.is_i64() || number.is_u64() => return None,
        (Number, Value::Number(number)) => (format!("number {number}"), "int"),
        (Texts, Value::Array(items)) => {
            let wrong = items
                .iter()
                .find(|item| !item.is_string() && !item.is_null())?;
            (kind(wrong), "string")
        }
        (TextMap, Value::Object(members)) => {
            let wrong = members
                .values()
                .find(|value| !value.is_string() && !value.is_null())?;
            (kind(wrong), "string")
        }
        (Switch, _) => (kind(value), "bool"),
        (Text, _) => (kind(value), "string"),
        (Number, _) => (kind(value), "int"),
        (Texts, _) => (kind(value), "[]string"),
        (TextMap, _) => (kind(value), "map[string]string"),
        (Object, _) => (kind(value), "map"),
    };
    Some(format!(
        "json: cannot unmarshal {found} into Go struct field Config.{key} of type {wanted}"
    ))
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
    .to_owned()
}
