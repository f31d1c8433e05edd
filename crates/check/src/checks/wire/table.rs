//! Worlds whose endpoint offers something else.

use crate::seen::{Offer, Protocol, Scan, Suite};
use crate::testing::World;

/// A healthy world with a change to what its endpoint offers.
pub(super) fn with(change: impl FnOnce(&mut Scan)) -> World {
    let mut world = World::new();
    change(world.endpoint_mut().scan.as_mut().unwrap());
    world
}

/// Exactly these versions.
pub(super) fn offering(versions: &[Protocol]) -> World {
    with(|scan| {
        for (protocol, offer) in &mut scan.protocols {
            *offer = if versions.contains(protocol) {
                Offer::Yes
            } else {
                Offer::No
            };
        }
    })
}

/// These suites in TLS 1.2 besides the healthy ones.
pub(super) fn with_suites(suites: &[(u16, &str)]) -> World {
    with(|scan| {
        for (number, name) in suites {
            scan.suites.push(Suite {
                protocol: Protocol::Tls12,
                number: *number,
                name: (*name).to_owned(),
            });
        }
    })
}
