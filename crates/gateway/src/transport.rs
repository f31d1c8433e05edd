//! The streams that a gateway reads and writes: TLS, TCP or a unix socket, all of one shape.
//!
//! Between two reads a transport holds no buffer: ciphertext is read into memory that all connections of a
//! worker share, and only what cannot be digested yet, or cannot be sent yet, is kept. An idle connection
//! therefore costs its TLS state and nothing else.

use sealock_tls::{GateSession, Sealed, TlsError};
use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// What is read from a socket at once, or sealed at once.
const BATCH: usize = 64 * 1024;

/// The plaintext of one TLS record, and what its framing adds at most to AES-GCM or ChaCha20-Poly1305.
const RECORD: usize = 16 * 1024;
const FRAMING: usize = 32;

/// What a session may carry besides: see [`GateSession::carried`].
const CARRIED: usize = 64 * 1024;

thread_local! {
    /// Memory of one worker for what is under way inside one `poll`.
    static SHARED: RefCell<Shared> = RefCell::new(Shared::default());
}

#[derive(Default)]
struct Shared {
    incoming: Vec<u8>,
    gathered: Vec<u8>,
    sealed: Sealed,
}

/// A stream to a caller or to a service.
///
/// `poll_shutdown` ends the writing half and nothing else: TLS says `close_notify`, then the socket is shut
/// for writing; reading goes on.
#[derive(Debug)]
pub(crate) enum Transport {
    /// TLS to a caller.
    Tls(Box<TlsTransport>),
    /// Plain TCP to a service.
    Tcp(TcpStream),
    /// A unix socket, of a caller or of a service.
    Unix(UnixStream),
}

/// TLS over TCP, after the handshake.
#[derive(Debug)]
pub(crate) struct TlsTransport {
    socket: TcpStream,
    session: GateSession,
    /// Plaintext that the last reader had no room for.
    plain: Vec<u8>,
    plain_from: usize,
    /// Ciphertext that the socket had no room for.
    unsent: Sealed,
    /// The last write found no room: the peer reads slowly, and one record at a time is kept for it.
    slow: bool,
    /// The socket has no more: the peer ended TCP.
    ended: bool,
}

impl Transport {
    /// Ready when a read would give something, or an end, or when it is worth trying: a TLS record may turn
    /// out to hold nothing for us. Holds no buffer.
    pub(crate) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tls(tls) if tls.has_plain() || tls.at_end() => Poll::Ready(Ok(())),
            Self::Tls(tls) => {
                tls.push(cx);
                tls.socket.poll_read_ready(cx)
            }
            Self::Tcp(socket) => socket.poll_read_ready(cx),
            Self::Unix(socket) => socket.poll_read_ready(cx),
        }
    }

    /// Waits until [`poll_readable`](Self::poll_readable) is ready.
    #[cfg(test)]
    pub(crate) async fn readable(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_readable(cx)).await
    }

    /// The address of this end; `None` on a unix socket.
    pub(crate) fn local_address(&self) -> Option<std::net::SocketAddr> {
        match self {
            Self::Tls(tls) => tls.socket.local_addr().ok(),
            Self::Tcp(socket) => socket.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }

    /// After a read of nothing: whether the peer ended its half on purpose. A TCP or unix socket cannot
    /// tell an end from a loss, so its end counts; TLS can, and without `close_notify` it does not.
    pub(crate) fn ended_cleanly(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.session.peer_closed(),
            Self::Tcp(_) | Self::Unix(_) => true,
        }
    }
}

impl TlsTransport {
    /// A transport over a session whose handshake is done. `plain` was read with the end of the handshake;
    /// `unsent` is what the handshake has still to say.
    pub(crate) fn new(
        socket: TcpStream,
        session: GateSession,
        plain: Vec<u8>,
        unsent: Sealed,
    ) -> Self {
        Self {
            socket,
            session,
            plain,
            plain_from: 0,
            unsent,
            slow: false,
            ended: false,
        }
    }

