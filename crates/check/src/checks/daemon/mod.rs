//! F2xx: what the daemon makes of its configuration.

mod broken_json;
mod conflict;
mod customary_port;
mod dropped_paths;
mod duplicate_key;
mod foreign_address;
mod insecure_registries;
mod invalid_host;
mod listener_missing;
mod live_restore_swarm;
mod no_live_restore;
mod no_port;
mod no_unix_socket;
mod nothing_passed;
mod off;
mod port_taken;
mod relative_path;
mod silent;
mod specific;
mod stale;
mod start_limit;
mod unit_changed;
mod unknown_key;
mod wrong_type;

#[cfg(test)]
mod breaks;
use crate::Check;

use crate::seen::Host;
use crate::{Severity, Spot};

pub(super) use listener_missing::is_to_come;
pub(super) use specific::{config_is_told, in_files, places};

/// What follows when the daemon does not start.
const STOPPED: &[&str] = &["SL-F207", "SL-F210", "SL-F211", "SL-F901"];

/// A spot that keeps the daemon from starting: down when it is off, and otherwise in wait.
fn at_start(host: &Host, spot: Spot) -> Spot {
    match host.is_on() {
        true => spot.severity(Severity::Latent),
        false => spot.severity(Severity::Down),
    }
}

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &broken_json::CHECK,
    &unknown_key::CHECK,
    &conflict::CHECK,
    &wrong_type::CHECK,
    &dropped_paths::CHECK,
    &duplicate_key::CHECK,
    &start_limit::CHECK,
    &no_port::CHECK,
    &invalid_host::CHECK,
    &silent::CHECK,
    &off::CHECK,
    &stale::CHECK,
    &unit_changed::CHECK,
    &no_unix_socket::CHECK,
    &no_live_restore::CHECK,
    &live_restore_swarm::CHECK,
    &customary_port::CHECK,
    &port_taken::CHECK,
    &nothing_passed::CHECK,
    &relative_path::CHECK,
    &listener_missing::CHECK,
    &insecure_registries::CHECK,
    &foreign_address::CHECK,
];
