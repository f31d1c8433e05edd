//! The client's side: waiting for a request, collecting its body, answering by ourselves.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::time::Sleep;

use super::buffer::{Buffer, LARGE};
use super::chunked::{Chunked, Piece};
use super::flow::Side;
use super::malformed::Malformed;
use super::request::Framing;
use super::scan::Scan;
use super::wire::Wire;

/// A timer that is moved often and rings rarely: it is set anew only when it rings too early, and not looked at
/// before it has rung. Whoever waits for it is the same task all the time.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    sleep: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Patience {
    /// Ready once `deadline` has passed.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>, deadline: Instant) -> Poll<()> {
        let (rings, sleep) = match &mut self.sleep {
            // It rings by waking this very task, so the clock is not asked.
            Some((rings, sleep)) if *rings <= deadline && !sleep.is_elapsed() => {
                return Poll::Pending;
            }
            Some((rings, sleep)) => (rings, sleep),
            none => {
                let sleep = Box::pin(tokio::time::sleep_until(deadline.into()));
                let (rings, sleep) = none.insert((deadline, sleep));
                (rings, sleep)
            }
        };
        if *rings > deadline {
            sleep.as_mut().reset(deadline.into());
            *rings = deadline;
        }
        loop {
            if sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline.into());
            *rings = deadline;
        }
    }
}

/// How long and how large what a client sends may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Between two requests.
    pub(crate) idle: Duration,
    /// From the first byte of a head to its last.
    pub(crate) head: Duration,
    /// The largest head, in bytes.
    pub(crate) head_bytes: usize,
}

/// Why there is no request to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRequest {
    /// The client has gone, or was silent for so long that the connection ends without a word.
    Over,
    /// What came is no request.
    Malformed(Malformed),
}

impl<W: Wire> Side<W> {
    /// Waits for the next request and gives its head. While nothing comes, no memory is held.
    ///
    /// `leave` is asked while nothing has come yet: once it is ready, nothing is waited for any more.
    pub(crate) async fn next_head(
        &mut self,
        patience: &mut Patience,
        bounds: &Bounds,
        since: Instant,
        mut leave: impl FnMut(&mut Context<'_>) -> Poll<()>,
    ) -> Result<Buffer, NoRequest> {
        let (mut scan, mut deadline, mut skipped) = (Scan::default(), since + bounds.idle, false);
        poll_fn(|cx| {
            loop {
                let before = scan.has_begun();
                let end = scan
                    .end(self.input.filled())
                    .map_err(NoRequest::Malformed)?;
                match end {
                    // Older clients send an empty line behind a body; one is forgiven.
                    Some(2) if !skipped => {
                        self.input.consume(2);
                        (scan, skipped) = (Scan::default(), true);
                        continue;
                    }
                    Some(end) if end > bounds.head_bytes => {
                        return Poll::Ready(Err(NoRequest::Malformed(Malformed::HEAD_TOO_LARGE)));
                    }
                    Some(end) => return Poll::Ready(Ok(self.input.split(end))),
                    None if self.input.len() > bounds.head_bytes => {
                        return Poll::Ready(Err(NoRequest::Malformed(Malformed::HEAD_TOO_LARGE)));
                    }
                    None => {}
                }
                if !before && scan.has_begun() {
                    deadline = Instant::now() + bounds.head;
                }
                match self
                    .input
                    .poll_fill(cx, &mut self.wire, bounds.head_bytes + 1)
                {
                    Poll::Ready(Ok(1..)) => continue,
                    Poll::Ready(_) => return Poll::Ready(Err(NoRequest::Over)),
                    Poll::Pending => {}
                }
                let begun = scan.has_begun();
                if !begun && leave(cx).is_ready() {
                    return Poll::Ready(Err(NoRequest::Over));
                }
                if patience.poll_over(cx, deadline).is_pending() {
                    return Poll::Pending;
                }
                return Poll::Ready(Err(match begun {
                    true => NoRequest::Malformed(Malformed::LATE),
                    false => NoRequest::Over,
                }));
            }
        })
        .await
    }

    /// Reads a body whole, if it is no larger than `most`.
    pub(crate) async fn collect(
        &mut self,
        framing: Framing,
        most: usize,
        patience: &mut Patience,
        within: Duration,
    ) -> Result<Vec<u8>, NoRequest> {
        let deadline = Instant::now() + within;
        let refused = |malformed| Poll::Ready(Err(NoRequest::Malformed(malformed)));
        let mut gathered = match Gathered::new(framing, most) {
            Ok(gathered) => gathered,
            Err(malformed) => return Err(NoRequest::Malformed(malformed)),
        };
        poll_fn(|cx| {
            loop {
                match gathered.take(&mut self.input) {
                    Ok(true) => return Poll::Ready(Ok(std::mem::take(&mut gathered.body))),
                    Ok(false) => {}
                    Err(malformed) => return refused(malformed),
                }
                match self.input.poll_fill(cx, &mut self.wire, LARGE) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => return Poll::Ready(Err(NoRequest::Over)),
                    Poll::Pending if patience.poll_over(cx, deadline).is_pending() => {
                        return Poll::Pending;
                    }
                    Poll::Pending => return refused(Malformed::LATE),
                }
            }
        })
        .await
    }

