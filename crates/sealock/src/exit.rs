//! Exit codes: one documented table, one place that turns an outcome into a number.

use std::process::ExitCode;

/// How the process ends. The numbers are part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Failed, and nothing was changed.
    Failed,
    /// The command line itself is wrong.
    Usage,
    /// The answer is no: findings, drift, a proof that does not hold, a step that is still to do.
    No,
    /// A change failed, was rolled back, and the old state was verified.
    RolledBack,
    /// A change failed and could not be rolled back completely.
    NotRolledBack,
    /// Our bug.
    Bug,
    /// The command of a session is there and cannot be run; as every shell has it.
    NotExecutable,
    /// The command of a session is not there; as every shell has it.
    NotFound,
    /// Interrupted by the user.
    Interrupted,
    /// What the command of a session has said; 128 and the number of the signal that ended it.
    Command(u8),
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::No => 3,
            Self::RolledBack => 4,
            Self::NotRolledBack => 5,
            Self::Bug => 70,
            Self::NotExecutable => 126,
            Self::NotFound => 127,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}
