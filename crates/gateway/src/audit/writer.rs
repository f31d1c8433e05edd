//! The thread that writes: it takes what has gathered, a batch at a time.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sealock_diag::escape;

use super::file::Log;
use super::record::{Event, Record};
use crate::{AuditSettings, GatewayError};

/// How long records gather before they are written: a wake-up of the writer costs more than a record.
const GATHER: Duration = Duration::from_millis(50);
/// So many bytes are written at once even before that: two such batches leave room in a core's cache for connections.
const EARLY: usize = 64 * 1024;
/// Beyond so many bytes that could not be written, new records are counted and dropped: memory has a bound.
const BACKLOG: usize = 8 << 20;
/// How long the writer waits after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// Between the workers and the writer.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pending: Mutex<Pending>,
    /// For the writer: there is something to do.
    wake: Condvar,
    /// For whoever stops it: it has ended.
    ended: Condvar,
    failing: AtomicBool,
    lost: AtomicU64,
}

#[derive(Debug, Default)]
struct Pending {
    batch: Batch,
    /// Dropped since the last batch was taken.
    dropped: u64,
    /// A signal asks to look whether the name means another file by now.
    reopen: bool,
    stop: bool,
    ended: bool,
}

/// Records one after the other, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
}

impl Batch {
    /// Adds a record.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    /// Takes the first `count` records out.
    pub(super) fn drop_first(&mut self, count: usize) {
        let Some(end) = count.checked_sub(1).and_then(|last| self.ends.get(last)) else {
            return;
        };
        let end = *end;
        self.bytes.drain(..end);
        self.ends.drain(..count);
        for at in &mut self.ends {
            *at -= end;
        }
    }

    fn clear(&mut self) {
        // A burst is no reason to keep its memory for ever.
        if self.bytes.capacity() > 4 * EARLY {
            *self = Self::default();
        }
        self.bytes.clear();
        self.ends.clear();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // A panic ends the process, so there is nothing to protect from.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a record.
    pub(super) fn push(&self, line: &[u8]) {
        let mut pending = self.lock();
        let before = pending.batch.bytes.len();
        if before + line.len() > BACKLOG {
            pending.dropped += 1;
            self.lost.fetch_add(1, Ordering::Relaxed);
            // A writer that hangs says nothing of it itself: a pipe that nobody reads, a disk that does not answer.
            self.failing.store(true, Ordering::Relaxed);
            return;
        }
        pending.batch.push(line);
        let after = pending.batch.bytes.len();
        drop(pending);
        // Only at these two moments: a wake-up is a system call.
        if before == 0 || (before < EARLY && after >= EARLY) {
            self.wake.notify_one();
        }
    }

    pub(super) fn reopen(&self) {
        self.lock().reopen = true;
        self.wake.notify_one();
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&self, within: Duration) {
        let mut pending = self.lock();
        pending.stop = true;
        self.wake.notify_one();
        let until = Instant::now() + within;
        while !pending.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            pending = match self.ended.wait_timeout(pending, left) {
                Ok((pending, _)) => pending,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Waits for work, lets it gather, and takes it over into `batch`.
    fn take(&self, batch: &mut Batch) -> (bool, u64, bool) {
        let mut pending = self.lock();
        while pending.batch.ends.is_empty() && !pending.reopen && !pending.stop {
            pending = self
                .wake
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let until = Instant::now() + GATHER;
        while pending.batch.bytes.len() < EARLY && !pending.reopen && !pending.stop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            pending = match self.wake.wait_timeout(pending, left) {
                Ok((pending, _)) => pending,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        std::mem::swap(&mut pending.batch, batch);
        let dropped = std::mem::take(&mut pending.dropped);
        (std::mem::take(&mut pending.reopen), dropped, pending.stop)
    }

    /// Waits a while after a failure; whether the writer is to end.
    fn pause(&self) -> bool {
        let pending = self.lock();
        if pending.stop {
            return true;
        }
        match self
            .wake
            .wait_timeout_while(pending, RETRY, |pending| !pending.stop)
        {
            Ok((pending, _)) => pending.stop,
            Err(_) => true,
        }
    }
}

/// Opens the file and starts the thread.
pub(super) fn start(settings: &AuditSettings, queue: &Arc<Queue>) -> Result<(), GatewayError> {
    let place = escape(&settings.path.to_string_lossy());
    let failed = |error: io::Error| {
        GatewayError::new("SL-G060", "the audit file cannot be opened")
            .at(place.clone())
            .because(error.to_string())
    };
    let mut log = Log::open(settings).map_err(failed)?;
    let queue = Arc::clone(queue);
    std::thread::Builder::new()
        .name("audit".to_owned())
        .spawn(move || {
            run(&mut log, &queue);
            queue.lock().ended = true;
            queue.ended.notify_all();
        })
        .map_err(failed)?;
    Ok(())
}

fn run(log: &mut Log, queue: &Queue) {
    let mut batch = Batch::default();
    loop {
        let (reopen, dropped, stop) = queue.take(&mut batch);
        if dropped > 0 {
            batch.push(&lost(dropped));
        }
        // A failure keeps the batch and tries again; meanwhile the queue fills up to its bound.
        loop {
            let done = match reopen {
                true => log.look().and_then(|()| log.write(&mut batch)),
                false => log.write(&mut batch),
            };
            queue.failing.store(done.is_err(), Ordering::Relaxed);
            if done.is_ok() {
                break;
            }
            if queue.pause() {
                log.settle();
                return;
            }
        }
        batch.clear();
        if stop {
            log.settle();
            return;
        }
    }
}

fn lost(count: u64) -> Vec<u8> {
    let mut line = Vec::new();
    let record = Record {
        event: Event::Lost,
        detail: &format!("{count} records"),
        ..Record::default()
    };
    record.write(&mut line, SystemTime::now());
    line
}

#[cfg(test)]
mod tests {
    use super::{BACKLOG, Batch, Queue};

    #[test]
    fn a_batch_gives_up_what_was_written() {
        let mut batch = Batch::default();
        for line in ["one", "two", "three"] {
            batch.push(line.as_bytes());
        }
        batch.drop_first(0);
        assert_eq!(batch.ends, [3, 6, 11]);
        batch.drop_first(2);
        assert_eq!(
            (&batch.bytes[..], &batch.ends[..]),
            (&b"three"[..], &[5][..])
        );
        batch.drop_first(1);
        assert!(batch.bytes.is_empty() && batch.ends.is_empty());
    }

    #[test]
    fn memory_has_a_bound_and_what_is_beyond_is_counted() {
        let queue = Queue::default();
        let line = vec![b'x'; BACKLOG / 4];
        for _ in 0..6 {
            queue.push(&line);
        }
        assert_eq!((queue.lost(), queue.lock().batch.ends.len()), (2, 4));
        assert!(queue.is_failing(), "whoever must be recorded is not let in");
        let mut batch = Batch::default();
        let (_, dropped, _) = queue.take(&mut batch);
        assert_eq!((dropped, batch.ends.len()), (2, 4));
    }
}
