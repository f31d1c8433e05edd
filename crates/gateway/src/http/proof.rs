//! What holds for every message, whatever somebody sends: for fuzzing.
//!
//! Each function takes bytes from outside and panics when a rule is broken.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::buffer::Buffer;
use super::chunked::{Chunked, Piece};
use super::emit::{self, After, ContentType, Delimit, RequestLine, StatusLine};
use super::field::Kind;
use super::flow::{Broken, End, Flow, Frame, Side};
use super::request::{Framing, RequestHead};
use super::response::ResponseHead;
use super::scan::Scan;
use super::wire::Wire;

/// The head at the start of `bytes`, when there is one, looked for in pieces of `step`.
fn head(bytes: &[u8], step: usize) -> Option<&[u8]> {
    let mut scan = Scan::default();
    let mut have = 0;
    while have < bytes.len() {
        have = (have + step.max(1)).min(bytes.len());
        if let Some(end) = scan.end(&bytes[..have]).ok()? {
            return Some(&bytes[..end]);
        }
    }
    None
}

/// A head of a request that is taken is written anew as one that can be taken in one way only.
///
/// # Panics
/// When that is not so.
pub fn request(bytes: &[u8]) {
    let found = head(bytes, bytes.len());
    for step in [1, 7] {
        assert_eq!(head(bytes, step), found, "by {step}");
    }
    let Some(bytes) = found else {
        return;
    };
    let Ok(read) = RequestHead::read(bytes) else {
        return;
    };
    let body = match read.framing {
        Framing::Chunked => Some(Delimit::Chunked),
        Framing::Length(_) => Some(Delimit::AsRead),
        _ => None,
    };
    let line = RequestLine {
        method: read.method(bytes),
        target: read.target(bytes),
        host: Some("docker"),
        body,
        content_type: ContentType::Keep,
        upgrade: None,
        expect: true,
        compressed: true,
        set: &[("X-Sealock-Proof", "1")],
    };
    let mut out = Buffer::default();
    emit::request(&mut out, &line, &read, bytes);
    let written = out.filled();
    assert_eq!(head(written, 5), Some(written), "one head and nothing else");
    let again = RequestHead::read(written);
    let again = again.unwrap_or_else(|why| panic!("what we write is refused: {why:?}"));
    assert_eq!(again.method(written), read.method(bytes));
    assert_eq!(again.target(written), read.target(bytes));
    assert_eq!(again.content_type(written), read.content_type(bytes));
    assert_eq!(again.framing, read.framing);
    let claims = again
        .fields
        .iter()
        .filter(|field| matches!(field.kind, Kind::Forged))
        .count();
    assert_eq!(
        claims, 1,
        "only what we say ourselves claims to be from a proxy"
    );
    let hops = |field: &&super::field::Field| {
        matches!(field.kind, Kind::Hop | Kind::Connection | Kind::Upgrade)
    };
    assert_eq!(again.fields.iter().find(hops), None);
}

/// The same for the head of a response to a request with this method.
///
/// # Panics
/// When that is not so.
pub fn response(bytes: &[u8], method: &str) {
    let Some(bytes) = head(bytes, 3) else {
        return;
    };
    let Ok(read) = ResponseHead::read(bytes, method) else {
        return;
    };
    let body = match read.framing {
        Framing::Chunked => Some(Delimit::Chunked),
        Framing::Length(_) | Framing::Empty => Some(Delimit::AsRead),
        Framing::UntilClose => None,
    };
    let line = StatusLine {
        minor: 1,
        body,
        after: After::Next,
        replace: None,
    };
    let mut out = Buffer::default();
    emit::response(&mut out, &line, &read, bytes);
    let written = out.filled();
    assert_eq!(head(written, 5), Some(written), "one head and nothing else");
    let again = ResponseHead::read(written, method);
    let again = again.unwrap_or_else(|why| panic!("what we write is refused: {why:?}"));
    assert_eq!((again.status, again.framing), (read.status, read.framing));
}

/// A chunked body means the same in pieces of any size, and what is passed on means the same as what came.
///
/// # Panics
/// When that is not so.
pub fn chunked(bytes: &[u8]) {
    let whole = dechunked(bytes, bytes.len());
    for step in [1, 2, 3, 17] {
        let pieces = dechunked(bytes, step);
        // A body that is refused may be refused before or after some of its bytes.
        match (&whole, &pieces) {
            (Err(()), Err(())) => {}
            (one, other) => assert_eq!(one, other, "by {step}"),
        }
        let (end, written) = passed(bytes, step, Frame::Chunked);
        let (plain_end, plain) = passed(bytes, step, Frame::Plain);
        match &whole {
            Ok((body, took, trailers)) => {
                assert_eq!((end, plain_end), (Some(End::Complete), Some(End::Complete)));
                assert_eq!(&plain, body);
                let again = dechunked(&written, written.len());
                let expected = (body.clone(), written.len(), trailers.clone());
                assert_eq!(again, Ok(expected), "what we write is another body");
                assert!(*took <= bytes.len());
            }
            Err(()) => {
                assert_ne!(end, Some(End::Complete));
                assert!(
                    dechunked(&written, 64).is_err(),
                    "it looks whole and is not"
                );
            }
        }
    }
}

