//! F2xx: what the daemon makes of its configuration.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
