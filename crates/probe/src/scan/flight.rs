//! Reading how a server answers a hello: records, messages, alerts, in pieces of any size.

use super::choice::{Exchange, ServerHello, key_exchange, server_hello};
use sealock_diag::escape;

/// Longest handshake message that is read: what TLS stacks accept.
const LONGEST_MESSAGE: usize = 0xffff;
/// Longest record: 2^14 and what encryption may add (RFC 5246 §6.2.3).
const LONGEST_RECORD: usize = 0x4000 + 2048;
/// How far to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The server's hello is enough.
    Hello,
    /// The message that names the group, up to TLS 1.2.
    KeyExchange,
}

/// How a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flight {
    /// With its hello, and the key exchange where it was waited for and came.
    Hello(ServerHello, Option<Exchange>),
    /// With an alert, by number.
    Alert(u8),
    /// With a message beyond all bounds: its type and length.
    Oversized(u8, usize),
}

/// How far an answer has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlightProgress {
    /// More bytes are needed.
    More,
    /// The answer is there.
    Done(Flight),
    /// This is no answer to a hello; why, escaped.
    Broken(String),
}

/// Puts the answer to a hello together from pieces, in bounded memory and time.
#[derive(Debug)]
pub struct FlightReader {
    until: Until,
    records: Vec<u8>,
    messages: Vec<u8>,
    alert: Vec<u8>,
    hello: Option<ServerHello>,
    started: bool,
}

impl FlightReader {
    /// A reader that reads so far.
    pub fn new(until: Until) -> Self {
        Self {
            until,
            records: Vec::new(),
            messages: Vec::new(),
            alert: Vec::new(),
            hello: None,
            started: false,
        }
    }

    /// Takes the next bytes of the peer.
    pub fn take(&mut self, bytes: &[u8]) -> FlightProgress {
        self.started |= !bytes.is_empty();
        self.records.extend_from_slice(bytes);
        match self.advance() {
            Ok(None) => FlightProgress::More,
            Ok(Some(flight)) => FlightProgress::Done(flight),
            Err(why) => FlightProgress::Broken(why),
        }
    }

    /// The peer has no more: what is there must do.
    pub fn end(&mut self) -> FlightProgress {
        match self.hello.take() {
            Some(hello) => FlightProgress::Done(Flight::Hello(hello, None)),
            None => FlightProgress::Broken("its answer ends before its hello".to_owned()),
        }
    }

    /// Whether nothing came at all.
    pub fn is_empty(&self) -> bool {
        !self.started
    }

    fn advance(&mut self) -> Result<Option<Flight>, String> {
        let mut at = 0;
        let mut result = Ok(None);
        while let Some(record) = next_record(&self.records[at..])? {
            at += 5 + record.content.len();
            result = match record.kind {
                21 => {
                    self.alert.extend_from_slice(record.content);
                    self.read_alert()
                }
                22 => {
                    self.messages.extend_from_slice(record.content);
                    self.read_messages()
                }
                // Servers of TLS 1.3 send one for the sake of old middle boxes.
                20 => Ok(None),
                kind => Err(format!("it sent a record of type {kind} before its hello")),
            };
            if !matches!(result, Ok(None)) {
                break;
            }
        }
        self.records.drain(..at);
        result
    }

    fn read_alert(&mut self) -> Result<Option<Flight>, String> {
        while let [level, number, ..] = self.alert[..] {
            // A warning such as unrecognized_name is no end, but close_notify is.
            if level != 1 || number == 0 {
                return Ok(Some(match self.hello.take() {
                    Some(hello) => Flight::Hello(hello, None),
                    None => Flight::Alert(number),
                }));
            }
            self.alert.drain(..2);
        }
        Ok(None)
    }

    fn read_messages(&mut self) -> Result<Option<Flight>, String> {
        let mut at = 0;
        let mut done = None;
        while let [kind, a, b, c, rest @ ..] = &self.messages[at..] {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            if length > LONGEST_MESSAGE {
                return Ok(Some(Flight::Oversized(*kind, length)));
            }
            let Some(body) = rest.get(..length) else {
                break;
            };
            match (kind, &self.hello) {
                // HelloRequest means nothing during a handshake.
                (0, _) => {}
                (2, None) => {
                    let hello = server_hello(body)
                        .ok_or_else(|| "its hello does not read as one".to_owned())?;
                    if self.until == Until::Hello || hello.version >= 0x0304 {
                        done = Some(Flight::Hello(hello, None));
                    } else {
                        self.hello = Some(hello);
                    }
                }
                (12, Some(hello)) => {
                    let exchange = key_exchange(hello.suite, body);
                    done = Some(Flight::Hello(hello.clone(), Some(exchange)));
                }
                // ServerHelloDone: this key exchange has no message of its own.
                (14, Some(hello)) => done = Some(Flight::Hello(hello.clone(), None)),
                (_, Some(_)) => {}
                (kind, None) => {
                    return Err(format!("it sent a message of type {kind} before its hello"));
                }
            }
            at += 4 + length;
            if done.is_some() {
                break;
            }
        }
        self.messages.drain(..at);
        Ok(done)
    }
}

struct Record<'a> {
    kind: u8,
    content: &'a [u8],
}

/// The first record of some bytes, once all of it is there.
fn next_record(bytes: &[u8]) -> Result<Option<Record<'_>>, String> {
    let is_tls = match bytes {
        [] => true,
        [kind] => matches!(kind, 20..=24),
        [kind, major, ..] => matches!(kind, 20..=24) && *major == 3,
    };
    if !is_tls {
        let start = String::from_utf8_lossy(&bytes[..bytes.len().min(48)]);
        return Err(format!("it sent `{}`", escape(start.trim_end())));
    }
    let [kind, _, _, high, low, rest @ ..] = bytes else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > LONGEST_RECORD {
        return Err(format!("it announced a record of {length} bytes"));
    }
    Ok(rest.get(..length).map(|content| Record {
        kind: *kind,
        content,
    }))
}

#[cfg(test)]
mod tests;
