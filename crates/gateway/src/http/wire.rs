//! What this core needs of a connection.

use std::io;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::transport::Transport;

/// A stream of bytes in both directions, each of which ends by itself.
///
/// `poll_shutdown` ends the outgoing direction only; the other one goes on.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {
    /// Ready when a read would bring bytes, the end or an error. Takes no memory while it waits.
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Wire for Transport {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Self::poll_readable(self, cx)
    }
}

#[cfg(test)]
impl Wire for tokio::net::UnixStream {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }
}