    /// Writes all of it.
    pub(crate) async fn say(&mut self, mut what: Buffer) -> io::Result<()> {
        poll_fn(
            |cx| match super::exchange::poll_tell(cx, &mut what, &mut self.wire)? {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            },
        )
        .await
    }

    /// Ends a connection on which the client may still be sending: says that nothing more comes, and drops
    /// what it still sends for a moment. Closed at once, the kernel would reset the connection, and the
    /// client might lose the answer that it has not read yet.
    pub(crate) async fn linger(&mut self, patience: &mut Patience) {
        const MOMENT: Duration = Duration::from_secs(2);
        const MOST: usize = 16 << 20;
        let deadline = Instant::now() + MOMENT;
        let (mut told, mut dropped) = (false, 0);
        poll_fn(|cx| {
            if !told {
                match Pin::new(&mut self.wire).poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => told = true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => {}
                }
            }
            loop {
                let held = self.input.len();
                self.input.consume(held);
                match self.input.poll_fill(cx, &mut self.wire, LARGE) {
                    Poll::Ready(Ok(count @ 1..)) if dropped < MOST => dropped += count,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return patience.poll_over(cx, deadline),
                }
            }
        })
        .await;
    }
}

/// A body as far as it has come.
struct Gathered {
    body: Vec<u8>,
    most: usize,
    rest: Rest,
}

enum Rest {
    Length(usize),
    Chunked(Chunked),
}

impl Gathered {
    fn new(framing: Framing, most: usize) -> Result<Self, Malformed> {
        let rest = match framing {
            Framing::Empty | Framing::UntilClose => Rest::Length(0),
            Framing::Length(length) => match usize::try_from(length) {
                Ok(length) if length <= most => Rest::Length(length),
                _ => return Err(Malformed::BODY_TOO_LARGE),
            },
            Framing::Chunked => Rest::Chunked(Chunked::new()),
        };
        Ok(Self {
            body: Vec::new(),
            most,
            rest,
        })
    }

