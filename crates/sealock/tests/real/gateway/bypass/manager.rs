//! What a swarm's manager tells and does beyond services, and services of somebody else's.

use std::time::Duration;

use sealock_testkit::dockerd::IMAGE;
use sealock_testkit::process::becomes;
use serde_json::{Value, json};

use super::case::{Case, Role, Scene};
use super::raw;
use super::services::{change, forget, own, spec, version};
use super::world::{SECRET, World};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reads();
    cases.extend(writes());
    cases.extend(others());
    cases.extend(rollbacks());
    cases.extend(networks());
    cases
}

/// GETs that are worth as much as the swarm.
fn reads() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, path, mark) in [
        ("the tokens to join with", "/swarm", "SWMTKN-"),
        ("the tokens, escaped", "/%73warm", "SWMTKN-"),
        ("the key that unlocks", "/swarm/unlockkey", "SWMKEY-"),
        ("the key, escaped", "/swarm/unloc%6bkey", "SWMKEY-"),
        ("configs", "/configs", "aGlkZGVuLTVlQWwwY2s="),
        (
            "a config by its name",
            "/configs/victim-config",
            "aGlkZGVuLTVlQWwwY2s=",
        ),
        (
            "a config by its ID",
            "/configs/@CONFIG@",
            "aGlkZGVuLTVlQWwwY2s=",
        ),
        ("names of secrets", "/secrets", "victim-secret"),
        ("a secret's name", "/secrets/@SECRET@", "victim-secret"),
        ("environments of services", "/services", SECRET),
        ("the environment of a service", "/services/victim", SECRET),
        (
            "the environment of a service by its ID",
            "/services/@SERVICE@",
            SECRET,
        ),
        (
            "the environment of a service, with defaults",
            "/services/victim?insertDefaults=1",
            SECRET,
        ),
        ("environments of tasks", "/tasks", SECRET),
        (
            "environments of somebody's tasks",
            "/tasks?filters=%7B%22service%22%3A%5B%22victim%22%5D%7D",
            SECRET,
        ),
    ] {
        for version in ["", "/v1.41", "/v1.30"] {
            for role in [Role::Observer, Role::Swarmer] {
                cases.push(
                    Case::new(
                        8,
                        format!("{label} {version} {role:?}"),
                        move |world, _| {
                            let path = path
                                .replace("@CONFIG@", &world.kept.config)
                                .replace("@SECRET@", &world.kept.secret)
                                .replace("@SERVICE@", &world.kept.service);
                            raw::plain(&format!("GET {version}{path}"))
                        },
                        move |_, _, reply| reply.status == 200 && reply.has(mark),
                    )
                    .role(role),
                );
            }
        }
    }
    cases
}

/// What makes or changes something of the swarm itself.
fn writes() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in [Role::Observer, Role::Deployer, Role::Swarmer] {
        for (kind, key) in [
            ("secrets", "Name"),
            ("configs", "Name"),
            ("secrets", "name"),
            ("configs", "NAME"),
        ] {
            cases.push(
                Case::new(
                    8,
                    format!("one of the {kind}, by {key}, {role:?}"),
                    move |_, scene| {
                        let body = json!({key: scene.name, "Data": "aGVyZQ=="});
                        raw::json(&format!("POST /{kind}/create"), body.to_string())
                    },
                    move |world, scene, _| {
                        let place = format!("/{kind}/{}", scene.name);
                        let made = world.direct(&raw::plain(&format!("GET {place}")));
                        world.direct(&raw::plain(&format!("DELETE {place}")));
                        made.status == 200
                    },
                )
                .role(role),
            );
        }
        cases.push(
            Case::new(
                8,
                format!("a label of a node, {role:?}"),
                |world, scene| {
                    let node = world.direct(&raw::plain(&format!("GET /nodes/{}", world.kept.node)));
                    let version = node.json()["Version"]["Index"].as_u64().unwrap();
                    let body = json!({"Role": "manager", "Availability": "active", "Labels": {scene.name.as_str(): "x"}});
                    raw::json(
                        &format!("POST /nodes/{}/update?version={version}", world.kept.node),
                        body.to_string(),
                    )
                },
                |world, scene, _| {
                    let node = world.direct(&raw::plain(&format!("GET /nodes/{}", world.kept.node)));
                    node.json()["Spec"]["Labels"].get(&scene.name).is_some()
                },
            )
            .role(role),
        );
        cases.push(
            Case::new(
                8,
                format!("a label of the swarm, {role:?}"),
                |world, scene| {
                    let swarm = world.direct(&raw::plain("GET /swarm")).json();
                    let mut spec = swarm["Spec"].clone();
                    spec["Labels"] = json!({scene.name.as_str(): "x"});
                    let version = swarm["Version"]["Index"].as_u64().unwrap();
                    raw::json(
                        &format!("POST /swarm/update?version={version}&rotateWorkerToken=1"),
                        spec.to_string(),
                    )
                },
                |world, scene, _| {
                    let swarm = world.direct(&raw::plain("GET /swarm")).json();
                    swarm["Spec"]["Labels"].get(&scene.name).is_some()
                },
            )
            .role(role),
        );
    }
    cases
}

