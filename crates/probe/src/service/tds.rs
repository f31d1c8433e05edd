//! SQL Server: TDS 7.x with TLS inside its packets, and TDS 8.0 with TLS around them.

use super::hear::{Obstacle, Parsed, hear, shown};
use super::road::Road;
use super::visits::{Found, Visits};
use super::way::{Heard, Way, unanswered};
use crate::socket::Socket;
use sealock_check::seen::service::{Clear, TdsEncryption, TdsSeen, Way as Verdict};
use sealock_pki::Certificate;
use sealock_tls::{TlsStream, Version, Versions};
use std::io::{Read, Write};

/// Bytes of a packet's header (MS-TDS §2.2.3.1).
pub(super) const HEADER: usize = 8;
/// The type of a PRELOGIN packet, which also carries the records of a handshake.
pub(super) const PRELOGIN: u8 = 0x12;
/// The type of a server's answer.
const ANSWER: u8 = 0x04;
/// A packet of 4096 bytes is what both sides take before they agree on a size.
pub(super) const MOST_PAYLOAD: usize = 4096 - HEADER;
/// Longest PRELOGIN answer that is waited for; real ones have less than 50 bytes.
const LONGEST: usize = 4096;

/// The wishes of a client (§2.2.6.5): the login alone, everything, nothing.
const LOGIN: u8 = 0;
const EVERYTHING: u8 = 1;
const NOTHING: u8 = 2;
const REQUIRED: u8 = 3;
/// A flag beside them: certificates instead of logins.
const CERTIFICATE: u8 = 0x80;

/// The common name of the certificate that a SQL Server without one makes for itself.
const FALLBACK: &str = "SSL_Self_Signed_Fallback";

/// The answer to a PRELOGIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdsPrelogin {
    /// What it says to encryption.
    pub encryption: Option<u8>,
    /// Its version: major, minor, build.
    pub version: Option<(u8, u8, u16)>,
}

impl TdsPrelogin {
    /// Reads a packet with a PRELOGIN answer.
    pub fn parse(bytes: &[u8]) -> Parsed<Self> {
        let broken = || Parsed::Broken(format!("it sent `{}`", shown(bytes)));
        if bytes
            .first()
            .is_some_and(|kind| ![ANSWER, PRELOGIN].contains(kind))
        {
            return broken();
        }
        let Some((header, payload)) = bytes.split_first_chunk::<HEADER>() else {
            return Parsed::More(HEADER - bytes.len());
        };
        let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if !(HEADER + 1..=LONGEST).contains(&length) {
            return broken();
        }
        let Some(payload) = payload.get(..length - HEADER) else {
            return Parsed::More(length - bytes.len());
        };
        match options(payload) {
            Some(prelogin) => Parsed::Done(prelogin),
            None => broken(),
        }
    }
}

/// Token, offset, length; 0xff ends the list (§2.2.6.5).
fn options(payload: &[u8]) -> Option<TdsPrelogin> {
    let mut found = TdsPrelogin {
        encryption: None,
        version: None,
    };
    let mut rest = payload;
    loop {
        let (token, after) = rest.split_first()?;
        if *token == 0xff {
            return (found.encryption.is_some() || found.version.is_some()).then_some(found);
        }
        let (entry, after) = after.split_first_chunk::<4>()?;
        let offset = usize::from(u16::from_be_bytes([entry[0], entry[1]]));
        let length = usize::from(u16::from_be_bytes([entry[2], entry[3]]));
        let value = payload.get(offset..offset + length)?;
        match (token, value) {
            (0, [major, minor, high, low, ..]) => {
                found.version = Some((*major, *minor, u16::from_be_bytes([*high, *low])));
            }
            (1, [encryption, ..]) => found.encryption = Some(*encryption & !CERTIFICATE),
            _ => {}
        }
        rest = after;
    }
}

