//! F8xx: the vault, clocks, drift.

mod clock;
mod drift;
mod due;
mod interrupted;
mod inventory;
mod peer_clock;
mod vault_lost;

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &clock::CHECK,
    &peer_clock::CHECK,
    &vault_lost::CHECK,
    &interrupted::CHECK,
    &drift::CHECK,
    &due::CHECK,
    &inventory::CHECK,
];
