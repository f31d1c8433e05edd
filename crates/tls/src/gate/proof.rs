//! A gate tries itself before others do: real handshakes in memory, as a client would make them.

use super::{Gate, GateSession, Sealed};
use crate::danger::Unverified;
use crate::{Client, ClientSettings, Clock, Seen, TlsError, Trust, Version, Versions};
use sealock_pki::{Certificate, San};
use std::io::{self, Read, Write};

impl Gate {
    /// Shakes hands with itself in each version: the key must sign, the chain must be one that a client
    /// can read, and with `anchors` it must lead to one of them and carry `name`.
    ///
    /// # Errors
    /// What such a client would say.
    pub fn prove(&self, anchors: Option<&[Certificate]>, name: &San) -> Result<(), TlsError> {
        for version in self.versions() {
            let settings = ClientSettings {
                trust: match anchors {
                    Some(anchors) => Trust::Anchors(anchors.to_vec()),
                    None => Trust::Unverified(Unverified::for_looking_only()),
                },
                identity: None,
                versions: Versions::Only(version),
                clock: Clock::Fixed(self.clock.now()),
            };
            let client = Client::new(settings).map_err(|error| TlsError::Protocol {
                detail: error.to_string(),
            })?;
            let mut seen = Seen::default();
            let met = client.connect_seen(Mirror::of(self)?, name, &mut seen);
            match met {
                // Without a certificate of its own the client is refused after it has judged the server:
                // in TLS 1.2 within the handshake, in TLS 1.3 behind it.
                Ok(_) => {}
                Err(TlsError::AlertReceived { alert }) if alert.is_about_certificates() => {}
                Err(error) => return Err(error),
            }
            if let Some(detail) = seen.unproven {
                return Err(TlsError::Protocol { detail });
            }
        }
        Ok(())
    }

    fn versions(&self) -> Vec<Version> {
        match self.versions {
            Versions::Both => Version::ALL.to_vec(),
            Versions::Only(version) => vec![version],
        }
    }
}

/// A session at the other end of a wire that has no length.
struct Mirror {
    session: GateSession,
    sealed: Sealed,
}

impl Mirror {
    fn of(gate: &Gate) -> Result<Self, TlsError> {
        Ok(Self {
            session: gate.session()?,
            sealed: Sealed::default(),
        })
    }
}

impl Read for Mirror {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waiting = self.sealed.bytes();
        let count = waiting.len().min(buffer.len());
        buffer[..count].copy_from_slice(&waiting[..count]);
        self.sealed.sent(count);
        Ok(count)
    }
}

impl Write for Mirror {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut records = vec![0; self.session.carried()];
        records.extend_from_slice(bytes);
        // What the session refuses is answered with an alert, and the client reads it.
        let _ = self.session.digest(&mut records, |_| {}, &mut self.sealed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
