//! A request that was allowed, on its way to the daemon, and the answer on its way back.

use sealock_policy::{AnswerRule, ApiVersion, BodyRule, Call, Decision, Method, Request, Sieve};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::answer::Refusal;
use super::codes;
use super::note::Note;
use crate::Upstream;
use crate::drain::Drain;
use crate::http::buffer::Buffer;
use crate::http::emit::{self, After, ContentType, Delimit, RequestLine, StatusLine};
use crate::http::exchange::{
    Answered, Asked, Delivered, Fault, Outgoing, ask, deliver, finish, tunnel,
};
use crate::http::flow::{Filter, Flow, Frame, Side};
use crate::http::inlet::Patience;
use crate::http::request::{Framing, RequestHead};
use crate::http::response::ResponseHead;
use crate::http::service::{Care, Link};
use crate::transport::Transport;

/// The largest answer that is held in memory to be gone through.
const WHOLE: usize = 64 << 20;

/// How long the daemon may take to say the rest of such an answer.
const WHOLE_TIME: Duration = Duration::from_secs(300);

/// How long the end of a request may take whose answer is complete already.
const REST: Duration = Duration::from_secs(2);

/// A request that goes to the daemon.
pub(super) struct Forward<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) head: &'a RequestHead,
    pub(super) request: &'a Request,
    pub(super) decision: &'a Decision,
    /// The highest version of the API that callers are told of.
    pub(super) ceiling: Option<ApiVersion>,
    /// Who prepared which command.
    pub(super) makers: Arc<sealock_policy::ExecMakers>,
    /// Once it has begun, no other request is taken on this connection.
    pub(super) drain: &'a Drain,
}

/// What becomes of the client's connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It waits for the next request.
    Next,
    /// It is closed, in a way that the client gets all that was sent to it.
    Linger,
    /// It is closed at once: it has ended, or must look broken off.
    Drop,
    /// It gets this answer first.
    Refuse(Refusal),
}

