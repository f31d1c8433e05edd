//! F9xx: endpoints that do not answer, or lie.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
