//! Everything on this host that a check may look at: the daemon, its clients, its registries.
//!
//! Nothing ends a survey early. What cannot be read, parsed or asked is an observation too.

mod age;
mod archive;
mod client;
mod config;
mod daemon;
mod files;
mod group;
mod listeners;
mod material;
mod registry;
mod repository;
mod strays;
#[cfg(test)]
mod tests;

pub use files::look;

use crate::observe::{Care, Observed, Part, observe_with};
use crate::{Desired, HostError, Options, System};
use sealock_check::seen::{ClientSide, ConfigState, Host, RegistryFolder};
use std::sync::Arc;

pub use client::{client_at, shell_client};

/// What was seen on this host. Nothing was changed to see it.
#[derive(Debug, Default)]
pub struct Survey {
    /// The daemon's side; `None` when there is no trace of a daemon.
    pub host: Option<Host>,
    /// Everybody who would use Docker here.
    pub clients: Vec<ClientSide>,
    /// The folders below `certs.d`.
    pub registries: Vec<RegistryFolder>,
    /// What could not be looked at, and why. What is wrong with the daemon and its files is no problem of
    /// the look, and stands in `host`.
    pub problems: Vec<HostError>,
}

/// Looks at everything. `desired` is what `sealock.toml` asks for, when there is one.
pub fn survey(system: &Arc<dyn System>, options: &Options, desired: Option<&Desired>) -> Survey {
    let mut care = Care::Notes(Vec::new());
    let observed = observe_with(system, options, &mut care);
    let noted = match care {
        Care::Notes(noted) => noted,
        Care::Stops => Vec::new(),
    };
    let mut survey = Survey::default();
    match observed {
        Ok(observed) => {
            let host = daemon::host(&observed, &noted, desired);
            survey.host = has_trace(&observed, &host, &noted).then_some(host);
        }
        Err(error) => survey.problems.push(error),
    }
    survey.problems.extend(
        noted
            .into_iter()
            .filter(|(part, error)| match part {
                Part::Unit => true,
                Part::Engine => matches!(error, HostError::Rights { .. }),
                Part::Daemon => survey.host.is_none(),
                Part::Config => false,
            })
            .map(|(_, error)| error),
    );
    survey.clients = client::clients(&**system);
    survey.registries = registry::registries(&**system, survey.host.as_ref(), desired);
    survey
}

/// Whether anything says that a daemon belongs here.
fn has_trace(observed: &Observed, host: &Host, noted: &[(Part, HostError)]) -> bool {
    let missing = noted.iter().any(|(part, _)| *part == Part::Daemon);
    let masked = noted.iter().any(|(part, _)| *part == Part::Unit);
    !missing || masked || observed.version.is_some() || host.config.state != ConfigState::Absent
}