impl Forward<'_> {
    /// Goes there and back. `bytes` is the head that was read, which is given up once it was written anew.
    pub(super) async fn run(
        &self,
        client: &mut Side<Transport>,
        bytes: Buffer,
        note: &mut Note<'_>,
    ) -> Then {
        let hijacks = self.request.hijacks();
        let repeats = matches!(self.request.method(), Method::Get | Method::Head) && !hijacks;
        let care = if repeats {
            Care::Repeatable
        } else {
            Care::Once
        };
        let Ok(mut link) = Link::to(self.upstream, care).await else {
            return Then::Refuse(unreachable());
        };
        let mut outgoing = self.outgoing(bytes, note, repeats && link.is_used);
        if hijacks {
            // What the client says before the answer belongs to the stream, its end included.
            outgoing = outgoing.unwatched();
        }
        let asked = Asked {
            method: self.request.method().name(),
            interim: self.head.minor > 0,
            expects: self.head.expects && self.request.route().body == BodyRule::Stream,
        };
        let answered = loop {
            match ask(&mut outgoing, client, &mut link.side, asked).await {
                // Kept too long: the daemon was restarted meanwhile. Nobody has answered a byte.
                Err(Fault::Unanswered) if link.is_used && outgoing.rewind() => {
                    match Link::new(self.upstream).await {
                        Ok(new) => link = new,
                        Err(_) => return Then::Refuse(unreachable()),
                    }
                }
                Err(fault) => {
                    note.received += outgoing.flow.passed();
                    return failed(fault, note);
                }
                Ok(answered) => break answered,
            }
        };
        outgoing.flow.forget_lead();
        note.status = answered.head.status;
        if hijacks && becomes_stream(&answered.head, self.request.upgrade().is_some()) {
            return Box::pin(self.stream(client, link, answered, note)).await;
        }
        if answered.head.status == 101 {
            note.detail = "the daemon changed the protocol unasked";
            return Then::Refuse(bad_answer(note.detail));
        }
        let is_success = answered.head.status < 300 && answered.head.framing != Framing::Empty;
        let then = match &self.decision.answer {
            AnswerRule::Whole(_) if is_success => {
                Box::pin(self.whole(client, link, answered, &mut outgoing, note)).await
            }
            _ => self.pass(client, link, answered, &mut outgoing, note).await,
        };
        note.received += outgoing.flow.passed();
        then
    }

    /// The request as it is sent.
    fn outgoing(&self, bytes: Buffer, note: &mut Note<'_>, keep: bool) -> Outgoing {
        let mut target = String::with_capacity(96);
        self.request.write_target(&mut target);
        let rule = self.request.route().body;
        let body = match rule {
            BodyRule::Json { .. } => self.request.body(),
            BodyRule::None { .. } | BodyRule::Stream => None,
        };
        let method = self.request.method();
        let takes_body = matches!(method, Method::Post | Method::Put);
        let (delimit, framing) = match (rule, &body) {
            (BodyRule::Stream, _) => match self.head.framing {
                Framing::Chunked => (Some(Delimit::Chunked), Framing::Chunked),
                Framing::Length(_) => (Some(Delimit::AsRead), self.head.framing),
                _ => (takes_body.then_some(Delimit::Length(0)), Framing::Empty),
            },
            (_, Some(body)) => (Some(Delimit::Length(body.len() as u64)), Framing::Empty),
            (_, None) => (takes_body.then_some(Delimit::Length(0)), Framing::Empty),
        };
        let line = RequestLine {
            method: method.name(),
            target: &target,
            host: Some("docker"),
            body: delimit,
            content_type: match rule {
                BodyRule::Stream => ContentType::Keep,
                _ if body.is_some() => ContentType::Is("application/json"),
                _ => ContentType::Drop,
            },
            upgrade: self.request.upgrade(),
            expect: rule == BodyRule::Stream,
            compressed: self.decision.answer == AnswerRule::Pass,
            set: &[],
        };
        let mut lead = Buffer::default();
        emit::request(&mut lead, &line, self.head, bytes.filled());
        lead.extend(body.as_deref().unwrap_or_default());
        note.goes_on(target);
        let frame = match framing {
            Framing::Chunked => Frame::Chunked,
            _ => Frame::Plain,
        };
        let flow = Flow::new(lead, framing, frame);
        Outgoing::new(if keep { flow.keeping_lead() } else { flow })
    }

    /// The connection becomes a stream: bytes both ways, each direction ending by itself.
    async fn stream(
        &self,
        client: &mut Side<Transport>,
        mut link: Link,
        answered: Answered,
        note: &mut Note<'_>,
    ) -> Then {
        let line = StatusLine {
            minor: self.head.minor,
            body: None,
            after: match answered.head.status {
                101 => After::Upgrade,
                _ => After::Raw,
            },
            replace: None,
        };
        let head = answer_head(&line, &answered, &mut link);
        note.opens(answered.head.status);
        drop(answered);
        // In a record of its own, as the daemon sends it: docker-py reads the head through a buffer and the stream past
        // that buffer, and would lose what came along.
        if client.say(head).await.is_err() {
            note.detail = "the caller broke off";
            return Then::Drop;
        }
        let streams = || Flow::new(Buffer::default(), Framing::UntilClose, Frame::Plain);
        let mut held = Streams {
            up: streams(),
            down: streams(),
            note,
        };
        match tunnel(&mut held.up, &mut held.down, client, &mut link.side).await {
            Delivered::Whole => {}
            Delivered::CutOff => held.note.detail = "the daemon broke off",
            Delivered::ClientGone => held.note.detail = "the caller broke off",
        }
        Then::Drop
    }

    /// The answer as it comes, or through a sieve.
    async fn pass(
        &self,
        client: &mut Side<Transport>,
        mut link: Link,
        answered: Answered,
        outgoing: &mut Outgoing,
        note: &mut Note<'_>,
    ) -> Then {
        let head = &answered.head;
        let (framing, keeps) = (head.framing, head.keep_alive);
        let sieve = match &self.decision.answer {
            AnswerRule::Events(keep) if head.status < 300 && framing != Framing::Empty => {
                Some(Sifted(Sieve::new(keep.clone())))
            }
            _ => None,
        };
        // Chunks are for clients that know them. Of an answer that ends with the connection nobody can tell
        // whether it is whole, so it is passed on as what it is.
        let chunks = self.head.minor > 0
            && (framing == Framing::Chunked || (sieve.is_some() && framing != Framing::UntilClose));
        let is_delimited = match framing {
            Framing::Empty => true,
            Framing::Length(_) => chunks || sieve.is_none(),
            Framing::Chunked | Framing::UntilClose => chunks,
        };
        // A daemon that closes although the request is not yet whole takes no more of it.
        let gives_up = !keeps && !outgoing.was_read();
        let stays = self.head.keep_alive && is_delimited && !self.drain.has_begun() && !gives_up;
        let body = match (chunks, framing) {
            (true, _) => Some(Delimit::Chunked),
            (false, Framing::Length(_)) if sieve.is_some() => None,
            (false, Framing::Empty | Framing::Length(_)) => Some(Delimit::AsRead),
            (false, Framing::Chunked | Framing::UntilClose) => None,
        };
        let capped = self.capped(&answered, &link);
        let line = StatusLine {
            minor: self.head.minor,
            body,
            after: if stays { After::Next } else { After::Close },
            replace: capped.as_deref().map(|version| ("Api-Version", version)),
        };
        let lead = answer_head(&line, &answered, &mut link);
        drop(answered);
        let frame = if chunks { Frame::Chunked } else { Frame::Plain };
        let mut response = Flow::new(lead, framing, frame);
        if let Some(sifted) = sieve {
            response = response.through(Box::new(sifted));
        }
        let delivered = {
            let mut held = Passing {
                response: &mut response,
                note: &mut *note,
            };
            deliver(outgoing, held.response(), client, &mut link.side).await
        };
        match delivered {
            Delivered::CutOff => {
                note.detail = "the daemon broke off";
                return Then::Drop;
            }
            Delivered::ClientGone => {
                note.detail = "the caller broke off";
                return Then::Drop;
            }
            Delivered::Whole => {}
        }
        if stays && !outgoing.was_read() {
            let patience = &mut Patience::default();
            Box::pin(finish(outgoing, client, &mut link.side, patience, REST)).await;
        }
        if keeps && framing != Framing::UntilClose && outgoing.is_complete() {
            link.keep(self.upstream, Instant::now());
        }
        match stays && outgoing.was_read() {
            true => Then::Next,
            false => Then::Linger,
        }
    }

    /// The answer after it was gone through.
    async fn whole(
        &self,
        client: &mut Side<Transport>,
        mut link: Link,
        answered: Answered,
        outgoing: &mut Outgoing,
        note: &mut Note<'_>,
    ) -> Then {
        let head = link.side.input.split(answered.length);
        let collected = match answered.head.framing {
            Framing::UntilClose => None,
            framing => link
                .side
                .collect(framing, WHOLE, &mut Patience::default(), WHOLE_TIME)
                .await
                .ok(),
        };
        let applied = collected.and_then(|body| self.decision.answer.apply(&body, &self.makers));
        let Some(body) = applied else {
            return Then::Refuse(Refusal::new(
                502,
                codes::UNSIFTED,
                "the answer had to be gone through and could not be",
            ));
        };
        let stays = self.head.keep_alive && !self.drain.has_begun() && outgoing.was_read();
        let line = StatusLine {
            minor: self.head.minor,
            body: Some(Delimit::Length(body.len() as u64)),
            after: if stays { After::Next } else { After::Close },
            replace: None,
        };
        let mut out = Buffer::default();
        emit::response(&mut out, &line, &answered.head, head.filled());
        out.extend(&body);
        let length = body.len() as u64;
        drop((head, body));
        link.side.input.release();
        if answered.head.keep_alive && outgoing.is_complete() {
            link.keep(self.upstream, Instant::now());
        }
        if client.say(out).await.is_err() {
            note.detail = "the caller broke off";
            return Then::Drop;
        }
        note.sent += length;
        if stays { Then::Next } else { Then::Linger }
    }

    /// The version to tell instead of the daemon's own, when that is more than what is let in: clients
    /// then speak the lower one by themselves.
    fn capped(&self, answered: &Answered, link: &Link) -> Option<String> {
        if self.request.call() != Call::Ping {
            return None;
        }
        let bytes = &link.side.input.filled()[..answered.length];
        let told = answered.head.fields.iter().find_map(|field| {
            let name = field.name.of_head(bytes);
            name.eq_ignore_ascii_case(b"api-version")
                .then(|| field.value.of_head(bytes))
        })?;
        let version: ApiVersion = std::str::from_utf8(told).ok()?.parse().ok()?;
        let ceiling = self.ceiling?;
        (version > ceiling).then(|| ceiling.to_string())
    }
}

