//! The head of a response of the service behind us.

use std::mem::MaybeUninit;

use super::field::{Field, Kind, Span, elements};
use super::request::{Framing, MOST_FIELDS, USUAL_FIELDS, number};

/// What a head says; where it says so is kept as places in its bytes.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    /// The status, 100 to 999.
    pub(crate) status: u16,
    reason: Span,
    /// Every field, in its order.
    pub(crate) fields: Vec<Field>,
    /// How the body is delimited.
    pub(crate) framing: Framing,
    /// Whether the service takes another request behind this one.
    pub(crate) keep_alive: bool,
}

/// A response that cannot be passed on; our own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadAnswer(pub(crate) &'static str);

impl ResponseHead {
    /// Reads a head that is complete, with the empty line behind it. `method` is that of the request,
    /// which decides whether there is a body.
    pub(crate) fn read(bytes: &[u8], method: &str) -> Result<Self, BadAnswer> {
        let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
        match parse(bytes, &mut room) {
            Err(httparse::Error::TooManyHeaders) => {
                let mut room = vec![MaybeUninit::uninit(); MOST_FIELDS];
                let parsed = parse(bytes, &mut room);
                Self::of(&parsed.map_err(|_| NO_RESPONSE)?, bytes, method)
            }
            other => Self::of(&other.map_err(|_| NO_RESPONSE)?, bytes, method),
        }
    }

    fn of(
        parsed: &httparse::Response<'_, '_>,
        bytes: &[u8],
        method: &str,
    ) -> Result<Self, BadAnswer> {
        let (Some(status @ 100..), Some(minor)) = (parsed.code, parsed.version) else {
            return Err(NO_RESPONSE);
        };
        let reason = parsed.reason.unwrap_or_default();
        let mut head = Self {
            status,
            reason: Span::of(reason.as_bytes(), bytes),
            fields: Vec::with_capacity(parsed.headers.len()),
            framing: Framing::UntilClose,
            keep_alive: minor > 0,
        };
        let (mut length, mut coding) = (None, None);
        for header in parsed.headers.iter() {
            let name = header.name.as_bytes();
            let kind = Kind::of(name);
            let value = Span::of(header.value, bytes);
            match kind {
                Kind::ContentLength if length.replace(header.value).is_some() => {
                    return Err(BadAnswer("it has more than one Content-Length"));
                }
                Kind::TransferEncoding if coding.replace(header.value).is_some() => {
                    return Err(BadAnswer("it has more than one Transfer-Encoding"));
                }
                Kind::Connection => head.take_connection(header.value, minor),
                _ => {}
            }
            head.fields.push(Field {
                kind,
                name: Span::of(name, bytes),
                value,
            });
        }
        head.framing = framing(status, method, length, coding)?;
        Ok(head)
    }

    fn take_connection(&mut self, value: &[u8], minor: u8) {
        for element in elements(value) {
            if element.eq_ignore_ascii_case(b"close") {
                self.keep_alive = false;
            } else if element.eq_ignore_ascii_case(b"keep-alive") && minor == 0 {
                self.keep_alive = true;
            }
        }
    }

    /// The words behind the status.
    pub(crate) fn reason<'h>(&self, head: &'h [u8]) -> &'h [u8] {
        self.reason.of_head(head)
    }

    /// Whether another response to the same request follows this one.
    pub(crate) fn is_interim(&self) -> bool {
        self.status < 200 && self.status != 101
    }
}

const NO_RESPONSE: BadAnswer = BadAnswer("it is no HTTP response");

fn framing(
    status: u16,
    method: &str,
    length: Option<&[u8]>,
    coding: Option<&[u8]>,
) -> Result<Framing, BadAnswer> {
    if status < 200 || status == 204 || status == 304 || method == "HEAD" {
        return Ok(Framing::Empty);
    }
    match (length, coding) {
        (None, None) => Ok(Framing::UntilClose),
        (Some(length), None) => number(length)
            .map(Framing::Length)
            .ok_or(BadAnswer("its Content-Length is no number of bytes")),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(_)) => Err(BadAnswer("it has a transfer coding other than chunked")),
        (Some(_), Some(_)) => Err(BadAnswer(
            "it has both Content-Length and Transfer-Encoding",
        )),
    }
}

fn parse<'room, 'bytes>(
    bytes: &'bytes [u8],
    room: &'room mut [MaybeUninit<httparse::Header<'bytes>>],
) -> Result<httparse::Response<'room, 'bytes>, httparse::Error> {
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        room,
    )?;
    if parsed.is_partial() {
        return Err(httparse::Error::Status);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::{BadAnswer, ResponseHead};
    use crate::http::request::Framing;

    fn read(head: &str, method: &str) -> Result<ResponseHead, BadAnswer> {
        ResponseHead::read(head.replace('\n', "\r\n").as_bytes(), method)
    }

    #[test]
    fn how_a_body_is_delimited() {
        for (head, method, expected) in [
            (
                "HTTP/1.1 200 OK\nContent-Length: 2\n\n",
                "GET",
                Framing::Length(2),
            ),
            (
                "HTTP/1.1 200 OK\nContent-Length: 2\n\n",
                "HEAD",
                Framing::Empty,
            ),
            (
                "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
                "GET",
                Framing::Chunked,
            ),
            ("HTTP/1.1 200 OK\n\n", "GET", Framing::UntilClose),
            ("HTTP/1.0 200\n\n", "GET", Framing::UntilClose),
            ("HTTP/1.1 204 No Content\n\n", "POST", Framing::Empty),
            (
                "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n",
                "GET",
                Framing::Empty,
            ),
            (
                "HTTP/1.1 101 UPGRADED\nUpgrade: tcp\n\n",
                "POST",
                Framing::Empty,
            ),
            ("HTTP/1.1 100 Continue\n\n", "POST", Framing::Empty),
        ] {
            assert_eq!(read(head, method).unwrap().framing, expected, "{head:?}");
        }
    }

    #[test]
    fn answers_that_lie_are_refused() {
        for head in [
            "HTTP/1.1 200 OK\nContent-Length: 2\nContent-Length: 2\n\n",
            "HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n",
            "HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\n",
            "HTTP/1.1 200 OK\nContent-Length: many\n\n",
            "HTTP/1.1 20 OK\n\n",
            "HTTP/1.1 020 OK\n\n",
            "HTTP/2 200 OK\n\n",
            "200 OK\n\n",
            "HTTP/1.1 200 OK\nA\n\n",
        ] {
            assert!(read(head, "GET").is_err(), "{head:?}");
        }
    }

    #[test]
    fn who_takes_another_request() {
        assert!(read("HTTP/1.1 200 OK\n\n", "GET").unwrap().keep_alive);
        assert!(!read("HTTP/1.0 200 OK\n\n", "GET").unwrap().keep_alive);
        let close = "HTTP/1.1 200 OK\nConnection: Close\n\n";
        assert!(!read(close, "GET").unwrap().keep_alive);
    }

    #[test]
    fn only_1xx_but_101_is_followed_by_another() {
        for (status, interim) in [(100, true), (103, true), (101, false), (200, false)] {
            let head = read(&format!("HTTP/1.1 {status} x\n\n"), "GET").unwrap();
            assert_eq!(head.is_interim(), interim, "{status}");
        }
    }
}
