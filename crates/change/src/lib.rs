//! Plan, step, journal, run, rollback, and the only door that writes files.
//!
//! A [`Plan`] is a list of [`Step`]s: file [`Edit`]s and [`Action`]s (a restart, a proof). A
//! [`Store`] runs it: what every path was before is journalled and on the disk before the first
//! edit, so a run that fails is undone in reverse, and one that is killed at any instant is undone
//! by [`Store::recover`]. What every path was before the *first* run that touched it stays in the
//! ledger, for [`Store::restore_edits`].
//!
//! ```text
//! <dir>/lock      flock; holds the pid of whoever changes the host
//! <dir>/journal   only while a run is not committed: what every path it edits was before
//! <dir>/ledger    originals of every path ever changed, run counter, short history
//! ```
//!
//! A run is committed by the one rename that replaces the ledger. This crate knows no Docker, no
//! clock and no randomness.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)
)]

mod diff;
mod digest;
mod edit;
mod error;
pub mod fs;
mod plan;
mod record;
mod snapshot;
mod store;

pub use diff::{Body, Change, FileDiff, Hunk, Line, LineKind};
pub use digest::Digest;
pub use edit::{Content, Edit};
pub use error::{CATALOGUE, Error, Fault};
pub use fs::{Owner, Stat};
pub use plan::{Action, BoxDiagnose, Plan, Step};
pub use snapshot::Snapshot;
pub use store::{
    Done, Failure, Guard, Original, Recovery, RunSummary, Silent, State, StepInfo, Store, Watch,
};