/// Counts what was passed on even when the connection is cut meanwhile.
struct Passing<'f, 'n, 'v> {
    response: &'f mut Flow,
    note: &'n mut Note<'v>,
}

impl Passing<'_, '_, '_> {
    fn response(&mut self) -> &mut Flow {
        self.response
    }
}

impl Drop for Passing<'_, '_, '_> {
    fn drop(&mut self) {
        self.note.sent += self.response.passed();
    }
}

/// The same for a stream.
struct Streams<'n, 'v> {
    up: Flow,
    down: Flow,
    note: &'n mut Note<'v>,
}

impl Drop for Streams<'_, '_> {
    fn drop(&mut self) {
        self.note.received += self.up.passed();
        self.note.sent += self.down.passed();
    }
}

/// A sieve in the way of a flow.
struct Sifted(Sieve);

impl Filter for Sifted {
    fn pass(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.0.push(bytes, out);
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        self.0.finish(out);
    }
}

/// Writes the head of an answer and uses the one that was read up.
fn answer_head(line: &StatusLine<'_>, answered: &Answered, link: &mut Link) -> Buffer {
    let mut lead = Buffer::default();
    let input = &mut link.side.input;
    let bytes = &input.filled()[..answered.length];
    emit::response(&mut lead, line, &answered.head, bytes);
    input.consume(answered.length);
    lead
}

