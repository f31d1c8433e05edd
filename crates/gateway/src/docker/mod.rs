//! The Engine API: every request is read as the daemon would read it, judged, and sent on as it was judged.

mod answer;
mod codes;
mod forward;
mod judging;
mod note;
mod question;

use sealock_policy::{BodyRule, Facts, Request};
use std::time::Instant;

use crate::admission::LAPSED;
use crate::http::buffer::Buffer;
use crate::http::emit::After;
use crate::http::flow::Side;
use crate::http::inlet::{NoRequest, Patience};
use crate::http::malformed::Malformed;
use crate::http::request::{Framing, RequestHead};
use crate::http::serving::{self, Answers};
use crate::shared::Visitor;
use crate::transport::Transport;
use crate::{Service, Upstream};
use answer::Refusal;
use forward::{Forward, Then, Underway};
use judging::Judging;
use note::Note;

/// How much longer than a head the body of a judged request may take.
const BODY_PATIENCE: u32 = 4;

/// Serves one connection until it ends. Dropping the future cuts it; what it was doing is recorded.
pub(crate) async fn serve(transport: Transport, visitor: Visitor) {
    let Service::Docker { upstream, prefix } = &visitor.door.listener().service else {
        return;
    };
    let shared = &visitor.door.shared;
    let mut connection = Connection {
        visitor: &visitor,
        upstream,
        prefix: prefix.as_deref(),
        client: Side::new(transport),
        patience: Patience::default(),
        judging: Judging::of(&visitor),
        number: 0,
        is_read: true,
    };
    serving::serve(&mut connection, &shared.limits, &shared.drain).await;
}

/// One connection.
struct Connection<'v> {
    visitor: &'v Visitor,
    upstream: &'v Upstream,
    prefix: Option<&'v str>,
    client: Side<Transport>,
    patience: Patience,
    judging: Judging,
    /// Requests so far.
    number: u32,
    /// Nothing of the request at hand is left to be read.
    is_read: bool,
}

impl Answers for Connection<'_> {
    type Wire = Transport;

    fn client(&mut self) -> (&mut Side<Transport>, &mut Patience) {
        (&mut self.client, &mut self.patience)
    }

    async fn request(&mut self, mut bytes: Buffer) -> Option<Instant> {
        let since = Instant::now();
        let mut head = match RequestHead::read(bytes.filled()) {
            Ok(head) => head,
            Err(malformed) => {
                self.refuse_bytes(bytes.filled(), malformed).await;
                return None;
            }
        };
        self.judging.refresh(self.visitor);
        self.number = self.number.wrapping_add(1);
        let line = (head.method(bytes.filled()), head.raw_target(bytes.filled()));
        self.is_read = !head.has_body();
        let policy = self.judging.policy_epoch;
        let mut note = Note::new(self.visitor, self.number, since, line, policy);
        let then = self.answer(&mut head, &mut bytes, &mut note).await;
        let (then, told) = match then {
            Then::Refuse(refusal) => self.refuse(&head, &refusal, &mut note).await,
            then => (then, true),
        };
        let ended = note.ends();
        match then {
            Then::Next => return Some(ended),
            Then::Linger if told => self.client.linger(&mut self.patience).await,
            _ => {}
        }
        None
    }

    async fn unreadable(&mut self, malformed: Malformed) {
        self.refuse_bytes(&[], malformed).await;
    }
}

impl<'v> Connection<'v> {
    /// From a head to the end of its answer.
    async fn answer(
        &mut self,
        head: &mut RequestHead,
        bytes: &mut Buffer,
        note: &mut Note<'v>,
    ) -> Then {
        // What sending takes is on the heap for this one moment, and so is what delivering takes below: most requests are
        // sent at once, and nothing of it is held while the daemon thinks.
        let mut underway = match Box::pin(self.send(head, bytes, note)).await {
            Ok(underway) => underway,
            Err(then) => return then,
        };
        let answered = match underway.answered(&mut self.client, note).await {
            Ok(answered) => answered,
            Err(then) => return then,
        };
        let shared = &self.visitor.door.shared;
        Box::pin(underway.deliver(&mut self.client, answered, shared, note)).await
    }

