//! A connection with a deadline and a budget, so that no peer holds us longer or fills us fuller.

use crate::{Address, Target};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// Bytes taken from a peer in one exchange: a handshake with the longest certificate message that
/// TLS stacks accept (64 KiB), and an answer (64 KiB), with room for their framing.
const BUDGET: usize = 192 * 1024;

/// A connected socket. Reads and writes fail once the deadline has passed or the budget is spent;
/// the deadline is for the whole exchange, so dripping bytes gains nothing.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    deadline: Instant,
    budget: usize,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(crate) fn connect(target: &Target, deadline: Instant) -> io::Result<Self> {
        let stream = match &target.address {
            Address::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, remaining(deadline)?)?;
                stream.set_nodelay(true)?;
                Stream::Tcp(stream)
            }
            // Connecting to a unix socket blocks only while the listener's queue is full.
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
        };
        Ok(Self {
            stream,
            deadline,
            budget: BUDGET,
        })
    }

    /// The same socket with another deadline.
    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.deadline = deadline;
        self
    }

    /// Whether the peer sent more than it may.
    pub(crate) fn is_overfull(&self) -> bool {
        self.budget == 0
    }

    /// Whether time is up.
    pub(crate) fn is_late(&self) -> bool {
        remaining(self.deadline).is_err()
    }
}

fn remaining(deadline: Instant) -> io::Result<Duration> {
    deadline
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
        .ok_or_else(|| io::ErrorKind::TimedOut.into())
}

/// The operating system reports a timeout of a socket as "would block".
fn timed_out(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.budget == 0 {
            return Err(io::Error::other("the peer sent too much"));
        }
        let left = Some(remaining(self.deadline)?);
        let room = buffer.len().min(self.budget);
        let result = match &mut self.stream {
            Stream::Tcp(stream) => {
                stream.set_read_timeout(left)?;
                stream.read(&mut buffer[..room])
            }
            Stream::Unix(stream) => {
                stream.set_read_timeout(left)?;
                stream.read(&mut buffer[..room])
            }
        };
        let count = result.map_err(timed_out)?;
        self.budget -= count;
        Ok(count)
    }
}

impl Write for Socket {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let left = Some(remaining(self.deadline)?);
        let result = match &mut self.stream {
            Stream::Tcp(stream) => {
                stream.set_write_timeout(left)?;
                stream.write(buffer)
            }
            Stream::Unix(stream) => {
                stream.set_write_timeout(left)?;
                stream.write(buffer)
            }
        };
        result.map_err(timed_out)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