/// Whether the connection now is a raw stream: after an upgrade that was asked for, or after an answer
/// of success that neither says its length nor ends with the connection, as dockerd gives without one.
fn becomes_stream(head: &ResponseHead, upgrades: bool) -> bool {
    match head.status {
        101 => upgrades,
        200 => !upgrades && head.framing == Framing::UntilClose,
        _ => false,
    }
}

fn failed(fault: Fault, note: &mut Note<'_>) -> Then {
    match fault {
        Fault::ClientGone => {
            note.detail = "the caller broke off";
            Then::Drop
        }
        Fault::Client(malformed) => Then::Refuse(Refusal::new(
            malformed.status,
            codes::MALFORMED,
            malformed.what,
        )),
        Fault::Unanswered => Then::Refuse(Refusal::new(
            502,
            codes::UNANSWERED,
            "the daemon closed the connection without an answer",
        )),
        Fault::Answer(bad) => {
            note.detail = bad.0;
            Then::Refuse(bad_answer(bad.0))
        }
    }
}

fn bad_answer(what: &str) -> Refusal {
    Refusal::new(
        502,
        codes::BAD_ANSWER,
        &format!("the daemon's answer cannot be passed on: {what}"),
    )
}

/// What a caller is told when the daemon is not there.
pub(super) fn unreachable() -> Refusal {
    Refusal::new(
        503,
        codes::UNREACHABLE,
        "the daemon behind the gateway cannot be reached",
    )
}