    /// Judges a request and sends it as it was judged; or says why not.
    async fn send<'h>(
        &mut self,
        head: &'h mut RequestHead,
        bytes: &mut Buffer,
        note: &mut Note<'v>,
    ) -> Result<Underway<'h>, Then>
    where
        'v: 'h,
    {
        let shared = &self.visitor.door.shared;
        if !shared.audit.ready() {
            return Err(Then::Refuse(Refusal::new(
                503,
                codes::UNRECORDED,
                "requests must be recorded and records cannot be written",
            )));
        }
        if self.visitor.peer.lapsed(&shared.current) {
            let what = "the certificate, or the list that vouches for it, has run out";
            return Err(Then::Refuse(Refusal::new(403, LAPSED, what)));
        }
        let mut request = match self.judging.read(head, bytes.filled(), self.prefix) {
            Ok(request) => request,
            Err(refusal) => return Err(Then::Refuse(refusal)),
        };
        note.read(&request);
        if head.has_body() && request.route().body != BodyRule::Stream {
            Box::pin(self.take_body(head, &mut request, note)).await?;
            // It took its time, minutes if the client wants: what was allowed when it began may be no more.
            self.judging.refresh(self.visitor);
            note.policy = self.judging.policy_epoch;
        } else if let BodyRule::Json { .. } = request.route().body
            && let Err(unclean) = request.set_body(b"")
        {
            return Err(Then::Refuse(judging::unclean(unclean)));
        }
        let mut facts = Facts::new(shared.makers.clone());
        let judged = self.judging.judge(&mut request, &mut facts, self.upstream);
        let mut decision = match judged.await {
            Ok(decision) => decision,
            Err(refusal) => return Err(Then::Refuse(refusal)),
        };
        note.judged(&decision, &facts);
        drop(facts);
        // The words that name the request are made for a refusal only.
        let refused = decision.refusal.as_ref().and_then(|_| {
            let caller = self.visitor.peer.caller().label();
            decision.answer_to(caller, &note.id().to_string())
        });
        if let Some((status, message)) = refused {
            return Err(Then::Refuse(Refusal {
                status,
                code: "",
                message,
            }));
        }
        let forward = Forward {
            upstream: self.upstream,
            head,
            request: &request,
            decision: &mut decision,
            ceiling: self.judging.ceiling(),
        };
        // From here on the request is on its way, and how far it got is known to nobody else.
        self.is_read = false;
        forward.set_out(bytes, note).await
    }

    /// Reads the body of a request that is judged with it, or whose body nobody reads.
    async fn take_body(
        &mut self,
        head: &RequestHead,
        request: &mut Request,
        note: &mut Note<'v>,
    ) -> Result<(), Then> {
        let limits = &self.visitor.door.shared.limits;
        let (most, is_judged) = match request.route().body {
            BodyRule::Json { limit } => (limit.min(limits.body_bytes), true),
            BodyRule::None { limit } => (limit, false),
            BodyRule::Stream => return Ok(()),
        };
        let fits = match head.framing {
            Framing::Length(length) => length <= most as u64,
            _ => true,
        };
        if head.expects && fits && self.client.input.is_empty() {
            let mut go_on = Buffer::default();
            go_on.extend(b"HTTP/1.1 100 Continue\r\n\r\n");
            self.client.say(go_on).await.map_err(|_| Then::Drop)?;
        }
        let within = limits.head_time * BODY_PATIENCE;
        let body = self
            .client
            .collect(head.framing, most, &mut self.patience, within)
            .await
            .map_err(|why| match why {
                NoRequest::Over => {
                    note.detail = "the caller broke off";
                    Then::Drop
                }
                NoRequest::Malformed(malformed) => Then::Refuse(of(malformed)),
            })?;
        self.client.input.release();
        self.is_read = true;
        note.received += body.len() as u64;
        if is_judged {
            request
                .set_body(&body)
                .map_err(|unclean| Then::Refuse(judging::unclean(unclean)))?;
        }
        Ok(())
    }

    /// Answers by ourselves. When the client may go on, nothing of its request is left unread.
    async fn refuse(
        &mut self,
        head: &RequestHead,
        refusal: &Refusal,
        note: &mut Note<'v>,
    ) -> (Then, bool) {
        note.refused(refusal);
        let is_last = self.visitor.door.shared.drain.has_begun();
        let stays = head.keep_alive && self.is_read && !is_last;
        let after = if stays { After::Next } else { After::Close };
        let mut out = Buffer::default();
        refusal.write(&mut out, head.minor, note.method(), after);
        let told = self.client.say(out).await.is_ok();
        (
            if stays && told {
                Then::Next
            } else {
                Then::Linger
            },
            told,
        )
    }

    /// Answers what is no request, which is recorded as far as it goes, and ends the connection.
    async fn refuse_bytes(&mut self, bytes: &[u8], malformed: Malformed) {
        self.number = self.number.wrapping_add(1);
        let policy = self.judging.policy_epoch;
        let raw = bytes
            .split(|byte| *byte == b'\r')
            .next()
            .unwrap_or_default();
        let now = Instant::now();
        let mut note = Note::new(self.visitor, self.number, now, ("", raw), policy);
        let refusal = of(malformed);
        note.refused(&refusal);
        let mut out = Buffer::default();
        refusal.write(&mut out, 1, "", After::Close);
        let told = self.client.say(out).await.is_ok();
        note.ends();
        if told {
            self.client.linger(&mut self.patience).await;
        }
    }
}

fn of(malformed: Malformed) -> Refusal {
    Refusal::new(malformed.status, codes::MALFORMED, malformed.what)
}

#[cfg(test)]
mod tests;
