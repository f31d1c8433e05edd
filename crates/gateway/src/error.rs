//! Why a gateway does not start, does not take over new files, or refuses.

use sealock_diag::{Code, Diagnose, Entry};
use std::fmt;

/// An error of the gateway. Its code is one of [`CATALOGUE`](crate::CATALOGUE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayError {
    code: Code,
    headline: String,
    location: Option<String>,
    cause: Option<String>,
    help: Option<String>,
}

impl GatewayError {
    /// An error with a headline: lowercase, no full stop, foreign text escaped.
    pub(crate) fn new(code: &'static str, headline: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            headline: headline.into(),
            location: None,
            cause: None,
            help: None,
        }
    }

    /// Where: a file, an address.
    pub(crate) fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// What was found.
    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// What to do.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same error, where and why taken over from one of a crate below.
    pub(crate) fn from_below(error: &(dyn Diagnose + '_)) -> Self {
        Self {
            code: error.code(),
            headline: error.to_string(),
            location: error.location(),
            cause: Diagnose::cause(error),
            help: error.help(),
        }
    }
}

impl fmt::Display for GatewayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl std::error::Error for GatewayError {}

impl Diagnose for GatewayError {
    fn code(&self) -> Code {
        self.code
    }

    fn location(&self) -> Option<String> {
        self.location.clone()
    }

    fn cause(&self) -> Option<String> {
        self.cause.clone()
    }

    fn help(&self) -> Option<String> {
        self.help.clone()
    }
}

const fn entry(
    code: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
) -> Entry {
    Entry {
        code: Code(code),
        title,
        meaning,
        remedy,
    }
}

/// Every code of this crate.
pub const CATALOGUE: &[Entry] = &[entry(
    "SL-G090",
    "a worker of the gateway could not be started",
    "The gateway runs one thread for each core, each with an event loop of its own. The operating \
         system gave no thread or no event queue: the limits on processes or on open files are reached.",
    "Raise `TasksMax=` and `LimitNOFILE=` of the unit, or ask for fewer workers with `--workers`.",
)];