/// The body, how many bytes it took, and the trailers.
type Dechunked = Result<(Vec<u8>, usize, Vec<u8>), ()>;

fn dechunked(bytes: &[u8], step: usize) -> Dechunked {
    let (mut chunked, mut body, mut at) = (Chunked::new(), Vec::new(), 0);
    while at < bytes.len() {
        let here = &bytes[at..bytes.len().min(at + step.max(1))];
        match chunked.next(here).map_err(|_| ())? {
            Piece::Framing(count) | Piece::Gap(count) | Piece::Line { count, .. } => at += count,
            Piece::Data(count) => {
                body.extend_from_slice(&here[..count]);
                at += count;
            }
            Piece::End(count) => return Ok((body, at + count, chunked.trailers().to_vec())),
        }
    }
    Err(())
}

/// What a flow makes of a chunked body that comes in pieces of `step` bytes.
fn passed(bytes: &[u8], step: usize, frame: Frame) -> (Option<End>, Vec<u8>) {
    let mut flow = Flow::new(Buffer::default(), Framing::Chunked, frame);
    let mut from = Side::new(Memory {
        bytes: bytes.to_vec(),
        at: 0,
        step,
    });
    let mut to = Memory {
        bytes: Vec::new(),
        at: 0,
        step,
    };
    let mut cx = Context::from_waker(Waker::noop());
    let polled = flow.poll(&mut cx, &mut from, &mut to);
    let end = match polled {
        Poll::Ready(Ok(end)) => Some(end),
        Poll::Ready(Err(Broken::Framing(_))) => None,
        other => panic!("memory is always ready: {other:?}"),
    };
    (end, to.bytes)
}

/// Gives what it has, takes all it gets, some bytes at a time.
struct Memory {
    bytes: Vec<u8>,
    at: usize,
    step: usize,
}

impl Wire for Memory {
    fn poll_readable(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self
            .step
            .min(into.remaining())
            .min(self.bytes.len() - self.at);
        into.put_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Memory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Only the first slice of several: every one of them is begun in its middle some time.
        let count = bytes.len().min(self.step);
        self.bytes.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::{chunked, request, response};

    #[test]
    fn the_rules_hold_for_messages_as_they_come() {
        for head in [
            "",
            "GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n",
            "POST /x HTTP/1.1\r\nHost:\r\nContent-Length: 3\r\nConnection: a, b\r\nA: 1\r\nX-Real-IP: 2\r\n\r\nabc",
            "POST /x HTTP/1.0\r\nUpgrade: tcp\r\nExpect: 100-continue\r\nX-Sealock-Proof: 2\r\n\r\n",
            "PUT * HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: b\r\nTE: c\r\n\r\n",
            "nonsense\r\n\r\n",
        ] {
            request(head.as_bytes());
        }
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nKeep-Alive: a\r\n\r\nabc",
            "HTTP/1.0 404\r\n\r\n",
            "HTTP/1.1 101 Up\r\nUpgrade: tcp\r\nConnection: Upgrade\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            response(head.as_bytes(), "GET");
            response(head.as_bytes(), "HEAD");
        }
        for body in [
            "",
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\nGET",
            "05;x\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
            "5\r\nhello\r\n0\r\nContent-Length: 4\r\n\r\n",
            "5\r\nhello world",
        ] {
            chunked(body.as_bytes());
        }
    }

    /// A small, fixed stand-in for the fuzzer: every change of one byte of a few bodies.
    #[test]
    fn the_rules_hold_for_every_body_with_one_byte_changed() {
        let body = b"4;e\r\nwiki\r\na\r\n0123456789\r\n0\r\nT: u\r\n\r\n";
        for at in 0..body.len() {
            for byte in [
                b'\r', b'\n', b'0', b'5', b'f', b'F', b';', b' ', b':', 0, 0xff,
            ] {
                let mut changed = body.to_vec();
                changed[at] = byte;
                chunked(&changed);
            }
            chunked(&body[..at]);
        }
        let head =
            b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 3\r\nConnection: A\r\nA: 1\r\n\r\n";
        for at in 0..head.len() {
            for byte in [b'\r', b'\n', b' ', b':', b',', b'0', b'\t', 0, 0xff] {
                let mut changed = head.to_vec();
                changed[at] = byte;
                request(&changed);
            }
        }
    }
}
