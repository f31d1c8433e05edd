//! The binary against the real software. Run through `cargo xtask test`, which installs what this needs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs
)]

mod agent;
mod backup;
mod bad_input;
mod check;
mod clients;
mod common;
mod gateway;
mod hand;
mod import;
mod kill;
mod leak;
mod life;
mod messages;
mod neighbours;
mod revoke;
mod rootless;
mod scope;
mod session;
mod systemd;
