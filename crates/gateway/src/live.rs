//! Live connections, and the end of those whose caller may no longer be here.
//!
//! A connection runs inside [`Guard::race`]. When its caller is cut, what runs there is dropped where it
//! stands, hijacked streams included, and its sockets are closed with it.

use crate::admission::{Known, Peer};
use crate::material::Material;
use crate::shared::Current;
use sealock_pki::Timestamp;
use sealock_policy::Policy;
use sealock_tls::{Clock, Standing};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// Certificates have whole seconds.
const LOOK: Duration = Duration::from_secs(1);

/// All live connections of a gateway.
#[derive(Clone, Debug, Default)]
pub(crate) struct Live(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    of: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    known: Arc<Known>,
    /// Whether the policy file says what the caller may do here.
    by_policy: bool,
    /// Gone when the connection was told.
    cut: Option<oneshot::Sender<()>>,
}

/// One live connection; it is no longer one when this is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    live: Live,
    number: u64,
    cut: oneshot::Receiver<()>,
}

impl Live {
    /// A connection that was let in. When the material has changed since, its caller is judged again: a
    /// change in the very moment of its handshake is not missed.
    pub(crate) fn enter(&self, peer: &Peer, current: &Current) -> Guard {
        let (cut, told) = oneshot::channel();
        let mut held = self.held();
        held.next += 1;
        let number = held.next;
        let entry = Entry {
            known: peer.known.clone(),
            by_policy: false,
            cut: Some(cut),
        };
        held.of.insert(number, entry);
        drop(held);
        // After the entry is there: what `judge` did not find here yet has the new material now.
        if peer.secured.is_some()
            && let Some(material) = &current.snapshot().material
            && material.epoch() != peer.epoch
            && !may_stay(material, &peer.known)
        {
            self.cut([number]);
        }
        Guard {
            live: self.clone(),
            number,
            cut: told,
        }
    }

