//! A question of our own to the service, answered whole.

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::buffer::{Buffer, LARGE};
use super::flow::Side;
use super::inlet::Patience;
use super::request::Framing;
use super::response::ResponseHead;
use super::scan::Scan;
use super::wire::Wire;

/// A whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Its status.
    pub(crate) status: u16,
    /// Its body.
    pub(crate) body: Vec<u8>,
    /// Whether the connection takes another request.
    pub(crate) keep_alive: bool,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The service closed before the first byte of one.
    Closed,
    /// It is too large, too late, cut off, or no HTTP.
    Useless,
}

/// Sends a whole request and reads its whole answer, of no more than `most` bytes, as long as `within`.
pub(crate) async fn fetch<W: Wire>(
    service: &mut Side<W>,
    request: Buffer,
    most: usize,
    within: Duration,
) -> Result<Fetched, NoAnswer> {
    let mut patience = Patience::default();
    let deadline = Instant::now() + within;
    service.say(request).await.map_err(|_| NoAnswer::Closed)?;
    loop {
        let head = next_head(service, &mut patience, deadline).await?;
        let read = ResponseHead::read(head.filled(), "GET").map_err(|_| NoAnswer::Useless)?;
        drop(head);
        if read.is_interim() {
            continue;
        }
        // An end of the connection cannot be told from a loss; the daemon never answers that way.
        if read.framing == Framing::UntilClose || read.status == 101 {
            return Err(NoAnswer::Useless);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let body = service
            .collect(read.framing, most, &mut patience, left)
            .await
            .map_err(|_| NoAnswer::Useless)?;
        service.input.release();
        return Ok(Fetched {
            status: read.status,
            body,
            keep_alive: read.keep_alive,
        });
    }
}

async fn next_head<W: Wire>(
    service: &mut Side<W>,
    patience: &mut Patience,
    deadline: Instant,
) -> Result<Buffer, NoAnswer> {
    let mut scan = Scan::default();
    poll_fn(|cx| {
        loop {
            let end = scan.end(service.input.filled());
            if let Some(end) = end.map_err(|_| NoAnswer::Useless)? {
                return Poll::Ready(Ok(service.input.split(end)));
            }
            match service.input.poll_fill(cx, &mut service.wire, LARGE) {
                Poll::Ready(Ok(1..)) => {}
                Poll::Ready(_) if service.input.is_empty() => {
                    return Poll::Ready(Err(NoAnswer::Closed));
                }
                Poll::Ready(_) => return Poll::Ready(Err(NoAnswer::Useless)),
                Poll::Pending if patience.poll_over(cx, deadline).is_ready() => {
                    return Poll::Ready(Err(NoAnswer::Useless));
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{Fetched, NoAnswer, fetch};
    use crate::http::buffer::Buffer;
    use crate::http::flow::Side;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixStream;

    async fn fetched(answer: &'static [u8], stay: bool) -> Result<Fetched, NoAnswer> {
        let (near, mut far) = UnixStream::pair().unwrap();
        let server = tokio::spawn(async move {
            let mut asked = [0; 4];
            far.read_exact(&mut asked).await.unwrap();
            assert_eq!(&asked, b"GET ");
            for piece in answer.chunks(9) {
                far.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            if stay {
                tokio::time::sleep(Duration::from_secs(20)).await;
            }
        });
        let mut request = Buffer::default();
        request.extend(b"GET ");
        let within = Duration::from_millis(200);
        let outcome = fetch(&mut Side::new(near), request, 20, within).await;
        server.abort();
        outcome
    }

    #[tokio::test]
    async fn an_answer_is_whole_or_none() {
        let whole = Fetched {
            status: 404,
            body: b"hello".to_vec(),
            keep_alive: true,
        };
        let length = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello";
        assert_eq!(fetched(length, true).await.as_ref(), Ok(&whole));
        let chunks = b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 404 Not Found\r\n\
            Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        assert_eq!(fetched(chunks, true).await.as_ref(), Ok(&whole));
        for (answer, stay, why) in [
            (&b""[..], false, NoAnswer::Closed),
            (b"", true, NoAnswer::Useless),
            (b"HTTP/1.1 200 OK\r\n", false, NoAnswer::Useless),
            (b"HTTP/1.1 200 OK\r\n\r\nhello", false, NoAnswer::Useless),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                false,
                NoAnswer::Useless,
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n",
                true,
                NoAnswer::Useless,
            ),
            (b"nonsense\r\n\r\n", true, NoAnswer::Useless),
        ] {
            assert_eq!(fetched(answer, stay).await, Err(why), "{answer:?}");
        }
    }
}