    /// Takes what is there; `true` once the body is whole.
    fn take(&mut self, input: &mut Buffer) -> Result<bool, Malformed> {
        match &mut self.rest {
            Rest::Length(length) => {
                let here = (*length - self.body.len()).min(input.len());
                self.body.extend_from_slice(&input.filled()[..here]);
                input.consume(here);
                Ok(self.body.len() == *length)
            }
            Rest::Chunked(chunked) => {
                while !input.is_empty() {
                    let piece = chunked.next(input.filled());
                    match piece.map_err(|bad| Malformed::bad(bad.0))? {
                        Piece::Framing(count) | Piece::Gap(count) | Piece::Line { count, .. } => {
                            input.consume(count);
                        }
                        Piece::End(count) => {
                            input.consume(count);
                            return Ok(true);
                        }
                        Piece::Data(count) => {
                            if self.body.len() + count > self.most {
                                return Err(Malformed::BODY_TOO_LARGE);
                            }
                            self.body.extend_from_slice(&input.filled()[..count]);
                            input.consume(count);
                        }
                    }
                }
                Ok(false)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, NoRequest, Patience};
    use crate::http::flow::Side;
    use crate::http::malformed::Malformed;
    use crate::http::request::Framing;
    use std::task::Poll;
    use std::time::{Duration, Instant};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    const BOUNDS: Bounds = Bounds {
        idle: Duration::from_millis(150),
        head: Duration::from_millis(150),
        head_bytes: 40_000,
    };

    /// Every head that comes, until there is none.
    async fn heads(wire: &'static [u8], step: usize, stay: bool) -> (Vec<String>, NoRequest) {
        let (client, mut far) = UnixStream::pair().unwrap();
        let mut side = Side::new(client);
        let writer = tokio::spawn(async move {
            for piece in wire.chunks(step) {
                if far.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            if stay {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
        });
        let (mut patience, mut heads) = (Patience::default(), Vec::new());
        let over = loop {
            let never = |_: &mut std::task::Context<'_>| Poll::Pending;
            match side
                .next_head(&mut patience, &BOUNDS, Instant::now(), never)
                .await
            {
                Ok(head) => heads.push(String::from_utf8(head.filled().to_vec()).unwrap()),
                Err(over) => break over,
            }
            side.input.release();
        };
        writer.abort();
        (heads, over)
    }

    #[tokio::test]
    async fn requests_come_one_behind_the_other() {
        for step in [1, 7, 1000] {
            let wire = b"GET /a HTTP/1.1\r\n\r\n\r\nGET /b HTTP/1.1\r\nX: y\r\n\r\nGET /c";
            let (heads, over) = heads(wire, step, false).await;
            assert_eq!(
                heads,
                ["GET /a HTTP/1.1\r\n\r\n", "GET /b HTTP/1.1\r\nX: y\r\n\r\n"]
            );
            assert_eq!(over, NoRequest::Over);
        }
    }

    #[tokio::test]
    async fn what_is_no_request_is_said() {
        let late = NoRequest::Malformed(Malformed::LATE);
        assert_eq!(heads(b"GET / HT", 100, true).await, (Vec::new(), late));
        assert_eq!(heads(b"", 100, true).await, (Vec::new(), NoRequest::Over));
        let (_, over) = heads(b"\r\n\r\nGET / HTTP/1.1\r\n\r\n", 100, false).await;
        // Two empty lines: the second is a head, and none that can be read.
        assert_eq!(over, NoRequest::Over);
        let (_, over) = heads(b"GET / HTTP/1.1\nHost: x\n\n", 100, true).await;
        assert!(matches!(
            over,
            NoRequest::Malformed(Malformed { status: 400, .. })
        ));
    }

    #[tokio::test]
    async fn a_large_head_is_taken_and_a_larger_one_refused() {
        for (size, fits) in [(39_000, true), (41_000, false), (400_000, false)] {
            let (client, mut far) = UnixStream::pair().unwrap();
            let mut side = Side::new(client);
            let head = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(size));
            let length = head.len();
            let writer = tokio::spawn(async move {
                let _ = far.write_all(head.as_bytes()).await;
                far
            });
            let never = |_: &mut std::task::Context<'_>| Poll::Pending;
            let outcome = side
                .next_head(&mut Patience::default(), &BOUNDS, Instant::now(), never)
                .await;
            match outcome {
                Ok(read) => assert_eq!((read.len(), fits), (length, true)),
                Err(why) => {
                    let expected = NoRequest::Malformed(Malformed::HEAD_TOO_LARGE);
                    assert_eq!((why, fits), (expected, false));
                    assert!(side.input.len() <= BOUNDS.head_bytes + 1);
                }
            }
            drop(side);
            writer.await.unwrap();
        }
    }

    #[tokio::test]
    async fn leaving_is_possible_only_between_requests() {
        for (sent, over) in [
            (&b""[..], NoRequest::Over),
            (b"GET", NoRequest::Malformed(Malformed::LATE)),
        ] {
            let (client, mut far) = UnixStream::pair().unwrap();
            far.write_all(sent).await.unwrap();
            let mut side = Side::new(client);
            if !sent.is_empty() {
                side.wire.readable().await.unwrap();
            }
            let leave = |_: &mut std::task::Context<'_>| Poll::Ready(());
            let bounds = Bounds {
                idle: Duration::from_secs(1000),
                ..BOUNDS
            };
            let outcome = side
                .next_head(&mut Patience::default(), &bounds, Instant::now(), leave)
                .await;
            assert_eq!(outcome.err(), Some(over));
        }
    }

    async fn collected(
        wire: &'static [u8],
        framing: Framing,
        most: usize,
    ) -> (Result<Vec<u8>, NoRequest>, Vec<u8>) {
        let (client, mut far) = UnixStream::pair().unwrap();
        far.write_all(wire).await.unwrap();
        let mut side = Side::new(client);
        let within = Duration::from_millis(100);
        let body = side
            .collect(framing, most, &mut Patience::default(), within)
            .await;
        (body, side.input.filled().to_vec())
    }

    #[tokio::test]
    async fn a_body_is_collected_up_to_its_bound() {
        let chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET";
        let (body, left) = collected(chunks, Framing::Chunked, 5).await;
        assert_eq!((body.unwrap(), left), (b"abcde".to_vec(), b"GET".to_vec()));
        let (body, left) = collected(b"abcdeGET", Framing::Length(5), 5).await;
        assert_eq!((body.unwrap(), left), (b"abcde".to_vec(), b"GET".to_vec()));
        let (body, _) = collected(b"", Framing::Empty, 0).await;
        assert_eq!(body.unwrap(), b"");
        let large = NoRequest::Malformed(Malformed::BODY_TOO_LARGE);
        assert_eq!(collected(chunks, Framing::Chunked, 4).await.0, Err(large));
        let announced = Framing::Length(u64::MAX / 2);
        assert_eq!(collected(b"", announced, 1 << 20).await.0, Err(large));
        let late = NoRequest::Malformed(Malformed::LATE);
        assert_eq!(collected(b"abc", Framing::Length(5), 5).await.0, Err(late));
        let bad = collected(b"zz\r\n", Framing::Chunked, 5).await.0;
        assert!(matches!(
            bad,
            Err(NoRequest::Malformed(Malformed { status: 400, .. }))
        ));
    }

    #[tokio::test]
    async fn lingering_reads_what_still_comes_and_ends() {
        let (client, mut far) = UnixStream::pair().unwrap();
        let mut side = Side::new(client);
        let writer = tokio::spawn(async move {
            far.write_all(&[7; 300_000]).await.unwrap();
            let mut answer = Vec::new();
            far.read_to_end(&mut answer).await.unwrap();
            answer
        });
        side.wire.write_all(b"no").await.unwrap();
        side.linger(&mut Patience::default()).await;
        drop(side);
        assert_eq!(writer.await.unwrap(), b"no");
    }
}
