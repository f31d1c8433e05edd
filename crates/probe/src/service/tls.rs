//! TLS from the first byte, around something unknown: there is no question to ask.

use super::hear::{Obstacle, shown};
use super::road::Road;
use super::way::{Heard, Way};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::{TlsError, TlsStream, Version, Versions};
use std::io::Read;

pub(super) struct Tls;

impl Way for Tls {
    fn surer(&self) -> Option<Versions> {
        // There the server judges the client before it finishes the handshake (RFC 5246 §7.3).
        Some(Versions::Only(Version::Tls12))
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        if stream.version() == Some(Version::Tls12) {
            return Ok(Heard::In("it finished the handshake".to_owned()));
        }
        // A server reads our goodbye after it has judged our certificate: it answers with its own goodbye, or has
        // sent an alert before.
        let _ = stream.close();
        let mut first = [0; 256];
        match stream.read(&mut first) {
            Ok(0) => Ok(Heard::In("it answered our goodbye".to_owned())),
            Ok(count) => Ok(Heard::In(format!("it sent `{}`", shown(&first[..count])))),
            Err(error) => Err(match TlsError::from_io(&error) {
                // Refused or merely impolite: that is not to be seen.
                TlsError::Closed | TlsError::Reset | TlsError::Timeout => {
                    Obstacle::Broken(TlsError::Timeout)
                }
                other => Obstacle::Broken(other),
            }),
        }
    }

    fn clear(&self, _road: &mut Road) -> Clear {
        Clear::new(
            Verdict::NotAsked,
            "what is inside its TLS is not known, so there is nothing to ask",
        )
    }
}
