//! Bounds that shed newcomers and leave those already in alone.
//!
//! A connection is first an [`Arrival`], which holds a place among the handshakes, and then a [`Permit`], which
//! holds a place among the connections of its caller. Each gives its place back when it is dropped.

mod addresses;

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::Limits;
use crate::metrics::Refusal;
use addresses::{Addresses, Source};

/// A handshake of this age may have to give way to a newcomer: an honest one is done in a fraction of it, even
/// when many come at once, and one that is never meant to end holds a place no longer than this under pressure.
const PATIENCE: Duration = Duration::from_secs(1);

/// Descriptors beside those of connections: listeners, audit, files that are read, a margin.
const OTHER_FILES: u64 = 128;

/// Who may still come in, shared by the acceptor and all workers.
#[derive(Debug)]
pub(crate) struct Gatekeeper {
    connections: usize,
    per_caller: usize,
    handshakes: usize,
    state: Mutex<State>,
    /// A handshake has ended.
    room: Notify,
}

#[derive(Debug)]
struct State {
    open: usize,
    arrivals: u64,
    /// Handshakes under way, the oldest first.
    pending: BTreeMap<u64, Pending>,
    addresses: Addresses,
    callers: HashMap<Arc<str>, usize>,
}

#[derive(Debug)]
struct Pending {
    since: Instant,
    give_way: oneshot::Sender<()>,
}

impl Gatekeeper {
    /// Bounds as they are set, but never more connections than there are descriptors.
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let handshakes = limits.handshakes.max(1);
        // Whoever has all handshakes under way and ends them well is never short.
        let at_once = handshakes.max(limits.handshakes_per_address);
        Arc::new(Self {
            connections: limits.connections.min(connections_by_files()),
            per_caller: limits.per_caller,
            handshakes,
            state: Mutex::new(State {
                open: 0,
                arrivals: 0,
                pending: BTreeMap::new(),
                addresses: Addresses::new(limits.handshakes_per_address, at_once),
                callers: HashMap::new(),
            }),
            room: Notify::new(),
        })
    }

    /// Waits until a handshake may begin; to be called before `accept`, so that a burst of honest newcomers waits
    /// in the kernel's queue instead of being turned away.
    ///
    /// When all places are taken and the oldest handshake has had its time, that one gives way.
    pub(crate) async fn room(&self) {
        loop {
            let Some(wait) = self.until_room() else {
                return;
            };
            let _ended_or_aged = tokio::time::timeout(wait, self.room.notified()).await;
        }
    }

    /// How long there is surely no room; `None` when there is.
    fn until_room(&self) -> Option<Duration> {
        let mut state = self.lock();
        if state.pending.len() < self.handshakes {
            return None;
        }
        let (_, oldest) = state.pending.first_key_value()?;
        let age = oldest.since.elapsed();
        if age < PATIENCE {
            return Some(PATIENCE - age);
        }
        if let Some((_, oldest)) = state.pending.pop_first() {
            let _done_by_itself = oldest.give_way.send(());
        }
        None
    }

    /// Takes a place for a connection that was just accepted from this address; a unix socket has none.
    ///
    /// Its handshake may begin after [`Arrival::wait`].
    pub(crate) fn arrive(
        self: &Arc<Self>,
        from: Option<IpAddr>,
        now: Instant,
    ) -> Result<Arrival, Shed> {
        let source = from.map(Source::of);
        let mut state = self.lock();
        if state.open >= self.connections {
            return Err(Shed::told(Refusal::Connections));
        }
        let wait = match source {
            Some(source) => state.addresses.take(source, now),
            None => Ok(Duration::ZERO),
        };
        let wait = wait.map_err(|turned_away| Shed {
            why: Refusal::Address,
            told: turned_away.told,
        })?;
        state.open += 1;
        let (give_way, told) = oneshot::channel();
        let mut arrival = Arrival {
            keeper: Arc::clone(self),
            place: Some(Place(Arc::clone(self))),
            number: 0,
            told,
            source,
            in_line: Some(InLine { wait, give_way }),
        };
        if wait.is_zero() {
            arrival.begin(&mut state, now);
        }
        drop(state);
        Ok(arrival)
    }

    /// Connections that are open, those in their handshake among them.
    pub(crate) fn open(&self) -> usize {
        self.lock().open
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the connections.
#[derive(Debug)]
struct Place(Arc<Gatekeeper>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.open = state.open.saturating_sub(1);
    }
}

