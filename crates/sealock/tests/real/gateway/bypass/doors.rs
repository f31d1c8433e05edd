//! The host's files by other doors, limits that are lifted afterwards, commands with more rights, builds.

use serde_json::{Value, json};

use super::case::{Case, Role, Scene, Setup};
use super::raw::{self, Reply, Until, escaped};
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = mounts();
    cases.extend(volumes());
    cases.extend(updates());
    cases.extend(execs());
    cases.extend(files());
    cases.extend(builds());
    cases.extend(checkpoints());
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

/// What an update lifts, of somebody else's container or with a policy that persists.
fn updates() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, body, key) in [
        ("memory", r#"{"Memory":33554432,"MemorySwap":-1}"#, "Memory"),
        (
            "memory in lower case",
            r#"{"memory":33554432,"memoryswap":-1}"#,
            "Memory",
        ),
        ("processors", r#"{"CpuShares":777}"#, "CpuShares"),
        (
            "processors with kelvin",
            "{\"CpuShare\u{17f}\":777}",
            "CpuShares",
        ),
        (
            "the restart policy",
            r#"{"RestartPolicy":{"Name":"always"}}"#,
            "RestartPolicy",
        ),
        (
            "the restart policy, merged",
            r#"{"RestartPolicy":{},"restartpolicy":{"Name":"always"}}"#,
            "RestartPolicy",
        ),
        ("processes", r#"{"PidsLimit":9999}"#, "PidsLimit"),
    ] {
        for version in ["", "/v1.41", "/v1.30"] {
            // The key is younger than this version.
            if key == "PidsLimit" && version == "/v1.30" {
                continue;
            }
            cases.push(
                Case::new(
                    22,
                    format!("update {label} {version}"),
                    move |_, scene| {
                        raw::json(
                            &format!("POST {version}/containers/{}/update", scene.id),
                            body,
                        )
                    },
                    move |world, scene, _| {
                        let value = &world.inspect(&scene.id)["HostConfig"][key];
                        match key {
                            "RestartPolicy" => value["Name"] == "always",
                            _ => value.as_i64().unwrap_or(0) > 0,
                        }
                    },
                )
                .setup(Setup::Foreign),
            );
        }
    }
    cases
}

/// Commands with more rights than the container has, and commands in somebody else's.
fn execs() -> Vec<Case> {
    let mut cases = Vec::new();
    let prepared = |world: &World, reply: &Reply| {
        let id = reply.json()["Id"].as_str().unwrap_or_default().to_owned();
        !id.is_empty()
            && world
                .direct(&raw::plain(&format!("GET /exec/{id}/json")))
                .status
                == 200
    };
    for (label, body) in [
        ("privileged", r#"{"Cmd":["id"],"Privileged":true}"#),
        (
            "privileged in lower case",
            r#"{"cmd":["id"],"privileged":true}"#,
        ),
        (
            "privileged in upper case",
            r#"{"CMD":["id"],"PRIVILEGED":true}"#,
        ),
        (
            "privileged, the last of two",
            r#"{"Cmd":["id"],"Privileged":false,"privileged":true}"#,
        ),
        (
            "privileged, escaped",
            r#"{"Cmd":["id"],"\u0050rivileged":true}"#,
        ),
        (
            "privileged before another document",
            r#"{"Cmd":["id"],"Privileged":true}{"Cmd":["id"]}"#,
        ),
    ] {
        for version in ["", "/v1.41", "/v1.24"] {
            cases.push(Case::new(
                17,
                format!("a {label} command {version}"),
                move |world, _| {
                    raw::json(
                        &format!("POST {version}/containers/{}/exec", world.own),
                        body,
                    )
                },
                move |world, _, reply| {
                    let id = reply.json()["Id"].as_str().unwrap_or_default().to_owned();
                    prepared(world, reply) && {
                        let started = world.direct(&raw::json(
                            &format!("POST /exec/{id}/start"),
                            r#"{"Detach":true}"#,
                        ));
                        started.status != 404
                    }
                },
            ));
        }
    }
    for (label, of) in [
        ("its name", "name"),
        ("its ID", "id"),
        ("12 of its ID", "short"),
        ("its name, escaped", "escaped"),
    ] {
        cases.push(Case::new(
            17,
            format!("a command in somebody else's container by {label}"),
            move |world, _| {
                let of = match of {
                    "name" => "victim".to_owned(),
                    "id" => world.victim.clone(),
                    "short" => world.victim[..12].to_owned(),
                    _ => "%76ictim".to_owned(),
                };
                raw::json(&format!("POST /containers/{of}/exec"), r#"{"Cmd":["id"]}"#)
            },
            move |world, _, reply| prepared(world, reply),
        ));
    }
    // Prepared by somebody else, run by the caller.
    for (label, start) in [
        ("run", r#"{"Detach":false}"#),
        ("run detached", r#"{"Detach":true}"#),
        ("run with keys in lower case", r#"{"detach":true}"#),
        ("run with a terminal", r#"{"Detach":true,"Tty":false}"#),
    ] {
        for upgrade in [false, true] {
            cases.push(
                Case::new(
                    17,
                    format!("somebody else's command {label}, upgrade: {upgrade}"),
                    move |world, scene| {
                        let command = json!({"AttachStdout": true, "Cmd": ["sh", "-c", format!("echo {0} >/tmp/{0}", scene.name)]});
                        let made = world.direct(&raw::json("POST /containers/victim/exec", command.to_string()));
                        let id = made.json()["Id"].as_str().unwrap().to_owned();
                        let mut headers = vec!["Content-Type: application/json"];
                        if upgrade {
                            headers.extend(["Connection: Upgrade", "Upgrade: tcp"]);
                        }
                        raw::request(&format!("POST /exec/{id}/start"), &headers, start.as_bytes())
                    },
                    |world, scene, _| {
                        let path = format!("/tmp/{}", scene.name);
                        world.reads("victim", &path, &scene.name)
                    },
                )
                .until(Until::Quiet(300)),
            );
        }
    }
    cases
}

/// An archive with one file, as a header and its content.
pub(super) fn tar(name: &str, content: &str) -> Vec<u8> {
    let mut head = [0_u8; 512];
    head[..name.len()].copy_from_slice(name.as_bytes());
    head[100..107].copy_from_slice(b"0000644");
    head[108..115].copy_from_slice(b"0000000");
    head[116..123].copy_from_slice(b"0000000");
    head[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    head[136..147].copy_from_slice(b"00000000000");
    head[148..156].copy_from_slice(b"        ");
    head[156] = b'0';
    head[257..263].copy_from_slice(b"ustar\0");
    head[263..265].copy_from_slice(b"00");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(content.as_bytes());
    bytes.resize(bytes.len().div_ceil(512) * 512 + 1024, 0);
    bytes
}

/// Files into containers, and what else leaves them by a GET.
fn files() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, path) in [
        ("plain", "/tmp"),
        ("escaped", "%2ftmp"),
        ("with dots", "/etc/../tmp"),
        ("with a slash behind", "/tmp/"),
    ] {
        for kind in [
            "application/x-tar",
            "application/octet-stream",
            "text/plain",
        ] {
            for role in [Role::Observer, Role::Deployer] {
                cases.push(
                    Case::new(
                        15,
                        format!("a file into somebody else's container as {kind}, the path {label}, {role:?}"),
                        move |_, scene| {
                            raw::request(
                                &format!("PUT /containers/victim/archive?path={path}"),
                                &[&format!("Content-Type: {kind}")],
                                &tar(&scene.name, "planted"),
                            )
                        },
                        |world, scene, _| world.file("victim", &format!("/tmp/{}", scene.name)).contains("planted"),
                    )
                    .role(role),
                );
            }
        }
    }
    for (label, target) in [
        (
            "the whole file system",
            "/containers/victim/export".to_owned(),
        ),
        (
            "the whole file system, escaped",
            "/containers/victim/%65xport".to_owned(),
        ),
        ("an image", format!("/images/{}/get", IMAGE)),
        (
            "an image, its name escaped",
            format!("/images/{}/get", escaped(IMAGE)),
        ),
        ("images", format!("/images/get?names={}", escaped(IMAGE))),
        (
            "images twice",
            format!("/images/get?names={0}&names={0}", escaped(IMAGE)),
        ),
    ] {
        cases.push(
            Case::new(
                8,
                label,
                move |_, _| raw::plain(&format!("GET {target}")),
                |_, _, reply| reply.status == 200 && reply.all.len() > 100_000,
            )
            .role(Role::Observer),
        );
    }
    // `ps` runs on the host, with whatever words the caller gives it.
    for words in ["-ef", "aux", "-eo pid,args", "-o pid,args -e"] {
        cases.push(
            Case::new(
                8,
                format!("top with {words}"),
                move |_, _| {
                    raw::plain(&format!(
                        "GET /containers/victim/top?ps_args={}",
                        escaped(words)
                    ))
                },
                |_, _, reply| reply.status == 200 && reply.has("Processes"),
            )
            .role(Role::Observer),
        );
    }
    for name in [
        "vars",
        "pprof/",
        "pprof/cmdline",
        "pprof/heap?debug=1",
        "pprof/goroutine?debug=1",
        "pprof/symbol",
    ] {
        cases.push(
            Case::new(
                8,
                format!("debug/{name}"),
                move |_, _| raw::plain(&format!("GET /debug/{name}")),
                |_, _, reply| reply.status == 200,
            )
            .role(Role::Observer),
        );
    }
    for version in ["", "/v1.41", "/v1.24"] {
        for name in ["victim", "%76ictim"] {
            cases.push(
                Case::new(
                    8,
                    format!("a WebSocket that writes, {version} {name}"),
                    move |_, scene| {
                        let mut bytes = raw::request(
                            &format!("GET {version}/containers/{name}/attach/ws?stream=1&stdin=1"),
                            &[
                                "Connection: Upgrade",
                                "Upgrade: websocket",
                                "Origin: http://docker",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                            ],
                            b"",
                        );
                        let text = format!("{}\n", scene.name);
                        bytes.extend([0x82, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0]);
                        bytes.extend_from_slice(text.as_bytes());
                        bytes
                    },
                    |world, scene, _| world.reads("victim", "/heard", &scene.name),
                )
                .role(Role::Observer)
                .until(Until::Quiet(300)),
            );
        }
    }
    cases
}

/// Builds that fetch what the caller says, or stand in the host's network.
fn builds() -> Vec<Case> {
    let dockerfile = |steps: &str| tar("Dockerfile", &format!("FROM {IMAGE}\n{steps}\n"));
    let mut cases = Vec::new();
    for (label, query, roles) in [
        ("nothing odd", "", &[Role::Observer, Role::Deployer][..]),
        (
            "a label of the owner's",
            "&labels=%7B%22sealock.owner%22%3A%22cn%3Aother%22%7D",
            &[Role::Builder][..],
        ),
        ("the host's network", "&networkmode=host", &[Role::Builder]),
        (
            "somebody else's network",
            "&networkmode=container:victim",
            &[Role::Builder],
        ),
        (
            "another parent cgroup",
            "&cgroupparent=/elsewhere",
            &[Role::Builder],
        ),
        (
            "the host's network, the key escaped",
            "&network%6dode=host",
            &[Role::Builder],
        ),
    ] {
        for role in roles {
            let query = query.to_owned();
            // The build itself is allowed; whose its image is is not for the caller to say.
            let spoofs = query.starts_with("&labels");
            cases.push(
                Case::new(
                    14,
                    format!("a build with {label} as {role:?}"),
                    move |_, scene| {
                        raw::request(
                            &format!("POST /build?t={}{query}", scene.name),
                            &["Content-Type: application/x-tar"],
                            &dockerfile("LABEL x=y"),
                        )
                    },
                    move |world, scene, _| {
                        let image =
                            world.direct(&raw::plain(&format!("GET /images/{}/json", scene.name)));
                        world.direct(&raw::plain(&format!(
                            "DELETE /images/{}?force=1",
                            scene.name
                        )));
                        let stamp = &image.json()["Config"]["Labels"]["sealock.owner"];
                        image.status == 200 && (!spoofs || stamp == "cn:other")
                    },
                )
                .role(*role),
            );
        }
    }
    for (label, key) in [("plain", "remote"), ("escaped", "rem%6fte")] {
        for place in ["http://127.0.0.1:@/x", "http://localhost:@/Dockerfile"] {
            for role in [Role::Observer, Role::Deployer, Role::Builder] {
                cases.push(
                    Case::new(
                        14,
                        format!("a build from {place}, {label}, {role:?}"),
                        move |world, _| {
                            let place = place.replace('@', &world.bait().to_string());
                            raw::plain(&format!("POST /build?{key}={}", escaped(&place)))
                        },
                        |world, _, _| world.bitten(),
                    )
                    .until(Until::Quiet(700))
                    .role(role),
                );
            }
        }
    }
    cases
}

/// A checkpoint is written where the caller says, on the host.
fn checkpoints() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, body) in [
        (
            "plain",
            r#"{"CheckpointID":"cp","CheckpointDir":"@","Exit":false}"#,
        ),
        (
            "in lower case",
            r#"{"checkpointid":"cp","checkpointdir":"@"}"#,
        ),
        (
            "with kelvin",
            "{\"Chec\u{212a}pointID\":\"cp\",\"Chec\u{212a}pointDir\":\"@\"}",
        ),
        (
            "escaped",
            r#"{"CheckpointID":"cp","\u0043heckpointDir":"@"}"#,
        ),
    ] {
        for role in [Role::Observer, Role::Deployer] {
            cases.push(
                Case::new(
                    18,
                    format!("a checkpoint {label}, {role:?}"),
                    move |world, scene| {
                        let place = world
                            .daemon
                            .folder()
                            .join(&scene.name)
                            .display()
                            .to_string();
                        raw::json(
                            &format!("POST /containers/{}/checkpoints", world.own),
                            body.replace('@', &place),
                        )
                    },
                    |world, scene, _| world.daemon.folder().join(&scene.name).exists(),
                )
                .role(role),
            );
        }
    }
    cases
}
