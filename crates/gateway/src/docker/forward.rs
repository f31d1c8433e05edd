//! A request that was allowed, on its way to the daemon, and the answer on its way back.

use sealock_policy::{AnswerRule, ApiVersion, BodyRule, Call, Decision, Method, Request, Sieve};
use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::answer::Refusal;
use super::codes;
use super::note::Note;
use crate::Upstream;
use crate::http::buffer::Buffer;
use crate::http::emit::{self, After, ContentType, Delimit, RequestLine, StatusLine};
use crate::http::exchange::{Answered, Asked, Delivered, Fault, Outgoing, ask, tunnel};
use crate::http::flow::{Filter, Flow, Frame, Side};
use crate::http::inlet::Patience;
use crate::http::passing::{Passing, answer_head};
use crate::http::request::{Framing, RequestHead};
use crate::http::response::ResponseHead;
use crate::http::service::{Care, Link};
use crate::shared::Shared;
use crate::transport::Transport;

/// The largest answer that is held in memory to be gone through.
const WHOLE: usize = 64 << 20;

/// How long the daemon may take to say the rest of such an answer.
const WHOLE_TIME: Duration = Duration::from_secs(300);

thread_local! {
    /// Where a target is written before it goes into a head.
    static TARGET: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A request that is to go to the daemon.
pub(super) struct Forward<'a, 'r> {
    pub(super) upstream: &'a Upstream,
    pub(super) head: &'a mut RequestHead,
    pub(super) request: &'r Request,
    pub(super) decision: &'r mut Decision,
    /// The highest version of the API that callers are told of.
    pub(super) ceiling: Option<ApiVersion>,
}

/// A request that was sent, or is being sent. It is all that is held while the daemon thinks, hundreds of times over: what
/// was read and judged is gone by then.
pub(super) struct Underway<'a> {
    upstream: &'a Upstream,
    asked: Asked<'static>,
    link: Link,
    outgoing: Outgoing,
    back: Back<'a>,
}

/// What the way back depends on.
struct Back<'a> {
    head: &'a RequestHead,
    hijacks: bool,
    upgrades: bool,
    /// The highest version to tell, where the answer tells one.
    ceiling: Option<ApiVersion>,
    /// What is done to the answer; nothing when `None`.
    rule: Option<Box<AnswerRule>>,
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

impl<'a> Forward<'a, '_> {
    /// Writes the request anew and takes a connection for it. `bytes` is the head that was read, which is given up.
    pub(super) async fn set_out(
        self,
        bytes: &mut Buffer,
        note: &mut Note<'_>,
    ) -> Result<Underway<'a>, Then> {
        let hijacks = self.request.hijacks();
        let repeats = matches!(self.request.method(), Method::Get | Method::Head) && !hijacks;
        let care = if repeats {
            Care::Repeatable
        } else {
            Care::Once
        };
        let Ok(link) = Link::to(self.upstream, care).await else {
            return Err(Then::Refuse(unreachable()));
        };
        let mut outgoing = self.outgoing(std::mem::take(bytes), note, repeats && link.is_used);
        if hijacks {
            // What the client says before the answer belongs to the stream, its end included.
            outgoing = outgoing.unwatched();
        }
        // Written anew: nothing of it is needed while the daemon thinks.
        self.head.fields = Vec::new();
        let rule = std::mem::take(&mut self.decision.answer);
        Ok(Underway {
            upstream: self.upstream,
            asked: Asked {
                method: self.request.method().name(),
                interim: self.head.minor > 0,
                expects: self.head.expects && self.request.route().body == BodyRule::Stream,
            },
            link,
            outgoing,
            back: Back {
                hijacks,
                upgrades: self.request.upgrade().is_some(),
                ceiling: self.ceiling.filter(|_| self.request.call() == Call::Ping),
                rule: (rule != AnswerRule::Pass).then(|| Box::new(rule)),
                head: self.head,
            },
        })
    }

    /// The request as it is sent.
    fn outgoing(&self, bytes: Buffer, note: &mut Note<'_>, keep: bool) -> Outgoing {
        TARGET.with_borrow_mut(|target| {
            target.clear();
            self.request.write_target(target);
            note.goes_on(target);
            self.written(target, bytes, keep)
        })
    }

    fn written(&self, target: &str, bytes: Buffer, keep: bool) -> Outgoing {
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
            target,
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
        let frame = match framing {
            Framing::Chunked => Frame::Chunked,
            _ => Frame::Plain,
        };
        let flow = Flow::new(lead, framing, frame);
        Outgoing::new(if keep { flow.keeping_lead() } else { flow })
    }
}