    /// How many bytes wait for room in the socket.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.unsent.bytes().len()
    }

    fn has_plain(&self) -> bool {
        self.plain_from < self.plain.len()
    }

    fn at_end(&self) -> bool {
        self.ended || self.session.peer_closed()
    }

    fn take_plain(&mut self, buffer: &mut ReadBuf<'_>) {
        let waiting = &self.plain[self.plain_from..];
        let count = waiting.len().min(buffer.remaining());
        buffer.put_slice(&waiting[..count]);
        self.plain_from += count;
        if !self.has_plain() {
            self.plain = Vec::new();
            self.plain_from = 0;
        }
    }

    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        self.push(cx);
        loop {
            if self.has_plain() {
                self.take_plain(buffer);
            }
            if buffer.filled().len() > before || buffer.remaining() == 0 || self.at_end() {
                return Poll::Ready(Ok(()));
            }
            ready!(SHARED.with_borrow_mut(|shared| self.poll_digest(cx, buffer, shared)))?;
        }
    }

    /// Reads once from the socket and digests what came.
    fn poll_digest(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
        shared: &mut Shared,
    ) -> Poll<io::Result<()>> {
        let Shared {
            incoming, sealed, ..
        } = shared;
        incoming.resize(CARRIED + BATCH + (BATCH / RECORD + 1) * FRAMING, 0);
        let carried = self.session.carried();
        // About what the reader can take, so that whole records come and none is cut for a few bytes.
        let wanted = buffer.remaining().clamp(4096, BATCH);
        let limit = carried + wanted + (wanted / RECORD + 1) * FRAMING;
        let mut room = ReadBuf::new(&mut incoming[carried..limit]);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut room))?;
        let count = room.filled().len();
        if count == 0 {
            self.ended = true;
            return Poll::Ready(Ok(()));
        }
        let plain = &mut self.plain;
        let sink = |record: &[u8]| {
            let fits = record.len().min(buffer.remaining());
            buffer.put_slice(&record[..fits]);
            plain.extend_from_slice(&record[fits..]);
        };
        let digested = self
            .session
            .digest(&mut incoming[..carried + count], sink, sealed);
        if !sealed.is_empty() {
            // Answers of the TLS machine: rare, small, and never waited for here.
            self.hold(sealed);
            if let Poll::Ready(Err(error)) = self.poll_send(cx)
                && digested.is_ok()
            {
                return Poll::Ready(Err(error));
            }
        }
        Poll::Ready(digested.map_err(TlsError::into_io))
    }

    /// Keeps what could not be sent yet, behind what waits already.
    fn hold(&mut self, sealed: &mut Sealed) {
        self.unsent.append(sealed.bytes());
        sealed.clear();
    }

    /// Sends what waits as far as the socket takes it: who only reads from now on must not hold up the
    /// end of what was written.
    fn push(&mut self, cx: &mut Context<'_>) {
        if let Poll::Ready(Err(_)) = self.poll_flush(cx) {
            // A peer that is gone is found by reading: there may be a word of why.
            self.unsent = Sealed::default();
        }
    }

    /// Sends what waits.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(poll_send(&mut self.socket, &mut self.unsent, cx))?;
        // Nothing is kept at rest.
        self.unsent = Sealed::default();
        Poll::Ready(Ok(()))
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.unsent.is_empty() {
            ready!(self.poll_send(cx))?;
        }
        SHARED.with_borrow_mut(|shared| {
            let Shared {
                gathered, sealed, ..
            } = shared;
            let plain = gather(slices, gathered, if self.slow { RECORD } else { BATCH });
            if plain.is_empty() {
                return Poll::Ready(Ok(0));
            }
            let result = self.session.seal(plain, sealed).map_err(TlsError::into_io);
            let polled = poll_send(&mut self.socket, sealed, cx);
            self.slow = polled.is_pending();
            let sent = match polled {
                Poll::Ready(sent) => sent,
                Poll::Pending => {
                    self.hold(sealed);
                    Ok(())
                }
            };
            sealed.clear();
            Poll::Ready(result.and(sent).map(|()| plain.len()))
        })
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unsent.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.poll_send(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.session.close(&mut self.unsent);
        ready!(self.poll_flush(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

fn poll_send(
    socket: &mut TcpStream,
    sealed: &mut Sealed,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !sealed.is_empty() {
        let count = ready!(Pin::new(&mut *socket).poll_write(cx, sealed.bytes()))?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        sealed.sent(count);
    }
    Poll::Ready(Ok(()))
}

/// The first batch of these slices in one piece: a head and the start of its body make one record.
fn gather<'a>(slices: &'a [IoSlice<'_>], memory: &'a mut Vec<u8>, most: usize) -> &'a [u8] {
    let mut filled = slices.iter().filter(|slice| !slice.is_empty());
    match (filled.next(), filled.next()) {
        (None, _) => &[],
        (Some(only), None) => &only[..only.len().min(most)],
        (Some(_), Some(_)) => {
            memory.clear();
            for slice in slices {
                let room = most - memory.len();
                memory.extend_from_slice(&slice[..slice.len().min(room)]);
            }
            memory
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => tls.poll_read(cx, buffer),
            Self::Tcp(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(tls) => tls.poll_write(cx, &[IoSlice::new(buffer)]),
            Self::Tcp(socket) => Pin::new(socket).poll_write(cx, buffer),
            Self::Unix(socket) => Pin::new(socket).poll_write(cx, buffer),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tls(tls) => tls.poll_write(cx, buffers),
            Self::Tcp(socket) => Pin::new(socket).poll_write_vectored(cx, buffers),
            Self::Unix(socket) => Pin::new(socket).poll_write_vectored(cx, buffers),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What was taken may still wait for room in the socket: after the last write of a message, flush.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => tls.poll_flush(cx),
            Self::Tcp(socket) => Pin::new(socket).poll_flush(cx),
            Self::Unix(socket) => Pin::new(socket).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(tls) => tls.poll_shutdown(cx),
            Self::Tcp(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Unix(socket) => Pin::new(socket).poll_shutdown(cx),
        }
    }
}
