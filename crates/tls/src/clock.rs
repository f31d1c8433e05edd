//! Where the time of a verification comes from.

use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use sealock_pki::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// The time at which certificates are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Always this moment: commands that run for seconds, and tests.
    Fixed(Timestamp),
    /// The clock of the machine, read at every handshake: servers that live for long.
    System,
}

impl Clock {
    /// The moment to judge by.
    ///
    /// A system clock before 1970 reads as 1970: every certificate is then not yet valid.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Fixed(at) => at,
            Self::System => timestamp(UnixTime::now()),
        }
    }

    pub(crate) fn provider(self) -> Arc<dyn TimeProvider> {
        Arc::new(self)
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().as_unix()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

pub(crate) fn timestamp(time: UnixTime) -> Timestamp {
    Timestamp::from_unix(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}
