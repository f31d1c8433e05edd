//! Redis: RESP, with TLS on a port of its own.

use super::hear::{Obstacle, Parsed, hear, shown};
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::TlsStream;
use std::io::{Read, Write};

/// Longest line of an answer; the one of protected mode has 700 bytes.
const LONGEST_LINE: usize = 2048;

/// The answer to a `PING`. Text is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAnswer {
    /// A simple string, `+PONG`.
    Status(String),
    /// An error, by its first word and in full: `NOAUTH`, `DENIED`.
    Error(String, String),
}

impl RedisAnswer {
    /// Reads a line of RESP that can be an answer to a `PING`.
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        match bytes.first() {
            None => return Parsed::More(1),
            Some(b'+' | b'-') => {}
            Some(_) => return Parsed::Broken(format!("it sent `{}`", shown(bytes))),
        }
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            if bytes.len() >= LONGEST_LINE {
                return Parsed::Broken(format!("it sent a line of more than {LONGEST_LINE} bytes"));
            }
            return Parsed::More(1);
        };
        let line = shown(&bytes[..end]);
        Parsed::Done(match line.strip_prefix('-') {
            Some(error) => {
                let word = error.split(' ').next().unwrap_or_default().to_owned();
                Self::Error(word, line)
            }
            None => Self::Status(line),
        })
    }
}

pub(super) struct Redis;

impl Way for Redis {
    fn waits_when_plain(&self) -> bool {
        // It looks for the end of a line with strchr, and a hello has a 0 in its first bytes.
        true
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        match ping(stream)? {
            RedisAnswer::Error(word, line) if word == "DENIED" => {
                Err(Obstacle::Refused(cut(&line)))
            }
            RedisAnswer::Error(word, line) if word == "ERR" => Err(Obstacle::Nonsense(line)),
            RedisAnswer::Error(_, line) | RedisAnswer::Status(line) => Ok(Heard::In(line)),
        }
    }

    fn clear(&self, road: &mut Road) -> Clear {
        match ping(road) {
            // Protected mode: clear text is spoken, but not with somebody from afar.
            Ok(RedisAnswer::Error(word, line)) if word == "DENIED" => {
                Clear::new(Verdict::Refused, cut(&line))
            }
            // What is full, or another protocol (POP3 has the same first word).
            Ok(RedisAnswer::Error(word, line)) if word == "ERR" => {
                Clear::new(Verdict::Unclear, line)
            }
            Ok(RedisAnswer::Error(_, line) | RedisAnswer::Status(line)) => {
                Clear::new(Verdict::Accepted, line)
            }
            Err(obstacle) => unanswered(&obstacle),
        }
    }
}

fn ping(stream: &mut (impl Read + Write)) -> Result<RedisAnswer, Obstacle> {
    let _ = stream.write_all(b"PING\r\n").and_then(|()| stream.flush());
    hear(stream, RedisAnswer::parse)
}

/// The sentence of protected mode goes on and on.
fn cut(line: &str) -> String {
    line.split(". ").next().unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let status = |line: &str| Parsed::Done(RedisAnswer::Status(line.to_owned()));
        let error = |word: &str, line: &str| {
            Parsed::Done(RedisAnswer::Error(word.to_owned(), line.to_owned()))
        };
        for (bytes, expected) in [
            (&b"+PONG\r\n"[..], status("+PONG")),
            (
                b"-NOAUTH Authentication required.\r\n",
                error("NOAUTH", "-NOAUTH Authentication required."),
            ),
            (b"-DENIED Redis is\r\n", error("DENIED", "-DENIED Redis is")),
            (b"+PON", Parsed::More(1)),
            (b"", Parsed::More(1)),
            (
                b"HTTP/1.1 400",
                Parsed::Broken("it sent `HTTP/1.1 400`".to_owned()),
            ),
            (b"+\x1b[2J\r\n", status(r"+\u{1b}[2J")),
        ] {
            assert_eq!(RedisAnswer::parse(bytes), expected, "{bytes:?}");
        }
        assert!(matches!(
            RedisAnswer::parse(&[b'+'; 4096]),
            Parsed::Broken(_)
        ));
    }
}
