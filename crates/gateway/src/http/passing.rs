//! An answer on its way to the client: how it is framed anew, and what may follow it.

use std::time::{Duration, Instant};

use super::buffer::Buffer;
use super::emit::{self, After, Delimit, StatusLine};
use super::exchange::{Answered, Delivered, Outgoing, deliver, finish};
use super::flow::{Flow, Frame, Side};
use super::inlet::Patience;
use super::request::{Framing, RequestHead};
use super::service::Link;
use super::wire::Wire;
use crate::Upstream;

/// How long the end of a request may take whose answer is complete already.
const REST: Duration = Duration::from_secs(2);

/// How an answer is passed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passing {
    minor: u8,
    framing: Framing,
    /// The client gets chunks.
    chunks: bool,
    /// It is changed on the way, so its length is not what was announced.
    changes: bool,
    /// The client may send another request.
    stays: bool,
    /// The service takes another request.
    keeps: bool,
}

impl Passing {
    /// The answer to `request`; `changes` when a filter goes in between, `ends` when the client's connection is to
    /// end with it.
    pub(crate) fn new(
        request: &RequestHead,
        answered: &Answered,
        outgoing: &Outgoing,
        changes: bool,
        ends: bool,
    ) -> Self {
        let (framing, keeps) = (answered.head.framing, answered.head.keep_alive);
        // Chunks are for clients that know them. Of an answer that ends with the connection nobody can tell
        // whether it is whole, so it is passed on as what it is.
        let chunks = request.minor > 0
            && (framing == Framing::Chunked || (changes && framing != Framing::UntilClose));
        let is_delimited = match framing {
            Framing::Empty => true,
            Framing::Length(_) => chunks || !changes,
            Framing::Chunked | Framing::UntilClose => chunks,
        };
        // A service that closes although the request is not yet whole takes no more of it.
        let gives_up = !keeps && !outgoing.was_read();
        Self {
            minor: request.minor,
            framing,
            chunks,
            changes,
            stays: request.keep_alive && is_delimited && !ends && !gives_up,
            keeps,
        }
    }

    /// Writes the head anew, with a field replaced where it is there; the flow goes on with the body.
    pub(crate) fn begin(
        self,
        answered: &Answered,
        service: &mut Side<impl Wire>,
        replace: Option<(&str, &str)>,
    ) -> Flow {
        let line = StatusLine {
            minor: self.minor,
            body: match (self.chunks, self.framing) {
                (true, _) => Some(Delimit::Chunked),
                (false, Framing::Length(_)) if self.changes => None,
                (false, Framing::Empty | Framing::Length(_)) => Some(Delimit::AsRead),
                (false, Framing::Chunked | Framing::UntilClose) => None,
            },
            after: match self.stays {
                true => After::Next,
                false => After::Close,
            },
            replace,
        };
        let lead = answer_head(&line, answered, service);
        let frame = match self.chunks {
            true => Frame::Chunked,
            false => Frame::Plain,
        };
        Flow::new(lead, self.framing, frame)
    }

    /// Passes the answer on, and what is left of the request meanwhile.
    pub(crate) async fn run<C: Wire, U: Wire>(
        self,
        outgoing: &mut Outgoing,
        response: &mut Flow,
        client: &mut Side<C>,
        service: &mut Side<U>,
    ) -> Delivered {
        let delivered = deliver(outgoing, response, client, service).await;
        if delivered == Delivered::Whole && self.stays && !outgoing.was_read() {
            let patience = &mut Patience::default();
            Box::pin(finish(outgoing, client, service, patience, REST)).await;
        }
        delivered
    }

    /// After an answer that was passed on whole: keeps the connection to the service if it can be used again. Whether
    /// the client may send another request.
    pub(crate) fn end(self, outgoing: &Outgoing, link: Link, upstream: &Upstream) -> bool {
        if self.keeps && self.framing != Framing::UntilClose && outgoing.is_complete() {
            link.keep(upstream, Instant::now());
        }
        self.stays && outgoing.was_read()
    }
}

/// Writes the head of an answer anew and uses the one that was read up.
pub(crate) fn answer_head(
    line: &StatusLine<'_>,
    answered: &Answered,
    service: &mut Side<impl Wire>,
) -> Buffer {
    let mut lead = Buffer::default();
    let bytes = service.input.filled();
    let bytes = bytes.get(..answered.length).unwrap_or_default();
    emit::response(&mut lead, line, &answered.head, bytes);
    service.input.consume(answered.length);
    lead
}
