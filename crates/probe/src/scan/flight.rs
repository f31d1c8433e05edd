//! Reading how a server answers a hello: records, messages, alerts, in pieces of any size.

use sealock_diag::escape;

/// Longest handshake message that is read: what TLS stacks accept.
const LONGEST_MESSAGE: usize = 0xffff;
/// Longest record: 2^14 and what encryption may add (RFC 5246 §6.2.3).
const LONGEST_RECORD: usize = 0x4000 + 2048;
/// The random of a HelloRetryRequest (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// How far to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The server's hello is enough.
    Hello,
    /// The message that names the group, up to TLS 1.2.
    KeyExchange,
}

/// What a server chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerHello {
    /// The version: `0x0303` is TLS 1.2, `0x0304` TLS 1.3.
    pub version: u16,
    /// The suite by number.
    pub suite: u16,
    /// The compression method; 0 is none.
    pub compression: u8,
    /// Whether it is a HelloRetryRequest.
    pub retry: bool,
    /// The group that a HelloRetryRequest or key share names.
    pub group: Option<u16>,
    /// The application protocol, up to TLS 1.2.
    pub alpn: Option<Vec<u8>>,
}

/// The key exchange of TLS up to 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// A group by number.
    Group(u16),
    /// Diffie-Hellman over a prime of so many bits.
    Prime(usize),
    /// Something else.
    Other,
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

/// Walks through the bytes of a message; `None` as soon as they do not suffice.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn list(&mut self) -> Option<&'a [u8]> {
        let length = self.number()?;
        self.take(usize::from(length))
    }
}

fn server_hello(body: &[u8]) -> Option<ServerHello> {
    let mut bytes = Bytes(body);
    let version = bytes.number()?;
    let retry = bytes.take(32)? == RETRY;
    let session = bytes.byte()?;
    bytes.take(usize::from(session))?;
    let mut hello = ServerHello {
        version,
        suite: bytes.number()?,
        compression: bytes.byte()?,
        retry,
        group: None,
        alpn: None,
    };
    if bytes.0.is_empty() {
        return Some(hello);
    }
    let mut extensions = Bytes(bytes.list()?);
    while !extensions.0.is_empty() {
        let kind = extensions.number()?;
        let mut content = Bytes(extensions.list()?);
        match kind {
            16 => {
                let mut names = Bytes(content.list()?);
                let length = names.byte()?;
                hello.alpn = Some(names.take(usize::from(length))?.to_vec());
            }
            43 => hello.version = content.number()?,
            51 => hello.group = Some(content.number()?),
            _ => {}
        }
    }
    Some(hello)
}

/// The key exchange of RFC 5246 §7.4.3 and RFC 8422 §5.4, as far as it names what it is made over.
fn key_exchange(suite: u16, body: &[u8]) -> Exchange {
    let mut bytes = Bytes(body);
    let name = super::suites::name(suite);
    let found = if name.starts_with("TLS_ECDH") {
        match bytes.byte() {
            Some(3) => bytes.number().map(Exchange::Group),
            _ => None,
        }
    } else if name.starts_with("TLS_DH") {
        bytes.list().map(|prime| Exchange::Prime(bits(prime)))
    } else {
        None
    };
    found.unwrap_or(Exchange::Other)
}

