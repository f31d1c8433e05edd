//! F1xx: who gets in who must not.

mod plain_port;

use crate::Check;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[&plain_port::CHECK];
