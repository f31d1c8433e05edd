//! The folders below `certs.d`.

use crate::System;
use sealock_check::seen::{Host, RegistryFolder};

/// Every folder where the daemon would look for a registry's certificates.
pub(super) fn registries(_system: &dyn System, _host: Option<&Host>) -> Vec<RegistryFolder> {
    Vec::new()
}
