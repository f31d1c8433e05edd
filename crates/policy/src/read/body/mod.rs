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
    let mut wrong = None;
    fields.retain(|(key, value)| {
        if shape::find(key, known).is_some() {
            return true;
        }
        if route.key(key).is_some() || idle(route.call, key) {
            return false;
        }
        if route.call == Call::ContainerCreate && shape::find(key, FLAT).is_some() {
            if !value.is_empty() {
                wrong.get_or_insert_with(|| Unclean::flat(key));
            }
            return false;
        }
        if route.call == Call::ContainerStart {
            wrong.get_or_insert_with(Unclean::start);
        }
        true
    });
    wrong.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
