//! dockerd, systemd and the docker client: observed and desired state become changes.
//!
//! [`observe`] looks at the daemon as it really runs, [`Desired`] is what `sealock.toml` asks for, and
//! [`plan_up`] and [`plan_down`] turn both into the steps of a [`sealock_change::Plan`]. Nothing here
//! speaks TLS: that the result keeps its promise is proved from outside, by whoever runs the plan.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod action;
pub mod client;
pub mod command;
pub mod desired;
mod down;
mod drift;
mod dropin;
pub mod engine;
mod error;
pub mod json;
pub mod leftover;
mod listen;
mod observe;
mod outlive;
mod plan;
mod port;
pub mod registry;
mod root;
mod service;
pub mod survey;
mod system;
#[cfg(test)]
mod testing;
pub mod unit;

pub use desired::Desired;
pub use down::plan_down;
pub use drift::{Drift, drift};
pub use error::{CATALOGUE, HostError};
pub use listen::{Listen, ListenError};
pub use observe::{
    Installed, Listener, Observed, Options, SocketUnit, Supervisor, Unit, Way, observe,
};
pub use plan::{
    Answering, Consent, HostPlan, Live, Material, plan_gateway_material, plan_material, plan_up,
};
pub use port::holder_of;
pub use root::Root;
pub use service::{Before, Running, Service};
pub use system::{Interface, Invocation, Local, Outcome, System};

/// The name of our directory beside `daemon.json`.
pub const SEALOCK_DIRECTORY: &str = "sealock";

/// The file name of our drop-in. It sorts behind those of others.
pub const DROP_IN: &str = "zz-sealock.conf";

/// The first line of our drop-in, by which it is known again.
pub(crate) const OURS: &str = "# Written by sealock";
