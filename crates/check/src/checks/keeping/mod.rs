//! F8xx: the vault, clocks, drift.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
