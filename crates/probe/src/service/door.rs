//! A door of a service, as checks want to know it.

use super::{ServiceTarget, look};
use crate::Visitors;
use sealock_check::seen::service::Entry;
use sealock_check::seen::{ServiceDoor, Visitor};
use sealock_pki::San;

/// Looks as the rightful client of `visitors` and, where certificates are asked for, as one of somebody else's authority.
///
/// Each of the two looks takes no longer than the target's timeout.
pub fn look_as(target: &ServiceTarget, visitors: &Visitors) -> ServiceDoor {
    let rightful = visitors.rightful();
    let seen = look(target, rightful, visitors.anchors());
    let asks = seen
        .tls
        .as_ref()
        .is_some_and(|sight| sight.asks_for_certificate);
    ServiceDoor {
        chain: seen
            .tls
            .as_ref()
            .map(|sight| sight.chain.clone())
            .unwrap_or_default(),
        anchors: visitors.anchors().to_vec(),
        rightful: rightful.map_or_else(Vec::new, |identity| identity.chain().to_vec()),
        foreign: asks.then(|| foreign(target, visitors)).flatten(),
        name: target.server_name.parse::<San>().ok(),
        seen,
    }
}

fn foreign(target: &ServiceTarget, visitors: &Visitors) -> Option<Entry> {
    let stranger = visitors.identity(Visitor::Foreign, &[], target.at)?;
    look(target, Some(&stranger), visitors.anchors()).with
}
