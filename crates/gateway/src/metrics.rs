//! Counters that every worker adds to, and the page that Prometheus reads.

mod page;
mod serve;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use serve::{bind, serve};

use crate::audit::Verdict;

/// A number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub(crate) fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that grows and shrinks.
#[derive(Debug, Default)]
pub(crate) struct Gauge(AtomicI64);

impl Gauge {
    /// Sets it.
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to it, or takes away.
    pub(crate) fn add(&self, value: i64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    /// Its value.
    pub(crate) fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why a connection did not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// So many connections are open that no more are taken.
    Connections,
    /// This caller has as many connections as one may have.
    Caller,
    /// So many handshakes are under way that the oldest gave way.
    Handshakes,
    /// So many handshakes from this address came to nothing that no more are begun for now.
    Address,
    /// The handshake took too long.
    Slow,
    /// The handshake failed, or the certificate was refused.
    Handshake,
    /// The caller is known and may not use this listener.
    NotAllowed,
    /// The service behind did not answer.
    Upstream,
}

impl Refusal {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 8] = [
        Self::Connections,
        Self::Caller,
        Self::Handshakes,
        Self::Address,
        Self::Slow,
        Self::Handshake,
        Self::NotAllowed,
        Self::Upstream,
    ];

    /// The word in metrics and audit records.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Caller => "caller",
            Self::Handshakes => "handshakes",
            Self::Address => "address",
            Self::Slow => "slow",
            Self::Handshake => "handshake",
            Self::NotAllowed => "not-allowed",
            Self::Upstream => "upstream",
        }
    }
}

/// The numbers of one listener.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// The listener's name.
    pub(crate) name: String,
    /// Connections that came in.
    pub(crate) accepted: Counter,
    /// Of those, by resumption.
    pub(crate) resumed: Counter,
    /// Connections that are open now.
    pub(crate) open: Gauge,
    /// Hijacked streams, tunnels and connections of plain ports that are open now.
    pub(crate) streams: Gauge,
    /// Bytes of bodies and streams from callers.
    pub(crate) received: Counter,
    /// Bytes of bodies and streams to callers.
    pub(crate) sent: Counter,
    refused: [Counter; Refusal::ALL.len()],
}

impl Door {
    /// Where refusals of this kind are counted.
    pub(crate) fn refused(&self, why: Refusal) -> &Counter {
        &self.refused[why as usize]
    }
}

/// Upper bounds of the durations that are counted apart, in milliseconds.
const BOUNDS: [u64; 8] = [1, 5, 25, 100, 500, 2_500, 10_000, 60_000];

/// Everything that is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// One for each listener, in the order of the settings.
    pub(crate) doors: Vec<Door>,
    /// Live connections that were cut because their caller was revoked or lost its grant.
    pub(crate) cut: Counter,
    /// Times that the daemon or service behind could not be reached or broke off.
    pub(crate) upstream_failures: Counter,
    /// Times that the system had no descriptor or memory for a connection.
    pub(crate) accept_failures: Counter,
    /// Files that were taken over.
    pub(crate) reloads: Counter,
    /// Files that were not, because something is wrong with them.
    pub(crate) reload_failures: Counter,
    /// The number of the policy in force.
    pub(crate) policy_epoch: Gauge,
    /// The number of the material in force.
    pub(crate) material_epoch: Gauge,
    /// When the gateway's own certificate ends, in seconds since 1970; 0 without one.
    pub(crate) certificate_ends: Gauge,
    /// When the revocation list that ends first ends; 0 without one.
    pub(crate) lists_end: Gauge,
    /// How many certificates the revocation lists name.
    pub(crate) lists_entries: Gauge,
    /// How many entries the deny-list has.
    pub(crate) denied: Gauge,
    decisions: [Counter; 4],
    statuses: [Counter; 5],
    durations: [Counter; BOUNDS.len() + 1],
    micros: Counter,
}

impl Metrics {
    /// All zero, for listeners of these names.
    pub(crate) fn new(doors: impl IntoIterator<Item = String>) -> Self {
        let doors = doors.into_iter().map(|name| Door {
            name,
            ..Door::default()
        });
        Self {
            doors: doors.collect(),
            ..Self::default()
        }
    }

    /// Counts a request that has been answered. A stream's life is no duration of a request: leave it out.
    pub(crate) fn request(&self, verdict: Verdict, status: u16, duration: Option<Duration>) {
        self.decisions[verdict as usize].one();
        let class = usize::from(status / 100).clamp(1, self.statuses.len());
        self.statuses[class - 1].one();
        if let Some(duration) = duration {
            let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            let bucket = BOUNDS.partition_point(|bound| millis >= *bound);
            self.durations[bucket].one();
            let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            self.micros.add(micros);
        }
    }
}
