//! What a container or a volume that exists can do already.

use super::need::{Flag, List, Need};
use super::needs::{capability, volume_driver};
use crate::Json;
use crate::policy::clean_path;

/// Capabilities with which a process in a container reaches its host.
const STRONG: &[&str] = &[
    "ALL",
    "SYS_ADMIN",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_PTRACE",
    "SYS_BOOT",
    "SYS_TIME",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "BPF",
    "PERFMON",
    "SYSLOG",
    "CHECKPOINT_RESTORE",
    "NET_ADMIN",
];

/// Places whose mount makes a container as strong as its host, with everything below them.
const STRONG_PLACES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/run",
    "/var/spool/cron",
];

/// Places below those that tell little and are mounted everywhere, for reading.
const HARMLESS: &[&str] = &[
    "/etc/localtime",
    "/etc/timezone",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

/// Which of the mounts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mounted {
    /// Every one.
    All,
    /// Those that lead to the host.
    Strong,
}

/// What whoever enters this container can do with its host, out of the daemon's `inspect`.
pub(crate) fn of_container(json: &Json, which: Mounted) -> Vec<Need> {
    let mut needs = Vec::new();
    let null = Json::Null;
    let host = json.get("HostConfig").unwrap_or(&null);
    if host.get("Privileged").and_then(Json::as_bool) == Some(true) {
        needs.push(Need::Flag(Flag::Privileged));
    }
    for text in texts(host.get("CapAdd")) {
        let name = capability(text);
        if STRONG.contains(&name.as_str()) {
            needs.push(Need::Word(List::Capability, name));
        }
    }
    for (key, space) in [
        ("PidMode", "pid"),
        ("IpcMode", "ipc"),
        ("NetworkMode", "network"),
    ] {
        if host.get(key).and_then(Json::as_str) == Some("host") {
            needs.push(Need::Word(List::Namespace, format!("{space}:host")));
        }
    }
    for device in items(host.get("Devices")) {
        let path = device
            .get("PathOnHost")
            .and_then(Json::as_str)
            .unwrap_or_default();
        needs.push(Need::Word(List::Device, path.to_owned()));
    }
    if host
        .get("DeviceCgroupRules")
        .is_some_and(|rules| !rules.is_empty())
    {
        needs.push(Need::Beyond("DeviceCgroupRules".to_owned()));
    }
    // The daemon's own lists are long; an empty one was asked for, and the kernel's files lie bare.
    for key in ["MaskedPaths", "ReadonlyPaths"] {
        if host.get(key) == Some(&Json::Array(Vec::new())) {
            needs.push(Need::Beyond(key.to_owned()));
        }
    }
    // What is mounted now, whichever door it came through.
    for mount in items(json.get("Mounts")) {
        let text = |key: &str| mount.get(key).and_then(Json::as_str).unwrap_or_default();
        if text("Type") != "bind" {
            continue;
        }
        let write = mount.get("RW").and_then(Json::as_bool).unwrap_or(true);
        let path = clean_path(text("Source")).unwrap_or_else(|| "/".to_owned());
        if which == Mounted::All || is_strong(&path, write) {
            needs.push(Need::Bind { path, write });
        }
    }
    needs
}

/// The names of the volumes that a container has mounted.
pub(crate) fn volumes(json: &Json) -> impl Iterator<Item = &str> {
    items(json.get("Mounts"))
        .iter()
        .filter(|mount| mount.get("Type").and_then(Json::as_str) == Some("volume"))
        .filter_map(|mount| mount.get("Name").and_then(Json::as_str))
}

/// File systems behind a volume that are not the host's.
const REMOTE: &[&str] = &["nfs", "nfs4", "cifs", "tmpfs"];

/// What a volume that exists is, beside a folder of the daemon's own.
pub(crate) fn of_volume(json: &Json, which: Mounted) -> Vec<Need> {
    let mut needs = super::needs::Needs::default();
    let null = Json::Null;
    let driver = json
        .get("Driver")
        .and_then(Json::as_str)
        .unwrap_or_default();
    volume_driver(&mut needs, driver, json.get("Options").unwrap_or(&null));
    let mut needs = needs.into_list();
    if which == Mounted::Strong {
        let kind = json.at(&["Options", "type"]).and_then(Json::as_str);
        let remote = kind.is_some_and(|kind| REMOTE.contains(&kind));
        needs.retain(|need| match need {
            Need::Bind { path, write } => is_strong(path, *write),
            // A driver was granted to whoever made it.
            Need::Word(..) => false,
            _ => !remote,
        });
    }
    needs
}

/// Whether a mount of this place is as good as the host.
pub(crate) fn is_strong(path: &str, write: bool) -> bool {
    let below = |path: &str, place: &str| {
        path == place
            || path
                .strip_prefix(place)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if !write && HARMLESS.iter().any(|place| below(path, place)) {
        return false;
    }
    // A socket is a door to whoever listens behind it, wherever it lies.
    path == "/"
        || path.ends_with(".sock")
        || STRONG_PLACES
            .iter()
            .any(|place| below(path, place) || below(place, path))
}

fn items(json: Option<&Json>) -> &[Json] {
    json.and_then(Json::as_array).unwrap_or_default()
}

fn texts(json: Option<&Json>) -> impl Iterator<Item = &str> {
    items(json).iter().filter_map(Json::as_str)
}

#[cfg(test)]
mod tests {
    use super::{Mounted, is_strong, of_container};
    use crate::Json;

    #[test]
    fn some_places_are_the_host_itself() {
        for (path, write, expected) in [
            ("/", false, true),
            ("/etc", false, true),
            ("/etc/localtime", false, false),
            ("/etc/localtime", true, true),
            ("/var", true, true),
            ("/var/run/docker.sock", false, true),
            ("/srv/app/agent.sock", true, true),
            ("/srv/app", true, false),
            ("/etcetera", true, false),
            ("/var/lib/docker/volumes/x/_data", true, true),
        ] {
            assert_eq!(is_strong(path, write), expected, "{path} {write}");
        }
    }

    #[test]
    fn what_a_container_can_do_is_read_from_its_inspection() {
        let json = br#"{"HostConfig":{"Privileged":true,"CapAdd":["CAP_SYS_ADMIN","CHOWN"],"PidMode":"host",
            "Devices":[{"PathOnHost":"/dev/sda"}]},"Mounts":[{"Type":"bind","Source":"/run/docker.sock","RW":true},
            {"Type":"volume","Source":"/var/lib/docker/volumes/x/_data"}]}"#;
        let needs = of_container(&Json::parse(json).unwrap(), Mounted::Strong);
        let texts: Vec<String> = needs.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "make a privileged container",
                "add the capability SYS_ADMIN",
                "share the pid namespace of the host",
                "use the device /dev/sda",
                "mount /run/docker.sock of the host for writing",
            ]
        );
    }
}
