//! Real dockerd, systemd and clients for tests (dev only).
//!
//! Everything here is real: Debian's own dockerd in three versions ([`Dockerd`]), whole Debian
//! machines with systemd as their first process ([`Machine`]), rootless daemons ([`Rootless`]), and what lives
//! beside a daemon ([`Postgres`], [`Redis`], [`Registry`]).
//! What they run from is the lab, a folder that `cargo xtask test` fills ([`lab()`]). Whatever a
//! test starts ends with the value that stands for it: processes by their own id, mounts, network
//! namespaces and folders too.
//!
//! Three more tools judge the program under test from outside: [`kill`] ends it at every system
//! call that changes something, [`leak`] looks for secrets where none may be, and [`redact`]
//! makes its output comparable.
//!
//! A failure here is a panic with a sentence: that is how a test fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "tests fail by panicking and say what they do"
)]

pub mod browser;
pub mod clients;
mod control_group;
pub mod dockerd;
pub mod kill;
pub mod lab;
pub mod leak;
pub mod machine;
pub mod network;
pub mod postgres;
pub mod process;
pub mod redact;
pub mod redis;
pub mod registry;
pub mod rootless;
pub mod scratch;
pub mod server;
pub mod sqlpad;
pub mod tds;

pub use browser::Browser;
pub use dockerd::{Container, Dockerd};
pub use lab::{Lab, Suite, Version, lab};
pub use machine::Machine;
pub use network::Network;
pub use postgres::Postgres;
pub use process::{Outcome, run};
pub use redact::Redactor;
pub use redis::Redis;
pub use registry::Registry;
pub use rootless::Rootless;
pub use scratch::Scratch;
pub use server::Server;
pub use sqlpad::Sqlpad;
pub use tds::{TdsDouble, TdsLogin, TdsMode};
