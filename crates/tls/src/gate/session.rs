//! One connection through a gate, without a socket: bytes go in and come out, and nothing is kept of
//! them while nothing is under way.

use super::chains::{GateCheck, Verified};
use crate::{TlsError, Version};
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use rustls::{HandshakeKind, SupportedCipherSuite};
use std::fmt;
use std::sync::Arc;

/// What may wait undigested: the longest handshake message that we put together (as rustls has it).
const CARRIED_LIMIT: usize = 64 * 1024;

/// Room for the framing of one record, in every version and suite.
const FRAMING: usize = 64;

/// The plaintext of one record at most.
const RECORD: usize = 16 * 1024;

/// The server's side of one TLS connection.
///
/// Ciphertext is given to [`digest`](Self::digest), which hands out plaintext and answers; plaintext is
/// given to [`seal`](Self::seal). What cannot be digested yet (part of a record) is carried here and
/// nowhere else; with nothing of that kind the session holds no buffer.
pub struct GateSession {
    connection: UnbufferedServerConnection,
    check: Arc<GateCheck>,
    carried: Vec<u8>,
    peer_closed: bool,
    we_closed: bool,
    failed: Option<TlsError>,
}

/// Ciphertext to be sent. Its memory is used again and again: bytes are never cleared, only overwritten.
#[derive(Default)]
pub struct Sealed {
    memory: Vec<u8>,
    from: usize,
    to: usize,
}

impl Sealed {
    /// What is to be sent.
    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.from..self.to]
    }

    /// Takes note that so many bytes from the front were sent.
    pub fn sent(&mut self, count: usize) {
        self.from = (self.from + count).min(self.to);
        if self.from == self.to {
            self.clear();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        (self.from, self.to) = (0, 0);
    }

    /// Whether there is nothing to be sent.
    pub fn is_empty(&self) -> bool {
        self.from == self.to
    }

    /// Adds bytes that were sealed elsewhere.
    pub fn append(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.memory[self.to..self.to + bytes.len()].copy_from_slice(bytes);
        self.to += bytes.len();
    }

    /// Adds what `write` puts into the room it is given; it is called again with more room when it asks
    /// for it.
    fn add<E>(
        &mut self,
        room: usize,
        mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
        short_of: impl Fn(&E) -> Option<usize>,
    ) -> Result<(), E> {
        self.make_room(room);
        let written = match write(&mut self.memory[self.to..]) {
            Ok(count) => count,
            Err(error) => match short_of(&error) {
                Some(size) => {
                    self.make_room(size);
                    write(&mut self.memory[self.to..])?
                }
                None => return Err(error),
            },
        };
        self.to += written;
        Ok(())
    }

    fn make_room(&mut self, room: usize) {
        if self.memory.len() < self.to + room {
            self.memory.resize(self.to + room, 0);
        }
    }
}

/// The bytes are ciphertext, and many.
impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.to - self.from)
    }
}

impl GateSession {
    pub(super) fn new(connection: UnbufferedServerConnection, check: Arc<GateCheck>) -> Self {
        Self {
            connection,
            check,
            carried: Vec::new(),
            peer_closed: false,
            we_closed: false,
            failed: None,
        }
    }

    /// How many bytes were left over the last time.
    pub fn carried(&self) -> usize {
        self.carried.len()
    }

