//! What the bodies of the Engine API may hold.

use super::{Request, Unclean};

/// The kind of a value.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything; judged with care.
    Any,
}

macro_rules! open {
    ($($name:ident)*) => { $(pub(super) static $name: Shape = Shape::Any;)* };
}

open! {
    AUTH CHECKPOINT CONTAINER_CREATE CONTAINER_START EXEC_CREATE EXEC_START CONTAINER_UPDATE COMMIT NETWORK_CREATE
    NETWORK_CONNECT NETWORK_DISCONNECT VOLUME_CREATE VOLUME_UPDATE PLUGIN_PRIVILEGES PLUGIN_SET SWARM_INIT
    SWARM_JOIN SWARM_SPEC SWARM_UNLOCK SERVICE NODE SECRET CONFIG
}

/// Brings the body into the one form that is judged and sent.
pub(super) fn settle(_request: &mut Request) -> Result<(), Unclean> {
    Ok(())
}
