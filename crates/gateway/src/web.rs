//! An HTTP service that believes a header: who asks stands in it, and what came under its name is gone.
//!
//! Nothing is judged but who may come in. Requests are read strictly and framed anew, as those for the daemon are.

mod identity;
mod note;
#[cfg(test)]
mod tests;

use std::time::Instant;

use crate::drain::Drain;
use crate::forward::{listed, refuse};
use crate::http::buffer::Buffer;
use crate::http::emit::{self, After, ContentType, Delimit, RequestLine, StatusLine};
use crate::http::exchange::{Answered, Asked, Delivered, Fault, Outgoing, ask, tunnel};
use crate::http::flow::{Flow, Frame, Side};
use crate::http::inlet::Patience;
use crate::http::malformed::Malformed;
use crate::http::passing::{Passing, answer_head};
use crate::http::request::{Framing, RequestHead};
use crate::http::service::{Care, Link};
use crate::http::serving::{self, Answers};
use crate::shared::Visitor;
use crate::transport::Transport;
use crate::{Service, Upstream};
use identity::Identity;
use note::Note;

pub(crate) use identity::check;

/// Serves one connection until it ends. Dropping the future cuts it; what it was doing is recorded.
pub(crate) async fn serve(transport: Transport, visitor: Visitor) {
    let Service::Web {
        upstream,
        allow,
        header,
    } = &visitor.door.listener().service
    else {
        return;
    };
    let caller = visitor.peer.caller();
    let by = listed(caller, allow);
    // A caller that may not come in is told so in HTTP: whoever sits behind a browser reads it.
    let stranger = match by {
        None => {
            refuse(&visitor);
            Some(Refusal::new(
                403,
                "your certificate has no name on the list of this listener",
            ))
        }
        Some(_) => None,
    };
    let identity = Identity::of(header, &visitor.peer);
    let mut connection = Connection {
        visitor: &visitor,
        upstream,
        rule: by.map(ToString::to_string).unwrap_or_default(),
        identity,
        stranger,
        client: Side::new(transport),
        patience: Patience::default(),
        number: 0,
    };
    let shared = &visitor.door.shared;
    serving::serve(&mut connection, &shared.limits, &shared.drain).await;
}

/// Why a request is answered by the gateway itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refusal {
    status: u16,
    what: &'static str,
}

impl Refusal {
    const fn new(status: u16, what: &'static str) -> Self {
        Self { status, what }
    }

    fn write(self, out: &mut Buffer, minor: u8, method: &str, after: After) {
        let body = format!("sealock: {}\n", self.what);
        let shown = (method != "HEAD").then_some(body.as_bytes());
        let text = "text/plain; charset=utf-8";
        emit::own(out, minor, self.status, after, text, shown, body.len());
    }
}

/// What becomes of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It waits for the next request.
    Next,
    /// It is closed, in a way that the client gets all that was sent to it.
    Linger,
    /// It is closed at once.
    Drop,
    /// It gets this answer first, and is closed.
    Refuse(Refusal),
}

/// One connection.
struct Connection<'v> {
    visitor: &'v Visitor,
    upstream: &'v Upstream,
    /// The name on the list by which the caller came in.
    rule: String,
    identity: Result<Identity, &'static str>,
    /// The answer to whoever is not on the list.
    stranger: Option<Refusal>,
    client: Side<Transport>,
    patience: Patience,
    /// Requests so far.
    number: u32,
}