/// A packet of a handshake; `last` ends the message.
pub(super) fn packet(payload: &[u8], last: bool) -> Vec<u8> {
    let length = u16::try_from(payload.len() + HEADER).unwrap_or(u16::MAX);
    let [high, low] = length.to_be_bytes();
    let mut packet = vec![PRELOGIN, u8::from(last), high, low, 0, 0, 0, 0];
    packet.extend_from_slice(payload);
    packet
}

/// Tells the server this wish, and hears its answer.
fn prelogin(stream: &mut (impl Read + Write), wish: u8) -> Result<TdsPrelogin, Obstacle> {
    // VERSION comes first, at 0x0b with six bytes; ENCRYPTION at 0x11 with one.
    let payload = [
        0, 0, 0x0b, 0, 6, 1, 0, 0x11, 0, 1, 0xff, 0, 0, 0, 0, 0, 0, wish,
    ];
    let _ = stream
        .write_all(&packet(&payload, true))
        .and_then(|()| stream.flush());
    hear(stream, TdsPrelogin::parse)
}

/// What a server agrees to, by its answers to a client that leaves it to the server and to one without TLS.
pub(super) fn classify(left_to_it: u8, without: Option<u8>) -> Option<TdsEncryption> {
    match (left_to_it, without) {
        (NOTHING, _) => Some(TdsEncryption::NotSupported),
        (LOGIN, Some(NOTHING)) => Some(TdsEncryption::Off),
        (LOGIN, _) => Some(TdsEncryption::LoginOnly),
        (EVERYTHING, _) => Some(TdsEncryption::On),
        (REQUIRED, _) => Some(TdsEncryption::Required),
        _ => None,
    }
}

/// TLS inside the packets of TDS 7.x.
struct InBand;

impl Way for InBand {
    fn versions(&self) -> Versions {
        // The packets end with Finished, which in TLS 1.3 is not the end of the handshake's messages.
        Versions::Only(Version::Tls12)
    }

    fn knock(&self, road: &mut Road) -> Result<(), Obstacle> {
        let answer = prelogin(road, EVERYTHING)?;
        if answer.encryption.is_none_or(|said| said == NOTHING) {
            return Err(Obstacle::NoWay(
                "it answers that encryption is not supported".to_owned(),
            ));
        }
        road.frame(true);
        Ok(())
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        stream.socket().frame(false);
        // Next would be a login, and a failed one is in the server's log.
        Ok(Heard::In("it waits for a login".to_owned()))
    }

    fn clear(&self, road: &mut Road) -> Clear {
        let answer = match prelogin(road, NOTHING) {
            Ok(answer) => answer.encryption,
            Err(obstacle) => return unanswered(&obstacle),
        };
        match answer {
            Some(NOTHING) | None => Clear::new(
                Verdict::Accepted,
                "it lets a client without TLS log in in clear text (02)",
            ),
            Some(said @ (EVERYTHING | REQUIRED)) => Clear::new(
                Verdict::Refused,
                format!("it asks a client without TLS to encrypt ({said:02x})"),
            ),
            Some(said) => Clear::new(
                Verdict::Unclear,
                format!("it answers a client without TLS with {said:02x}"),
            ),
        }
    }
}

/// TLS around TDS 8.0.
struct Strict;

impl Way for Strict {
    fn alpn(&self) -> &'static [&'static [u8]] {
        &[b"tds/8.0"]
    }

    fn ask(&self, stream: &mut TlsStream<Road>) -> Result<Heard, Obstacle> {
        prelogin(stream, NOTHING).map(|_| Heard::In("TDS 8.0, it waits for a login".to_owned()))
    }

    fn clear(&self, _road: &mut Road) -> Clear {
        Clear::new(Verdict::NotSpoken, "TDS 8.0 has no clear text")
    }
}

