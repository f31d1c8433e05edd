//! Targets that lead to the same place and look otherwise.

use serde_json::json;

use super::case::{Case, Role, Setup};
use super::raw;
use super::world::{SECRET, World};
use sealock_testkit::dockerd::IMAGE;

/// Paths to `containers/create`, which an observer may not reach.
fn creates() -> Vec<(u8, String, String)> {
    let mut all = vec![(
        5,
        "without a version".to_owned(),
        "/containers/create".to_owned(),
    )];
    let letters = "containers/create";
    for (at, letter) in letters.char_indices().filter(|(_, letter)| *letter != '/') {
        let path = format!(
            "/{}%{:02x}{}",
            &letters[..at],
            u32::from(letter),
            &letters[at + 1..]
        );
        all.push((5, format!("letter {at} escaped"), path));
    }
    let every: String = letters
        .chars()
        .map(|letter| {
            if letter == '/' {
                "/".to_owned()
            } else {
                format!("%{:02X}", u32::from(letter))
            }
        })
        .collect();
    all.push((5, "every letter escaped".to_owned(), format!("/{every}")));
    all.push((
        5,
        "the slash escaped".to_owned(),
        "/containers%2fcreate".to_owned(),
    ));
    all.push((
        5,
        "the slash escaped in upper case".to_owned(),
        "/containers%2Fcreate".to_owned(),
    ));
    for version in [
        "v1.41",
        "v01.41",
        "v1.041",
        "v01.041",
        "v1.41.0",
        "v1.41.0.0",
        "v1.24",
        "v1.30",
        "v1.40",
        "v1.12",
        "v1.20",
        "v001.00041",
        "%761.41",
        "v%31.41",
        "v1%2e41",
    ] {
        all.push((
            5,
            format!("version {version}"),
            format!("/{version}/containers/create"),
        ));
    }
    for prefix in [
        "http://docker",
        "http://127.0.0.1:2375",
        "HTTP://docker",
        "https://docker",
        "ftp://docker",
        "x://y",
        "http://user@docker",
        "http://[::1]",
    ] {
        all.push((
            5,
            format!("absolute with {prefix}"),
            format!("{prefix}/containers/create"),
        ));
    }
    all
}

/// Secrets of a container that an observer may look at, but not into.
fn reads() -> Vec<(String, &'static str, String)> {
    let mut all = Vec::new();
    for name in ["victim", "v%69ctim", "%76%69%63%74%69%6d"] {
        all.push((
            format!("logs of {name}"),
            "GET",
            format!("/containers/{name}/logs?stdout=1"),
        ));
        all.push((
            format!("logs of {name}, escaped"),
            "GET",
            format!("/containers/{name}/l%6fgs?stdout=1"),
        ));
        all.push((
            format!("archive of {name}"),
            "GET",
            format!("/containers/{name}/archive?path=/secret"),
        ));
        all.push((
            format!("archive of {name} by an escaped key"),
            "GET",
            format!("/containers/{name}/archive?p%61th=%2fsecret"),
        ));
        all.push((
            format!("archive of {name}, the slash escaped"),
            "GET",
            format!("/containers/{name}%2farchive?path=/secret"),
        ));
        all.push((
            format!("archive of {name}, a path with dots"),
            "GET",
            format!("/containers/{name}/archive?path=/tmp/../secret"),
        ));
        all.push((
            format!("environment of {name}"),
            "GET",
            format!("/containers/{name}/json"),
        ));
        all.push((
            format!("environment of {name}, with sizes"),
            "GET",
            format!("/v1.30/containers/{name}/json?size=1"),
        ));
        all.push((
            format!("environment of {name}, escaped"),
            "GET",
            format!("/containers/{name}/j%73on"),
        ));
    }
    all
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (row, label, path) in creates() {
        cases.push(
            Case::new(
                row,
                format!("create {label}"),
                move |_, scene| {
                    raw::json(
                        &format!("POST {path}?name={}", scene.name),
                        json!({"Image": IMAGE, "Cmd": ["true"], "HostConfig": {"Privileged": true}}).to_string(),
                    )
                },
                |world, scene, _| world.inspect(&scene.name) != serde_json::Value::Null,
            )
            .role(Role::Observer),
        );
    }
    for (label, method, target) in reads() {
        cases.push(
            Case::new(
                8,
                label,
                move |_, _| raw::plain(&format!("{method} {target}")),
                |_, _, reply| reply.has(SECRET),
            )
            .role(Role::Observer),
        );
    }
    cases.extend(duplicates());
    cases.extend(segments());
    cases
}

