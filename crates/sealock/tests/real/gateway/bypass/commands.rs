//! Limits that are lifted afterwards, commands with more rights, and states that are written to the host.

use serde_json::json;

use super::case::{Case, Role, Setup};
use super::raw::{self, Reply, Until};
use super::world::World;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = updates();
    cases.extend(execs());
    cases.extend(users());
    cases.extend(checkpoints());
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

/// Users that a command may not run as: the only one is `daemon`.
fn users() -> Vec<Case> {
    let mut cases = Vec::new();
    for user in [
        "",
        "root",
        "0",
        "00",
        "0:0",
        "+0",
        "root:daemon",
        "daemon:root",
        "daemon:0",
        "1:0",
    ] {
        for key in ["User", "user", "U\u{17f}er"] {
            let body = json!({"Cmd": ["id"], key: user}).to_string();
            cases.push(
                Case::new(
                    17,
                    format!("a command as {user:?} by {key}"),
                    move |world, _| {
                        raw::json(&format!("POST /containers/{}/exec", world.own), &body)
                    },
                    move |world, _, reply| {
                        let id = reply.json()["Id"].as_str().unwrap_or_default().to_owned();
                        let made = world.direct(&raw::plain(&format!("GET /exec/{id}/json")));
                        let process = &made.json()["ProcessConfig"];
                        made.status == 200 && process["user"].as_str().unwrap_or_default() == user
                    },
                )
                .role(Role::Debugger),
            );
        }
    }
    cases
}
