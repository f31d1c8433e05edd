//! The body of a new container, and of an update.

use super::field::Needs;
use super::{labels, mounts, networks};
use crate::Json;
use crate::judge::need::{Amount, Flag, List, Need, Use};
use crate::judge::question::is_askable;
use crate::policy::{Ports, port_range};

/// `POST /containers/create`.
pub(super) fn create(needs: &mut Needs, body: &Json) {
    let null = Json::Null;
    let (mut host, mut endpoints) = (&null, &null);
    for (key, value) in needs.fields("the body", body) {
        match key.as_str() {
            "HostConfig" => host = value,
            "NetworkingConfig" => endpoints = value,
            "Image" => {
                let name = needs.text("Image", value).to_owned();
                if !name.is_empty() {
                    needs.add(Need::Image {
                        name,
                        how: Use::Join,
                    });
                }
            }
            "User" => {
                let user = needs.text("User", value).to_owned();
                needs.add(Need::Word(List::User, user));
            }
            "Env" => env(needs, value),
            "Labels" => labels(needs, value),
            "Volumes" => {
                for (place, _) in needs.fields("Volumes", value) {
                    // A colon would name a source; the daemon knows only targets here.
                    if !place.starts_with('/') || place.contains(':') {
                        needs.unclear(format!("the volume place {place}"));
                    }
                }
            }
            "Hostname" | "Domainname" | "AttachStdin" | "AttachStdout" | "AttachStderr"
            | "ExposedPorts" | "Tty" | "OpenStdin" | "StdinOnce" | "Cmd" | "Healthcheck"
            | "ArgsEscaped" | "WorkingDir" | "Entrypoint" | "NetworkDisabled" | "MacAddress"
            | "OnBuild" | "StopSignal" | "StopTimeout" | "Shell" => {}
            other => needs.beyond_unless_empty(other, value),
        }
    }
    if body.get("User").is_none() {
        needs.add(Need::Word(List::User, String::new()));
    }
    host_config(needs, host);
    // Who names neither a network nor endpoints is put into the daemon's default network.
    let says = |json: &Json, key: &str| json.get(key).is_some_and(|value| !value.is_empty());
    if !says(host, "NetworkMode")
        && !says(endpoints, "EndpointsConfig")
        && !says(body, "NetworkDisabled")
    {
        networks::mode(needs, "");
    }
    limits(needs, host, Moment::Create);
    networks::endpoints_config(needs, endpoints);
}

/// `POST /containers/{name}/update`: the fields of a host configuration that a living container can change.
pub(super) fn update(needs: &mut Needs, body: &Json) {
    host_config(needs, body);
    limits(needs, body, Moment::Update);
}

/// Names of environment variables that are set.
pub(super) fn env(needs: &mut Needs, json: &Json) {
    for text in needs.texts("Env", json) {
        let name = text.split_once('=').map_or(text, |(name, _)| name);
        needs.add(Need::Env(name.to_owned()));
    }
}

fn words(needs: &mut Needs, list: List, what: &str, json: &Json) {
    for text in needs.texts(what, json) {
        needs.add(Need::Word(list, text.to_owned()));
    }
}

