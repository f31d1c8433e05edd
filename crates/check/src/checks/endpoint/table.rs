//! Worlds whose endpoint is not there, or does not speak as it should.

use crate::seen::{Outcome, Protocol, Reach, Visit, Visitor};
use crate::testing::World;

/// A world whose endpoint was not reached.
pub(super) fn unreached(reach: Reach) -> World {
    let mut world = treating(Outcome::WantsTls, Outcome::In);
    let end = world.endpoint_mut();
    end.reach = reach;
    end.plain = None;
    end.visits.clear();
    world
}

/// A world whose endpoint shows no certificate, treats plain HTTP like this, and TLS like that.
pub(super) fn treating(plain: Outcome, tls: Outcome) -> World {
    let mut world = World::new();
    let end = world.endpoint_mut();
    end.chain.clear();
    end.chain_size = (0, 0);
    end.asks_for_certificate = false;
    end.authorities.clear();
    end.modes.clear();
    end.scan = None;
    end.api = None;
    end.date = None;
    end.plain = Some(plain.clone());
    let visit = |visitor, protocol, outcome: &Outcome| Visit {
        visitor,
        protocol,
        outcome: outcome.clone(),
    };
    end.visits = vec![
        visit(Visitor::PlainHttp, None, &plain),
        visit(Visitor::NoCertificate, Some(Protocol::Tls13), &tls),
        visit(Visitor::NoCertificate, Some(Protocol::Tls12), &tls),
    ];
    world
}

impl World {
    /// What the checks of versions and endpoints find, and no others.
    pub(super) fn codes_of_wire(&self) -> Vec<&'static str> {
        let mut codes = self.codes();
        codes.retain(|code| code.starts_with("SL-F7") || code.starts_with("SL-F9"));
        codes
    }
}