    /// How many connections there are.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.held().of.len()
    }

    /// Cuts whoever would not be let in by new material, unless only the time is against it: certificates
    /// that expire end no connection, see [`expire`](Self::expire). Says how many were cut.
    pub(crate) fn judge(&self, material: &Material) -> usize {
        // One judgement for each chain, and none of them under the lock.
        let mut verdicts: HashMap<[u8; 32], bool> = HashMap::new();
        let gone = self.all().into_iter().filter_map(|(number, known)| {
            let chain = known.chain.as_ref()?;
            let stays = verdicts
                .entry(*chain.id())
                .or_insert_with(|| may_stay(material, &known));
            (!*stays).then_some(number)
        });
        let gone: Vec<_> = gone.collect();
        self.cut(gone)
    }

    /// Cuts the connections under a policy whose caller it grants nothing any more.
    pub(crate) fn judge_grants(&self, policy: &Policy) -> usize {
        let gone: Vec<_> = {
            let held = self.held();
            let judged = held.of.iter().filter(|(_, entry)| entry.by_policy);
            judged
                .map(|(number, entry)| (*number, entry.known.clone()))
                .collect()
        };
        let gone: Vec<_> = gone
            .into_iter()
            .filter(|(_, known)| policy.granted(&known.caller).is_empty())
            .map(|(number, _)| number)
            .collect();
        self.cut(gone)
    }

    /// Cuts connections as their certificates expire, for as long as it runs.
    pub(crate) async fn expiring(self) {
        loop {
            tokio::time::sleep(LOOK).await;
            self.expire(Clock::System.now());
        }
    }

    /// Cuts the connections whose certificate has expired. Says how many were cut.
    fn expire(&self, now: Timestamp) -> usize {
        let gone: Vec<_> = self
            .all()
            .into_iter()
            .filter(|(_, known)| known.leaf.as_ref().is_some_and(|leaf| leaf.not_after < now))
            .map(|(number, _)| number)
            .collect();
        self.cut(gone)
    }

    fn all(&self) -> Vec<(u64, Arc<Known>)> {
        let held = self.held();
        held.of
            .iter()
            .map(|(number, entry)| (*number, entry.known.clone()))
            .collect()
    }

    fn cut(&self, numbers: impl IntoIterator<Item = u64>) -> usize {
        let mut held = self.held();
        let told = numbers.into_iter().filter_map(|number| {
            let cut = held.of.get_mut(&number)?.cut.take()?;
            cut.send(()).ok()
        });
        told.count()
    }

    fn held(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_stay(material: &Material, known: &Known) -> bool {
    match material.standing(known) {
        Standing::Good | Standing::Lapsed(_) => true,
        Standing::Revoked | Standing::Untrusted(_) => false,
    }
}

impl Guard {
    /// This connection's caller may be here only as long as the policy grants it something.
    pub(crate) fn by_policy(self) -> Self {
        if let Some(entry) = self.live.held().of.get_mut(&self.number) {
            entry.by_policy = true;
        }
        self
    }

    /// Runs a connection to its end, or until its caller is cut: then there is `None`, and what ran is
    /// dropped.
    pub(crate) fn race<F: Future>(
        mut self,
        connection: F,
    ) -> impl Future<Output = Option<F::Output>> {
        // On the heap: inside another future its memory would be reserved twice.
        let mut connection: Option<Pin<Box<F>>> = Some(Box::pin(connection));
        let mut is_waited_for = false;
        poll_fn(move |cx| {
            // Once it knows whom to wake, which is the same task for as long as this lives, a look is enough.
            let is_cut = match std::mem::replace(&mut is_waited_for, true) {
                false => Pin::new(&mut self.cut).poll(cx).is_ready(),
                true => self.cut.try_recv() != Err(TryRecvError::Empty),
            };
            if is_cut {
                connection = None;
                return Poll::Ready(None);
            }
            match &mut connection {
                Some(connection) => connection.as_mut().poll(cx).map(Some),
                None => Poll::Ready(None),
            }
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.live.held().of.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::{Address, Leaf};
    use sealock_policy::{Caller, Name};
    use std::future::{pending, ready};

    fn peer(name: &str, not_after: i64) -> Peer {
        let leaf = Leaf {
            issuer: "CN=test".to_owned(),
            serial: "01".to_owned(),
            spki: "02".to_owned(),
            not_after: Timestamp::from_unix(not_after),
        };
        let known = Known {
            caller: Arc::new(Caller::new(vec![Name::Cn(name.to_owned())])),
            leaf: Some(leaf),
            chain: None,
        };
        Peer {
            known: Arc::new(known),
            address: Address::Unix {
                uid: 1,
                gid: 1,
                pid: None,
            },
            secured: None,
            epoch: 0,
        }
    }

    #[tokio::test]
    async fn a_connection_is_live_until_it_ends() {
        let (live, current) = (Live::default(), Current::default());
        let guard = live.enter(&peer("alice", 10), &current);
        assert_eq!(live.count(), 1);
        assert_eq!(guard.race(ready(7)).await, Some(7));
        assert_eq!(live.count(), 0);
        drop(live.enter(&peer("alice", 10), &current));
        assert_eq!(live.count(), 0);
    }

    #[tokio::test]
    async fn who_is_cut_is_dropped_where_it_stands() {
        struct Noted(Arc<Mutex<Vec<&'static str>>>, &'static str);
        impl Drop for Noted {
            fn drop(&mut self) {
                self.0.lock().unwrap().push(self.1);
            }
        }
        let (live, current) = (Live::default(), Current::default());
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let run = |name, not_after| {
            let guard = live.enter(&peer(name, not_after), &current);
            let held = Noted(dropped.clone(), name);
            guard.race(async move {
                let _held = held;
                pending::<()>().await;
            })
        };
        let (old, young) = (run("old", 10), run("young", 20));
        let old = tokio::spawn(old);
        let young = tokio::spawn(young);
        tokio::task::yield_now().await;
        assert_eq!(
            live.expire(Timestamp::from_unix(10)),
            0,
            "until its last second"
        );
        assert_eq!(live.expire(Timestamp::from_unix(11)), 1);
        assert_eq!(old.await.unwrap(), None);
        assert_eq!(*dropped.lock().unwrap(), ["old"]);
        assert_eq!(live.count(), 1);
        assert_eq!(live.expire(Timestamp::from_unix(11)), 0, "counted once");
        young.abort();
        assert!(young.await.is_err());
        assert_eq!(live.count(), 0);
    }

    #[tokio::test]
    async fn a_policy_that_grants_nothing_cuts_those_under_it() {
        let (live, current) = (Live::default(), Current::default());
        let under = live.enter(&peer("alice", 10), &current).by_policy();
        let beside = live.enter(&peer("alice", 10), &current);
        let policy = Policy::parse("version = 1\n").unwrap();
        assert_eq!(live.judge_grants(&policy), 1);
        assert_eq!(under.race(pending::<()>()).await, None);
        assert_eq!(beside.race(ready(())).await, Some(()));
    }
}
