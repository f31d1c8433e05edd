//! The socket under a handshake whose records travel inside TDS packets, and bare after it.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;

use super::packets::{self, HEADER, PRELOGIN};

pub(super) struct Pipe {
    socket: TcpStream,
    wrapped: Cell<bool>,
    /// Bytes of the current packet that are still to come.
    inside: usize,
    waiting: Vec<u8>,
}

impl Pipe {
    pub(super) fn new(socket: TcpStream, wrapped: bool) -> Self {
        Self {
            socket,
            wrapped: Cell::new(wrapped),
            inside: 0,
            waiting: Vec::new(),
        }
    }

    /// The handshake is over.
    pub(super) fn unwrap(&self) {
        self.wrapped.set(false);
    }
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.wrapped.get() {
            return self.socket.read(buffer);
        }
        if self.inside == 0 {
            let mut header = [0; HEADER];
            self.socket.read_exact(&mut header)?;
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            if header[0] != PRELOGIN || length <= HEADER {
                return Err(ErrorKind::InvalidData.into());
            }
            self.inside = length - HEADER;
        }
        let room = buffer.len().min(self.inside);
        let count = self.socket.read(&mut buffer[..room])?;
        self.inside -= count;
        Ok(count)
    }
}

impl Write for Pipe {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if !self.wrapped.get() {
            return self.socket.write(buffer);
        }
        self.waiting.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            packets::write(&mut self.socket, PRELOGIN, &waiting)?;
        }
        self.socket.flush()
    }
}
