//! Services beside the daemon: registries, databases, and whatever else serves with a certificate of ours.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod protocol;

pub use protocol::Protocol;
