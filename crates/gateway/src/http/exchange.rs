//! A request to a service and its response, both directions at once.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::AsyncWrite;

use super::buffer::{Buffer, SMALL};
use super::chunked::BadChunk;
use super::emit;
use super::flow::{Broken, End, Flow, Side};
use super::inlet::Patience;
use super::malformed::Malformed;
use super::response::{BadAnswer, ResponseHead};
use super::scan::Scan;
use super::wire::Wire;

/// The largest head of a response that is passed on.
const ANSWER_HEAD: usize = 256 << 10;

/// How many interim responses may come before the final one.
const INTERIM: u32 = 64;

/// How an exchange failed before the head of its response was there.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The client cannot be reached any more: nobody is left to tell.
    ClientGone,
    /// The client's body is framed in a way that is refused.
    Client(Malformed),
    /// The service closed without a word.
    Unanswered,
    /// The service's answer cannot be passed on.
    Answer(BadAnswer),
}

impl From<BadChunk> for Fault {
    fn from(bad: BadChunk) -> Self {
        Self::Client(Malformed::bad(bad.0))
    }
}

/// What the client takes between its request and the final response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The method of the request that went out.
    pub(crate) method: &'a str,
    /// Whether the client knows interim responses: one that speaks HTTP/1.1 does.
    pub(crate) interim: bool,
    /// Whether it waits for `100 Continue`.
    pub(crate) expects: bool,
}

/// The head of a response, and how many bytes of the service's input it is.
pub(crate) struct Answered {
    pub(crate) head: ResponseHead,
    pub(crate) length: usize,
}

/// Looks after a client that waits.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The client ended its half.
    ended: bool,
    /// The service was told so.
    told: bool,
}

impl Watch {
    /// Reads ahead a little, and passes the end of the client's half on: that is how a daemon notices
    /// that nobody waits for its answer, and cancels. What it still says is passed on.
    fn poll<C: Wire, U: Wire>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side<C>,
        service: &mut Side<U>,
    ) -> io::Result<()> {
        while !self.ended && client.input.len() < SMALL {
            match client.input.poll_fill(cx, &mut client.wire, SMALL) {
                Poll::Ready(Ok(0)) => self.ended = true,
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        if self.ended && !self.told {
            // A service that does not take this any more has said so by closing, which is read elsewhere.
            self.told = Pin::new(&mut service.wire).poll_shutdown(cx).is_ready();
        }
        Ok(())
    }
}

/// The request on its way, as far as it got.
pub(crate) struct Outgoing {
    /// Its head and body.
    pub(crate) flow: Flow,
    /// All of it was sent, or the service takes no more of it.
    over: Option<bool>,
    /// `None` while what the client says must wait for the answer.
    watch: Option<Watch>,
}

impl Outgoing {
    /// A request that is about to be sent.
    pub(crate) fn new(flow: Flow) -> Self {
        Self {
            flow,
            over: None,
            watch: Some(Watch::default()),
        }
    }

    /// The same, but nothing is read from the client before the answer is there: what it says belongs to
    /// the stream that the connection may become.
    pub(crate) fn unwatched(mut self) -> Self {
        self.watch = None;
        self
    }

    fn client_ended(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.ended)
    }

    /// Whether all of it was sent, so that the next one may follow on both connections.
    pub(crate) fn is_complete(&self) -> bool {
        self.over == Some(true) && !self.client_ended()
    }

    /// Whether all that the client announced was read from it.
    pub(crate) fn was_read(&self) -> bool {
        self.flow.has_ended() && !self.client_ended()
    }

    /// Begins anew on another connection.
    pub(crate) fn rewind(&mut self) -> bool {
        let can = !self.client_ended() && self.flow.rewind();
        if can {
            self.over = None;
        }
        can
    }

    fn poll<C: Wire, U: Wire>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut Side<C>,
        service: &mut Side<U>,
    ) -> Result<(), Fault> {
        if self.over.is_none() {
            match self.flow.poll(cx, client, &mut service.wire) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(End::Complete)) => self.over = Some(true),
                Poll::Ready(Ok(End::CutOff)) => {
                    self.over = Some(false);
                    self.watch.get_or_insert_default().ended = true;
                }
                // The service takes no more, as it may: its answer says why.
                Poll::Ready(Err(Broken::Sink)) => self.over = Some(false),
                Poll::Ready(Err(Broken::Source)) => return Err(Fault::ClientGone),
                Poll::Ready(Err(Broken::Framing(bad))) => return Err(bad.into()),
            }
        }
        match &mut self.watch {
            Some(watch) if self.over == Some(true) || watch.ended => watch
                .poll(cx, client, service)
                .map_err(|_| Fault::ClientGone),
            _ => Ok(()),
        }
    }
}

