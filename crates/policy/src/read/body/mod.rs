//! What the bodies of the Engine API may hold.

mod container;
mod network;
mod service;
mod shape;
mod swarm;
mod volume;

pub(super) use container::{CHECKPOINT, EXEC_CREATE, EXEC_START};
pub(super) use network::{NETWORK_CONNECT, NETWORK_CREATE, NETWORK_DISCONNECT};
pub(super) use service::SERVICE;
pub(super) use shape::Shape;
pub(super) use swarm::{CONFIG, NODE, SECRET, SWARM_INIT, SWARM_JOIN, SWARM_SPEC, SWARM_UNLOCK};
pub(super) use volume::{VOLUME_CREATE, VOLUME_UPDATE};

use super::{Call, Json, Request, Unclean};
use container::{CONTAINER, HOST_CONFIG, RESOURCES, RESTART};
use shape::{EMPTY, Field, Place, TEXT, TEXTS};

/// A container: what runs at the top, what it gets of the host below `HostConfig`.
pub(super) static CONTAINER_CREATE: Shape = Shape::Object(&[
    CONTAINER,
    &[
        ("HostConfig", Shape::Object(FLAT)),
        ("NetworkingConfig", network::NETWORKING),
    ],
]);

/// What engines up to 26 also take at the top of a create, past everybody who looks into `HostConfig`.
const FLAT: &[&[Field]] = &[HOST_CONFIG, RESOURCES];

/// An image's settings.
pub(super) static COMMIT: Shape = Shape::Object(&[CONTAINER]);

/// New limits of a container.
pub(super) static CONTAINER_UPDATE: Shape =
    Shape::Object(&[RESOURCES, &[("RestartPolicy", RESTART)]]);

/// Nothing: a start took a whole `HostConfig` once.
pub(super) static CONTAINER_START: Shape = EMPTY;

/// A login at a registry.
pub(super) static AUTH: Shape = Shape::Object(&[&[
    ("username", TEXT),
    ("password", TEXT),
    ("auth", TEXT),
    ("email", TEXT),
    ("serveraddress", TEXT),
    ("identitytoken", TEXT),
    ("registrytoken", TEXT),
]]);

/// What a plugin is granted.
pub(super) static PLUGIN_PRIVILEGES: Shape = Shape::List(&Shape::Object(&[&[
    ("Name", TEXT),
    ("Description", TEXT),
    ("Value", TEXTS),
]]));

/// Settings of a plugin, as `NAME=VALUE`.
pub(super) static PLUGIN_SET: Shape = TEXTS;

/// Keys that no daemon has ever read and that known clients send: they are left out.
fn idle(call: Call, key: &str) -> bool {
    match call {
        // Of dockerode, which sends its own options along, and of bollard, the size of its buffer.
        Call::ExecStart => matches!(key, "hijack" | "stdin" | "abortSignal" | "OutputCapacity"),
        // Of docker-py, which repeats the container of the path.
        Call::ExecCreate => matches!(key, "Container" | "abortSignal"),
        Call::ContainerStart => key == "abortSignal",
        // Of whoever makes a volume from what an inspection told; the daemon chooses the place itself.
        Call::VolumeCreate => key == "Mountpoint",
        // Documented from 1.25 on, and read by no daemon.
        Call::ContainerUpdate => key == "Init",
        _ => false,
    }
}

/// Brings the body into the one form that is judged and sent.
pub(super) fn settle(request: &mut Request) -> Result<(), Unclean> {
    let Some(mut json) = request.take_json() else {
        return Ok(());
    };
    let Some(shape) = request.route().shape else {
        return Ok(());
    };
    if let (Shape::Object(known), Json::Object(fields)) = (shape, &mut json) {
        leave_out(request, known, fields)?;
    }
    shape::settle(&mut json, shape, &mut Place::default())?;
    let nothing = match &json {
        Json::Null => true,
        Json::Object(fields) => fields.is_empty() && request.call() == Call::ContainerStart,
        _ => false,
    };
    request.put_json((!nothing).then_some(json));
    Ok(())
}

/// Takes out what says nothing: clients that repeat the query in the body, and flat settings of the host
/// that are all zero. Flat ones that say something are refused, with what to do about it.
fn leave_out(
    request: &Request,
    known: &[&'static [Field]],
    fields: &mut Vec<(String, Json)>,
) -> Result<(), Unclean> {
    let route = request.route();
    let (mut wrong, mut runtime) = (None, None);
    fields.retain_mut(|(key, value)| {
        if shape::find(key, known).is_some() {
            return true;
        }
        if route.key(key).is_some() || idle(route.call, key) {
            return false;
        }
        if route.call == Call::ContainerCreate
            && let Some((name, _)) = shape::find(key, FLAT)
        {
            if *name == "Runtime" && runtime.is_none() {
                runtime = Some(std::mem::replace(value, Json::Null));
            } else if !value.is_empty() {
                wrong.get_or_insert_with(|| Unclean::flat(key));
            }
            return false;
        }
        if route.call == Call::ContainerStart {
            wrong.get_or_insert_with(Unclean::start);
        }
        true
    });
    if let Some(runtime) = runtime.filter(|value| !value.is_empty())
        && !put_runtime(known, fields, runtime)
    {
        wrong.get_or_insert_with(|| Unclean::flat("Runtime"));
    }
    wrong.map_or(Ok(()), Err)
}

/// Puts a runtime that docker-py, to this day, writes at the top where it is judged and every engine reads it.
/// Not when there is one already.
fn put_runtime(
    known: &[&'static [Field]],
    fields: &mut Vec<(String, Json)>,
    runtime: Json,
) -> bool {
    let is_host =
        |key: &str| shape::find(key, known).is_some_and(|(name, _)| *name == "HostConfig");
    let mut places = fields.iter_mut().filter(|(key, _)| is_host(key));
    let place = match (places.next(), places.next()) {
        (None, _) => {
            fields.push(("HostConfig".to_owned(), Json::Object(Vec::new())));
            fields.last_mut()
        }
        (place, None) => place,
        _ => None,
    };
    let Some((_, host)) = place else {
        return false;
    };
    if matches!(host, Json::Null) {
        *host = Json::Object(Vec::new());
    }
    let Json::Object(host) = host else {
        return false;
    };
    let is_there = |(key, _): &(String, Json)| {
        shape::find(key, FLAT).is_some_and(|(name, _)| *name == "Runtime")
    };
    if host.iter().any(is_there) {
        return false;
    }
    host.push(("Runtime".to_owned(), runtime));
    true
}

#[cfg(test)]
mod tests;