/// Why a newcomer was turned away at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shed {
    pub(crate) why: Refusal,
    /// How many this stands for in the audit; with `None` a later one will stand for it.
    pub(crate) told: Option<u64>,
}

impl Shed {
    fn told(why: Refusal) -> Self {
        Self { why, told: Some(1) }
    }
}

/// A connection in its handshake, or in the line before it.
#[derive(Debug)]
pub(crate) struct Arrival {
    keeper: Arc<Gatekeeper>,
    /// Taken out by [`Arrival::admitted`].
    place: Option<Place>,
    number: u64,
    told: oneshot::Receiver<()>,
    source: Option<Source>,
    in_line: Option<InLine>,
}

/// What is needed of who waits because its address is short.
#[derive(Debug)]
struct InLine {
    wait: Duration,
    give_way: oneshot::Sender<()>,
}

impl Arrival {
    /// How long the handshake has to wait before it begins.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.in_line.as_ref().map(|in_line| in_line.wait)
    }

    /// It has waited: takes a place among the handshakes as soon as there is one.
    pub(crate) async fn waited(&mut self) {
        let keeper = Arc::clone(&self.keeper);
        keeper.room().await;
        let mut state = keeper.lock();
        if self.in_line.is_some() {
            state.addresses.waited();
        }
        self.begin(&mut state, Instant::now());
    }

    /// Is the youngest of the handshakes from now on.
    fn begin(&mut self, state: &mut State, since: Instant) {
        if let Some(InLine { give_way, .. }) = self.in_line.take() {
            state.arrivals += 1;
            self.number = state.arrivals;
            state
                .pending
                .insert(self.number, Pending { since, give_way });
        }
    }

    /// The other end went away before it had said anything, which has cost next to nothing: health checks do that.
    pub(crate) fn said_nothing(self) {
        if let Some(source) = self.source {
            self.keeper.lock().addresses.give_back(source);
        }
    }

    /// Runs the handshake until it is done or has to give way to a newcomer.
    pub(crate) async fn run<F: Future>(&mut self, handshake: F) -> Result<F::Output, Refusal> {
        let mut handshake = pin!(handshake);
        poll_fn(|cx| {
            if let Poll::Ready(done) = handshake.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            match pin!(&mut self.told).poll(cx) {
                Poll::Ready(_) => Poll::Ready(Err(Refusal::Handshakes)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// The caller is known: its handshake's place is free again, and it takes one of its own.
    ///
    /// `caller` is [`Caller::label`](sealock_policy::Caller::label).
    pub(crate) fn admitted(mut self, caller: &str) -> Result<Permit, Refusal> {
        let place = self.place.take().ok_or(Refusal::Connections)?;
        let mut state = self.keeper.lock();
        if let Some(source) = self.source {
            state.addresses.verified(source);
        }
        let known = state
            .callers
            .get_key_value(caller)
            .map(|(key, _)| Arc::clone(key));
        let caller = known.unwrap_or_else(|| Arc::from(caller));
        let count = state.callers.entry(Arc::clone(&caller)).or_default();
        if *count >= self.keeper.per_caller {
            // `place` and the handshake's place need the lock to be given back.
            drop(state);
            return Err(Refusal::Caller);
        }
        *count += 1;
        drop(state);
        Ok(Permit { place, caller })
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut state = self.keeper.lock();
        match self.in_line.take() {
            Some(_) => state.addresses.waited(),
            None => drop(state.pending.remove(&self.number)),
        }
        drop(state);
        self.keeper.room.notify_one();
    }
}

/// A connection that is in.
#[derive(Debug)]
pub(crate) struct Permit {
    place: Place,
    caller: Arc<str>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.place.0.lock();
        if let Some(count) = state.callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                state.callers.remove(&self.caller);
            }
        }
    }
}

/// Raises the bound on open files as far as it goes. A connection needs a second one, to the service behind, while
/// something is asked; an idle one does not, so a quarter is left for that.
fn connections_by_files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let found = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: found.maximum,
        maximum: found.maximum,
    };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => found.maximum,
        Err(_) => found.current,
    };
    files.map_or(usize::MAX, |files| {
        usize::try_from(files.saturating_sub(OTHER_FILES) / 4 * 3).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Gatekeeper, PATIENCE, Shed};
    use crate::Limits;
    use crate::metrics::Refusal;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    fn keeper(connections: usize, per_caller: usize, handshakes: usize) -> Arc<Gatekeeper> {
        Gatekeeper::new(&Limits {
            connections,
            per_caller,
            handshakes,
            ..Limits::default()
        })
    }

    fn arrive(keeper: &Arc<Gatekeeper>) -> Result<Arrival, Shed> {
        keeper.arrive(None, Instant::now())
    }

    #[test]
    fn newcomers_are_shed_and_places_come_back() {
        let keeper = keeper(2, 10, 10);
        let first = arrive(&keeper).unwrap().admitted("cn:a").unwrap();
        let second = arrive(&keeper).unwrap();
        assert_eq!(arrive(&keeper).unwrap_err().why, Refusal::Connections);
        drop(second);
        let third = arrive(&keeper).unwrap().admitted("cn:b").unwrap();
        assert_eq!(arrive(&keeper).unwrap_err().why, Refusal::Connections);
        drop((first, third));
        assert_eq!(keeper.open(), 0);
        assert!(keeper.lock().callers.is_empty() && keeper.lock().pending.is_empty());
    }

    #[test]
    fn one_caller_cannot_take_the_places_of_others() {
        let keeper = keeper(10, 1, 10);
        let first = arrive(&keeper).unwrap().admitted("cn:a").unwrap();
        let again = arrive(&keeper).unwrap().admitted("cn:a");
        assert_eq!(again.unwrap_err(), Refusal::Caller);
        assert_eq!(keeper.open(), 1);
        let _other = arrive(&keeper).unwrap().admitted("cn:b").unwrap();
        drop(first);
        arrive(&keeper).unwrap().admitted("cn:a").unwrap();
    }

    #[test]
    fn a_handshake_that_lasts_gives_way_and_a_young_one_does_not() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let keeper = keeper(10, 10, 2);
            let mut slow = arrive(&keeper).unwrap();
            let mut slower = arrive(&keeper).unwrap();
            let start = Instant::now();
            keeper.room().await;
            assert!(start.elapsed() >= PATIENCE, "{:?}", start.elapsed());
            let never = std::future::pending::<()>();
            assert_eq!(slow.run(never).await.unwrap_err(), Refusal::Handshakes);
            // What is done before it is told to go is done.
            assert_eq!(slower.run(async { 7 }).await.unwrap(), 7);
            // One ends by itself: there is room at once.
            drop(slow);
            let third = arrive(&keeper).unwrap();
            let ends = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                drop(third);
            });
            let start = Instant::now();
            keeper.room().await;
            assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
            ends.await.unwrap();
            drop(slower);
            assert_eq!(keeper.open(), 0);
        });
    }

    #[test]
    fn an_address_that_is_short_waits_outside_the_handshakes() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let keeper = Gatekeeper::new(&Limits {
            handshakes: 4,
            handshakes_per_address: 1,
            ..Limits::default()
        });
        let (now, here) = (Instant::now(), Some("192.0.2.1".parse().unwrap()));
        let begun: Vec<Arrival> = (0..4).map(|_| keeper.arrive(here, now).unwrap()).collect();
        assert!(begun.iter().all(|arrival| arrival.wait().is_none()));
        let mut waits = keeper.arrive(here, now).unwrap();
        let leaves = keeper.arrive(here, now).unwrap();
        let wait = |arrival: &Arrival| arrival.wait().unwrap().as_secs();
        assert_eq!((wait(&waits), wait(&leaves)), (1, 2));
        assert_eq!((keeper.open(), keeper.lock().pending.len()), (6, 4));
        let shed = keeper.arrive(here, now).unwrap_err();
        assert_eq!((shed.why, shed.told), (Refusal::Address, Some(1)));
        // Who leaves the line makes room in it.
        leaves.said_nothing();
        let other = keeper.arrive(here, now).unwrap();
        drop((begun, other));
        runtime.block_on(waits.waited());
        assert_eq!((keeper.open(), keeper.lock().pending.len()), (1, 1));
        // It turns out to be a good one, and was paid back: a place more is left, and no more than one.
        drop(waits.admitted("cn:a").unwrap());
        assert_eq!(wait(&keeper.arrive(here, now).unwrap()), 2);
        assert_eq!(keeper.open(), 0);
    }
}
