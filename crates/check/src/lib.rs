//! Observation → check → finding.
//!
//! Whoever looks (the host, the wire, the vault) fills in a [`Seen`]; every [`Check`] is a pure function
//! from it to [`Spot`]s; [`findings`] runs them all and puts first what bites first. There is no clock, no
//! file and no socket in here, so every finding can be provoked by a table of cases.
//!
//! One file per check, grouped by what it looks at: see [`checks`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod check;
pub mod checks;
pub mod convert;
mod finding;
pub mod material;
pub mod messages;
pub mod mode;
pub mod seen;
#[cfg(test)]
mod testing;
pub mod verdict;

pub use check::{Check, Severity, Stage};
pub use finding::{Finding, Mend, Perspective, Spot, findings};
pub use seen::Seen;
