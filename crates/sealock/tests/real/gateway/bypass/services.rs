//! Services of a swarm: every door of a container again, under other names, and what came of it in the task's
//! container.

use std::time::Duration;

use sealock_testkit::dockerd::IMAGE;
use sealock_testkit::lab::Version;
use sealock_testkit::process::becomes;
use serde_json::{Value, json};

use super::case::{Case, Role};
use super::doors::Level::{Container, Service, Task};
use super::doors::Seen::{Env, Host, Never, Read};
use super::doors::{DOORS, Door, Level, YOUNG};
use super::names::containers;
use super::raw::{self, Until, escaped, exchange};
use super::world::{SECRET, World};

impl Door {
    /// The key as the daemon takes it too.
    fn spellings(&self) -> Vec<String> {
        let mut all = super::creates::spellings(self.key);
        all.truncate(5);
        all
    }

    fn value(&self, world: &World) -> String {
        self.value
            .replace("@SECRET@", &world.kept.secret)
            .replace("@CONFIG@", &world.kept.config)
            .replace("@HOST@", &world.kept.host[..12])
    }

    /// Whether there is such a service with this in it, and, if somebody looks, a container of it.
    fn works(&self, world: &World, name: &str, looks: bool) -> bool {
        let spec = &spec(world, name);
        let at = match self.level {
            Service => &spec[self.key],
            Task => &spec["TaskTemplate"][self.key],
            Container => &spec["TaskTemplate"]["ContainerSpec"][self.key],
        };
        if !at.to_string().to_lowercase().contains(self.mark) {
            return false;
        }
        let patience = Duration::from_secs(20);
        !looks || matches!(self.seen, Never) || becomes(patience, || self.runs(world, name))
    }

    fn runs(&self, world: &World, name: &str) -> bool {
        let label = format!("com.docker.swarm.service.name={name}");
        containers(world, &label).into_iter().any(|id| {
            let found = world.inspect(&id);
            match self.seen {
                Host(text) => {
                    let told = found["HostConfig"].to_string() + &found["Mounts"].to_string();
                    told.to_lowercase().contains(text)
                }
                Env(text) => found["Config"]["Env"].to_string().contains(text),
                Read => world
                    .direct(&raw::plain(&format!("GET /containers/{id}/logs?stdout=1")))
                    .has(SECRET),
                Never => true,
            }
        })
    }
}

/// A service of the caller's with something more at one of the levels.
fn service(name: &str, level: Level, more: &str) -> String {
    let at = |here: bool| {
        if here && !more.is_empty() {
            format!(",{more}")
        } else {
            String::new()
        }
    };
    format!(
        "{{\"Name\":\"{name}\",\"Labels\":{{\"sealock.owner\":\"uid:0\"}},\"TaskTemplate\":{{\"ContainerSpec\":\
         {{\"Image\":\"{IMAGE}\",\"Command\":[\"sh\",\"-c\",\"cat /run/secrets/s /c; echo; sleep 3600\"]{}}},\
         \"RestartPolicy\":{{\"Condition\":\"none\"}}{}}},\"Mode\":{{\"Replicated\":{{\"Replicas\":1}}}}{}}}",
        at(matches!(level, Container)),
        at(matches!(level, Task)),
        at(matches!(level, Service)),
    )
}

/// What the daemon says a service is, or null.
pub(super) fn spec(world: &World, name: &str) -> Value {
    let found = world.direct(&raw::plain(&format!("GET /services/{name}")));
    found.json()["Spec"].clone()
}

/// The number that an update must name.
pub(super) fn version(world: &World, name: &str) -> u64 {
    let found = world.direct(&raw::plain(&format!("GET /services/{name}")));
    found.json()["Version"]["Index"].as_u64().unwrap()
}

/// Makes a harmless service of the caller's, past every gateway.
pub(super) fn own(world: &World, name: &str) -> String {
    let mut body: Value = serde_json::from_str(&service(name, Service, "")).unwrap();
    body["Mode"]["Replicated"]["Replicas"] = json!(0);
    let made = world.done("POST /services/create", &body);
    made["ID"].as_str().unwrap().to_owned()
}

/// Changes a service past every gateway, however often the swarm comes between.
pub(super) fn change(world: &World, name: &str, spec: &Value) {
    let changed = becomes(Duration::from_secs(20), || {
        let line = format!(
            "POST /services/{name}/update?version={}",
            version(world, name)
        );
        world.direct(&raw::json(&line, spec.to_string())).status == 200
    });
    assert!(changed, "{name} cannot be changed");
}

pub(super) fn forget(world: &World, name: &str) {
    world.direct(&raw::plain(&format!("DELETE /services/{name}")));
}

/// Bodies that say `key: value` to this daemon.
fn bodies(door: &Door, of: Version) -> Vec<(u8, String, String)> {
    let Door { key, label, .. } = door;
    let row = match *key {
        "Mounts" => 16,
        "Secrets" | "Configs" | "Networks" => 19,
        _ => 22,
    };
    let mut all = vec![(
        row,
        format!("{label} as documented"),
        format!("\"{key}\":@"),
    )];
    for other in door.spellings() {
        all.push((4, format!("{label} as {other}"), format!("\"{other}\":@")));
    }
    all.push((
        4,
        format!("{label} behind null"),
        format!("\"{key}\":null,\"{}\":@", key.to_lowercase()),
    ));
    if of == Version::V20 {
        // Newer daemons read one document, and see that there is another.
        all.push((
            4,
            format!("{label} before a second document"),
            "@@".to_owned(),
        ));
    }
    all
}

