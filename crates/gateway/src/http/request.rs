//! The head of a request, read strictly.

use std::mem::MaybeUninit;

use super::field::{Field, Kind, Span, elements};
use super::malformed::Malformed;

/// How a body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    Empty,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Everything up to the end of the connection. Responses only.
    UntilClose,
}

/// How many fields are read without asking for memory.
pub(super) const USUAL_FIELDS: usize = 48;

/// How many fields a head may have. A head of a mebibyte has room for more, but nobody has use for them.
pub(super) const MOST_FIELDS: usize = 4096;

/// What a head says; where it says so is kept as places in its bytes.
#[derive(Debug)]
pub(crate) struct RequestHead {
    method: Span,
    target: Span,
    /// The 1 of HTTP/1.1.
    pub(crate) minor: u8,
    /// Every field, in its order.
    pub(crate) fields: Vec<Field>,
    /// How the body is delimited.
    pub(crate) framing: Framing,
    /// Whether the client may send another request behind this one.
    pub(crate) keep_alive: bool,
    closes: bool,
    /// Whether the client waits for `100 Continue`.
    pub(crate) expects: bool,
    upgrade: Option<Span>,
    content_type: Option<Span>,
}

impl RequestHead {
    /// Reads a head that is complete, with the empty line behind it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut room = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
        match parse(bytes, &mut room) {
            Err(httparse::Error::TooManyHeaders) => {
                let mut room = vec![MaybeUninit::uninit(); MOST_FIELDS];
                Self::of(&parse(bytes, &mut room).map_err(malformed)?, bytes)
            }
            other => Self::of(&other.map_err(malformed)?, bytes),
        }
    }

    fn of(parsed: &httparse::Request<'_, '_>, bytes: &[u8]) -> Result<Self, Malformed> {
        let (Some(method), Some(target), Some(minor)) =
            (parsed.method, parsed.path, parsed.version)
        else {
            return Err(Malformed::bad("the first line is no request line"));
        };
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Malformed::bad("the target has a byte that is not ASCII"));
        }
        let mut head = Self {
            method: Span::of(method.as_bytes(), bytes),
            target: Span::of(target.as_bytes(), bytes),
            minor,
            fields: Vec::with_capacity(parsed.headers.len()),
            framing: Framing::Empty,
            keep_alive: minor > 0,
            closes: false,
            expects: false,
            upgrade: None,
            content_type: None,
        };
        head.take_fields(parsed.headers, bytes)?;
        Ok(head)
    }

    fn take_fields(
        &mut self,
        headers: &[httparse::Header<'_>],
        bytes: &[u8],
    ) -> Result<(), Malformed> {
        let (mut hosts, mut length, mut coding, mut dropped) = (0, None, None, false);
        for header in headers {
            let name = header.name.as_bytes();
            let kind = Kind::of(name);
            let value = Span::of(header.value, bytes);
            match kind {
                Kind::Host => hosts += 1,
                Kind::ContentLength if length.replace(header.value).is_some() => {
                    return Err(Malformed::bad("there is more than one Content-Length"));
                }
                Kind::TransferEncoding if coding.replace(header.value).is_some() => {
                    return Err(Malformed::bad("there is more than one Transfer-Encoding"));
                }
                // bollard sends two with every archive: the daemon reads the first, so only that goes on.
                Kind::ContentType if self.content_type.is_some() => continue,
                Kind::ContentType => self.content_type = Some(value),
                Kind::Upgrade => {
                    self.upgrade.get_or_insert(value);
                }
                Kind::Expect => self.take_expect(header.value)?,
                Kind::Connection => dropped |= self.take_connection(header.value)?,
                _ => {}
            }
            self.fields.push(Field {
                kind,
                name: Span::of(name, bytes),
                value,
            });
        }
        if hosts > 1 || (hosts == 0 && self.minor > 0) {
            return Err(Malformed::bad("there must be one Host"));
        }
        self.framing = framing(length, coding, self.minor)?;
        // "close" wins wherever it stands.
        self.keep_alive &= !self.closes;
        if dropped {
            self.drop_named(bytes);
        }
        Ok(())
    }

    fn take_expect(&mut self, value: &[u8]) -> Result<(), Malformed> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Malformed {
                status: 417,
                what: "nothing but 100-continue can be expected",
            });
        }
        self.expects = self.minor > 0;
        Ok(())
    }

    /// `true` when it names fields that end here.
    fn take_connection(&mut self, value: &[u8]) -> Result<bool, Malformed> {
        let mut names = false;
        for element in elements(value) {
            if element.eq_ignore_ascii_case(b"close") {
                self.closes = true;
            } else if element.eq_ignore_ascii_case(b"keep-alive") {
                self.keep_alive = true;
            } else if Kind::of(element).must_stay() {
                return Err(Malformed::bad(
                    "Connection names a field that the request cannot do without",
                ));
            } else {
                names |= Kind::of(element) == Kind::Other;
            }
        }
        Ok(names)
    }

    /// Fields that `Connection` names are about this connection only.
    fn drop_named(&mut self, bytes: &[u8]) {
        let lists: Vec<&[u8]> = self
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Connection)
            .map(|field| field.value.of_head(bytes))
            .collect();
        for field in &mut self.fields {
            let name = field.name.of_head(bytes);
            let is_named = lists
                .iter()
                .flat_map(|list| elements(list))
                .any(|element| element.eq_ignore_ascii_case(name));
            if field.kind == Kind::Other && is_named {
                field.kind = Kind::Hop;
            }
        }
    }

    /// The method, as it was sent.
    pub(crate) fn method<'h>(&self, head: &'h [u8]) -> &'h str {
        text(self.method.of_head(head))
    }

    /// The target, as it was sent.
    pub(crate) fn target<'h>(&self, head: &'h [u8]) -> &'h str {
        text(self.target.of_head(head))
    }

    /// The same, for whoever does not need it as text.
    pub(crate) fn raw_target<'h>(&self, head: &'h [u8]) -> &'h [u8] {
        self.target.of_head(head)
    }

    /// What the client wants to change to, when it says so.
    pub(crate) fn upgrade<'h>(&self, head: &'h [u8]) -> Option<&'h [u8]> {
        self.upgrade.map(|span| span.of_head(head))
    }

    /// The type of the body, when the client says so.
    pub(crate) fn content_type<'h>(&self, head: &'h [u8]) -> Option<&'h [u8]> {
        self.content_type.map(|span| span.of_head(head))
    }

    /// Whether a body is announced.
    pub(crate) fn has_body(&self) -> bool {
        !matches!(self.framing, Framing::Empty | Framing::Length(0))
    }
}