/// Makes a service of somebody else's and gives its ID.
fn foreign(world: &World, name: &str) -> String {
    let body = json!({
        "Name": name,
        "TaskTemplate": {"ContainerSpec": {"Image": IMAGE, "Command": ["sleep", "3600"]}},
        "Mode": {"Replicated": {"Replicas": 0}},
    });
    let made = world.done("POST /services/create", &body);
    made["ID"].as_str().unwrap().to_owned()
}

/// Somebody else's service, by every name that the daemon takes for it.
fn others() -> Vec<Case> {
    type Naming = fn(&str, &str) -> String;
    let namings: [(&str, Naming); 5] = [
        ("its name", |name, _| name.to_owned()),
        ("its name, escaped", |name, _| {
            name.bytes().map(|byte| format!("%{byte:02x}")).collect()
        }),
        ("its ID", |_, id| id.to_owned()),
        ("12 of its ID", |_, id| id[..12].to_owned()),
        ("its ID, half escaped", |_, id| {
            format!("%{:02X}{}", id.as_bytes()[0], &id[1..])
        }),
    ];
    let mut cases = Vec::new();
    for (label, naming) in namings {
        for of in ["", "/v1.41"] {
            cases.push(
                Case::new(
                    22,
                    format!("update somebody else's service by {label} {of}"),
                    move |world, scene| {
                        let id = foreign(world, &scene.name);
                        let version = version(world, &id);
                        let mut spec = spec(world, &id);
                        spec["TaskTemplate"]["ForceUpdate"] = json!(7);
                        raw::json(
                            &format!(
                                "POST {of}/services/{}/update?version={version}",
                                naming(&scene.name, &id)
                            ),
                            spec.to_string(),
                        )
                    },
                    |world, scene, _| {
                        let changed = spec(world, &scene.name)["TaskTemplate"]["ForceUpdate"] == 7;
                        forget(world, &scene.name);
                        changed
                    },
                )
                .role(Role::Swarmer),
            );
            cases.push(
                Case::new(
                    21,
                    format!("remove somebody else's service by {label} {of}"),
                    move |world, scene| {
                        let id = foreign(world, &scene.name);
                        raw::plain(&format!(
                            "DELETE {of}/services/{}",
                            naming(&scene.name, &id)
                        ))
                    },
                    |world, scene, _| {
                        let gone = spec(world, &scene.name) == Value::Null;
                        forget(world, &scene.name);
                        gone
                    },
                )
                .role(Role::Swarmer),
            );
        }
    }
    // Somebody else's is named as the caller's own is by the beginning of its ID: the daemon takes the name.
    for length in [8, 12, 20] {
        cases.push(
            Case::new(
                9,
                format!("remove a service's twin of {length}"),
                move |world, scene| {
                    let id = own(world, &scene.name);
                    foreign(world, &id[..length]);
                    raw::plain(&format!("DELETE /services/{}", &id[..length]))
                },
                move |world, scene, _| {
                    let own =
                        || world.direct(&raw::plain(&format!("GET /services/{}", scene.name)));
                    // A manager that has much to do lets a question time out.
                    becomes(Duration::from_secs(20), || own().status == 200);
                    let id = own().json()["ID"].as_str().unwrap().to_owned();
                    let twin = spec(world, &id[..length])["Name"] == id[..length];
                    forget(world, &id);
                    forget(world, &id[..length]);
                    !twin
                },
            )
            .role(Role::Swarmer),
        );
    }
    cases
}

