//! Everybody who would use Docker here.

use crate::System;
use sealock_check::seen::ClientSide;

/// This shell, and every user's folder and contexts.
pub(super) fn clients(_system: &dyn System) -> Vec<ClientSide> {
    Vec::new()
}
