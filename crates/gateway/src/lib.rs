//! The mutual-TLS front of a Docker socket, or of any port.
//!
//! The only crate with an async runtime. Each worker is a thread with a single-threaded runtime of its
//! own, so a connection lives and dies on one core; what workers share are snapshots behind one pointer.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod admission;
pub mod audit;
mod docker;
mod drain;
mod error;
mod forward;
#[cfg(test)]
mod front;
mod http;
mod limits;
mod listen;
mod live;
mod material;
mod metrics;
mod proxy_header;
mod reload;
mod run;
mod settings;
mod shared;
mod transport;
mod watch;
mod web;
mod worker;

pub use drain::{receive_sockets, send_sockets};
pub use error::{CATALOGUE, GatewayError};
pub use http::proof;
pub use reload::{Outcome, Reloaded};
pub use run::{Gateway, Place};
pub use settings::{AuditSettings, Bind, Limits, Listener, Service, Settings, Sources, Upstream};
pub use worker::is_serving;
