//! The host's files by every door of a container, and by volumes that are places of the host.

use serde_json::{Value, json};

use super::case::{Case, Scene};
use super::raw;
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = mounts();
    cases.extend(volumes());
    cases.extend(links());
    cases
}

/// Whether the container has a mount at `/h` and comes from the host.
fn mounted(world: &World, scene: &Scene) -> bool {
    let container = world.inspect(&scene.name);
    let text = container["HostConfig"].to_string() + &container["Mounts"].to_string();
    text.contains("/h\"") || text.contains("/h:") || text.contains("victim")
}

fn create(row: u8, label: impl Into<String>, host: Value) -> Case {
    Case::new(
        row,
        label,
        move |_, scene| {
            let body = json!({"Image": IMAGE, "Cmd": ["true"], "HostConfig": host});
            raw::json(
                &format!("POST /containers/create?name={}", scene.name),
                body.to_string(),
            )
        },
        |world, scene, _| mounted(world, scene),
    )
}

fn mounts() -> Vec<Case> {
    let mut cases = Vec::new();
    for bind in [
        "/etc:/h",
        "/etc:/h:ro",
        "/etc:/h:rshared",
        "/etc:/h:rslave,ro",
        "/etc:/h:z",
        "/:/h",
        "/etc/../etc:/h",
        "/etc/.:/h",
        "//etc:/h",
        "/proc/1/root/etc:/h",
        "/var/run:/h",
        "/./etc:/h:rw",
        "/etc:/h:rprivate",
    ] {
        cases.push(create(16, format!("bind {bind}"), json!({"Binds": [bind]})));
        cases.push(create(
            16,
            format!("bind {bind} beside another"),
            json!({"Binds": ["named:/data", bind]}),
        ));
    }
    let options =
        |device: &str, kind: &str, o: &str| json!({"type": kind, "o": o, "device": device});
    for (label, driver) in [
        ("bind", json!({"Options": options("/etc", "none", "bind")})),
        (
            "bind by name",
            json!({"Name": "local", "Options": options("/etc", "none", "bind")}),
        ),
        (
            "rbind",
            json!({"Name": "local", "Options": options("/etc", "none", "rbind")}),
        ),
        (
            "ro,bind",
            json!({"Name": "local", "Options": options("/etc", "", "ro,bind")}),
        ),
        (
            "nfs",
            json!({"Name": "local", "Options": options(":/x", "nfs", "addr=127.0.0.1")}),
        ),
        (
            "a device",
            json!({"Name": "local", "Options": options("/dev/vda", "ext4", "")}),
        ),
    ] {
        for (spelling, mount) in [
            (
                "",
                json!({"Type": "volume", "Target": "/h", "VolumeOptions": {"DriverConfig": driver}}),
            ),
            (
                " named",
                json!({"Type": "volume", "Source": "freshvictim", "Target": "/h", "VolumeOptions": {"DriverConfig": driver}}),
            ),
            (
                " in lower case",
                json!({"type": "volume", "target": "/h", "volumeoptions": {"driverconfig": driver}}),
            ),
            (
                " in upper case",
                json!({"TYPE": "volume", "TARGET": "/h", "VOLUMEOPTIONS": {"DRIVERCONFIG": driver}}),
            ),
        ] {
            cases.push(create(
                16,
                format!("a volume of {label}{spelling}"),
                json!({"Mounts": [mount]}),
            ));
        }
    }
    for (label, mount) in [
        (
            "a bind",
            json!({"Type": "bind", "Source": "/etc", "Target": "/h"}),
        ),
        (
            "a read-only bind",
            json!({"Type": "bind", "Source": "/etc", "Target": "/h", "ReadOnly": true}),
        ),
        (
            "a shared bind",
            json!({"Type": "bind", "Source": "/etc", "Target": "/h", "BindOptions": {"Propagation": "rshared"}}),
        ),
        (
            "a bind in lower case",
            json!({"type": "bind", "source": "/etc", "target": "/h"}),
        ),
        (
            "a bind with long s",
            json!({"type": "bind", "\u{17f}ource": "/etc", "target": "/h"}),
        ),
        (
            "a bind with dots",
            json!({"Type": "bind", "Source": "/etc/../etc", "Target": "/h"}),
        ),
    ] {
        cases.push(create(
            16,
            format!("a mount of {label}"),
            json!({"Mounts": [mount]}),
        ));
        cases.push(create(
            16,
            format!("a mount of {label} behind tmpfs"),
            json!({"Mounts": [{"Type": "tmpfs", "Target": "/t"}, mount]}),
        ));
    }
    for from in ["victim", "victim:ro", "victim:rw", "victim:z"] {
        cases.push(create(
            16,
            format!("volumes from {from}"),
            json!({"VolumesFrom": [from]}),
        ));
    }
    for mode in ["NetworkMode", "PidMode", "IpcMode"] {
        for by in ["victim", "id", "short"] {
            cases.push(Case::new(
                16,
                format!("{mode} of somebody else's container by {by}"),
                move |world, scene| {
                    let of = match by {
                        "victim" => "victim",
                        "id" => world.victim.as_str(),
                        _ => &world.victim[..12],
                    };
                    let host = json!({ mode: format!("container:{of}") });
                    let body = json!({"Image": IMAGE, "HostConfig": host});
                    raw::json(
                        &format!("POST /containers/create?name={}", scene.name),
                        body.to_string(),
                    )
                },
                |world, scene, _| world.inspect(&scene.name) != Value::Null,
            ));
        }
    }
    cases
}