impl Underway<'_> {
    /// Sends the request and waits for the head of its answer.
    pub(super) async fn answered(
        &mut self,
        client: &mut Side<Transport>,
        note: &mut Note<'_>,
    ) -> Result<Answered, Then> {
        loop {
            let service = &mut self.link.side;
            match ask(&mut self.outgoing, client, service, self.asked).await {
                // Kept too long: the daemon was restarted meanwhile. Nobody has answered a byte.
                Err(Fault::Unanswered) if self.link.is_used && self.outgoing.rewind() => {
                    match Box::pin(Link::new(self.upstream)).await {
                        Ok(new) => self.link = new,
                        Err(_) => return Err(Then::Refuse(unreachable())),
                    }
                }
                Err(fault) => {
                    note.received += self.outgoing.flow.passed();
                    return Err(failed(fault, note));
                }
                Ok(answered) => return Ok(answered),
            }
        }
    }

    /// Passes the answer on.
    #[expect(
        clippy::manual_async_fn,
        reason = "as the body of an `async fn` it would hold what it is given twice"
    )]
    pub(super) fn deliver(
        mut self,
        client: &mut Side<Transport>,
        answered: Answered,
        shared: &Shared,
        note: &mut Note<'_>,
    ) -> impl Future<Output = Then> + Send {
        async move {
            let back = &self.back;
            self.outgoing.flow.forget_lead();
            note.status = answered.head.status;
            if back.hijacks && becomes_stream(&answered.head, back.upgrades) {
                return Box::pin(back.stream(client, self.link, answered, note)).await;
            }
            if answered.head.status == 101 {
                note.detail = "the daemon changed the protocol unasked";
                return Then::Refuse(bad_answer(note.detail));
            }
            let is_success = answered.head.status < 300 && answered.head.framing != Framing::Empty;
            if is_success && matches!(back.rule.as_deref(), Some(AnswerRule::Whole(_))) {
                let link = (self.link, self.upstream);
                let outgoing = &mut self.outgoing;
                let whole = back.whole(client, link, answered, outgoing, shared, note);
                let then = Box::pin(whole).await;
                note.received += self.outgoing.flow.passed();
                return then;
            }
            let sieve = back.sieve(&answered);
            let (changes, ends) = (sieve.is_some(), shared.drain.has_begun());
            let passing = Passing::new(back.head, &answered, &self.outgoing, changes, ends);
            let response = back.begin(passing, sieve, &answered, &mut self.link);
            drop(answered);
            let delivered = {
                let mut held = Held {
                    response,
                    note: &mut *note,
                };
                let (response, service) = (&mut held.response, &mut self.link.side);
                passing
                    .run(&mut self.outgoing, response, client, service)
                    .await
            };
            note.received += self.outgoing.flow.passed();
            match delivered {
                Delivered::Whole => match passing.end(&self.outgoing, self.link, self.upstream) {
                    true => Then::Next,
                    false => Then::Linger,
                },
                Delivered::CutOff => broken_off(note, "the daemon broke off"),
                Delivered::ClientGone => broken_off(note, "the caller broke off"),
            }
        }
    }
}

impl Back<'_> {
    /// What the answer is gone through by, on its way.
    fn sieve(&self, answered: &Answered) -> Option<Box<dyn Filter>> {
        match self.rule.as_deref() {
            Some(AnswerRule::Events(keep))
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
        (mut link, upstream): (Link, &Upstream),
        answered: Answered,
        outgoing: &mut Outgoing,
        shared: &Shared,
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
        let rule = self.rule.as_deref();
        let applied = collected.and_then(|body| rule?.apply(&body, &shared.makers));
        let Some(body) = applied else {
            return Then::Refuse(Refusal::new(
                502,
                codes::UNSIFTED,
                "the answer had to be gone through and could not be",
            ));
        };
        let stays = self.head.keep_alive && !shared.drain.has_begun() && outgoing.was_read();
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
            link.keep(upstream, Instant::now());
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
        let ceiling = self.ceiling?;
        let bytes = &link.side.input.filled()[..answered.length];
        let told = answered.head.fields.iter().find_map(|field| {
            let name = field.name.of_head(bytes);
            name.eq_ignore_ascii_case(b"api-version")
                .then(|| field.value.of_head(bytes))
        })?;
        let version: ApiVersion = std::str::from_utf8(told).ok()?.parse().ok()?;
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
