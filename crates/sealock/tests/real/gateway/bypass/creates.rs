//! Creates that give away the host, in every spelling the daemon takes.

use serde_json::{Value, json};

use super::case::Case;
use super::raw;
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

/// A setting of the host that no hardened container has.
struct Setting {
    key: &'static str,
    value: Value,
    /// A value that anybody may have.
    tame: Value,
}

fn settings() -> Vec<Setting> {
    [
        ("Privileged", json!(true), json!(false)),
        ("Binds", json!(["/etc:/h"]), json!([])),
        ("NetworkMode", json!("host"), json!("none")),
        ("PidMode", json!("host"), json!("")),
        ("IpcMode", json!("host"), json!("")),
        ("UTSMode", json!("host"), json!("")),
        ("UsernsMode", json!("host"), json!("")),
        ("CapAdd", json!(["SYS_ADMIN"]), json!([])),
        ("Devices", json!([{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rwm"}]), json!([])),
        ("DeviceCgroupRules", json!(["c 1:3 rwm"]), json!([])),
        ("SecurityOpt", json!(["seccomp=unconfined"]), json!([])),
        ("VolumesFrom", json!(["victim"]), json!([])),
        ("CgroupParent", json!("/elsewhere"), json!("")),
        ("Sysctls", json!({"net.ipv4.ip_forward": "1"}), json!({})),
        ("MaskedPaths", json!([]), json!(null)),
        ("ReadonlyPaths", json!([]), json!(null)),
        ("PortBindings", json!({"22/tcp": [{"HostIp": "", "HostPort": "22"}]}), json!({})),
        ("OomScoreAdj", json!(-900), json!(0)),
        ("Ulimits", json!([{"Name": "memlock", "Soft": -1, "Hard": -1}]), json!([])),
        ("LogConfig", json!({"Type": "syslog", "Config": {}}), json!({})),
        ("Mounts", json!([{"Type": "bind", "Source": "/etc", "Target": "/h"}]), json!([])),
        ("CgroupnsMode", json!("host"), json!("private")),
        ("GroupAdd", json!(["0"]), json!([])),
        ("DeviceRequests", json!([{"Driver": "", "Count": -1, "DeviceIDs": null, "Capabilities": [["gpu"]], "Options": {}}]), json!([])),
    ]
    .into_iter()
    .map(|(key, value, tame)| Setting { key, value, tame })
    .collect()
}

/// The same keys with values that anybody may have.
pub(super) fn tame() -> Vec<(&'static str, Value)> {
    settings()
        .into_iter()
        .map(|setting| (setting.key, setting.tame))
        .collect()
}

/// Spellings of a key that the daemon takes for it.
pub(super) fn spellings(key: &str) -> Vec<String> {
    let mut all = vec![key.to_lowercase(), key.to_uppercase()];
    let swap = |letter: char, other: char| {
        let at = key.to_lowercase().find(letter)?;
        let mut text: Vec<char> = key.chars().collect();
        *text.get_mut(at)? = other;
        Some(text.into_iter().collect::<String>())
    };
    all.extend(swap('s', '\u{17f}'));
    all.extend(swap('k', '\u{212a}'));
    let first = key.chars().next().unwrap();
    all.push(format!("\\u{:04x}{}", u32::from(first), &key[1..]));
    all
}

/// Bodies that say `key: value` to the daemon and look otherwise to somebody.
fn bodies(setting: &Setting) -> Vec<(u8, String, String)> {
    let Setting { key, value, tame } = setting;
    let image = format!("\"Image\":\"{IMAGE}\"");
    let host = |key: &str| format!("{{{image},\"HostConfig\":{{\"{key}\":{value}}}}}");
    let mut all = vec![(4, "as documented".to_owned(), host(key))];
    for other in spellings(key) {
        all.push((4, format!("as {other}"), host(&other)));
    }
    for other in spellings("HostConfig") {
        all.push((
            4,
            format!("in {other}"),
            format!("{{{image},\"{other}\":{{\"{key}\":{value}}}}}"),
        ));
    }
    let lower = key.to_lowercase();
    let merged = [
        (
            "merged into an empty one",
            format!("\"HostConfig\":{{}},\"HostConfig\":{{\"{key}\":{value}}}"),
        ),
        (
            "merged into another case",
            format!("\"HostConfig\":{{\"Memory\":0}},\"hostconfig\":{{\"{key}\":{value}}}"),
        ),
        (
            "kept by a later empty one",
            format!("\"HostConfig\":{{\"{key}\":{value}}},\"HostConfig\":{{}}"),
        ),
        (
            "behind null",
            format!("\"HostConfig\":null,\"HostConfig\":{{\"{key}\":{value}}}"),
        ),
    ];
    for (label, inner) in merged {
        all.push((4, label.to_owned(), format!("{{{image},{inner}}}")));
    }
    if !tame.is_null() && tame != &json!({}) {
        all.push((
            4,
            "the last of two".to_owned(),
            format!("{{{image},\"HostConfig\":{{\"{key}\":{tame},\"{lower}\":{value}}}}}"),
        ));
    }
    all.push((
        4,
        "before a second document".to_owned(),
        format!("{}{{{image}}}", host(key)),
    ));
    all.push((
        4,
        "beside bytes that are no text".to_owned(),
        format!("{{\"Labels\":{{\"x\":\"@BYTES@\"}},{}", &host(key)[1..]),
    ));
    all.push((
        1,
        "flat".to_owned(),
        format!("{{{image},\"{key}\":{value}}}"),
    ));
    all.push((
        1,
        "flat beside null".to_owned(),
        format!("{{{image},\"HostConfig\":null,\"{key}\":{value}}}"),
    ));
    all.push((
        1,
        "flat in lower case".to_owned(),
        format!("{{{image},\"{lower}\":{value}}}"),
    ));
    all
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for setting in settings() {
        for (row, label, body) in bodies(&setting) {
            let (key, value) = (setting.key, setting.value.clone());
            let mut bytes = body.into_bytes();
            if let Some(at) = bytes.windows(7).position(|window| window == b"@BYTES@") {
                bytes.splice(at..at + 7, *b"\xff\xfe");
            }
            cases.push(Case::new(
                row,
                format!("{key} {label}"),
                move |_, scene| {
                    raw::json(
                        &format!("POST /containers/create?name={}", scene.name),
                        &bytes,
                    )
                },
                move |world, scene, _| has(world, &scene.name, key, &value),
            ));
        }
    }
    cases
}

/// Whether there is such a container with this setting.
pub(super) fn has(world: &World, name: &str, key: &str, value: &Value) -> bool {
    let container = world.inspect(name);
    let found = &container["HostConfig"][key];
    match (found, value) {
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && (wanted.is_empty() || !found.is_empty())
        }
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.keys().all(|key| found.contains_key(key))
        }
        (found, wanted) => found == wanted,
    }
}
