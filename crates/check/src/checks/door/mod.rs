//! F1xx: who gets in who must not.

mod believed;
mod expired_client;
mod foreign_certificate;
mod group_members;
mod let_in;
mod listeners;
mod open_socket;
mod passed_plain;
mod paths_only;
mod plain_listener;
mod plain_port;
mod revoked_client;
mod server_as_client;
mod server_only;
mod system_roots;
mod unverified;

use crate::Check;

pub(super) use listeners::is_at;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &plain_port::CHECK,
    &server_only::CHECK,
    &foreign_certificate::CHECK,
    &system_roots::CHECK,
    &expired_client::CHECK,
    &server_as_client::CHECK,
    &revoked_client::CHECK,
    &plain_listener::CHECK,
    &passed_plain::CHECK,
    &paths_only::CHECK,
    &believed::CHECK,
    &unverified::CHECK,
    &open_socket::CHECK,
    &group_members::CHECK,
];
