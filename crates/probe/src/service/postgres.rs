//! PostgreSQL: an SSLRequest, then TLS, then the first message of a login.

use super::hear::{Obstacle, Parsed, hear, shown};
use super::road::Road;
use super::way::{Heard, Way, unanswered};
use sealock_check::seen::service::{Clear, Way as Verdict};
use sealock_tls::TlsStream;
use std::io::{Read, Write};

/// Length 8, code 1234.5679 (PostgreSQL manual, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// Protocol 3.0.
const VERSION: [u8; 4] = [0, 3, 0, 0];
/// Longest message that is waited for; an error with its hint has a few hundred bytes.
const LONGEST: usize = 8 * 1024;

/// The first answer to a StartupMessage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresAnswer {
    /// An authentication request, by its number: 0 is "you are in", the others ask for something.
    Authentication(u32),
    /// An error: SQLSTATE and message, escaped.
    Error {
        /// The SQLSTATE, `28000`; empty when there is none.
        code: String,
        /// The message.
        message: String,
    },
}

impl PostgresAnswer {
    /// Reads an AuthenticationRequest or an ErrorResponse.
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let broken = || Parsed::Broken(format!("it sent `{}`", shown(bytes)));
        let Some((kind @ (b'R' | b'E'), rest)) = bytes.split_first() else {
            return if bytes.is_empty() {
                Parsed::More(5)
            } else {
                broken()
            };
        };
        let Some((length, content)) = rest.split_first_chunk::<4>() else {
            return Parsed::More(4 - rest.len());
        };
        let length = u32::from_be_bytes(*length) as usize;
        let Some(wanted) = length.checked_sub(4).filter(|wanted| *wanted <= LONGEST) else {
            return broken();
        };
        let Some(content) = content.get(..wanted) else {
            return Parsed::More(wanted - content.len());
        };
        match (kind, content.first_chunk::<4>()) {
            (b'R', Some(number)) => Parsed::Done(Self::Authentication(u32::from_be_bytes(*number))),
            (b'E', _) => Parsed::Done(error(content)),
            _ => broken(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Authentication(0) => "it asks for nothing more".to_owned(),
            Self::Authentication(3) => "it asks for a password in clear text".to_owned(),
            Self::Authentication(5) => "it asks for a password (MD5)".to_owned(),
            Self::Authentication(10) => "it asks for a password (SASL)".to_owned(),
            Self::Authentication(number) => format!("it asks for authentication {number}"),
            Self::Error { code, message } => format!("{code} {message}"),
        }
    }
}

/// Fields of a letter and a text that ends with 0 (manual, "Error and Notice Message Fields").
fn error(content: &[u8]) -> PostgresAnswer {
    let field = |letter: u8| {
        content
            .split(|byte| *byte == 0)
            .find_map(|field| field.strip_prefix(&[letter]))
            .map(shown)
            .unwrap_or_default()
    };
    PostgresAnswer::Error {
        code: field(b'C'),
        message: field(b'M'),
    }
}

pub(super) struct Postgres {
    /// The role to name: rules of `pg_hba.conf` may depend on it.
    pub(super) role: String,
}

impl Way for Postgres {
    fn alpn(&self) -> &'static [&'static [u8]] {
        // Version 17 refuses others.
        &[b"postgresql"]
    }

    fn knock(&self, road: &mut Road) -> Result<(), Obstacle> {
        let _ = road.write_all(&SSL_REQUEST);
        hear(road, |bytes| match bytes.first() {
            None => Parsed::More(1),
            Some(b'S') => Parsed::Done(Ok(())),
            Some(b'N') => Parsed::Done(Err(Obstacle::NoWay(
                "it answers an SSLRequest with N: ssl is off".to_owned(),
            ))),
            Some(_) => Parsed::Broken(format!("it sent `{}`", shown(bytes))),
        })?
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        match self.start(stream)? {
            answer @ PostgresAnswer::Authentication(_) => Ok(Heard::In(answer.words())),
            answer @ PostgresAnswer::Error { .. } => Err(Obstacle::Refused(answer.words())),
        }
    }

    fn clear(&self, road: &mut Road) -> Clear {
        match self.start(road) {
            Ok(answer @ PostgresAnswer::Authentication(_)) => {
                Clear::new(Verdict::Accepted, answer.words())
            }
            // An authentication comes before every error that is not about getting in.
            Ok(answer @ PostgresAnswer::Error { .. }) => {
                Clear::new(Verdict::Refused, answer.words())
            }
            Err(obstacle) => unanswered(&obstacle),
        }
    }
}

impl Postgres {
    fn start(&self, stream: &mut (impl Read + Write)) -> Result<PostgresAnswer, Obstacle> {
        let role = self.role.replace('\0', "");
        let mut content = VERSION.to_vec();
        for text in [
            "user",
            &role,
            "database",
            &role,
            "application_name",
            "sealock",
            "",
        ] {
            content.extend_from_slice(text.as_bytes());
            content.push(0);
        }
        let length = u32::try_from(content.len() + 4).unwrap_or(u32::MAX);
        let message = [&length.to_be_bytes()[..], &content].concat();
        let _ = stream.write_all(&message).and_then(|()| stream.flush());
        let answer = hear(stream, PostgresAnswer::parse)?;
        // Terminate, so that the server's log has no broken connection.
        let _ = stream.write_all(&[b'X', 0, 0, 0, 4]);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let refusal = b"E\0\0\0\x1dSFATAL\0C28000\0Mno entry\0\0";
        for (bytes, expected) in [
            (
                &b"R\0\0\0\x08\0\0\0\x0a"[..],
                Parsed::Done(PostgresAnswer::Authentication(10)),
            ),
            (
                refusal,
                Parsed::Done(PostgresAnswer::Error {
                    code: "28000".to_owned(),
                    message: "no entry".to_owned(),
                }),
            ),
            (&refusal[..9], Parsed::More(refusal.len() - 9)),
            (b"", Parsed::More(5)),
            (b"R\0\0", Parsed::More(2)),
            (
                b"R\0\0\0\x03",
                Parsed::Broken(r"it sent `R\u{0}\u{0}\u{0}\u{3}`".to_owned()),
            ),
            (b"EFATAL", Parsed::Broken("it sent `EFATAL`".to_owned())),
            (b"HTTP", Parsed::Broken("it sent `HTTP`".to_owned())),
        ] {
            assert_eq!(PostgresAnswer::parse(bytes), expected, "{bytes:?}");
        }
    }
}
