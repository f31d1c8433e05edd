//! One connection, one hello, one answer.

use super::flight::{Flight, FlightProgress, FlightReader, Until};
use super::hello::Hello;
use super::{Exchange, Scanner, ServerHello};
use crate::socket::Socket;
use sealock_check::seen::Protocol;
use std::io::{self, Read, Write};
use std::time::Instant;

/// How one hello was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Hello(ServerHello, Option<Exchange>),
    Refused,
    /// Closed, silent, gone, or nonsense.
    Nothing,
}

/// What a hello offers beside its version.
pub(super) struct Offered<'a> {
    pub(super) suites: &'a [u16],
    pub(super) groups: &'a [u16],
    pub(super) alpn: &'a [&'a str],
    pub(super) until: Until,
}

impl Scanner<'_> {
    /// One connection, one hello, its answer.
    pub(super) fn ask(&mut self, protocol: Protocol, offered: &Offered<'_>) -> Reply {
        let now = Instant::now();
        if self.left == 0 || now >= self.deadline {
            return Reply::Nothing;
        }
        self.left -= 1;
        let hello = Hello {
            protocol,
            suites: offered.suites,
            groups: offered.groups,
            name: self.name.as_deref(),
            alpn: offered.alpn,
        };
        let deadline = (now + self.target.timeout).min(self.deadline);
        let progress = match Socket::connect(self.target, deadline) {
            Ok(mut socket) => converse(&mut socket, &hello.to_bytes(), offered.until),
            Err(_) => return Reply::Nothing,
        };
        match progress {
            Ok(Some(Flight::Hello(hello, exchange))) => Reply::Hello(hello, exchange),
            Ok(Some(Flight::Alert(_))) => Reply::Refused,
            Ok(Some(Flight::Oversized(kind, length))) => {
                if kind == 11 {
                    self.found.oversized = Some(length);
                } else {
                    self.misbehaves(format!("it announced a message of {length} bytes"));
                }
                Reply::Nothing
            }
            Ok(None) => Reply::Nothing,
            Err(why) => {
                self.misbehaves(why);
                Reply::Nothing
            }
        }
    }
}

/// Sends the hello and reads its answer: `None` when there was none.
fn converse(socket: &mut Socket, hello: &[u8], until: Until) -> Result<Option<Flight>, String> {
    // A peer that refuses us has perhaps closed already; its reason is there to be read.
    let _ = socket.write_all(hello);
    let mut reader = FlightReader::new(until);
    let mut chunk = [0; 4096];
    loop {
        let progress = match socket.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(count) if count > 0 => reader.take(&chunk[..count]),
            _ if reader.is_empty() => return Ok(None),
            Err(_) if socket.is_late() => return Ok(None),
            _ => reader.end(),
        };
        match progress {
            FlightProgress::More => {}
            FlightProgress::Done(flight) => return Ok(Some(flight)),
            FlightProgress::Broken(why) => return Err(why),
        }
    }
}
