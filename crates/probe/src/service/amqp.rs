//! AMQP 0-9-1 and 1.0: a header of eight bytes, with TLS on a port of its own.

use super::hear::{Obstacle, Parsed, hear, shown};
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::TlsStream;
use std::io::{Read, Write};

/// The protocol header of 0-9-1 (§4.2.2).
const HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// The answer to a protocol header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmqpAnswer {
    /// The method Connection.Start: it speaks 0-9-1 and waits for a login.
    Start,
    /// A header of its own: it speaks AMQP, but this version of it.
    Version([u8; 4]),
}

impl AmqpAnswer {
    /// Reads as much of an answer as tells what it is.
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let broken = || Parsed::Broken(format!("it sent `{}`", shown(bytes)));
        match bytes {
            [b'A', ..] => match bytes {
                [b'A', b'M', b'Q', b'P', a, b, c, d, ..] => {
                    Parsed::Done(Self::Version([*a, *b, *c, *d]))
                }
                _ if HEADER[..4].starts_with(&bytes[..bytes.len().min(4)])
                    || bytes.starts_with(b"AMQP") =>
                {
                    Parsed::More(8 - bytes.len())
                }
                _ => broken(),
            },
            // A method frame (1) of channel 0: size, then class 10 and method 10.
            [1, ..] => {
                const WANTED: [Option<u8>; 11] = [
                    Some(1),
                    Some(0),
                    Some(0),
                    None,
                    None,
                    None,
                    None,
                    Some(0),
                    Some(10),
                    Some(0),
                    Some(10),
                ];
                let fits = bytes
                    .iter()
                    .zip(WANTED)
                    .all(|(byte, wanted)| wanted.is_none_or(|wanted| wanted == *byte));
                match WANTED.len().checked_sub(bytes.len()) {
                    _ if !fits => broken(),
                    None | Some(0) => Parsed::Done(Self::Start),
                    Some(missing) => Parsed::More(missing),
                }
            }
            [] => Parsed::More(8),
            _ => broken(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Start => "AMQP 0-9-1, Connection.Start".to_owned(),
            Self::Version([id, major, minor, revision]) => {
                format!("AMQP {major}.{minor}.{revision}, protocol {id}")
            }
        }
    }
}

pub(super) struct Amqp;

impl Way for Amqp {
    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        greet(stream).map(|answer| Heard::In(answer.words()))
    }

    fn clear(&self, road: &mut Road) -> Clear {
        match greet(road) {
            // Its TLS header (1.0 part 5 §5.2.1): nothing but TLS is spoken.
            Ok(answer @ AmqpAnswer::Version([2, ..])) => {
                Clear::new(Verdict::Refused, answer.words())
            }
            Ok(answer) => Clear::new(Verdict::Accepted, answer.words()),
            Err(obstacle) => unanswered(&obstacle),
        }
    }
}

fn greet(stream: &mut (impl Read + Write)) -> Result<AmqpAnswer, Obstacle> {
    let _ = stream.write_all(HEADER).and_then(|()| stream.flush());
    hear(stream, AmqpAnswer::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let start = [1, 0, 0, 0, 0, 1, 0xf6, 0, 10, 0, 10, 0, 9];
        for (bytes, expected) in [
            (&start[..], Parsed::Done(AmqpAnswer::Start)),
            (&start[..7], Parsed::More(4)),
            (
                b"AMQP\x03\x01\0\0",
                Parsed::Done(AmqpAnswer::Version([3, 1, 0, 0])),
            ),
            (b"AMQ", Parsed::More(5)),
            (b"AMQP\x03", Parsed::More(3)),
            (b"", Parsed::More(8)),
            (b"AMEN", Parsed::Broken("it sent `AMEN`".to_owned())),
            (b"-ERR", Parsed::Broken("it sent `-ERR`".to_owned())),
            (
                &[1, 0, 1],
                Parsed::Broken(r"it sent `\u{1}\u{0}\u{1}`".to_owned()),
            ),
        ] {
            assert_eq!(AmqpAnswer::parse(bytes), expected, "{bytes:?}");
        }
    }
}
