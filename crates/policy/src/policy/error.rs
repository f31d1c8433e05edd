//! What can be wrong with a policy file.

use sealock_diag::{Code, Diagnose};
use thiserror::Error;

/// A policy file that cannot be used. Texts out of the file are escaped already.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The text is no TOML.
    #[error("the policy is not valid TOML")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What the reader says.
        problem: String,
    },
    /// A key that means nothing here.
    #[error("the policy has an unknown key: {key}")]
    Key {
        /// The line.
        line: usize,
        /// The key.
        key: String,
        /// Which keys there are.
        known: String,
        /// The one that was probably meant.
        meant: Option<String>,
    },
    /// A value of the wrong kind, or one that cannot be.
    #[error("the policy has an unusable value for {key}")]
    Value {
        /// The line.
        line: usize,
        /// The key.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Something that is no name of a caller.
    #[error("the policy names a caller in a way that is not known: {text}")]
    Caller {
        /// The line.
        line: usize,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A role, group, verb or call that does not exist.
    #[error("the policy names a {kind} that does not exist: {name}")]
    Unknown {
        /// The line.
        line: usize,
        /// Role, group, verb or call.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The one that was probably meant.
        meant: Option<String>,
    },
    /// A role that is built on itself, or takes the name of a shipped one.
    #[error("the role {name} cannot be defined so")]
    Role {
        /// The line.
        line: usize,
        /// Its name.
        name: String,
        /// Why not.
        problem: String,
    },
    /// Something that must be there is not.
    #[error("the policy leaves out {what}")]
    Missing {
        /// The line of the table.
        line: usize,
        /// What is missing.
        what: &'static str,
        /// What to write.
        write: &'static str,
    },
    /// More than a policy ever needs.
    #[error("the policy is too large: {found}, at most {most}")]
    Size {
        /// What was found.
        found: String,
        /// What is allowed.
        most: String,
    },
}

impl PolicyError {
    /// The line that is meant, from 1; `None` when it is the whole file.
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::Syntax { line, .. }
            | Self::Key { line, .. }
            | Self::Value { line, .. }
            | Self::Caller { line, .. }
            | Self::Unknown { line, .. }
            | Self::Role { line, .. }
            | Self::Missing { line, .. } => Some(*line),
            Self::Size { .. } => None,
        }
    }
}

impl Diagnose for PolicyError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Syntax { .. } => "SL-A030",
            Self::Key { .. } => "SL-A031",
            Self::Value { .. } => "SL-A032",
            Self::Caller { .. } => "SL-A033",
            Self::Unknown { .. } => "SL-A034",
            Self::Role { .. } => "SL-A035",
            Self::Missing { .. } => "SL-A036",
            Self::Size { .. } => "SL-A037",
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Syntax { line, column, .. } => Some(format!("line {line}, column {column}")),
            other => other.line().map(|line| format!("line {line}")),
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Syntax { problem, .. }
            | Self::Value { problem, .. }
            | Self::Caller { problem, .. }
            | Self::Role { problem, .. } => Some(problem.clone()),
            Self::Key { known, .. } => Some(format!("known here: {known}")),
            Self::Unknown { .. } | Self::Missing { .. } | Self::Size { .. } => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Key {
                meant: Some(meant), ..
            }
            | Self::Unknown {
                meant: Some(meant), ..
            } => Some(format!("write {meant}")),
            Self::Missing { write, .. } => Some(format!("write {write}")),
            _ => None,
        }
    }
}