/// Sends a request and waits for the head of the final response; interim ones are passed on.
///
/// No `async fn`, which would hold everything twice: hundreds of these wait at once.
pub(crate) fn ask<C: Wire, U: Wire>(
    outgoing: &mut Outgoing,
    client: &mut Side<C>,
    service: &mut Side<U>,
    asked: Asked<'_>,
) -> impl Future<Output = Result<Answered, Fault>> + Send {
    let (mut scan, mut told, mut interims) = (Scan::default(), Buffer::default(), 0);
    poll_fn(move |cx| {
        // Once all was sent, it is nearly always the answer that wakes: the client is looked after when it is not.
        let was_sent = outgoing.over == Some(true);
        if !was_sent {
            outgoing.poll(cx, client, service)?;
        }
        loop {
            if !poll_tell(cx, &mut told, &mut client.wire).map_err(|_| Fault::ClientGone)? {
                return Poll::Pending;
            }
            let bytes = service.input.filled();
            let end = scan
                .end(bytes)
                .map_err(|_| Fault::Answer(BadAnswer("its head has a bare line feed")))?;
            let Some(length) = end else {
                if bytes.len() >= ANSWER_HEAD {
                    return Poll::Ready(Err(Fault::Answer(BadAnswer("its head is too large"))));
                }
                match service.input.poll_fill(cx, &mut service.wire, ANSWER_HEAD) {
                    Poll::Pending => {
                        if was_sent {
                            outgoing.poll(cx, client, service)?;
                        }
                        return Poll::Pending;
                    }
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(Fault::Unanswered));
                    }
                    Poll::Ready(Ok(_)) => continue,
                    Poll::Ready(Err(_)) => return Poll::Ready(Err(Fault::Unanswered)),
                }
            };
            let bytes = &bytes[..length];
            let head = ResponseHead::read(bytes, asked.method).map_err(Fault::Answer)?;
            if !head.is_interim() {
                return Poll::Ready(Ok(Answered { head, length }));
            }
            interims += 1;
            if interims > INTERIM {
                let endless = BadAnswer("it goes on with interim responses");
                return Poll::Ready(Err(Fault::Answer(endless)));
            }
            if asked.interim && (head.status != 100 || asked.expects) {
                emit::interim(&mut told, &head, bytes);
            }
            service.input.consume(length);
            scan = Scan::default();
        }
    })
}

/// Writes what is to be told to a client in between; `true` once it is.
pub(super) fn poll_tell<W: Wire>(
    cx: &mut Context<'_>,
    told: &mut Buffer,
    to: &mut W,
) -> io::Result<bool> {
    if !told.holds_memory() {
        return Ok(true);
    }
    while !told.is_empty() {
        match Pin::new(&mut *to).poll_write(cx, told.filled())? {
            Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(count) => told.consume(count),
            Poll::Pending => return Ok(false),
        }
    }
    if Pin::new(to).poll_flush(cx)?.is_pending() {
        return Ok(false);
    }
    told.release();
    Ok(true)
}

