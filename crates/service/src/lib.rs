//! Services beside the daemon: registries, databases, and whatever else serves with a certificate of ours.
//!
//! A service is a [`Service`] of `sealock.toml`, and its [`Kind`] knows the rest: the shape of the certificate, the
//! files with their modes and owners, the configuration, how a new certificate is taken up, and which doors are asked
//! whether it is. A kind is one file of `kinds/` and its line in [`kinds::ALL`]; nothing else knows it by name.
//!
//! Nothing here speaks TLS and nothing here writes: a kind says what it needs, others do it and prove it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod clients;
mod kind;
pub mod kinds;
mod owner;
mod protocol;
mod service;

pub use kind::{
    Clients, Door, File, Holds, Kind, Problem, Profile, Refused, Remark, TakeUp, Unfit,
};
pub use owner::Account;
pub use protocol::Protocol;
pub use service::{Service, Setting, check_name};
