//! What a protocol must know to be looked at.

use super::hear::Obstacle;
use super::road::Road;
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::{TlsError, TlsStream, Versions};

/// What a service said to a client that it let speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It answered.
    In(String),
    /// It judged the login: that may or may not be for want of a certificate.
    Judged(String),
}

/// A protocol's way into TLS, its one question, and what it makes of clear text.
pub(super) trait Way {
    /// The application protocols to offer (RFC 7301).
    fn alpn(&self) -> &'static [&'static [u8]] {
        &[]
    }

    /// The versions of TLS to offer.
    fn versions(&self) -> Versions {
        Versions::Both
    }

    /// The versions to come again with when an answer in the others proves nothing.
    fn surer(&self) -> Option<Versions> {
        None
    }

    /// Whether a server that speaks clear text waits for ever for the end of what TLS begins with.
    fn waits_when_plain(&self) -> bool {
        false
    }

    /// What is said before the handshake, on the same connection.
    fn knock(&self, _road: &mut Road) -> Result<(), Obstacle> {
        Ok(())
    }

    /// The one question behind the handshake, and its answer.
    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle>;

    /// The same question without TLS.
    fn clear(&self, road: &mut Road) -> Clear;

    /// The verdict on clear text once it is known whether the same login got in by TLS.
    fn settled(&self, clear: Clear, _let_in: bool) -> Clear {
        clear
    }
}

/// Nothing came that belongs to the protocol.
pub(super) fn unanswered(obstacle: &Obstacle) -> Clear {
    let verdict = match obstacle {
        Obstacle::Refused(_) => Verdict::Refused,
        Obstacle::Nonsense(_) | Obstacle::NoWay(_) => Verdict::NotSpoken,
        Obstacle::Broken(TlsError::Closed | TlsError::Reset) => Verdict::NotSpoken,
        Obstacle::Broken(_) => Verdict::Unclear,
    };
    Clear::new(verdict, obstacle.words())
}
