//! One connection of a client: one request after the other, until it ends.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::flow::Side;
use super::inlet::{Bounds, NoRequest, Patience};
use super::malformed::Malformed;
use super::wire::Wire;
use crate::Limits;
use crate::drain::Drain;

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// Who answers the requests of one connection.
pub(crate) trait Answers: Send {
    /// How the client is reached.
    type Wire: Wire + Send;

    /// The client, and the timer of its connection.
    fn client(&mut self) -> (&mut Side<Self::Wire>, &mut Patience);

    /// Answers one request; `None` once the connection has ended, else when the request had.
    fn request(&mut self, head: Buffer) -> impl Future<Output = Option<Instant>> + Send;

    /// Answers what is no request, and ends the connection.
    fn unreadable(&mut self, malformed: Malformed) -> impl Future<Output = ()> + Send;
}

/// Serves a connection until it ends. Once the drain has begun, no other request is waited for.
pub(crate) async fn serve(connection: &mut impl Answers, limits: &Limits, drain: &Drain) {
    let bounds = Bounds {
        idle: limits.idle_time,
        head: limits.head_time,
        head_bytes: limits.head_bytes,
    };
    let mut leaving = pin!(drain.begun());
    let mut is_told = false;
    let mut since = Instant::now();
    loop {
        let leave = |cx: &mut Context<'_>| match (drain.has_begun(), is_told) {
            (true, _) => Poll::Ready(()),
            // Woken it will be; the waker is that of the same task for as long as it lives.
            (false, true) => Poll::Pending,
            (false, false) => {
                is_told = true;
                leaving.as_mut().poll(cx)
            }
        };
        let (client, patience) = connection.client();
        let head = match client.next_head(patience, &bounds, since, leave).await {
            Ok(head) => head,
            Err(NoRequest::Over) => return close(client).await,
            Err(NoRequest::Malformed(malformed)) => return connection.unreadable(malformed).await,
        };
        // On the heap, and only while there is a request: most connections are idle most of the time, and
        // those that are not share the memory that the last one has just given back.
        match Box::pin(connection.request(head)).await {
            Some(ended) => since = ended,
            None => return,
        }
        connection.client().0.input.release();
    }
}

/// Says goodbye and closes.
async fn close<W: Wire>(client: &mut Side<W>) {
    let goodbye = poll_fn(|cx| Pin::new(&mut client.wire).poll_shutdown(cx));
    // A client that takes nothing any more is not waited for.
    let _slow = tokio::time::timeout(GOODBYE, goodbye).await;
}
