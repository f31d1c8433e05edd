//! F5xx: the client's settings and files.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
