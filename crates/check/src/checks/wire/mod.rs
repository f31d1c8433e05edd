//! F7xx: versions and suites.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