impl Answers for Connection<'_> {
    type Wire = Transport;

    fn client(&mut self) -> (&mut Side<Transport>, &mut Patience) {
        (&mut self.client, &mut self.patience)
    }

    async fn request(&mut self, bytes: Buffer) -> Option<Instant> {
        let head = match RequestHead::read(bytes.filled()) {
            Ok(head) => head,
            Err(malformed) => {
                self.refuse_bytes(bytes.filled(), malformed).await;
                return None;
            }
        };
        let minor = head.minor;
        self.number = self.number.wrapping_add(1);
        let mut note = Note::new(
            self.visitor,
            self.number,
            head.method(bytes.filled()),
            head.raw_target(bytes.filled()),
        );
        let then = match self.may_go_on(&head, bytes.filled()) {
            Err(refusal) => Then::Refuse(refusal),
            Ok(identity) => {
                note.allowed(&self.rule);
                let forward = Forward {
                    upstream: self.upstream,
                    head,
                    identity,
                    drain: &self.visitor.door.shared.drain,
                };
                forward.run(&mut self.client, bytes, &mut note).await
            }
        };
        match then {
            Then::Next => {
                drop(note);
                return Some(Instant::now());
            }
            Then::Linger => {}
            Then::Drop => return None,
            Then::Refuse(refusal) => {
                note.refused(refusal.status, refusal.what);
                let mut out = Buffer::default();
                refusal.write(&mut out, minor, note.method(), After::Close);
                if self.client.say(out).await.is_err() {
                    return None;
                }
            }
        }
        drop(note);
        self.client.linger(&mut self.patience).await;
        None
    }

    async fn unreadable(&mut self, malformed: Malformed) {
        self.refuse_bytes(&[], malformed).await;
    }
}

impl Connection<'_> {
    fn may_go_on(&self, head: &RequestHead, bytes: &[u8]) -> Result<Identity, Refusal> {
        if let Some(stranger) = self.stranger {
            return Err(stranger);
        }
        if !self.visitor.door.shared.audit.ready() {
            let what = "requests must be recorded and records cannot be written";
            return Err(Refusal::new(503, what));
        }
        if self.visitor.peer.lapsed(&self.visitor.door.shared.current) {
            let what = "the certificate, or the list that vouches for it, has run out";
            return Err(Refusal::new(403, what));
        }
        let target = head.target(bytes);
        match head.method(bytes) {
            "CONNECT" => return Err(Refusal::new(405, "this is no proxy")),
            "OPTIONS" if target == "*" => {}
            _ if target.starts_with('/') => {}
            _ => return Err(Refusal::new(400, "the target must begin with a slash")),
        }
        self.identity
            .clone()
            .map_err(|what| Refusal::new(403, what))
    }

    /// Answers what is no request, which is recorded as far as it goes, and ends the connection.
    async fn refuse_bytes(&mut self, bytes: &[u8], malformed: Malformed) {
        let refusal = Refusal::new(malformed.status, malformed.what);
        self.number = self.number.wrapping_add(1);
        let raw = bytes.split(|byte| *byte == b'\r').next();
        let mut note = Note::new(self.visitor, self.number, "", raw.unwrap_or_default());
        note.refused(refusal.status, refusal.what);
        drop(note);
        let mut out = Buffer::default();
        refusal.write(&mut out, 1, "", After::Close);
        if self.client.say(out).await.is_ok() {
            self.client.linger(&mut self.patience).await;
        }
    }
}

/// A request that goes to the service.
struct Forward<'a> {
    upstream: &'a Upstream,
    head: RequestHead,
    identity: Identity,
    /// Once it has begun, no other request is taken on this connection.
    drain: &'a Drain,
}