/// Every field of a host configuration is on this list: harmless, judged, or only for the unconfined.
fn host_config(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("HostConfig", json) {
        match key.as_str() {
            "Binds" => mounts::binds(needs, value),
            "Mounts" => mounts::mounts(needs, value),
            "VolumesFrom" => volumes_from(needs, value),
            "VolumeDriver" => {
                let name = needs.text("VolumeDriver", value).to_owned();
                if !matches!(name.as_str(), "" | "local") {
                    needs.add(Need::Word(List::VolumeDriver, name));
                }
            }
            "Links" => links(needs, value),
            "Privileged" => {
                if needs.flag("Privileged", value) {
                    needs.add(Need::Flag(Flag::Privileged));
                }
            }
            "CapAdd" => {
                for text in needs.texts("CapAdd", value) {
                    needs.add(Need::Word(List::Capability, capability(text)));
                }
            }
            "NetworkMode" => {
                let mode = needs.text("NetworkMode", value).to_owned();
                if !mode.is_empty() {
                    networks::mode(needs, &mode);
                }
            }
            "PidMode" => namespace(needs, "pid", value, &[""]),
            "IpcMode" => namespace(needs, "ipc", value, &["", "private", "shareable", "none"]),
            "UTSMode" => namespace(needs, "uts", value, &[""]),
            "UsernsMode" => namespace(needs, "userns", value, &["", "private"]),
            "CgroupnsMode" => namespace(needs, "cgroup", value, &["", "private"]),
            "Devices" => devices(needs, value),
            "DeviceRequests" => device_requests(needs, value),
            "SecurityOpt" => security_options(needs, value),
            "Sysctls" => {
                for (name, _) in needs.fields("Sysctls", value) {
                    needs.add(Need::Word(List::Sysctl, name.clone()));
                }
            }
            "Ulimits" => ulimits(needs, value),
            "Runtime" => {
                let name = needs.text("Runtime", value).to_owned();
                if !name.is_empty() {
                    needs.add(Need::Word(List::Runtime, name));
                }
            }
            "LogConfig" => log_config(needs, value),
            "GroupAdd" => words(needs, List::Group, "GroupAdd", value),
            "PortBindings" => port_bindings(needs, value),
            "PublishAllPorts" => {
                if needs.flag("PublishAllPorts", value) {
                    needs.add(Need::Port {
                        address: None,
                        ports: Ports::Ephemeral,
                    });
                }
            }
            "RestartPolicy" => restart(needs, value),
            "StorageOpt" => {
                for (name, _) in needs.fields("StorageOpt", value) {
                    if name != "size" {
                        needs.beyond(format!("StorageOpt.{name}"));
                    }
                }
            }
            "OomScoreAdj" => {
                if needs.number("OomScoreAdj", value) < 0 {
                    needs.beyond("a negative OomScoreAdj");
                }
            }
            "Isolation" => {
                if !matches!(needs.text("Isolation", value), "" | "default") {
                    needs.beyond("Isolation");
                }
            }
            // Null leaves the daemon's own list; an empty one takes every mask away.
            "MaskedPaths" | "ReadonlyPaths" => {
                if *value != Json::Null {
                    needs.beyond(key.as_str());
                }
            }
            "Memory" | "MemorySwap" | "NanoCpus" | "NanoCPUs" | "CpuQuota" | "CpuPeriod"
            | "PidsLimit" => {}
            "AutoRemove"
            | "ConsoleSize"
            | "CapDrop"
            | "Dns"
            | "DnsOptions"
            | "DnsSearch"
            | "ExtraHosts"
            | "ReadonlyRootfs"
            | "ShmSize"
            | "Tmpfs"
            | "Init"
            | "CpuShares"
            | "CpusetCpus"
            | "CpusetMems"
            | "BlkioWeight"
            | "BlkioWeightDevice"
            | "BlkioDeviceReadBps"
            | "BlkioDeviceWriteBps"
            | "BlkioDeviceReadIOps"
            | "BlkioDeviceWriteIOps"
            | "MemoryReservation"
            | "MemorySwappiness"
            | "KernelMemory"
            | "KernelMemoryTCP"
            | "CpuCount"
            | "CpuPercent"
            | "IOMaximumIOps"
            | "IOMaximumBandwidth"
            | "ContainerIDFile" => {}
            // CgroupParent, Cgroup, Capabilities, DeviceCgroupRules, Annotations, OomKillDisable,
            // CpuRealtime*, and whatever comes tomorrow.
            other => needs.beyond_unless_empty(other, value),
        }
    }
}

