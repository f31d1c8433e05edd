//! A TLS connection to read from and write to.

use crate::wire::{Wire, is_http, is_tls};
use crate::{Seen, Spoken, TlsError, Version};
use rustls::Connection;
use sealock_diag::escape;
use sealock_pki::Certificate;
use std::io::{self, Read, Write};

/// An established TLS connection.
///
/// Errors of [`Read`] and [`Write`] carry a [`TlsError`], see [`TlsError::from_io`]. After a failed
/// write it is still worth reading: a server that refuses a client in TLS 1.3 sends its alert and
/// closes, and the alert is there to be read.
#[derive(Debug)]
pub struct TlsStream<S> {
    connection: Connection,
    wire: Wire<S>,
    seen: Seen,
    write_failed: bool,
}

impl<S: Read + Write> TlsStream<S> {
    /// Shakes hands. `fill` adds what only the caller knows to `seen`, on success and on failure.
    pub(crate) fn establish(
        mut connection: Connection,
        mut wire: Wire<S>,
        seen: &mut Seen,
        fill: impl FnOnce(&mut Seen),
    ) -> Result<Self, TlsError> {
        let mut write_failed = false;
        let result = shake_hands(&mut connection, &mut wire, &mut write_failed);
        observe(&connection, seen);
        fill(seen);
        result?;
        Ok(Self {
            connection,
            wire,
            seen: seen.clone(),
            write_failed,
        })
    }

    /// What was seen during the handshake.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The version of TLS in use.
    pub fn version(&self) -> Option<Version> {
        self.seen.version
    }

    /// The name of the cipher suite in use, as in the IANA registry.
    pub fn suite(&self) -> Option<&str> {
        self.seen.suite.as_deref()
    }

    /// The name of the key exchange group in use.
    pub fn group(&self) -> Option<&str> {
        self.seen.group.as_deref()
    }

    /// The certificates of the peer, leaf first; empty when it showed none.
    pub fn peer_chain(&self) -> Vec<Certificate> {
        self.seen.chain()
    }

    /// The socket underneath. Reading or writing through it breaks the connection.
    pub fn socket(&self) -> &S {
        self.wire.socket()
    }

    /// Tells the peer that nothing more will be written (`close_notify`).
    ///
    /// # Errors
    /// When it cannot be sent.
    pub fn close(&mut self) -> io::Result<()> {
        self.connection.send_close_notify();
        send_all(&mut self.connection, &mut self.wire).map_err(|error| as_tls(&error))
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.connection.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(as_tls(&error)),
                Ok(n) => return Ok(n),
            }
            if !self.write_failed && send_all(&mut self.connection, &mut self.wire).is_err() {
                // What the peer has to say explains it better than our failed write.
                self.write_failed = true;
            }
            receive(&mut self.connection, &mut self.wire).map_err(TlsError::into_io)?;
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.connection.writer().write(buffer)?;
        if let Err(error) = send_all(&mut self.connection, &mut self.wire) {
            self.write_failed = true;
            return Err(as_tls(&error));
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        send_all(&mut self.connection, &mut self.wire).map_err(|error| as_tls(&error))
    }
}

fn shake_hands<S: Read + Write>(
    connection: &mut Connection,
    wire: &mut Wire<S>,
    write_failed: &mut bool,
) -> Result<(), TlsError> {
    loop {
        if !*write_failed && let Err(error) = send_all(connection, wire) {
            // A peer that refuses us says so and closes: read before giving up.
            *write_failed = true;
            if TlsError::from_io(&error) == TlsError::Timeout {
                return Err(TlsError::Timeout);
            }
        }
        if !connection.is_handshaking() {
            return Ok(());
        }
        receive(connection, wire)?;
    }
}

/// Sends everything that waits to be sent.
fn send_all<S: Read + Write>(connection: &mut Connection, wire: &mut Wire<S>) -> io::Result<()> {
    while connection.wants_write() {
        match connection.write_tls(wire) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    wire.flush()
}

/// Reads once from the peer and digests it; at the end of its stream, reports [`TlsError::Closed`]
/// during the handshake and leaves it to the reader afterwards.
fn receive<S: Read + Write>(
    connection: &mut Connection,
    wire: &mut Wire<S>,
) -> Result<(), TlsError> {
    let count = loop {
        match connection.read_tls(wire) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(TlsError::from_io(&error)),
            Ok(count) => break count,
        }
    };
    if count == 0 && connection.is_handshaking() {
        return Err(match plain_text(wire.head()) {
            Some(error) if !wire.head().is_empty() => error,
            _ => TlsError::Closed,
        });
    }
    if let Err(error) = connection.process_new_packets() {
        // The peer should learn why, but its deafness must not hide the reason from us.
        let _ = send_all(connection, wire);
        return Err(plain_text(wire.head()).unwrap_or_else(|| TlsError::from_rustls(&error)));
    }
    Ok(())
}

impl TlsError {
    /// The error for a peer that began with these bytes, when they are no TLS record.
    pub fn of_plain_text(head: &[u8]) -> Option<Self> {
        plain_text(&head[..head.len().min(32)])
    }
}

/// The error for a peer that began with something that is no TLS record.
pub(crate) fn plain_text(head: &[u8]) -> Option<TlsError> {
    (!is_tls(head)).then(|| TlsError::PlainText {
        spoken: if is_http(head) {
            Spoken::Http
        } else {
            Spoken::Other
        },
        start: escape(&String::from_utf8_lossy(head)),
    })
}

fn as_tls(error: &io::Error) -> io::Error {
    TlsError::from_io(error).into_io()
}

fn observe(connection: &Connection, seen: &mut Seen) {
    seen.version = connection.protocol_version().and_then(Version::of);
    seen.suite = connection
        .negotiated_cipher_suite()
        // rustls spells TLS 1.3 suites `TLS13_…`; the registry has `TLS_…`.
        .map(|suite| format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1));
    seen.group = connection
        .negotiated_key_exchange_group()
        .map(|group| format!("{:?}", group.name()));
    seen.protocol = connection
        .alpn_protocol()
        .map(|protocol| escape(&String::from_utf8_lossy(protocol)));
    if let Some(chain) = connection.peer_certificates() {
        seen.chain_der = chain.iter().map(|der| der.as_ref().to_vec()).collect();
    }
}
