//! The way to a service: a bounded socket, whose bytes may travel inside packets for the time of a handshake.

use super::tds::{self, MOST_PAYLOAD};
use crate::socket::Socket;
use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};

/// A connection. While it is framed, what is written goes out in TDS packets at the next flush, and what is read is
/// taken out of such packets (MS-TDS §2.2.3, type 0x12).
#[derive(Debug)]
pub(super) struct Road {
    socket: Socket,
    framed: Cell<bool>,
    waiting: Vec<u8>,
    /// Bytes of the current packet that are still to be read.
    inside: usize,
}

impl Road {
    pub(super) fn new(socket: Socket) -> Self {
        Self {
            socket,
            framed: Cell::new(false),
            waiting: Vec::new(),
            inside: 0,
        }
    }

    /// From here on inside packets, or no longer.
    pub(super) fn frame(&self, framed: bool) {
        self.framed.set(framed);
    }

    fn next_packet(&mut self) -> io::Result<bool> {
        let mut header = [0; tds::HEADER];
        let mut known = 0;
        while known < header.len() {
            match self.socket.read(&mut header[known..])? {
                0 if known == 0 => return Ok(false),
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => known += count,
            }
        }
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header[0] != tds::PRELOGIN || length <= tds::HEADER {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "its handshake is not inside TDS packets",
            ));
        }
        self.inside = length - tds::HEADER;
        Ok(true)
    }
}

impl Read for Road {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.inside == 0 {
            if !self.framed.get() {
                return self.socket.read(buffer);
            }
            if !self.next_packet()? {
                return Ok(0);
            }
        }
        let room = buffer.len().min(self.inside);
        let count = self.socket.read(&mut buffer[..room])?;
        self.inside -= count;
        Ok(count)
    }
}

impl Write for Road {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if !self.framed.get() {
            return self.socket.write(buffer);
        }
        // A flight in one message: drivers do so, and a server may wait for its end.
        self.waiting.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        let count = waiting.chunks(MOST_PAYLOAD).count();
        for (index, payload) in waiting.chunks(MOST_PAYLOAD).enumerate() {
            let packet = tds::packet(payload, index + 1 == count);
            self.socket.write_all(&packet)?;
        }
        self.socket.flush()
    }
}