/// Capabilities have two spellings and any case.
pub(crate) fn capability(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

fn namespace(needs: &mut Needs, space: &str, json: &Json, own: &[&str]) {
    let mode = needs.text(space, json);
    if own.contains(&mode) {
        return;
    }
    if mode == "host" {
        needs.add(Need::Word(List::Namespace, format!("{space}:host")));
    } else if let Some(name) = mode.strip_prefix("container:") {
        needs.add(Need::Word(List::Namespace, format!("{space}:container")));
        container(needs, name, shares(space));
    } else {
        needs.unclear(format!("the {space} namespace {mode}"));
    }
}

/// Who shares the processes of a container can do what these can; who shares its network cannot.
fn shares(space: &str) -> Use {
    if space == "pid" {
        Use::Enter
    } else {
        Use::Join
    }
}

/// A container by name or ID.
pub(super) fn container(needs: &mut Needs, name: &str, how: Use) {
    if is_askable(name) {
        needs.add(Need::Container {
            name: name.to_owned(),
            how,
        });
    } else {
        needs.unclear(format!("the container {name}"));
    }
}

fn volumes_from(needs: &mut Needs, json: &Json) {
    for text in needs.texts("VolumesFrom", json) {
        let (name, mode) = text.split_once(':').unwrap_or((text, ""));
        if !mode
            .split(',')
            .all(|word| matches!(word, "" | "ro" | "rw" | "z" | "Z" | "nocopy"))
        {
            needs.unclear(format!("VolumesFrom {text}"));
        }
        container(needs, name, Use::Mount);
    }
}

fn links(needs: &mut Needs, json: &Json) {
    for text in needs.texts("Links", json) {
        let name = text.split_once(':').map_or(text, |(name, _)| name);
        // The environment of the other container comes along.
        container(needs, name, Use::Join);
    }
}

fn devices(needs: &mut Needs, json: &Json) {
    for item in needs.items("Devices", json) {
        let mut path = "";
        for (key, value) in needs.fields("a device", item) {
            match key.as_str() {
                "PathOnHost" => path = needs.text("PathOnHost", value),
                "PathInContainer" | "CgroupPermissions" => {}
                other => needs.beyond_unless_empty(&format!("Devices.{other}"), value),
            }
        }
        match crate::policy::clean_path(path) {
            Some(path) => needs.add(Need::Word(List::Device, path)),
            None => needs.unclear(format!("the device {path}")),
        }
    }
}

fn device_requests(needs: &mut Needs, json: &Json) {
    for item in needs.items("DeviceRequests", json) {
        let driver = item
            .get("Driver")
            .and_then(Json::as_str)
            .unwrap_or_default();
        let null = Json::Null;
        match driver {
            "cdi" => {
                for id in needs.texts("DeviceIDs", item.get("DeviceIDs").unwrap_or(&null)) {
                    needs.add(Need::Word(List::Device, format!("cdi:{id}")));
                }
                if item.get("DeviceIDs").is_none_or(Json::is_empty) {
                    needs.add(Need::Word(List::Device, "cdi:".to_owned()));
                }
            }
            "" | "nvidia" | "amd" => needs.add(Need::Word(List::Device, "gpu".to_owned())),
            other => needs.add(Need::Word(List::Device, format!("driver:{other}"))),
        }
        for (key, value) in needs.fields("DeviceRequests", item) {
            match key.as_str() {
                "Driver" | "Count" | "DeviceIDs" | "Capabilities" => {}
                "Options" => needs.beyond_unless_empty("DeviceRequests.Options", value),
                other => needs.beyond_unless_empty(&format!("DeviceRequests.{other}"), value),
            }
        }
    }
}

fn security_options(needs: &mut Needs, json: &Json) {
    for text in needs.texts("SecurityOpt", json) {
        if !matches!(
            text,
            "no-new-privileges" | "no-new-privileges=true" | "no-new-privileges:true"
        ) {
            needs.add(Need::Word(List::SecurityOption, text.to_owned()));
        }
    }
}

pub(super) fn ulimits(needs: &mut Needs, json: &Json) {
    for item in needs.items("Ulimits", json) {
        let null = Json::Null;
        let name = needs.text("Ulimits.Name", item.get("Name").unwrap_or(&null));
        needs.add(Need::Word(List::Ulimit, name.to_ascii_lowercase()));
    }
}

/// Options of the two drivers that write files of the daemon's own; others send somewhere.
const PLAIN_LOG_OPTIONS: &[&str] = &[
    "max-size",
    "max-file",
    "compress",
    "labels",
    "labels-regex",
    "env",
    "env-regex",
    "tag",
    "mode",
    "max-buffer-size",
];

fn log_config(needs: &mut Needs, json: &Json) {
    let null = Json::Null;
    let (mut kind, mut options) = ("", &null);
    for (key, value) in needs.fields("LogConfig", json) {
        match key.as_str() {
            "Type" => kind = needs.text("LogConfig.Type", value),
            "Config" => options = value,
            other => needs.beyond_unless_empty(&format!("LogConfig.{other}"), value),
        }
    }
    if !kind.is_empty() {
        needs.add(Need::Word(List::LogDriver, kind.to_owned()));
    }
    if matches!(kind, "" | "json-file" | "local") {
        for (name, _) in needs.fields("LogConfig.Config", options) {
            if !PLAIN_LOG_OPTIONS.contains(&name.as_str()) {
                needs.beyond(format!("the log option {name}"));
            }
        }
    }
}

fn port_bindings(needs: &mut Needs, json: &Json) {
    for (_, list) in needs.fields("PortBindings", json) {
        let items = needs.items("PortBindings", list);
        // A port without any binding is published as the daemon likes.
        if items.is_empty() {
            needs.add(Need::Port {
                address: None,
                ports: Ports::Ephemeral,
            });
        }
        for item in items {
            let (mut ip, mut port) = ("", "");
            for (key, value) in needs.fields("a port binding", item) {
                match key.as_str() {
                    "HostIp" => ip = needs.text("HostIp", value),
                    "HostPort" => port = needs.text("HostPort", value),
                    other => needs.beyond_unless_empty(&format!("PortBindings.{other}"), value),
                }
            }
            publish(needs, ip, port);
        }
    }
}

fn publish(needs: &mut Needs, ip: &str, port: &str) {
    let address = match ip {
        "" => None,
        text => match text.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_unspecified() => None,
            Ok(address) => Some(address),
            Err(_) => return needs.unclear(format!("the address {text}")),
        },
    };
    let ports = match port {
        "" | "0" => Ports::Ephemeral,
        text => match port_range(text) {
            Some((from, to)) => Ports::Range(from, to),
            None => return needs.unclear(format!("the port {text}")),
        },
    };
    needs.add(Need::Port { address, ports });
}