pub(super) fn cases(of: Version) -> Vec<Case> {
    let young: &[Door] = if of == Version::V20 { &[] } else { YOUNG };
    let mut cases = Vec::new();
    for door in DOORS.iter().chain(young) {
        for (number, (row, label, more)) in bodies(door, of).into_iter().enumerate() {
            let made = move |world: &World, name: &str| {
                let value = door.value(world);
                match more.as_str() {
                    "@@" => {
                        let whole = format!("\"{}\":{value}", door.key);
                        service(name, door.level, &whole) + &service(name, door.level, "")
                    }
                    more => service(name, door.level, &more.replace('@', &value)),
                }
            };
            // In the task's container once for each door: it takes a second.
            let looks = number == 0;
            let again = made.clone();
            cases.push(
                Case::new(
                    row,
                    format!("a service with {label}"),
                    move |world, scene| {
                        raw::json("POST /services/create", made(world, &scene.name))
                    },
                    move |world, scene, _| {
                        let works = door.works(world, &scene.name, looks);
                        forget(world, &scene.name);
                        works
                    },
                )
                .role(Role::Swarmer),
            );
            // The older place of networks cannot be updated at all.
            if number > 1 || (door.key == "Networks" && matches!(door.level, Service)) {
                continue;
            }
            cases.push(
                Case::new(
                    22,
                    format!("a service updated to {label}"),
                    move |world, scene| {
                        own(world, &scene.name);
                        let version = version(world, &scene.name);
                        raw::json(
                            &format!("POST /services/{}/update?version={version}", scene.name),
                            again(world, &scene.name),
                        )
                    },
                    move |world, scene, _| {
                        let works = door.works(world, &scene.name, false);
                        forget(world, &scene.name);
                        works
                    },
                )
                .role(Role::Swarmer),
            );
        }
    }
    cases.extend(labels());
    cases.extend(paths());
    cases
}

/// The label that says whose a service is, written by the caller.
fn labels() -> Vec<Case> {
    let mut cases = Vec::new();
    for (label, level, more) in [
        ("plain", Service, r#""Labels":{"sealock.owner":"cn:other"}"#),
        (
            "in lower case",
            Service,
            r#""labels":{"sealock.owner":"cn:other"}"#,
        ),
        (
            "with a long s",
            Service,
            "\"Label\u{17f}\":{\"sealock.owner\":\"cn:other\"}",
        ),
        (
            "of its container",
            Container,
            r#""Labels":{"sealock.owner":"cn:other"}"#,
        ),
        (
            "of its container, escaped",
            Container,
            r#""\u004cabels":{"sealock.\u006fwner":"cn:other"}"#,
        ),
    ] {
        cases.push(
            Case::new(
                19,
                format!("a service with an owner {label}"),
                move |_, scene| {
                    let text = service(&scene.name, level, more);
                    let own = "\"Labels\":{\"sealock.owner\":\"uid:0\"},";
                    raw::json("POST /services/create", text.replacen(own, "", 1))
                },
                move |world, scene, _| {
                    let spoofed = spec(world, &scene.name).to_string().contains("cn:other");
                    forget(world, &scene.name);
                    spoofed
                },
            )
            .role(Role::Swarmer),
        );
    }
    cases
}

/// Paths to a new service, for callers who may make none.
fn paths() -> Vec<Case> {
    let mut cases = Vec::new();
    for role in [Role::Observer, Role::Deployer] {
        for path in [
            "/services/create",
            "/v1.41/services/create",
            "/v1.24/services/create",
            "/v01.41/services/create",
            "/services/%63reate",
            "/%73ervices/create",
            "http://docker/services/create",
        ] {
            cases.push(
                Case::new(
                    5,
                    format!("a service by {path}, {role:?}"),
                    move |_, scene| {
                        raw::json(&format!("POST {path}"), service(&scene.name, Service, ""))
                    },
                    |world, scene, _| {
                        let made = spec(world, &scene.name) != Value::Null;
                        forget(world, &scene.name);
                        made
                    },
                )
                .role(role),
            );
        }
    }
    cases
}

/// What the same caller may do.
pub(super) fn honest(world: &World) {
    let role = Role::Swarmer;
    let check = super::honest::check;
    let body = service("honest", Service, "");
    check(world, role, &raw::json("POST /services/create", &body), 201);
    let made = spec(world, "honest").to_string();
    assert_eq!(made.matches("sealock.owner").count(), 2, "{made}");
    let update = || {
        let line = format!(
            "POST /services/honest/update?version={}",
            version(world, "honest")
        );
        let body = service("honest", Task, "\"ForceUpdate\":1");
        exchange(world.door(role), &raw::json(&line, body), Until::Answers(1)).status == 200
    };
    assert!(becomes(Duration::from_secs(20), update));
    let filters = escaped(&json!({"name": ["honest"]}).to_string());
    let listed = check(
        world,
        role,
        &raw::plain(&format!("GET /services?filters={filters}")),
        200,
    );
    assert!(listed.has("honest"), "{}", listed.text());
    check(world, role, &raw::plain("DELETE /services/honest"), 200);
    assert_eq!(spec(world, "honest"), Value::Null);
    let seen = check(
        world,
        Role::Observer,
        &raw::plain("GET /services/victim"),
        200,
    );
    assert!(
        seen.has(&world.kept.service) && !seen.has(SECRET),
        "{}",
        seen.text()
    );
}
