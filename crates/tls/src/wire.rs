//! The socket under a TLS connection, with a memory for how the peer began.

use std::io::{self, Read, Write};

/// Enough to tell a TLS record from an HTTP line.
const HEAD: usize = 32;

/// Hands bytes through and remembers the first few that came in.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    socket: S,
    head: Vec<u8>,
    /// How many bytes of `head` the TLS machine has not been given yet.
    ahead: usize,
}

impl<S: Read + Write> Wire<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self {
            socket,
            head: Vec::with_capacity(HEAD),
            ahead: 0,
        }
    }

    /// The first bytes the peer sent, as far as they came.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Reads until `count` bytes are known or the peer has no more, without taking them away.
    pub(crate) fn look_ahead(&mut self, count: usize) -> io::Result<&[u8]> {
        let count = count.min(HEAD);
        let mut buffer = [0; HEAD];
        while self.head.len() < count {
            let room = count - self.head.len();
            match self.socket.read(&mut buffer[..room]) {
                Ok(0) => break,
                Ok(n) => {
                    self.head.extend_from_slice(&buffer[..n]);
                    self.ahead += n;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(&self.head)
    }

    pub(crate) fn socket(&self) -> &S {
        &self.socket
    }
}

impl<S: Read> Read for Wire<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ahead > 0 {
            let from = self.head.len() - self.ahead;
            let n = self.ahead.min(buffer.len());
            buffer[..n].copy_from_slice(&self.head[from..from + n]);
            self.ahead -= n;
            return Ok(n);
        }
        let n = self.socket.read(buffer)?;
        let missing = HEAD - self.head.len();
        self.head.extend_from_slice(&buffer[..n.min(missing)]);
        Ok(n)
    }
}

impl<S: Write> Write for Wire<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Whether these first bytes can be a TLS record: a content type of RFC 8446 §5.1, then version 3.x.
pub(crate) fn is_tls(head: &[u8]) -> bool {
    match head {
        [] => true,
        [kind] => matches!(kind, 20..=24),
        [kind, major, ..] => matches!(kind, 20..=24) && *major == 3,
    }
}

/// Whether these first bytes look like an HTTP request or answer.
pub(crate) fn is_http(head: &[u8]) -> bool {
    const STARTS: [&[u8]; 10] = [
        b"HTTP/", b"GET /", b"HEAD ", b"POST ", b"PUT /", b"OPTIO", b"DELET", b"PATCH", b"CONNE",
        b"PRI *",
    ];
    STARTS.iter().any(|start| head.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn bytes_looked_at_are_still_read() {
        let mut wire = Wire::new(Cursor::new(b"GET / HTTP/1.1\r\n".to_vec()));
        assert_eq!(wire.look_ahead(5).unwrap(), b"GET /");
        let mut all = Vec::new();
        wire.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"GET / HTTP/1.1\r\n");
    }

    #[test]
    fn records_and_requests_are_told_apart() {
        for (head, tls, http) in [
            (&[22, 3, 1, 0, 5][..], true, false),
            (&[21, 3, 3, 0, 2][..], true, false),
            (b"GET / HTTP/1.1", false, true),
            (b"HTTP/1.0 400 Bad Request", false, true),
            (b"SSH-2.0-OpenSSH", false, false),
            (&[22, 9, 9][..], false, false),
            (b"", true, false),
        ] {
            assert_eq!(is_tls(head), tls, "{head:?}");
            assert_eq!(is_http(head), http, "{head:?}");
        }
    }
}