/// Text, if it is; what is not is nothing that anybody asks for.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// How the body is delimited. Two statements about it are one too many, even if they agree.
fn framing(length: Option<&[u8]>, coding: Option<&[u8]>, minor: u8) -> Result<Framing, Malformed> {
    match (length, coding) {
        (None, None) => Ok(Framing::Empty),
        (Some(_), Some(_)) => Err(Malformed::bad(
            "there are both Content-Length and Transfer-Encoding",
        )),
        (Some(length), None) => number(length)
            .map(Framing::Length)
            .ok_or(Malformed::bad("the Content-Length is no number of bytes")),
        (None, Some(_)) if minor == 0 => Err(Malformed::bad("HTTP/1.0 has no Transfer-Encoding")),
        (None, Some(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (None, Some(_)) => Err(Malformed::CODING),
    }
}

/// A Content-Length: digits only, and no more bytes than a file offset can say.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let mut number = 0_u64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    i64::try_from(number).is_ok().then_some(number)
}

fn malformed(error: httparse::Error) -> Malformed {
    match error {
        httparse::Error::Version => Malformed::VERSION,
        httparse::Error::TooManyHeaders => Malformed::HEAD_TOO_LARGE,
        httparse::Error::HeaderName => Malformed::bad("the name of a header field is no token"),
        httparse::Error::HeaderValue => {
            Malformed::bad("a header field goes over two lines or has a control character")
        }
        _ => Malformed::bad("the first line is no request line"),
    }
}

fn parse<'room, 'bytes>(
    bytes: &'bytes [u8],
    room: &'room mut [MaybeUninit<httparse::Header<'bytes>>],
) -> Result<httparse::Request<'room, 'bytes>, httparse::Error> {
    let mut request = httparse::Request::new(&mut []);
    // Complete it is: the end was found before.
    if request.parse_with_uninit_headers(bytes, room)?.is_partial() {
        return Err(httparse::Error::Token);
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::{Framing, RequestHead};
    use crate::http::field::Kind;

    fn read(head: &str) -> Result<RequestHead, u16> {
        let bytes = head.replace('\n', "\r\n");
        RequestHead::read(bytes.as_bytes()).map_err(|malformed| malformed.status)
    }

    fn status(head: &str) -> u16 {
        read(head).map(|_| 200).unwrap_or_else(|status| status)
    }

    #[test]
    fn a_head_is_read() {
        let bytes = b"POST /v1.41/exec/a%2Fb/start?x=1 HTTP/1.1\r\nHost: docker\r\n\
            Content-Type: application/json\r\nContent-Length: 12\r\nConnection: Upgrade\r\n\
            Upgrade: tcp\r\nX-Registry-Auth: e30=\r\n\r\n";
        let head = RequestHead::read(bytes).unwrap();
        assert_eq!(head.method(bytes), "POST");
        assert_eq!(head.target(bytes), "/v1.41/exec/a%2Fb/start?x=1");
        assert_eq!(head.content_type(bytes), Some(&b"application/json"[..]));
        assert_eq!(head.upgrade(bytes), Some(&b"tcp"[..]));
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.keep_alive && !head.expects && head.has_body());
        assert_eq!(head.fields.len(), 6);
        assert_eq!(head.fields[5].name.of_head(bytes), b"X-Registry-Auth");
        assert_eq!(head.fields[5].value.of_head(bytes), b"e30=");
    }

    #[test]
    fn of_several_types_the_first_goes_on_alone() {
        let bytes = b"PUT /x HTTP/1.1\r\nHost: d\r\nContent-Type: a/b\r\nContent-Length: 1\r\nContent-Type: c/d\r\n\r\n";
        let head = RequestHead::read(bytes).unwrap();
        assert_eq!(head.content_type(bytes), Some(&b"a/b"[..]));
        let types = head
            .fields
            .iter()
            .filter(|field| field.kind == Kind::ContentType);
        assert_eq!(types.count(), 1);
    }

    #[test]
    fn how_a_body_is_delimited_is_said_once_or_refused() {
        let framed = |fields: &str| {
            read(&format!("POST /build HTTP/1.1\nHost: d\n{fields}\n")).map(|head| head.framing)
        };
        assert_eq!(framed(""), Ok(Framing::Empty));
        assert_eq!(framed("Content-Length: 0\n"), Ok(Framing::Length(0)));
        assert_eq!(framed("content-length:\t7 \n"), Ok(Framing::Length(7)));
        assert_eq!(
            framed("Content-Length: 9223372036854775807\n"),
            Ok(Framing::Length(9_223_372_036_854_775_807))
        );
        assert_eq!(framed("Transfer-Encoding: Chunked\n"), Ok(Framing::Chunked));
        for (fields, status) in [
            ("Content-Length: 5\nContent-Length: 5\n", 400),
            ("Content-Length: 5\nContent-Length: 6\n", 400),
            ("Content-Length: 5, 5\n", 400),
            ("Content-Length: +5\n", 400),
            ("Content-Length: -1\n", 400),
            ("Content-Length: 0x5\n", 400),
            ("Content-Length: 5 5\n", 400),
            ("Content-Length:\n", 400),
            ("Content-Length: 9223372036854775808\n", 400),
            ("Content-Length: 99999999999999999999999\n", 400),
            ("Content-Length: 5\nTransfer-Encoding: chunked\n", 400),
            ("Transfer-Encoding: chunked\nContent-Length: 5\n", 400),
            (
                "Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n",
                400,
            ),
            (
                "Transfer-Encoding: chunked\nTransfer-Encoding: identity\n",
                400,
            ),
            ("Transfer-Encoding: identity\n", 501),
            ("Transfer-Encoding: gzip, chunked\n", 501),
            ("Transfer-Encoding: chunked, chunked\n", 501),
            ("Transfer-Encoding: xchunked\n", 501),
            ("Transfer-Encoding: chunked;q=1\n", 501),
            ("Transfer-Encoding:\n", 501),
            ("Transfer-Encoding: \u{b}chunked\n", 400),
            ("Transfer-Encoding : chunked\n", 400),
            (" Transfer-Encoding: chunked\n", 400),
            ("X: y\n Transfer-Encoding: chunked\n", 400),
        ] {
            assert_eq!(framed(fields), Err(status), "{fields:?}");
        }
        assert_eq!(
            status("POST / HTTP/1.0\nTransfer-Encoding: chunked\n\n"),
            400
        );
    }

    #[test]
    fn heads_that_readers_differ_about_are_refused() {
        for (head, expected) in [
            ("GET / HTTP/1.1\nHost: d\n\n", 200),
            ("GET / HTTP/1.1\nHost:\n\n", 200),
            ("GET / HTTP/1.1\nHost: %2Fvar%2Frun%2Fdocker.sock\n\n", 200),
            ("GET / HTTP/1.0\n\n", 200),
            ("get / HTTP/1.1\nHost: d\n\n", 200),
            ("GET http://x/_ping HTTP/1.1\nHost: d\n\n", 200),
            ("GET / HTTP/1.1\n\n", 400),
            ("GET / HTTP/1.1\nHost: a\nHost: a\n\n", 400),
            ("GET / HTTP/1.0\nHost: a\nHost: b\n\n", 400),
            ("GET  / HTTP/1.1\nHost: d\n\n", 400),
            ("GET / x HTTP/1.1\nHost: d\n\n", 505),
            ("GET /\u{e9} HTTP/1.1\nHost: d\n\n", 400),
            ("GET /\n\n", 400),
            ("G@T / HTTP/1.1\nHost: d\n\n", 400),
            ("PRI * HTTP/2.0\n\n", 505),
            ("GET / HTTP/1.2\nHost: d\n\n", 505),
            ("GET / HTTP/3\nHost: d\n\n", 505),
            ("GET / HTTP/1.1\nHost: d\nA b: c\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nA\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\n: c\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nA: b\0c\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nA: b\rc\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nA\0: b\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nExpect: 200-ok\n\n", 417),
            ("GET / HTTP/1.1\nHost: d\nConnection: close, host\n\n", 400),
            ("GET / HTTP/1.1\nHost: d\nConnection: Content-Type\n\n", 400),
            (
                "GET / HTTP/1.1\nHost: d\nConnection: transfer-encoding\n\n",
                400,
            ),
        ] {
            assert_eq!(status(head), expected, "{head:?}");
        }
    }

    #[test]
    fn three_hundred_fields_are_fine_and_five_thousand_are_not() {
        let of = |count: usize| {
            let fields: String = (0..count).map(|n| format!("X-Meta-{n}: {n}\n")).collect();
            read(&format!("GET / HTTP/1.1\nHost: d\n{fields}\n")).map(|head| head.fields.len())
        };
        assert_eq!(of(300), Ok(301));
        assert_eq!(of(5_000), Err(431));
    }

    #[test]
    fn who_wants_to_go_on() {
        for (head, keep) in [
            ("GET / HTTP/1.1\nHost: d\n\n", true),
            ("GET / HTTP/1.1\nHost: d\nConnection: Close\n\n", false),
            (
                "GET / HTTP/1.1\nHost: d\nConnection: upgrade, close\n\n",
                false,
            ),
            ("GET / HTTP/1.0\n\n", false),
            ("GET / HTTP/1.0\nConnection: Keep-Alive\n\n", true),
        ] {
            assert_eq!(read(head).unwrap().keep_alive, keep, "{head:?}");
        }
        let head = read("GET / HTTP/1.0\nConnection: close, keep-alive\n\n").unwrap();
        assert!(!head.keep_alive, "close wins");
    }

    #[test]
    fn a_continue_is_expected_from_http_1_1_only() {
        let expects = |version: &str| {
            read(&format!(
                "PUT / HTTP/{version}\nHost: d\nExpect: 100-Continue\n\n"
            ))
            .unwrap()
            .expects
        };
        assert!(expects("1.1"));
        assert!(!expects("1.0"));
    }

    #[test]
    fn fields_named_by_connection_end_here() {
        let head = read(
            "GET / HTTP/1.1\nHost: d\nX-A: 1\nConnection: x-a, Upgrade\nX-B: 2\nConnection: X-b\n\
             X-C: 3\n\n",
        )
        .unwrap();
        let kinds: Vec<Kind> = head.fields.iter().map(|field| field.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Host,
                Kind::Hop,
                Kind::Connection,
                Kind::Hop,
                Kind::Connection,
                Kind::Other
            ]
        );
    }
}
