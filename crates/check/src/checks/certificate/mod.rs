//! F3xx: certificates and chains, on disk and on the wire.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
