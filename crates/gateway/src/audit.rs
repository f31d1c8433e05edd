//! Audit records: who asked for what, how it was decided, what became of it. JSON, one record a line.
//!
//! A worker formats its record and appends it to a buffer, which costs well under a microsecond; a thread of its
//! own takes what has gathered and writes it at once, so a slow disk slows no request.

mod file;
mod line;
mod read;
mod record;
mod target;
mod who;
mod writer;

use std::cell::RefCell;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use sealock_policy::Caller;

pub use line::LONGEST_LINE;
pub use record::{Asked, Event, Id, Judged, Object, Record, Verdict};
pub use who::{Leaf, Who};

use crate::{AuditSettings, GatewayError};
use writer::{Order, Queue};

thread_local! {
    /// Where a record is formatted, so that the queue is locked for a copy only.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The door to the audit, shared by all workers.
#[derive(Debug)]
pub struct Audit {
    start: u32,
    connections: AtomicU64,
    required: bool,
    /// `None` when no audit is wanted.
    queue: Option<Arc<Queue>>,
}

impl Audit {
    /// Opens the file and starts the writer.
    pub fn open(settings: &AuditSettings) -> Result<Self, GatewayError> {
        let queue = Arc::new(Queue::default());
        writer::start(settings, &queue)?;
        Ok(Self {
            required: settings.required,
            queue: Some(queue),
            ..Self::off()
        })
    }

    /// An audit that writes nothing; it still numbers connections.
    pub fn off() -> Self {
        // Tells one run from the next; 16 ms is less than a restart takes.
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = since.unwrap_or_default().as_millis() / 16;
        Self {
            start: (start & 0xffff_ffff) as u32,
            connections: AtomicU64::new(0),
            required: false,
            queue: None,
        }
    }

    /// The constant part of the records of one connection, which gets its number here.
    pub fn who(
        &self,
        listener: &str,
        address: &dyn Display,
        caller: Option<&Caller>,
        leaf: Option<Leaf<'_>>,
    ) -> Who {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        Who::new((self.start, connection), listener, address, caller, leaf)
    }

    /// Notes a record. Never waits for the disk.
    pub fn note(&self, record: &Record<'_>) {
        let Some(queue) = &self.queue else {
            return;
        };
        SCRATCH.with_borrow_mut(|line| {
            line.clear();
            record.write(line, SystemTime::now());
            queue.push(line);
        });
    }

    /// Notes an event of the gateway itself.
    pub fn event(&self, event: Event, detail: &str) {
        self.note(&Record {
            event,
            detail,
            ..Record::default()
        });
    }

    /// Whether requests may be served: not while records are required and cannot be written.
    pub fn ready(&self) -> bool {
        !self.required || !self.is_failing()
    }

    /// Whether the writer cannot write at present.
    pub fn is_failing(&self) -> bool {
        self.queue.as_ref().is_some_and(|queue| queue.is_failing())
    }

    /// How many records were dropped because they could not be written in time.
    pub fn lost(&self) -> u64 {
        self.queue.as_ref().map_or(0, |queue| queue.lost())
    }

    /// Begins a new file now; the old one gets the number 1 (SIGUSR1).
    pub fn rotate(&self) {
        if let Some(queue) = &self.queue {
            queue.order(Order::Rotate);
        }
    }

    /// Opens the file anew if its name means another one by now, as after logrotate (SIGHUP).
    pub fn reopen(&self) {
        if let Some(queue) = &self.queue {
            queue.order(Order::Reopen);
        }
    }

    /// Writes what is left and ends the writer; waits for it at most this long.
    pub fn stop(&self, within: Duration) {
        if let Some(queue) = &self.queue {
            queue.stop(within);
        }
    }
}