fn restart(needs: &mut Needs, json: &Json) {
    for (key, value) in needs.fields("RestartPolicy", json) {
        match key.as_str() {
            "Name" => {
                let name = match needs.text("RestartPolicy.Name", value) {
                    "" => "no",
                    name => name,
                };
                needs.add(Need::Word(List::Restart, name.to_owned()));
            }
            "MaximumRetryCount" => {}
            other => needs.beyond_unless_empty(&format!("RestartPolicy.{other}"), value),
        }
    }
}

/// When limits are looked at: what is not said at first is filled in by the policy's own; later it means no change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    Create,
    Update,
}

/// The processor period that the daemon takes when none is given, in microseconds.
const PERIOD: i64 = 100_000;

fn limits(needs: &mut Needs, host: &Json, moment: Moment) {
    let mut number = |key: &str| host.get(key).map(|value| needs.number(key, value));
    let memory = number("Memory");
    let swap = number("MemorySwap");
    let nano = number("NanoCpus").or_else(|| host.get("NanoCPUs")?.as_i64());
    let quota = number("CpuQuota");
    let period = number("CpuPeriod");
    let pids = host.get("PidsLimit").filter(|value| **value != Json::Null);
    let pids = pids.map(|value| needs.number("PidsLimit", value));
    let said = |value: Option<i64>| value.filter(|value| *value != 0);
    let bound = |value: i64| u64::try_from(value).ok();

    if let Some(size) = said(memory) {
        needs.add(Need::Amount(Amount::Memory, bound(size)));
    }
    // Memory and swap together; -1 is no bound at all, and twice the memory is what the daemon gives.
    if let Some(swap) = said(swap) {
        let double = said(memory).map_or(0, |memory| memory.saturating_mul(2));
        if swap < 0 || swap > double {
            needs.add(Need::Amount(
                Amount::Memory,
                bound(swap).map(|swap| swap / 2),
            ));
        }
    }
    match (said(nano), said(quota)) {
        (Some(nano), None) => needs.add(Need::Amount(Amount::Cpus, bound(nano))),
        (None, Some(quota)) => {
            let period = said(period).unwrap_or(PERIOD).max(1);
            let nano = bound(quota).map(|quota| {
                let period = period.unsigned_abs();
                u64::try_from(u128::from(quota) * 1_000_000_000 / u128::from(period))
                    .unwrap_or(u64::MAX)
            });
            needs.add(Need::Amount(Amount::Cpus, nano));
        }
        (Some(_), Some(_)) => needs.unclear("NanoCpus beside CpuQuota"),
        // A shorter period beside the quota that is there already is more processor time.
        (None, None) if moment == Moment::Update && said(period).is_some() => {
            needs.add(Need::Amount(Amount::Cpus, None));
        }
        (None, None) => {}
    }
    match (pids, moment) {
        (Some(count), _) if count > 0 => needs.add(Need::Amount(Amount::Pids, bound(count))),
        (Some(count), _) if count < 0 => needs.add(Need::Amount(Amount::Pids, None)),
        (Some(_), Moment::Update) => needs.add(Need::Amount(Amount::Pids, None)),
        (Some(_) | None, _) => {}
    }
}
