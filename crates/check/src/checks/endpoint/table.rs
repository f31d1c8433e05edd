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

/// Whatever keeps the rightful client from an answer of the API is a finding.
#[test]
fn nothing_ends_without_a_finding() {
    let all = || {
        [
            Outcome::NotTheApi(404),
            Outcome::Alert("unknown_ca".to_owned(), 48),
            Outcome::Alert("internal_error".to_owned(), 80),
            Outcome::Alert("handshake_failure".to_owned(), 40),
            Outcome::Closed { reset: true },
            Outcome::Closed { reset: false },
            Outcome::SpeaksPlain,
            Outcome::NotTrusted("no anchor".to_owned()),
            Outcome::Nonsense("it sent `hello`".to_owned()),
            Outcome::Nonsense("peer is incompatible: x".to_owned()),
            Outcome::TimedOut,
            Outcome::Unreachable("Connection refused".to_owned()),
        ]
    };
    for rightful in all() {
        let mut world = World::new();
        let end = world.endpoint_mut();
        end.api = None;
        for visit in &mut end.visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = rightful.clone();
            }
        }
        assert!(!world.codes_of_wire().is_empty(), "{rightful:?}");
    }
    for plain in all() {
        // Who shows no certificate cannot be distrusted.
        let untrusted = |tls: &Outcome| matches!(tls, Outcome::NotTrusted(_));
        for tls in all().into_iter().filter(|tls| !untrusted(tls)) {
            let world = treating(plain.clone(), tls.clone());
            let codes = world.codes_of_wire();
            assert!(!codes.is_empty(), "{plain:?} and {tls:?}");
        }
    }
}