/// A service of the caller's that somebody gave the host's files for a while: the body of a rollback is harmless, and
/// not what the daemon takes.
fn rollbacks() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, query) in [
        ("plain", "rollback=previous"),
        ("escaped", "rollbac%6b=previous"),
        ("its value escaped", "rollback=%70revious"),
        ("the first of two", "rollback=previous&rollback="),
    ] {
        for of in ["", "/v1.41", "/v1.30"] {
            cases.push(
                Case::new(
                    22,
                    format!("a rollback, {label} {of}"),
                    move |world, scene| {
                        own(world, &scene.name);
                        let tame = spec(world, &scene.name);
                        let mut strong = tame.clone();
                        strong["TaskTemplate"]["ContainerSpec"]["Mounts"] =
                            json!([{"Type": "bind", "Source": "/etc", "Target": "/h"}]);
                        for body in [&strong, &tame] {
                            change(world, &scene.name, body);
                        }
                        let version = version(world, &scene.name);
                        raw::json(
                            &format!(
                                "POST {of}/services/{}/update?version={version}&{query}",
                                scene.name
                            ),
                            tame.to_string(),
                        )
                    },
                    |world, scene, _| {
                        let spec = spec(world, &scene.name).to_string();
                        forget(world, &scene.name);
                        spec.contains("\"/etc\"")
                    },
                )
                .role(Role::Swarmer),
            );
        }
    }
    cases
}

/// Networks of the swarm: new ones, and the caller's container in somebody else's.
fn networks() -> Vec<Case> {
    let mut cases = Vec::new();
    let made = |world: &World, scene: &Scene| {
        let place = format!("/networks/{}", scene.name);
        let made = world.direct(&raw::plain(&format!("GET {place}")));
        world.direct(&raw::plain(&format!("DELETE {place}")));
        made.status == 200
    };
    for (label, body) in [
        ("of the swarm", r#"{"Name":"@","Driver":"overlay"}"#),
        (
            "that anybody may join",
            r#"{"Name":"@","Driver":"overlay","Attachable":true}"#,
        ),
        (
            "of the swarm by its scope",
            r#"{"Name":"@","Scope":"swarm","Driver":"overlay"}"#,
        ),
        ("in lower case", r#"{"name":"@","driver":"overlay"}"#),
        (
            "on a card of the host",
            r#"{"Name":"@","Driver":"macvlan","Options":{"parent":"br0"}}"#,
        ),
        (
            "with a bridge of a name of its own",
            r#"{"Name":"@","Options":{"com.docker.network.bridge.name":"br9"}}"#,
        ),
    ] {
        for of in ["", "/v1.41"] {
            cases.push(
                Case::new(
                    22,
                    format!("a network {label} {of}"),
                    move |_, scene| {
                        raw::json(
                            &format!("POST {of}/networks/create"),
                            body.replace('@', &scene.name),
                        )
                    },
                    move |world, scene, _| made(world, scene),
                )
                .role(Role::Swarmer),
            );
        }
    }
    for network in ["victim-net", "%76ictim-net"] {
        for key in ["Container", "container", "CONTAINER"] {
            cases.push(
                Case::new(
                    19,
                    format!("the caller's container into {network} by {key}"),
                    move |world, scene| {
                        let owner = json!({"sealock.owner": "uid:0"});
                        world.create(&scene.name, &json!({"Image": IMAGE, "Labels": owner}));
                        raw::json(
                            &format!("POST /networks/{network}/connect"),
                            json!({key: scene.name}).to_string(),
                        )
                    },
                    |world, scene, _| {
                        let found = world.inspect(&scene.name);
                        found["NetworkSettings"]["Networks"]
                            .get("victim-net")
                            .is_some()
                    },
                )
                .role(Role::Swarmer),
            );
        }
    }
    cases
}