impl Forward<'_> {
    async fn run(
        mut self,
        client: &mut Side<Transport>,
        bytes: Buffer,
        note: &mut Note<'_>,
    ) -> Then {
        let upgrades = self.head.upgrade(bytes.filled()).is_some();
        let repeats = matches!(note.method(), "GET" | "HEAD") && !upgrades && !self.head.has_body();
        let care = match repeats {
            true => Care::Repeatable,
            false => Care::Once,
        };
        let Ok(mut link) = Link::to(self.upstream, care).await else {
            return unreachable(note);
        };
        let mut outgoing = self.outgoing(&bytes, repeats && link.is_used);
        drop(bytes);
        if upgrades {
            // What the client says before the answer belongs to the stream that may come.
            outgoing = outgoing.unwatched();
        }
        let method = note.method().to_owned();
        let asked = Asked {
            method: &method,
            interim: self.head.minor > 0,
            expects: self.head.expects,
        };
        let answered = loop {
            match ask(&mut outgoing, client, &mut link.side, asked).await {
                // Kept too long. Nobody has answered a byte.
                Err(Fault::Unanswered) if link.is_used && outgoing.rewind() => {
                    match Link::new(self.upstream).await {
                        Ok(new) => link = new,
                        Err(_) => return unreachable(note),
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
        if answered.head.status == 101 {
            if upgrades {
                return Box::pin(self.stream(client, link, answered, note)).await;
            }
            note.detail = "the service changed the protocol unasked";
            return Then::Refuse(Refusal::new(502, note.detail));
        }
        let drains = self.drain.has_begun();
        let passing = Passing::new(&self.head, &answered, &outgoing, false, drains);
        let response = note
            .down
            .insert(passing.begin(&answered, &mut link.side, None));
        drop(answered);
        let service = &mut link.side;
        let delivered = passing.run(&mut outgoing, response, client, service).await;
        note.received += outgoing.flow.passed();
        match delivered {
            Delivered::Whole => match passing.end(&outgoing, link, self.upstream) {
                true => Then::Next,
                false => Then::Linger,
            },
            Delivered::CutOff => broken_off(note, "the service broke off"),
            Delivered::ClientGone => broken_off(note, "the caller broke off"),
        }
    }

    /// The request as it is sent.
    fn outgoing(&mut self, bytes: &Buffer, keep: bool) -> Outgoing {
        let bytes = bytes.filled();
        self.identity.remove_copies(&mut self.head.fields, bytes);
        let (delimit, frame) = match self.head.framing {
            Framing::Chunked => (Some(Delimit::Chunked), Frame::Chunked),
            Framing::Length(_) => (Some(Delimit::AsRead), Frame::Plain),
            Framing::Empty | Framing::UntilClose => (None, Frame::Plain),
        };
        let set = self.identity.fields();
        let line = RequestLine {
            method: self.head.method(bytes),
            target: self.head.target(bytes),
            host: None,
            body: delimit,
            content_type: ContentType::Keep,
            upgrade: self
                .head
                .upgrade(bytes)
                .and_then(|upgrade| std::str::from_utf8(upgrade).ok()),
            expect: self.head.expects,
            compressed: true,
            set: &set,
        };
        let mut lead = Buffer::default();
        emit::request(&mut lead, &line, &self.head, bytes);
        // A trailer could say under the header's name what the header must not.
        let flow = Flow::new(lead, self.head.framing, frame).without_trailers();
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
            after: After::Upgrade,
            replace: None,
        };
        let lead = answer_head(&line, &answered, &mut link.side);
        note.opens();
        drop(answered);
        let stream = |lead| Flow::new(lead, Framing::UntilClose, Frame::Plain);
        note.up = Some(stream(Buffer::default()));
        note.down = Some(stream(lead));
        let (Some(up), Some(down)) = (&mut note.up, &mut note.down) else {
            return Then::Drop;
        };
        match tunnel(up, down, client, &mut link.side).await {
            Delivered::Whole => {}
            Delivered::CutOff => note.detail = "the service broke off",
            Delivered::ClientGone => note.detail = "the caller broke off",
        }
        Then::Drop
    }
}

fn unreachable(note: &mut Note<'_>) -> Then {
    note.upstream_failed();
    Then::Refuse(Refusal::new(
        503,
        "the service behind the gateway cannot be reached",
    ))
}

fn broken_off(note: &mut Note<'_>, how: &'static str) -> Then {
    note.detail = how;
    Then::Drop
}

fn failed(fault: Fault, note: &mut Note<'_>) -> Then {
    match fault {
        Fault::ClientGone => broken_off(note, "the caller broke off"),
        Fault::Client(malformed) => Then::Refuse(Refusal::new(malformed.status, malformed.what)),
        Fault::Unanswered => {
            note.upstream_failed();
            let what = "the service closed the connection without an answer";
            Then::Refuse(Refusal::new(502, what))
        }
        Fault::Answer(bad) => {
            note.upstream_failed();
            note.detail = bad.0;
            Then::Refuse(Refusal::new(
                502,
                "the service's answer cannot be passed on",
            ))
        }
    }
}
