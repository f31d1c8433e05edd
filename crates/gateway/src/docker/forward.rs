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
use crate::http::exchange::{Answered, Asked, Delivered, Fault, Outgoing, ask, tunnel};
use crate::http::flow::{Filter, Flow, Frame, Side};
use crate::http::inlet::Patience;
use crate::http::passing::{Passing, answer_head};
use crate::http::request::{Framing, RequestHead};
use crate::http::response::ResponseHead;
use crate::http::service::{Care, Link};
use crate::transport::Transport;

/// The largest answer that is held in memory to be gone through.
const WHOLE: usize = 64 << 20;

/// How long the daemon may take to say the rest of such an answer.
const WHOLE_TIME: Duration = Duration::from_secs(300);

/// A request that goes to the daemon.
pub(super) struct Forward<'a> {
    pub(super) upstream: &'a Upstream,
    pub(super) head: &'a mut RequestHead,
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
        self,
        client: &mut Side<Transport>,
        bytes: &mut Buffer,
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
        let mut outgoing = self.outgoing(std::mem::take(bytes), note, repeats && link.is_used);
        // Written anew: nothing of it is needed while the daemon thinks.
        self.head.fields = Vec::new();
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
        let then = if is_success && matches!(self.decision.answer, AnswerRule::Whole(_)) {
            Box::pin(self.whole(client, link, answered, &mut outgoing, note)).await
        } else {
            let sieve = self.sieve(&answered);
            let drains = self.drain.has_begun();
            let passing = Passing::new(self.head, &answered, &outgoing, sieve.is_some(), drains);
            let response = self.begin(passing, sieve, &answered, &mut link);
            drop(answered);
            let delivered = {
                let mut held = Held {
                    response,
                    note: &mut *note,
                };
                let service = &mut link.side;
                passing
                    .run(&mut outgoing, &mut held.response, client, service)
                    .await
            };
            match delivered {
                Delivered::Whole => match passing.end(&outgoing, link, self.upstream) {
                    true => Then::Next,
                    false => Then::Linger,
                },
                Delivered::CutOff => broken_off(note, "the daemon broke off"),
                Delivered::ClientGone => broken_off(note, "the caller broke off"),
            }
        };
        note.received += outgoing.flow.passed();
        then
    }

    /// What the answer is gone through by, on its way.
    fn sieve(&self, answered: &Answered) -> Option<Box<dyn Filter>> {
        match &self.decision.answer {
            AnswerRule::Events(keep)
                if answered.head.status < 300 && answered.head.framing != Framing::Empty =>
            {
                Some(Box::new(Sifted(Sieve::new(keep.clone()))))
            }
            _ => None,
        }
    }

    /// The answer as it goes to the client.
    fn begin(
        &self,
        passing: Passing,
        sieve: Option<Box<dyn Filter>>,
        answered: &Answered,
        link: &mut Link,
    ) -> Flow {
        let capped = self.capped(answered, link);
        let replace = capped.as_deref().map(|version| ("Api-Version", version));
        let response = passing.begin(answered, &mut link.side, replace);
        match sieve {
            Some(sieve) => response.through(sieve),
            None => response,
        }
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
        let head = answer_head(&line, &answered, &mut link.side);
        note.opens(answered.head.status);
        drop(answered);
        // In a record of its own, as the daemon sends it: docker-py reads the head through a buffer and the stream past
        // that buffer, and would lose what came along.
        if client.say(head).await.is_err() {
            return broken_off(note, "the caller broke off");
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
            return broken_off(note, "the caller broke off");
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
struct Held<'n, 'v> {
    response: Flow,
    note: &'n mut Note<'v>,
}

impl Drop for Held<'_, '_> {
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

/// Whether the connection now is a raw stream: after an upgrade that was asked for, or after an answer
/// of success that neither says its length nor ends with the connection, as dockerd gives without one.
fn becomes_stream(head: &ResponseHead, upgrades: bool) -> bool {
    match head.status {
        101 => upgrades,
        200 => !upgrades && head.framing == Framing::UntilClose,
        _ => false,
    }
}

fn broken_off(note: &mut Note<'_>, how: &'static str) -> Then {
    note.detail = how;
    Then::Drop
}

fn failed(fault: Fault, note: &mut Note<'_>) -> Then {
    match fault {
        Fault::ClientGone => broken_off(note, "the caller broke off"),
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
