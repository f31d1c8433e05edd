//! Exit codes: one documented table, one place that turns an outcome into a number.

use std::process::ExitCode;

/// How the process ends. The numbers are part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed, and nothing was changed.
    Failed = 1,
    /// The command line itself is wrong.
    Usage = 2,
    /// The answer is no: findings, drift, a proof that does not hold, a step that is still to do.
    No = 3,
    /// A change failed, was rolled back, and the old state was verified.
    RolledBack = 4,
    /// A change failed and could not be rolled back completely.
    NotRolledBack = 5,
    /// Our bug.
    Bug = 70,
    /// Interrupted by the user.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
