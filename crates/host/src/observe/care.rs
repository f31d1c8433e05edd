//! What an error on the way does: it ends the look, or it is noted.

use crate::HostError;
use std::time::Duration;

/// Part of the look in which something could not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Who runs the daemon, and its unit.
    Unit,
    /// `daemon.json`.
    Config,
    /// The daemon's own answers.
    Engine,
    /// There is no daemon.
    Daemon,
}

/// Who is about to change something stops at the first thing that cannot be used. Who only looks notes it
/// and goes on with what is left.
#[derive(Debug)]
pub(crate) enum Care {
    /// Stops.
    Stops,
    /// Goes on; what was noted so far.
    Notes(Vec<(Part, HostError)>),
}

impl Care {
    /// How long a daemon may keep silent. One that is to be changed must not be taken for dead too early.
    pub(super) fn patience(&self) -> Duration {
        match self {
            Self::Stops => crate::engine::TIMEOUT,
            Self::Notes(_) => Duration::from_secs(5),
        }
    }

    /// The result, or what stands in for it.
    pub(super) fn or<T>(
        &mut self,
        part: Part,
        result: Result<T, HostError>,
        instead: impl FnOnce(&HostError) -> T,
    ) -> Result<T, HostError> {
        match (result, self) {
            (Err(error), Self::Notes(noted)) => {
                let value = instead(&error);
                noted.push((part, error));
                Ok(value)
            }
            (result, _) => result,
        }
    }

    /// Something that is wrong, with nothing to stand in for it.
    pub(super) fn refuse(&mut self, part: Part, error: HostError) -> Result<(), HostError> {
        self.or(part, Err(error), |_| ())
    }
}