/// Looks at a TDS server, in both of its ways.
pub(super) fn look(visits: &mut Visits<'_>, first: Socket) -> (Found, TdsSeen) {
    let mut road = Road::new(first);
    let left_to_it = prelogin(&mut road, LOGIN);
    let spoken = left_to_it.is_ok();
    let clear = visits.clear(&InBand);
    let mut seen = TdsSeen {
        encryption: None,
        strict: false,
        self_generated: false,
        version: None,
    };
    if let Ok(answer) = &left_to_it {
        let without = match clear.verdict {
            Verdict::Accepted => Some(NOTHING),
            Verdict::Refused => Some(REQUIRED),
            _ => None,
        };
        seen.version = answer
            .version
            .map(|(major, minor, build)| format!("{major}.{minor}.{build}"));
        seen.encryption = answer.encryption.and_then(|said| classify(said, without));
    }
    let strict = visits.come(&Strict);
    seen.strict = strict.spoke;
    let mut found = if spoken { visits.come(&InBand) } else { strict };
    found.clear = clear;
    seen.self_generated = found.sight.as_ref().is_some_and(|sight| !sight.trusted)
        && found.leaf.as_ref().is_some_and(is_self_generated);
    (found, seen)
}

/// One that is only self-signed may be its owner's, and is judged like any other.
fn is_self_generated(leaf: &Certificate) -> bool {
    leaf.common_name().as_deref() == Some(FALLBACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl sealock_pki::Entropy for Zeros {
        fn fill(&mut self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    #[test]
    fn a_self_signed_certificate_was_not_therefore_made_by_the_server() {
        let request = sealock_pki::AnchorRequest {
            authority: "own".parse().unwrap(),
            purpose: sealock_pki::Purpose::Server,
            scope: None,
            generation: 1,
            life: std::time::Duration::from_secs(86_400),
        };
        let key = sealock_pki::PrivateKey::generate(sealock_pki::KeyKind::EcdsaP256).unwrap();
        let at = sealock_pki::Timestamp::from_unix(1_800_000_000);
        let own = sealock_pki::create_anchor(&request, key, at, &mut Zeros).unwrap();
        assert!(own.certificate().is_self_issued());
        assert!(!is_self_generated(own.certificate()));
    }

    fn answer(encryption: u8) -> Vec<u8> {
        let mut packet = packet(
            &[
                0, 0, 0x0b, 0, 6, 1, 0, 0x11, 0, 1, 0xff, 16, 0, 3, 0xe8, 0, 0, encryption,
            ],
            true,
        );
        packet[0] = ANSWER;
        packet
    }

    #[test]
    fn answers_are_read() {
        let expected = TdsPrelogin {
            encryption: Some(3),
            version: Some((16, 0, 1000)),
        };
        assert_eq!(
            TdsPrelogin::parse(&answer(3)),
            Parsed::Done(expected.clone())
        );
        assert_eq!(TdsPrelogin::parse(&answer(0x83)), Parsed::Done(expected));
        assert_eq!(TdsPrelogin::parse(&answer(3)[..10]), Parsed::More(16));
        assert_eq!(TdsPrelogin::parse(b""), Parsed::More(8));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let mut beyond = answer(1);
        beyond[8 + 6] = 0xff;
        let mut endless = answer(1);
        endless[8 + 10] = 4;
        for bytes in [
            &beyond[..],
            &endless,
            b"\x04\x01\0\x08\0\0\0\0",
            b"\x04\x01\xff\xff\0\0\0\0",
            b"HTTP/1.1 400",
            b"\x04\x01\0\x09\0\0\0\0\xff",
        ] {
            assert!(
                matches!(TdsPrelogin::parse(bytes), Parsed::Broken(_)),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn two_answers_classify_a_server() {
        for (left_to_it, without, expected) in [
            (2, Some(2), Some(TdsEncryption::NotSupported)),
            (0, Some(2), Some(TdsEncryption::Off)),
            (0, Some(3), Some(TdsEncryption::LoginOnly)),
            (1, Some(3), Some(TdsEncryption::On)),
            (1, Some(2), Some(TdsEncryption::On)),
            (3, Some(3), Some(TdsEncryption::Required)),
            (7, None, None),
        ] {
            assert_eq!(
                classify(left_to_it, without),
                expected,
                "{left_to_it} {without:?}"
            );
        }
    }
}