/// Keys of a query that come twice: the daemon takes the first.
fn duplicates() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, first, second) in [
        ("plain", "path", "path"),
        ("the first escaped", "p%61th", "path"),
        ("the second escaped", "path", "%70ath"),
        ("both escaped", "pat%68", "p%61th"),
    ] {
        for (other, value) in [("harmless", "=/tmp"), ("empty", "="), ("bare", "")] {
            cases.push(
                Case::new(
                    6,
                    format!("path twice, {label}, then {other}"),
                    move |_, _| {
                        raw::plain(&format!(
                            "GET /containers/victim/archive?{first}=/secret&{second}{value}"
                        ))
                    },
                    |_, _, reply| reply.has(SECRET),
                )
                .role(Role::Observer),
            );
            cases.push(
                Case::new(
                    6,
                    format!("signal twice, {label}, then {other}"),
                    move |world, scene| {
                        let target = if scene.id.is_empty() {
                            &world.own
                        } else {
                            &scene.id
                        };
                        let first = first
                            .replace("path", "name")
                            .replace("p%61th", "n%61me")
                            .replace("pat%68", "nam%65");
                        let second = second
                            .replace("path", "name")
                            .replace("%70ath", "%6eame")
                            .replace("p%61th", "n%61me");
                        let value = value.replace("/tmp", &format!("{}-told", scene.name));
                        raw::plain(&format!(
                            "POST /containers/{target}/rename?{first}={}&{second}{value}",
                            scene.name
                        ))
                    },
                    |world, scene, _| named(world, scene.id.as_str(), &scene.name),
                )
                .setup(Setup::Own),
            );
        }
    }
    cases
}

fn named(world: &World, id: &str, name: &str) -> bool {
    world.inspect(id)["Name"] == format!("/{name}")
}

/// A container of somebody else, by every name the daemon takes for it: the caller may not touch it.
fn segments() -> Vec<Case> {
    type Naming = fn(&str) -> String;
    let namings: [(&str, Naming); 7] = [
        ("by its name", str::to_owned),
        ("by its name, escaped", |name| {
            name.bytes().map(|byte| format!("%{byte:02x}")).collect()
        }),
        ("by its ID", |id| id.to_owned()),
        ("by 12 of its ID", |id| id[..12].to_owned()),
        ("by 5 of its ID", |id| id[..5].to_owned()),
        ("by its ID, escaped", |id| {
            id.bytes().map(|byte| format!("%{byte:02X}")).collect()
        }),
        ("by its ID, half escaped", |id| {
            format!("%{:02x}{}", id.as_bytes()[0], &id[1..])
        }),
    ];
    let mut cases = Vec::new();
    for (at, (label, naming)) in namings.into_iter().enumerate() {
        for version in ["", "/v1.41", "/v1.24"] {
            cases.push(
                Case::new(
                    21,
                    format!("rename {label} {version}"),
                    move |_, scene| {
                        let given = if at < 2 {
                            format!("{}-foreign", scene.name)
                        } else {
                            scene.id.clone()
                        };
                        raw::plain(&format!(
                            "POST {version}/containers/{}/rename?name={}",
                            naming(&given),
                            scene.name
                        ))
                    },
                    |world, scene, _| named(world, &scene.id, &scene.name),
                )
                .setup(Setup::Foreign),
            );
        }
    }
    cases
}
