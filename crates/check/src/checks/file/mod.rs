//! F4xx: files: form, match, modes, places.

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[];
