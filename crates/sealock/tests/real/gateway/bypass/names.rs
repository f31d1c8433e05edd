//! Names that mean somebody else's container, and lists that show it.

use serde_json::{Value, json};

use super::case::{Case, Scene, Setup};
use super::raw::{self, Until, escaped};
use super::world::World;
use sealock_testkit::dockerd::IMAGE;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = twins();
    cases.extend(lists());
    cases.extend(labels());
    cases
}

/// Somebody else's container is named as the caller's own is by its short ID: the daemon takes the name.
fn twins() -> Vec<Case> {
    let mut cases = Vec::new();
    for length in [12, 8, 20, 63] {
        for (label, method, end) in [
            ("rename", "POST", "/rename?name=@"),
            ("update", "POST", "/update"),
            ("delete", "DELETE", "?force=1"),
        ] {
            for hide in [false, true] {
                cases.push(
                    Case::new(
                        9,
                        format!("{label} of a twin of {length}, escaped: {hide}"),
                        move |world, scene| {
                            let twin = &scene.id[..length];
                            world.create(
                                twin,
                                &json!({"Image": IMAGE, "Labels": {"twin": scene.name}}),
                            );
                            let twin = if hide {
                                format!("%{:02x}{}", twin.as_bytes()[0], &twin[1..])
                            } else {
                                twin.to_owned()
                            };
                            let line = format!(
                                "{method} /containers/{twin}{}",
                                end.replace('@', &scene.name)
                            );
                            match label {
                                "update" => raw::json(&line, r#"{"CpuShares":777}"#),
                                _ => raw::plain(&line),
                            }
                        },
                        move |world, scene, _| {
                            let twin = &scene.id[..length];
                            let found = containers(world, &format!("twin={}", scene.name));
                            let touched = match (label, found.first()) {
                                ("delete", twin) => twin.is_none(),
                                ("rename", Some(id)) => {
                                    world.inspect(id)["Name"] != format!("/{twin}")
                                }
                                (_, Some(id)) => {
                                    world.inspect(id)["HostConfig"]["CpuShares"] == 777
                                }
                                (_, None) => true,
                            };
                            for id in found {
                                world.direct(&raw::plain(&format!(
                                    "DELETE /containers/{id}?force=1"
                                )));
                            }
                            touched
                        },
                    )
                    .setup(Setup::Own),
                );
            }
        }
    }
    cases
}

/// The IDs of the containers with a label.
pub(super) fn containers(world: &World, label: &str) -> Vec<String> {
    let filters = json!({"label": [label]}).to_string();
    let reply = world.direct(&raw::plain(&format!(
        "GET /containers/json?all=1&filters={}",
        escaped(&filters)
    )));
    let json = reply.json();
    json.as_array()
        .into_iter()
        .flatten()
        .filter_map(|found| found["Id"].as_str().map(str::to_owned))
        .collect()
}

/// Lists with filters that somebody's own filter is added to.
fn lists() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, filters) in [
        ("no filter", ""),
        ("an empty filter", "{}"),
        ("null", "null"),
        ("a name", r#"{"name":["victim"]}"#),
        ("a name in the other form", r#"{"name":{"victim":true}}"#),
        ("a name that is not true", r#"{"name":{"victim":false}}"#),
        (
            "two forms of a name",
            r#"{"name":{"victim":true,"nobody":false}}"#,
        ),
        ("a name twice", r#"{"name":["nobody"],"name":["victim"]}"#),
        ("a status", r#"{"status":["running"]}"#),
        ("an image", r#"{"ancestor":["127.0.0.1:1/busybox:1"]}"#),
        ("an empty label", r#"{"label":[]}"#),
        ("an empty map of labels", r#"{"label":{}}"#),
        ("a volume", r#"{"volume":["/host-etc"]}"#),
        ("a task", r#"{"is-task":["false"]}"#),
        ("an escaped key", r#"{"n\u0061me":["victim"]}"#),
    ] {
        for (place, target) in [
            ("containers", "/containers/json?all=1"),
            ("containers at 1.24", "/v1.24/containers/json?all=1"),
            ("containers, all escaped", "/containers/json?%61ll=1"),
        ] {
            cases.push(Case::new(
                7,
                format!("{place} by {label}"),
                move |_, _| {
                    let filters = if filters.is_empty() {
                        String::new()
                    } else {
                        format!("&filters={}", escaped(filters))
                    };
                    raw::plain(&format!("GET {target}{filters}"))
                },
                |world, _, reply| reply.status == 200 && reply.has(&world.victim),
            ));
        }
    }
    for (label, target) in [
        ("since", "/containers/json?since=@&all=1"),
        ("limit", "/containers/json?limit=100"),
        ("size", "/containers/json?size=1&all=1"),
        ("what takes room", "/system/df"),
        ("what takes room at 1.30", "/v1.30/system/df"),
        ("an inspect by its name", "/containers/victim/json"),
        ("an inspect by its ID", "/containers/@/json"),
        ("figures", "/containers/victim/stats?stream=0"),
        ("changes", "/containers/@/changes"),
        ("the processes", "/containers/@/top"),
    ] {
        if label == "since" {
            continue;
        }
        cases.push(Case::new(
            23,
            label,
            move |world, _| raw::plain(&format!("GET {}", target.replace('@', &world.victim))),
            |world, _, reply| {
                reply.status == 200
                    && (reply.has(&world.victim)
                        || reply.has("victim")
                        || reply.has("Processes")
                        || reply.has("\"Path\""))
            },
        ));
    }
    for (label, query) in [
        ("all of them", ""),
        (
            "of containers",
            "&filters=%7B%22type%22%3A%5B%22container%22%5D%7D",
        ),
        (
            "of one by its name",
            "&filters=%7B%22container%22%3A%5B%22victim%22%5D%7D",
        ),
        (
            "of one in the other form",
            "&filters=%7B%22container%22%3A%7B%22victim%22%3Atrue%7D%7D",
        ),
    ] {
        cases.push(
            Case::new(
                23,
                format!("events, {label}"),
                move |_, scene| {
                    // Whoever makes a container is seen within the second.
                    let query = query.replace("victim", &format!("{}-foreign", scene.name));
                    raw::plain(&format!(
                        "GET /events?since={}&until={}{query}",
                        now() - 2,
                        now() + 1
                    ))
                },
                |_, scene, reply| reply.has(&scene.id),
            )
            .setup(Setup::Foreign)
            .until(Until::Either(1, 5000)),
        );
    }
    for (label, query) in [
        ("everything", ""),
        (
            "everything but the caller's",
            "?filters=%7B%22label!%22%3A%5B%22sealock.owner%22%5D%7D",
        ),
        ("by an empty filter", "?filters=%7B%7D"),
    ] {
        for version in ["", "/v1.41", "/v1.25"] {
            cases.push(
                Case::new(
                    23,
                    format!("prune {label} {version}"),
                    move |_, _| raw::plain(&format!("POST {version}/containers/prune{query}")),
                    |world, scene, _| world.inspect(&scene.id) == Value::Null,
                )
                .setup(Setup::Foreign),
            );
        }
    }
    cases
}

fn now() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

/// The label that says whose a container is, written by the caller.
fn labels() -> Vec<Case> {
    let mut cases = Vec::new();
    let owned = |world: &World, scene: &Scene| {
        world.inspect(&scene.name)["Config"]["Labels"]["sealock.owner"] == "cn:other"
    };
    for (label, labels) in [
        ("plain", r#""Labels":{"sealock.owner":"cn:other"}"#),
        ("in lower case", r#""labels":{"sealock.owner":"cn:other"}"#),
        (
            "with a long s",
            "\"Label\u{17f}\":{\"sealock.owner\":\"cn:other\"}",
        ),
        (
            "twice",
            r#""Labels":{},"Labels":{"sealock.owner":"cn:other"}"#,
        ),
        (
            "twice in two cases",
            r#""Labels":{},"labels":{"sealock.owner":"cn:other"}"#,
        ),
        (
            "with the key twice",
            r#""Labels":{"sealock.owner":"uid:0","sealock.owner":"cn:other"}"#,
        ),
        (
            "with the key escaped",
            r#""Labels":{"sealock.\u006fwner":"cn:other"}"#,
        ),
        (
            "with the key twice, once escaped",
            r#""Labels":{"sealock.owner":"uid:0","\u0073ealock.owner":"cn:other"}"#,
        ),
    ] {
        for version in ["", "/v1.41", "/v1.24"] {
            cases.push(Case::new(
                19,
                format!("an owner of one's own, {label} {version}"),
                move |_, scene| {
                    raw::json(
                        &format!("POST {version}/containers/create?name={}", scene.name),
                        format!("{{\"Image\":\"{IMAGE}\",{labels}}}"),
                    )
                },
                move |world, scene, _| owned(world, scene),
            ));
        }
    }
    for (kind, target, get) in [
        ("network", "/networks/create", "/networks/"),
        ("volume", "/volumes/create", "/volumes/"),
    ] {
        for (label, key) in [
            ("plain", "Labels"),
            ("in lower case", "labels"),
            ("with a long s", "Label\u{17f}"),
        ] {
            cases.push(Case::new(
                19,
                format!("a {kind} of somebody else's, {label}"),
                move |_, scene| {
                    let body = json!({"Name": scene.name, "Driver": if kind == "network" { "null" } else { "local" }, key: {"sealock.owner": "cn:other"}});
                    let body = body.to_string().replace("\"Driver\":\"null\",", "\"Internal\":true,");
                    raw::json(&format!("POST {target}"), body)
                },
                move |world, scene, _| {
                    let found = world.direct(&raw::plain(&format!("GET {get}{}", scene.name)));
                    let owned = found.json()["Labels"]["sealock.owner"] == "cn:other";
                    world.direct(&raw::plain(&format!("DELETE {get}{}", scene.name)));
                    owned
                },
            ));
        }
    }
    for (label, target) in [
        ("a tag", format!("/images/{IMAGE}/tag?repo=trusted&tag=@")),
        (
            "a tag, the name escaped",
            format!("/images/{}/tag?repo=trusted&tag=@", escaped(IMAGE)),
        ),
        (
            "a commit",
            "/commit?container=victim&repo=trusted&tag=@".to_owned(),
        ),
        (
            "a commit with changes",
            "/commit?container=victim&repo=trusted&tag=@&changes=LABEL%20sealock.owner=cn:other"
                .to_owned(),
        ),
    ] {
        cases.push(Case::new(
            19,
            format!("a trusted name by {label}"),
            move |_, scene| raw::plain(&format!("POST {}", target.replace('@', &scene.name))),
            |world, scene, _| {
                let image = world.direct(&raw::plain(&format!(
                    "GET /images/trusted:{}/json",
                    scene.name
                )));
                world.direct(&raw::plain(&format!(
                    "DELETE /images/trusted:{}?force=1",
                    scene.name
                )));
                image.status == 200
            },
        ));
    }
    cases
}
