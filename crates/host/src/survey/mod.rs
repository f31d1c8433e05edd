//! Everything on this host that a check may look at: the daemon, its clients, its registries.
//!
//! Nothing ends a survey early. What cannot be read, parsed or asked is an observation too.

mod client;
mod files;
mod registry;
mod repository;

use crate::{Desired, HostError, Options, System};
use sealock_check::seen::{ClientSide, Host, RegistryFolder};
use std::sync::Arc;

pub(crate) use files::look;

/// What was seen on this host. Nothing was changed to see it.
#[derive(Debug, Default)]
pub struct Survey {
    /// The daemon's side; `None` when there is no trace of a daemon.
    pub host: Option<Host>,
    /// Everybody who would use Docker here.
    pub clients: Vec<ClientSide>,
    /// The folders below `certs.d`.
    pub registries: Vec<RegistryFolder>,
    /// What could not be looked at, and why.
    pub problems: Vec<HostError>,
}

/// Looks at everything. `desired` is what `sealock.toml` asks for, when there is one.
pub fn survey(system: &Arc<dyn System>, options: &Options, desired: Option<&Desired>) -> Survey {
    let _ = (options, desired);
    Survey {
        host: None,
        clients: client::clients(&**system),
        registries: registry::registries(&**system, None),
        problems: Vec::new(),
    }
}
