//! The record of one request, written however the request ends.

use sealock_policy::{Decision, Facts, Method, Request, Verdict as Decided};
use std::sync::Arc;
use std::time::Instant;

use super::answer::Refusal;
use crate::audit::{Asked, Event, Id, Judged, Object, Record, Verdict};
use crate::shared::Visitor;

/// What will be written of a request. Dropped early, because the connection was cut, it is written as far
/// as it got.
pub(super) struct Note<'v> {
    visitor: &'v Visitor,
    id: Id,
    since: Instant,
    /// The number of the policy that judges.
    pub(super) policy: u64,
    method: &'static str,
    /// One that the Engine API does not know.
    other_method: Option<Box<str>>,
    raw: Box<[u8]>,
    /// The target that goes on is the one that came.
    as_it_came: bool,
    route: &'static str,
    verb: &'static str,
    target: Box<str>,
    object: Option<Box<sealock_policy::Object>>,
    verdict: Verdict,
    rule: Option<Arc<str>>,
    code: &'static str,
    reason: String,
    /// The status of the answer; 0 while there is none.
    pub(super) status: u16,
    /// Bytes of the request's body or of the caller's stream.
    pub(super) received: u64,
    /// Bytes of the answer's body or of the daemon's stream.
    pub(super) sent: u64,
    /// What else there is to say.
    pub(super) detail: &'static str,
    is_stream: bool,
    is_written: bool,
}

impl<'v> Note<'v> {
    /// A request of which nothing but its first line is known. Until it is judged it counts as denied.
    pub(super) fn new(
        visitor: &'v Visitor,
        number: u32,
        since: Instant,
        (method, raw): (&str, &[u8]),
        policy: u64,
    ) -> Self {
        let known = Method::named(method).map_or("", Method::name);
        Self {
            visitor,
            id: visitor.who.id(number),
            since,
            policy,
            method: known,
            other_method: known.is_empty().then(|| method.into()),
            raw: raw.into(),
            as_it_came: false,
            route: "",
            verb: "",
            target: Box::default(),
            object: None,
            verdict: Verdict::Deny,
            rule: None,
            code: "",
            reason: String::new(),
            status: 0,
            received: 0,
            sent: 0,
            detail: "",
            is_stream: false,
            is_written: false,
        }
    }

    /// How the caller can name this request.
    pub(super) fn id(&self) -> Id {
        self.id
    }

    /// The method of the request.
    pub(super) fn method(&self) -> &str {
        match self.method {
            "" => self.other_method.as_deref().unwrap_or_default(),
            method => method,
        }
    }

    /// It was read.
    pub(super) fn read(&mut self, request: &Request) {
        self.route = request.call().name();
        self.verb = request.verb().name();
    }

    /// It was judged.
    pub(super) fn judged(&mut self, decision: &Decision, facts: &Facts) {
        self.rule = Some(decision.rule.clone());
        self.object = facts.object().cloned().map(Box::new);
        self.verdict = match (&decision.verdict, &decision.refusal) {
            (Decided::Allow, None) => Verdict::Allow,
            (Decided::Allow, Some(_)) => Verdict::Warn,
            (Decided::Deny, _) => Verdict::Deny,
            (Decided::Hide(_), _) => Verdict::Hide,
        };
        if let Some(refusal) = &decision.refusal {
            self.code = refusal.reason.code().0;
            self.reason.clone_from(&refusal.detail);
        }
    }

    /// It goes to the daemon, as `target`.
    pub(super) fn goes_on(&mut self, target: &str) {
        self.as_it_came = target.as_bytes() == &*self.raw;
        // Kept once: hundreds of requests may wait for their answers.
        if !self.as_it_came {
            self.target = target.into();
        }
    }

    /// It is answered by ourselves.
    pub(super) fn refused(&mut self, refusal: &Refusal) {
        self.status = refusal.status;
        if self.code.is_empty() {
            self.code = refusal.code;
            self.reason.clone_from(&refusal.message);
        }
    }

    /// The connection became a stream: that is noted now, and again when it ends.
    pub(super) fn opens(&mut self, status: u16) {
        self.status = status;
        self.visitor.door.metrics().streams.add(1);
        let verdict = self.verdict;
        self.visitor
            .door
            .shared
            .metrics
            .request(verdict, status, None);
        self.write(Event::Open, None);
        self.is_stream = true;
    }

    /// It has ended; the moment is when the connection waits for the next.
    pub(super) fn ends(mut self) -> Instant {
        let now = Instant::now();
        self.end(now);
        now
    }

    fn end(&mut self, now: Instant) {
        if std::mem::replace(&mut self.is_written, true) {
            return;
        }
        let duration = now.saturating_duration_since(self.since);
        let door = self.visitor.door.metrics();
        door.received.add(self.received);
        door.sent.add(self.sent);
        if self.is_stream {
            door.streams.add(-1);
            return self.write(Event::Close, Some(duration));
        }
        let metrics = &self.visitor.door.shared.metrics;
        metrics.request(self.verdict, self.status, Some(duration));
        self.write(Event::Request, Some(duration));
    }

    fn write(&self, event: Event, duration: Option<std::time::Duration>) {
        let object = self.object.as_ref().map(|object| Object {
            kind: object.kind,
            id: &object.id,
            name: &object.name,
            owner: object.owner.as_deref().unwrap_or_default(),
        });
        self.visitor.door.shared.audit.note(&Record {
            event,
            who: Some(&self.visitor.who),
            id: Some(self.id),
            asked: Some(Asked {
                method: self.method(),
                route: self.route,
                verb: self.verb,
                raw: &self.raw,
                target: match self.as_it_came {
                    true => std::str::from_utf8(&self.raw).unwrap_or_default(),
                    false => &self.target,
                },
            }),
            object,
            judged: Some(Judged {
                verdict: self.verdict,
                rule: self.rule.as_deref().unwrap_or_default(),
                code: self.code,
                reason: &self.reason,
            }),
            status: self.status,
            received: self.received,
            sent: self.sent,
            duration,
            policy: self.policy,
            material: self.visitor.peer.epoch,
            detail: self.detail,
        });
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        if !self.is_written {
            self.detail = "cut";
            self.end(Instant::now());
        }
    }
}
