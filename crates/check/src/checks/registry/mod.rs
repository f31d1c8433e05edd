//! F6xx: certs.d.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