/// How a response came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// All of it was passed on.
    Whole,
    /// The service broke it off.
    CutOff,
    /// The client takes no more.
    ClientGone,
}

/// Passes the response on, and what is left of the request meanwhile.
pub(crate) async fn deliver<C: Wire, U: Wire>(
    outgoing: &mut Outgoing,
    response: &mut Flow,
    client: &mut Side<C>,
    service: &mut Side<U>,
) -> Delivered {
    poll_fn(|cx| {
        match response.poll(cx, service, &mut client.wire) {
            Poll::Ready(Ok(End::Complete)) => return Poll::Ready(Delivered::Whole),
            Poll::Ready(Ok(End::CutOff) | Err(Broken::Source | Broken::Framing(_))) => {
                return Poll::Ready(Delivered::CutOff);
            }
            Poll::Ready(Err(Broken::Sink)) => return Poll::Ready(Delivered::ClientGone),
            Poll::Pending => {}
        }
        match outgoing.poll(cx, client, service) {
            Ok(()) => Poll::Pending,
            Err(Fault::ClientGone) => Poll::Ready(Delivered::ClientGone),
            // The rest of the request is worth nothing; its answer is on the way already.
            Err(_) => Poll::Ready(Delivered::CutOff),
        }
    })
    .await
}

/// Passes the rest of a request on whose answer is complete already, for a moment: a daemon that has seen the
/// end of an archive does not wait for the last chunk, and the client sends it all the same.
pub(crate) async fn finish<C: Wire, U: Wire>(
    outgoing: &mut Outgoing,
    client: &mut Side<C>,
    service: &mut Side<U>,
    patience: &mut Patience,
    within: Duration,
) {
    let deadline = Instant::now() + within;
    poll_fn(|cx| {
        let broke = outgoing.poll(cx, client, service).is_err();
        if broke || outgoing.over.is_some() || outgoing.client_ended() {
            return Poll::Ready(());
        }
        patience.poll_over(cx, deadline)
    })
    .await;
}

/// Passes bytes both ways until both have ended. Each direction ends by itself, and nothing but its own
/// end is waited for: silence may last as long as it likes.
pub(crate) async fn tunnel<C: Wire, U: Wire>(
    up: &mut Flow,
    down: &mut Flow,
    client: &mut Side<C>,
    service: &mut Side<U>,
) -> Delivered {
    let mut upward = Way::Open;
    let mut downward = Way::Open;
    poll_fn(|cx| {
        if upward == Way::Open {
            match up.poll(cx, client, &mut service.wire) {
                Poll::Ready(Ok(_)) => upward = Way::Ending,
                // Nobody reads any more. What the service says may still come.
                Poll::Ready(Err(Broken::Sink)) => upward = Way::Ended,
                Poll::Ready(Err(_)) => return Poll::Ready(Delivered::ClientGone),
                Poll::Pending => {}
            }
        }
        if downward == Way::Open {
            match down.poll(cx, service, &mut client.wire) {
                Poll::Ready(Ok(_)) => downward = Way::Ending,
                Poll::Ready(Err(Broken::Sink)) => return Poll::Ready(Delivered::ClientGone),
                Poll::Ready(Err(_)) => return Poll::Ready(Delivered::CutOff),
                Poll::Pending => {}
            }
        }
        upward.poll_end(cx, &mut service.wire);
        downward.poll_end(cx, &mut client.wire);
        if upward == Way::Ended && downward == Way::Ended {
            return Poll::Ready(Delivered::Whole);
        }
        Poll::Pending
    })
    .await
}

/// One direction of a tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// The sender has ended; the receiver is being told.
    Ending,
    Ended,
}

impl Way {
    fn poll_end<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) {
        // That it cannot be told means that it is gone, which the other direction finds out.
        if *self == Self::Ending && Pin::new(to).poll_shutdown(cx).is_ready() {
            *self = Self::Ended;
        }
    }
}