    /// Digests ciphertext. The first [`carried`](Self::carried) bytes of `records` are room for what was
    /// left over the last time; what came from the peer follows them. Plaintext is handed to `plain`,
    /// what is to be sent is added to `sealed`.
    ///
    /// # Errors
    /// What the peer did wrong, or what is wrong with it. `sealed` then holds the alert that tells it, and
    /// the session is over.
    pub fn digest(
        &mut self,
        records: &mut [u8],
        mut plain: impl FnMut(&[u8]),
        sealed: &mut Sealed,
    ) -> Result<(), TlsError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let carried = std::mem::take(&mut self.carried);
        if let Some(room) = records.get_mut(..carried.len()) {
            room.copy_from_slice(&carried);
        }
        let mut at = 0;
        while !self.peer_closed {
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(&mut records[at..]);
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(|error| TlsError::from_rustls(&error))?;
                        discard += record.discard;
                        plain(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    sealed
                        .add(0, |room| data.encode(room), too_small_to_encode)
                        .ok();
                }
                // `sealed` takes everything, and the caller sends it.
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed | ConnectionState::Closed) => {
                    self.peer_closed = true;
                }
                Ok(_) => {
                    at += discard;
                    break;
                }
                Err(error) => return Err(self.fail(&error, sealed)),
            }
            at += discard;
        }
        // "Any data received after a closure alert has been received MUST be ignored."
        let rest = records.get(at..).unwrap_or_default();
        if !self.peer_closed && !rest.is_empty() {
            if rest.len() > CARRIED_LIMIT {
                let error = TlsError::Protocol {
                    detail: format!("a message is longer than {CARRIED_LIMIT} bytes"),
                };
                self.failed = Some(error.clone());
                return Err(error);
            }
            self.carried = rest.to_vec();
        }
        Ok(())
    }

    /// Seals plaintext for the peer; all of it is taken.
    ///
    /// # Errors
    /// During the handshake, after [`close`](Self::close), after a failure, and when the keys of a TLS 1.2
    /// connection are used up.
    pub fn seal(&mut self, plain: &[u8], sealed: &mut Sealed) -> Result<(), TlsError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.we_closed || self.is_handshaking() {
            return Err(TlsError::Closed);
        }
        let room = plain.len() + (plain.len() / RECORD + 1) * FRAMING;
        loop {
            // With what is carried: rustls remembers how much of it it has seen.
            let UnbufferedStatus { state, .. } =
                self.connection.process_tls_records(&mut self.carried);
            match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let written = sealed.add(
                        room,
                        |room| traffic.encrypt(plain, room),
                        |error| match error {
                            EncryptError::InsufficientSize(size) => Some(size.required_size),
                            EncryptError::EncryptExhausted => None,
                        },
                    );
                    return written.map_err(|error| TlsError::Protocol {
                        detail: error.to_string(),
                    });
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    sealed
                        .add(0, |room| data.encode(room), too_small_to_encode)
                        .ok();
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.peer_closed = true,
                Ok(_) => return Err(TlsError::Closed),
                Err(error) => return Err(self.fail(&error, sealed)),
            }
        }
    }

    /// Tells the peer that nothing more will be sent; reading goes on. A second call does nothing.
    pub fn close(&mut self, sealed: &mut Sealed) {
        if self.we_closed || self.failed.is_some() {
            return;
        }
        self.we_closed = true;
        self.connection_close_notify(sealed);
    }

    fn connection_close_notify(&mut self, sealed: &mut Sealed) {
        loop {
            let UnbufferedStatus { state, .. } =
                self.connection.process_tls_records(&mut self.carried);
            match state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    let written = sealed.add(
                        FRAMING,
                        |room| traffic.queue_close_notify(room),
                        |error| match error {
                            EncryptError::InsufficientSize(size) => Some(size.required_size),
                            EncryptError::EncryptExhausted => None,
                        },
                    );
                    // Keys that are used up cannot even say goodbye; the end of the stream says it.
                    written.ok();
                    return;
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    sealed
                        .add(0, |room| data.encode(room), too_small_to_encode)
                        .ok();
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.peer_closed = true,
                _ => return,
            }
        }
    }

    fn fail(&mut self, error: &rustls::Error, sealed: &mut Sealed) -> TlsError {
        // The alert lies ready; with anything more to digest rustls would repeat the error instead.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                break;
            };
            sealed
                .add(0, |room| data.encode(room), too_small_to_encode)
                .ok();
        }
        let error = TlsError::from_rustls(error);
        self.failed = Some(error.clone());
        error
    }

    /// Whether the handshake is still under way.
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// Whether the peer said that it will send nothing more.
    pub fn peer_closed(&self) -> bool {
        self.peer_closed
    }

    /// Who the peer is, judged now: a resumed session is judged like a new one.
    ///
    /// # Errors
    /// When the peer's certificates are not, or no longer, acceptable. Nothing that it sent may then be
    /// acted upon.
    pub fn peer(&self) -> Result<Arc<Verified>, TlsError> {
        if self.is_handshaking() {
            return Err(TlsError::Closed);
        }
        self.check
            .judge(self.connection.peer_certificates().unwrap_or_default())
    }

    /// Whether an earlier session was resumed.
    pub fn resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// The version agreed on.
    pub fn version(&self) -> Option<Version> {
        self.connection.protocol_version().and_then(Version::of)
    }

    /// The cipher suite agreed on, by its IANA name.
    pub fn suite(&self) -> &'static str {
        self.connection
            .negotiated_cipher_suite()
            .map_or("none", suite_name)
    }

    /// The key exchange group agreed on; none in a resumed session of TLS 1.2.
    pub fn group(&self) -> Option<String> {
        self.connection
            .negotiated_key_exchange_group()
            .map(|group| format!("{:?}", group.name()))
    }
}

impl fmt::Debug for GateSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateSession")
            .field("handshaking", &self.is_handshaking())
            .field("peer_closed", &self.peer_closed)
            .field("we_closed", &self.we_closed)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

fn too_small_to_encode(error: &EncodeError) -> Option<usize> {
    match error {
        EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
            Some(*required_size)
        }
        EncodeError::AlreadyEncoded => None,
    }
}

/// Written out: asking rustls for the text would allocate for every connection.
fn suite_name(suite: SupportedCipherSuite) -> &'static str {
    use rustls::CipherSuite as Is;
    match suite.suite() {
        Is::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        Is::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        Is::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        Is::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        Is::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        Is::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        }
        Is::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        Is::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        Is::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
            "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
        }
        _ => "another suite",
    }
}