fn bits(number: &[u8]) -> usize {
    let Some(first) = number.iter().position(|byte| *byte != 0) else {
        return 0;
    };
    let leading = number[first].leading_zeros() as usize;
    (number.len() - first) * 8 - leading
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[kind, 3, 3, length[0], length[1]], content].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, length[1], length[2], length[3]], body].concat()
    }

    fn hello(suite: u16, random: [u8; 32], extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend(random);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(0);
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        message(2, &body)
    }

    fn read(until: Until, bytes: &[u8]) -> FlightProgress {
        let mut whole = FlightReader::new(until);
        let mut dripping = FlightReader::new(until);
        let at_once = whole.take(bytes);
        let mut dripped = FlightProgress::More;
        for byte in bytes {
            dripped = dripping.take(std::slice::from_ref(byte));
            if dripped != FlightProgress::More {
                break;
            }
        }
        if matches!(at_once, FlightProgress::Broken(_)) {
            assert!(matches!(dripped, FlightProgress::Broken(_)), "{dripped:?}");
        } else {
            assert_eq!(at_once, dripped);
        }
        at_once
    }

    #[test]
    fn a_retry_names_suite_and_group() {
        let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0x11, 0xec];
        let bytes = record(22, &hello(0x1302, RETRY, &extensions));
        let FlightProgress::Done(Flight::Hello(hello, None)) = read(Until::KeyExchange, &bytes)
        else {
            panic!("{:?}", read(Until::Hello, &bytes));
        };
        assert!(hello.retry);
        assert_eq!(
            (hello.version, hello.suite, hello.group),
            (0x0304, 0x1302, Some(0x11ec))
        );
    }

    #[test]
    fn messages_may_be_split_over_records_or_share_one() {
        let alpn = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
        let exchange = message(12, &[3, 0, 23, 1, 4]);
        let all = [
            hello(0xc02f, [7; 32], &alpn),
            message(11, &[0; 700]),
            exchange,
            message(14, &[]),
        ]
        .concat();
        let one = record(22, &all);
        let many: Vec<u8> = all.chunks(3).flat_map(|part| record(22, part)).collect();
        for bytes in [one, many] {
            let FlightProgress::Done(Flight::Hello(hello, exchange)) =
                read(Until::KeyExchange, &bytes)
            else {
                panic!("{:?}", read(Until::KeyExchange, &bytes));
            };
            assert_eq!(hello.alpn.as_deref(), Some(&b"h2"[..]));
            assert_eq!(exchange, Some(Exchange::Group(23)));
        }
    }

    #[test]
    fn a_prime_is_measured() {
        let mut body = vec![0, 128, 0x7f];
        body.extend([0xff; 127]);
        let bytes = record(
            22,
            &[hello(0x0033, [7; 32], &[]), message(12, &body)].concat(),
        );
        let got = read(Until::KeyExchange, &bytes);
        let FlightProgress::Done(Flight::Hello(_, Some(Exchange::Prime(bits)))) = got else {
            panic!("{got:?}");
        };
        assert_eq!(bits, 1023);
        assert_eq!(super::bits(&[]), 0);
    }

    #[test]
    fn a_static_key_exchange_has_no_message() {
        let bytes = record(
            22,
            &[
                hello(0x002f, [7; 32], &[]),
                message(11, &[]),
                message(14, &[]),
            ]
            .concat(),
        );
        let got = read(Until::KeyExchange, &bytes);
        assert!(
            matches!(got, FlightProgress::Done(Flight::Hello(_, None))),
            "{got:?}"
        );
    }

    #[test]
    fn alerts_are_read_and_warnings_passed_over() {
        let fatal = record(21, &[2, 70]);
        assert_eq!(
            read(Until::Hello, &fatal),
            FlightProgress::Done(Flight::Alert(70))
        );
        let warned = [
            record(21, &[1, 112]),
            record(22, &hello(0xc02f, [7; 32], &[])),
        ]
        .concat();
        let got = read(Until::Hello, &warned);
        assert!(
            matches!(got, FlightProgress::Done(Flight::Hello(..))),
            "{got:?}"
        );
        let split = [record(21, &[2]), record(21, &[40])].concat();
        assert_eq!(
            read(Until::Hello, &split),
            FlightProgress::Done(Flight::Alert(40))
        );
    }

    #[test]
    fn what_is_no_answer_is_broken() {
        for (bytes, why) in [
            (b"HTTP/1.0 400 Bad Request\r\n".to_vec(), "it sent `"),
            (vec![22, 3, 3, 0xff, 0xff], "a record of 65535 bytes"),
            (record(23, b"secret"), "a record of type 23"),
            (record(22, &message(11, &[])), "a message of type 11"),
            (record(22, &message(2, &[3, 3, 0])), "does not read"),
        ] {
            let FlightProgress::Broken(found) = read(Until::Hello, &bytes) else {
                panic!("{bytes:?}");
            };
            assert!(found.contains(why), "{found}");
        }
        let mut cut = FlightReader::new(Until::Hello);
        assert_eq!(cut.take(&[22, 3, 3, 0, 50, 2]), FlightProgress::More);
        assert!(matches!(cut.end(), FlightProgress::Broken(_)));
    }

    #[test]
    fn ten_megabytes_are_announced_and_not_read() {
        let mut bytes = hello(0xc02f, [7; 32], &[]);
        bytes.extend([11, 0x98, 0x96, 0x80, 1, 2, 3]);
        assert_eq!(
            read(Until::KeyExchange, &record(22, &bytes)),
            FlightProgress::Done(Flight::Oversized(11, 10_000_000))
        );
    }

    #[test]
    fn the_size_of_pieces_changes_nothing() {
        let sound = [
            record(21, &[1, 112]),
            record(20, &[1]),
            record(
                22,
                &[hello(0xc02f, [7; 32], &[0, 16, 0, 5, 0, 3, 2, b'h', b'2'])].concat(),
            ),
            record(22, &message(11, &[0; 40])),
            record(22, &message(12, &[3, 0, 23, 1, 4])),
        ]
        .concat();
        // SplitMix64: which byte is spoiled, and how.
        let mut state = 1_u64;
        let mut next = move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            usize::try_from((z ^ (z >> 27)) >> 33).unwrap()
        };
        let mut done = 0;
        for round in 0..20_000 {
            let mut bytes = sound.clone();
            for _ in 0..round % 4 {
                let at = next() % bytes.len();
                bytes[at] = u8::try_from(next() % 256).unwrap();
            }
            bytes.truncate(bytes.len() - next() % 8);
            // `read` compares all at once with byte by byte.
            done += usize::from(matches!(
                read(Until::KeyExchange, &bytes),
                FlightProgress::Done(_)
            ));
        }
        assert!(done > 2_000, "{done}");
    }
}
