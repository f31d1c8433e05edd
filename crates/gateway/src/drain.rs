//! The end without harm: no new connections, those between two requests close, what is under way is finished.
//!
//! And the hand-over: the next process gets the listening sockets themselves, so no connection is refused and
//! none is lost between the two.

mod sockets;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use sockets::{receive_sockets, send_sockets};

use crate::limits::Gatekeeper;

/// How long a drain still takes what comes without being waited for: connections that were in the kernel's queue.
const QUEUE: Duration = Duration::from_millis(200);
/// How often a drain looks whether everybody has gone.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the gateway is about to end.
#[derive(Debug, Default)]
pub(crate) struct Drain {
    since: OnceLock<Instant>,
    told: Notify,
}

impl Drain {
    /// From now on: listeners are closed, and so are connections that wait for a request.
    pub(crate) fn begin(&self) {
        self.since.get_or_init(Instant::now);
        self.told.notify_waiters();
    }

    /// Whether it has begun: an answer then says `Connection: close`.
    pub(crate) fn has_begun(&self) -> bool {
        self.since.get().is_some()
    }

    /// Waits until it begins.
    pub(crate) async fn begun(&self) {
        // Before the look: what comes in between wakes it as well.
        let told = self.told.notified();
        if !self.has_begun() {
            told.await;
        }
    }

    /// Waits for the next connection, but not beyond the begin of a drain; `None` then. What was there already is still
    /// taken, for a moment: a flood of newcomers must not keep the gateway from ending.
    pub(crate) async fn or<F: Future>(&self, next: F) -> Option<F::Output> {
        if self
            .since
            .get()
            .is_some_and(|since| since.elapsed() > QUEUE)
        {
            return None;
        }
        let mut begun = pin!(self.begun());
        let mut next = pin!(next);
        poll_fn(|cx| {
            if let Poll::Ready(done) = next.as_mut().poll(cx) {
                return Poll::Ready(Some(done));
            }
            begun.as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

/// Waits until no connection is left, but no longer than `within`; how many were left.
pub(crate) async fn drained(gatekeeper: &Gatekeeper, within: Duration) -> usize {
    let until = Instant::now() + within;
    loop {
        let open = gatekeeper.open();
        if open == 0 || Instant::now() >= until {
            return open;
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Drain, drained};
    use crate::Limits;
    use crate::limits::Gatekeeper;
    use std::future::{pending, ready};
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn waits_end_and_what_is_there_is_taken_for_a_moment() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let drain = Arc::new(Drain::default());
            assert_eq!(drain.or(ready(1)).await, Some(1));
            let waits = {
                let drain = Arc::clone(&drain);
                tokio::spawn(async move { drain.or(pending::<()>()).await })
            };
            tokio::task::yield_now().await;
            assert!(!waits.is_finished());
            drain.begin();
            assert_eq!(waits.await.unwrap(), None);
            // Whoever comes late is told at once; a request that is there already is answered.
            assert_eq!(drain.or(pending::<()>()).await, None);
            assert_eq!(drain.or(ready(2)).await, Some(2));
            tokio::time::sleep(super::QUEUE * 2).await;
            assert_eq!(drain.or(ready(3)).await, None);
        });
    }

    #[test]
    fn a_drain_ends_with_the_last_connection_or_with_its_time() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let keeper = Gatekeeper::new(&Limits::default());
            let long = Duration::from_secs(60);
            assert_eq!(drained(&keeper, long).await, 0);
            let stays = keeper.arrive(None, std::time::Instant::now()).unwrap();
            assert_eq!(drained(&keeper, Duration::from_millis(80)).await, 1);
            let goes = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(80)).await;
                drop(stays);
            });
            assert_eq!(drained(&keeper, long).await, 0);
            goes.await.unwrap();
        });
    }
}