/// Volumes that are places of the host, made in advance.
fn volumes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, body) in [
        (
            "bind",
            json!({"Name": "@", "Driver": "local", "DriverOpts": {"type": "none", "o": "bind", "device": "/etc"}}),
        ),
        (
            "bind without a driver",
            json!({"Name": "@", "DriverOpts": {"type": "none", "o": "bind", "device": "/etc"}}),
        ),
        (
            "rbind",
            json!({"Name": "@", "DriverOpts": {"type": "none", "o": "rbind", "device": "/"}}),
        ),
        (
            "bind,ro",
            json!({"Name": "@", "DriverOpts": {"type": "", "o": "bind,ro", "device": "/etc"}}),
        ),
        (
            "a device",
            json!({"Name": "@", "DriverOpts": {"type": "ext4", "device": "/dev/vda"}}),
        ),
        (
            "nfs",
            json!({"Name": "@", "DriverOpts": {"type": "nfs", "o": "addr=127.0.0.1", "device": ":/"}}),
        ),
        (
            "overlay",
            json!({"Name": "@", "DriverOpts": {"type": "overlay", "o": "lowerdir=/etc:/usr", "device": "overlay"}}),
        ),
        (
            "in lower case",
            json!({"name": "@", "driveropts": {"type": "none", "o": "bind", "device": "/etc"}}),
        ),
        (
            "in upper case",
            json!({"NAME": "@", "DRIVEROPTS": {"type": "none", "o": "bind", "device": "/etc"}}),
        ),
        (
            "with a long s",
            json!({"Name": "@", "DriverOpt\u{17f}": {"type": "none", "o": "bind", "device": "/etc"}}),
        ),
    ] {
        for version in ["", "/v1.41", "/v1.25"] {
            let body = body.to_string();
            cases.push(Case::new(
                16,
                format!("make a volume of {label} {version}"),
                move |_, scene| {
                    raw::json(
                        &format!("POST {version}/volumes/create"),
                        body.replace('@', &scene.name),
                    )
                },
                |world, scene, _| {
                    let found = world.direct(&raw::plain(&format!("GET /volumes/{}", scene.name)));
                    let made = found.json()["Options"]
                        .as_object()
                        .is_some_and(|options| !options.is_empty());
                    world.direct(&raw::plain(&format!(
                        "DELETE /volumes/{}?force=1",
                        scene.name
                    )));
                    made
                },
            ));
        }
    }
    cases
}

/// Places that are another place: by a symbolic link below one that is allowed, and by a volume made before.
fn links() -> Vec<Case> {
    let mut cases = Vec::new();
    for place in ["/link", "/link/ssl", "//link", "/./link", "/link/."] {
        for (label, host) in [
            ("a bind", r#"{"Binds":["@:/h"]}"#),
            ("a read-only bind", r#"{"Binds":["@:/h:ro"]}"#),
            (
                "a mount",
                r#"{"Mounts":[{"Type":"bind","Source":"@","Target":"/h"}]}"#,
            ),
            (
                "a volume",
                r#"{"Mounts":[{"Type":"volume","Target":"/h","VolumeOptions":{"DriverConfig":{"Options":{"type":"none","o":"bind","device":"@"}}}}]}"#,
            ),
        ] {
            cases.push(Case::new(
                16,
                format!("{label} of {place} by a link"),
                move |world, scene| {
                    let place = format!("{}/open{place}", world.daemon.folder().display());
                    let host = host.replace('@', &place);
                    raw::json(
                        &format!("POST /containers/create?name={}", scene.name),
                        format!("{{\"Image\":\"{IMAGE}\",\"HostConfig\":{host}}}"),
                    )
                },
                |world, scene, _| mounted(world, scene),
            ));
        }
    }
    for volume in ["victim-etc", "own-etc"] {
        for host in [
            json!({"Binds": [format!("{volume}:/h")]}),
            json!({"Binds": [format!("{volume}:/h:ro")]}),
            json!({"Mounts": [{"Type": "volume", "Source": volume, "Target": "/h"}]}),
            json!({"mounts": [{"type": "volume", "source": volume, "target": "/h", "readonly": true}]}),
        ] {
            cases.push(create(16, format!("{volume}, made before: {host}"), host));
        }
    }
    cases
}
