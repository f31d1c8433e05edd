//! What all workers share: one snapshot of everything that a reload replaces, and the counters.

use crate::audit::{Audit, Who};
use crate::drain::Drain;
use crate::limits::Gatekeeper;
use crate::live::Live;
use crate::material::Material;
use crate::metrics::{self, Metrics};
use crate::{Limits, Listener};
use sealock_policy::{ExecMakers, Policy};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Everything that a connection may need of the gateway it is in.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What a reload replaces.
    pub(crate) current: Current,
    /// Bounds of a connection; those on how many there may be are the gatekeeper's.
    pub(crate) limits: Limits,
    /// Who may still come in.
    pub(crate) gatekeeper: Arc<Gatekeeper>,
    /// Where records go.
    pub(crate) audit: Audit,
    /// What is counted.
    pub(crate) metrics: Metrics,
    /// Whether the gateway is about to end.
    pub(crate) drain: Drain,
    /// Who is in.
    pub(crate) live: Live,
    /// Who made which exec.
    pub(crate) makers: Arc<ExecMakers>,
    /// The listeners, in the order of the settings; a [`Door`] is one of these by its number.
    pub(crate) listeners: Vec<Listener>,
}

/// A listener, as its connections see it.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    /// Which of the listeners.
    pub(crate) number: usize,
    /// Everything else.
    pub(crate) shared: Arc<Shared>,
}

impl Door {
    /// What it is set to.
    pub(crate) fn listener(&self) -> &Listener {
        &self.shared.listeners[self.number]
    }

    /// Its numbers.
    pub(crate) fn metrics(&self) -> &metrics::Door {
        &self.shared.metrics.doors[self.number]
    }
}

/// A connection that was let in.
#[derive(Debug)]
pub(crate) struct Visitor {
    /// Who that is.
    pub(crate) peer: crate::admission::Peer,
    /// The same, as audit records have it.
    pub(crate) who: Who,
    /// Which way it came.
    pub(crate) door: Door,
}

/// Everything that a reload replaces, whole. Whoever holds one keeps judging by it until it looks again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// One more with every change of either part.
    pub(crate) epoch: u64,
    /// The certificates, anchors and lists; `None` when every listener is a unix socket.
    pub(crate) material: Option<Arc<Material>>,
    /// The policy; `None` when there is no Docker listener.
    pub(crate) policy: Option<Arc<Policy>>,
    /// The number of the policy: one more with every change of it, for audit records.
    pub(crate) policy_epoch: u64,
}

impl Snapshot {
    /// Tells the metrics what holds now.
    pub(crate) fn count(&self, metrics: &Metrics) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        metrics.policy_epoch.set(number(self.policy_epoch));
        if let Some(material) = &self.material {
            metrics.material_epoch.set(number(material.epoch()));
            let ends = material.server().not_after();
            metrics.certificate_ends.set(ends.as_unix());
            let due = material.lists_due();
            metrics.lists_end.set(due.map_or(0, |due| due.as_unix()));
            metrics.lists_entries.set(number(material.revoked() as u64));
            metrics.denied.set(number(material.denied() as u64));
        }
    }
}

/// Where the snapshot lies. Reading costs one uncontended lock; asking whether there is another, one load.
#[derive(Debug, Default)]
pub(crate) struct Current {
    epoch: AtomicU64,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl Current {
    /// Begins with this one.
    pub(crate) fn starting_with(snapshot: Snapshot) -> Self {
        Self {
            epoch: AtomicU64::new(snapshot.epoch),
            snapshot: RwLock::new(Arc::new(snapshot)),
        }
    }

    /// The number of the snapshot that holds now: a connection compares it with its own before each request.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// The snapshot that holds now.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces parts of the snapshot; what `change` leaves alone stays.
    pub(crate) fn replace(&self, change: impl FnOnce(&mut Snapshot)) -> u64 {
        let mut held = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut next = Snapshot::clone(&held);
        change(&mut next);
        next.epoch = held.epoch + 1;
        let epoch = next.epoch;
        *held = Arc::new(next);
        // Seen only after the snapshot is there: whoever reads the number and then the snapshot gets this one or a later one.
        self.epoch.store(epoch, Ordering::Release);
        epoch
    }
}

#[cfg(test)]
mod tests {
    use super::Current;

    #[test]
    fn every_change_has_a_number_and_leaves_the_rest() {
        let current = Current::default();
        let before = current.snapshot();
        assert_eq!(current.replace(|next| next.policy_epoch = 7), 1);
        assert_eq!(current.replace(|_| {}), 2);
        assert_eq!((current.epoch(), current.snapshot().policy_epoch), (2, 7));
        // Who held the old one still judges by it.
        assert_eq!((before.epoch, before.policy_epoch), (0, 0));
    }
}
