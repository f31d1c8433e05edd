//! What the same callers may do: a gateway that refuses everything would pass every other test here.

use serde_json::{Value, json};

use super::case::Role;
use super::creates;
use super::raw::{self, Reply, Until, escaped, exchange};
use super::world::{SECRET, World};
use sealock_testkit::dockerd::IMAGE;

/// Sends a request as a role and insists on the status.
#[track_caller]
pub(super) fn check(world: &World, role: Role, bytes: &[u8], status: u16) -> Reply {
    let reply = exchange(world.door(role), bytes, Until::Answers(1));
    let sent = String::from_utf8_lossy(bytes);
    assert_eq!(reply.status, status, "{role:?}: {sent}\n{}", reply.text());
    reply
}

pub(super) fn all(world: &World) {
    observer(world);
    deployer(world);
    builder(world);
}

fn observer(world: &World) {
    for target in [
        "/_ping",
        "/version",
        "/info",
        "/v1.41/containers/json?all=1&trunc_cmd=0",
        "/images/json",
        "/networks",
        "/volumes",
        "/containers/victim/stats?stream=0",
    ] {
        check(
            world,
            Role::Observer,
            &raw::plain(&format!("GET {target}")),
            200,
        );
    }
    let seen = check(
        world,
        Role::Observer,
        &raw::plain("GET /containers/victim/json"),
        200,
    );
    assert!(
        seen.has(&world.victim) && !seen.has(SECRET),
        "{}",
        seen.text()
    );
    check(
        world,
        Role::Observer,
        &raw::plain("POST /containers/victim/stop"),
        403,
    );
    // What speaks HTTP/2 at once would go past the API's routes with engines from 29.2 on.
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let refused = exchange(world.door(Role::Observer), preface, Until::Quiet(300));
    assert!(refused.status >= 400, "{}", refused.text());
}

fn deployer(world: &World) {
    let role = Role::Deployer;
    let mut made = Vec::new();
    for (number, (key, tame)) in creates::tame().into_iter().enumerate() {
        let name = format!("honest{number}");
        let body = json!({"Image": IMAGE, "Cmd": ["sleep", "3600"], "HostConfig": {key: tame}});
        check(
            world,
            role,
            &raw::json(
                &format!("POST /v1.41/containers/create?name={name}"),
                body.to_string(),
            ),
            201,
        );
        let labels = &world.inspect(&name)["Config"]["Labels"];
        assert_eq!(labels["sealock.owner"], "uid:0", "{name}: {labels}");
        made.push(name);
    }
    // As dockerode and docker-py send it.
    let odd = json!({"name": "odd", "Image": IMAGE, "Runtime": null, "Volumes": null, "HostConfig": {"Memory": 33_554_432}});
    check(
        world,
        role,
        &raw::json("POST /containers/create?name=odd&Image=x", odd.to_string()),
        201,
    );
    made.push("odd".to_owned());
    let first = &made[0];
    check(
        world,
        role,
        &raw::plain(&format!("POST /containers/{first}/rename?name=renamed")),
        204,
    );
    made[0] = "renamed".to_owned();
    check(
        world,
        role,
        &raw::json("POST /containers/renamed/update", r#"{"CpuShares":512}"#),
        200,
    );
    check(
        world,
        role,
        &raw::json("POST /containers/renamed/start", "{}"),
        204,
    );
    let command = check(
        world,
        role,
        &raw::json(
            "POST /containers/renamed/exec",
            r#"{"Cmd":["echo","said"],"AttachStdout":true}"#,
        ),
        201,
    );
    let id = command.json()["Id"].as_str().unwrap().to_owned();
    let start = raw::json(&format!("POST /exec/{id}/start"), r#"{"Detach":false}"#);
    let said = exchange(world.door(role), &start, Until::Quiet(1500));
    assert!(said.has("said"), "{}", said.text());
    let listed = check(
        world,
        role,
        &raw::plain("GET /containers/json?all=1&filters=%7B%22name%22%3A%5B%22renamed%22%5D%7D"),
        200,
    );
    assert_eq!(
        listed.json().as_array().map(Vec::len),
        Some(1),
        "{}",
        listed.text()
    );
    check(
        world,
        role,
        &raw::json("POST /volumes/create", r#"{"Name":"honest"}"#),
        201,
    );
    check(world, role, &raw::plain("DELETE /volumes/honest"), 204);
    check(world, role, &raw::plain("GET /containers/victim/json"), 404);
    for name in &made {
        check(
            world,
            role,
            &raw::plain(&format!("DELETE /containers/{name}?force=1")),
            204,
        );
        assert_eq!(world.inspect(name), Value::Null);
    }
}

fn builder(world: &World) {
    let bytes = raw::request(
        "POST /build?t=honest:1",
        &["Content-Type: application/x-tar"],
        &raw::tar("Dockerfile", &format!("FROM {IMAGE}\nLABEL x=y\n")),
    );
    let built = exchange(world.door(Role::Builder), &bytes, Until::Answers(1));
    assert!(built.has("Successfully built"), "{}", built.text());
    let image = world.direct(&raw::plain(&format!(
        "GET /images/{}/json",
        escaped("honest:1")
    )));
    assert_eq!(
        image.json()["Config"]["Labels"]["sealock.owner"],
        "uid:0",
        "{}",
        image.text()
    );
}
