//! Reading what a peer says, which may be anything: bounded, and never past the end of one message.

use sealock_diag::escape;
use sealock_tls::{Alert, TlsError};
use std::io::{ErrorKind, Read};

/// Longest message that is read; honest ones have a few hundred bytes.
const LONGEST: usize = 16 * 1024;
/// How much of foreign text is shown to a person.
const SHOWN: usize = 200;

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// At least so many bytes are missing; never 0. Bytes beyond a message belong to somebody else (to TLS, say),
    /// so that nobody asks for more than is surely part of it.
    More(usize),
    /// The message.
    Done(T),
    /// No such message; what came instead, escaped.
    Broken(String),
}

/// What was in the way of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// The service said in its own protocol that it has no TLS.
    NoWay(String),
    /// It turned the client away, in its own protocol.
    Refused(String),
    /// It said something else than its protocol allows; escaped.
    Nonsense(String),
    /// The connection broke, TLS or not.
    Broken(TlsError),
}

impl Obstacle {
    /// One line for a person.
    pub(super) fn words(&self) -> String {
        match self {
            Self::NoWay(what) | Self::Refused(what) => what.clone(),
            Self::Nonsense(what) => format!("this is another protocol: {what}"),
            Self::Broken(TlsError::AlertReceived { alert }) => alert_words(*alert),
            Self::Broken(TlsError::PlainText { start, .. }) => {
                format!(
                    "it does not speak TLS: it sent `{}`",
                    shown(start.as_bytes())
                )
            }
            Self::Broken(TlsError::ServerRefused(refusal)) => refusal.to_string(),
            Self::Broken(error) => error.to_string(),
        }
    }
}

fn alert_words(alert: Alert) -> String {
    match alert.meaning() {
        Some(meaning) => format!("alert {alert}: {meaning}"),
        None => format!("alert {alert}"),
    }
}

/// Reads one message, byte for byte no more than it has.
pub(super) fn hear<T>(
    stream: &mut impl Read,
    parse: impl Fn(&[u8]) -> Parsed<T>,
) -> Result<T, Obstacle> {
    let mut bytes = Vec::new();
    loop {
        let missing = match parse(&bytes) {
            Parsed::Done(message) => return Ok(message),
            Parsed::Broken(what) => return Err(nonsense(&bytes, what)),
            Parsed::More(missing) => missing.max(1),
        };
        if bytes.len() + missing > LONGEST {
            return Err(Obstacle::Nonsense(format!(
                "its message is longer than {LONGEST} bytes"
            )));
        }
        let known = bytes.len();
        bytes.resize(known + missing, 0);
        let count = loop {
            match stream.read(&mut bytes[known..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Obstacle::Broken(TlsError::from_io(&error))),
                Ok(count) => break count,
            }
        };
        bytes.truncate(known + count);
        if count == 0 {
            return Err(match bytes.as_slice() {
                [] => Obstacle::Broken(TlsError::Closed),
                some => nonsense(some, format!("its message ends after `{}`", shown(some))),
            });
        }
    }
}

/// A TLS record where none was expected is named as such.
fn nonsense(bytes: &[u8], what: String) -> Obstacle {
    Obstacle::Nonsense(match bytes {
        [20..=23, 3, ..] => "it answers with TLS".to_owned(),
        _ => what,
    })
}

/// Foreign bytes as text: one line, escaped, cut.
pub(super) fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]);
    let kept: String = text.trim_end().chars().take(SHOWN).collect();
    let mut line = escape(&kept);
    if line.len() > 4 * SHOWN {
        // What is all control characters grows when it is escaped.
        let end = (0..=4 * SHOWN)
            .rev()
            .find(|end| line.is_char_boundary(*end));
        line.truncate(end.unwrap_or_default());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A length, and so many bytes.
    fn counted(bytes: &[u8]) -> Parsed<Vec<u8>> {
        match bytes {
            [] => Parsed::More(1),
            [255, ..] => Parsed::Broken("255".to_owned()),
            [length, rest @ ..] => match usize::from(*length) - rest.len() {
                0 => Parsed::Done(rest.to_vec()),
                missing => Parsed::More(missing),
            },
        }
    }

    #[test]
    fn a_message_is_read_to_its_end_and_not_beyond() {
        let mut stream = Cursor::new(b"\x03abcrest".to_vec());
        assert_eq!(hear(&mut stream, counted), Ok(b"abc".to_vec()));
        assert_eq!(stream.position(), 4);
    }

    #[test]
    fn what_is_no_message_is_told() {
        let hear = |bytes: &[u8]| hear(&mut Cursor::new(bytes.to_vec()), counted).unwrap_err();
        assert_eq!(hear(b""), Obstacle::Broken(TlsError::Closed));
        assert_eq!(hear(b"\xff"), Obstacle::Nonsense("255".to_owned()));
        assert!(hear(b"\x03a\x1b").words().contains(r"\u{1b}"));
        assert!(
            hear(b"\x15\x03\x01\0\x02")
                .words()
                .contains("answers with TLS")
        );
    }

    #[test]
    fn a_message_without_an_end_is_bounded() {
        let mut endless = std::io::repeat(b'x');
        let greedy = |bytes: &[u8]| Parsed::<()>::More(bytes.len().max(1));
        assert!(matches!(
            hear(&mut endless, greedy),
            Err(Obstacle::Nonsense(_))
        ));
    }

    #[test]
    fn foreign_text_is_one_short_line() {
        let line = shown(&[0x1b; 10_000]);
        assert!(line.len() <= 4 * SHOWN && !line.contains('\u{1b}'));
        assert_eq!(shown(b"-NOAUTH\r\n"), "-NOAUTH");
    }
}
