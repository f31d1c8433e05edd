//! Certificate, key, anchors, lists and deny-list: one snapshot, verified before it is used.

use crate::admission::Known;
use sealock_tls::{Gate, Verified};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Callers remembered at most.
const REMEMBERED: usize = 4096;

/// One snapshot of everything that TLS needs. A new one replaces it whole.
#[derive(Debug)]
pub(crate) struct Material {
    epoch: u64,
    gate: Gate,
    callers: Mutex<HashMap<[u8; 32], Arc<Known>>>,
}

impl Material {
    /// The number of this snapshot: one more with every change.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Where handshakes happen.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Who a verified chain is; read once for each chain.
    pub(crate) fn known(&self, chain: &Arc<Verified>) -> Arc<Known> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = callers.get(chain.id()) {
            return known.clone();
        }
        if callers.len() >= REMEMBERED {
            callers.clear();
        }
        let known = Arc::new(Known::of(chain));
        callers.insert(*chain.id(), known.clone());
        known
    }
}
