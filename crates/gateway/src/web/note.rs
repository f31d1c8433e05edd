//! The record of one request to an HTTP service, written however the request ends.

use std::time::{Duration, Instant};

use crate::audit::{Asked, Event, Id, Judged, Record, Verdict};
use crate::http::flow::Flow;
use crate::shared::Visitor;

/// What will be written of a request: when it is dropped, as far as it got.
pub(super) struct Note<'v> {
    visitor: &'v Visitor,
    id: Id,
    since: Instant,
    method: String,
    raw: Vec<u8>,
    verdict: Verdict,
    rule: String,
    reason: &'static str,
    is_stream: bool,
    /// The status of the answer; 0 while there is none.
    pub(super) status: u16,
    /// Bytes of the request's body.
    pub(super) received: u64,
    /// What else there is to say.
    pub(super) detail: &'static str,
    /// What goes to the service once the connection is a stream.
    pub(super) up: Option<Flow>,
    /// What comes from the service.
    pub(super) down: Option<Flow>,
}

impl<'v> Note<'v> {
    /// A request of which nothing but its first line is known. Until it is allowed it counts as denied.
    pub(super) fn new(visitor: &'v Visitor, number: u32, method: &str, raw: &[u8]) -> Self {
        Self {
            visitor,
            id: visitor.who.id(number),
            since: Instant::now(),
            method: method.to_owned(),
            raw: raw.to_vec(),
            verdict: Verdict::Deny,
            rule: String::new(),
            reason: "",
            is_stream: false,
            status: 0,
            received: 0,
            detail: "",
            up: None,
            down: None,
        }
    }

    /// The method of the request.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// It may go on, by this name on the list.
    pub(super) fn allowed(&mut self, rule: &str) {
        self.verdict = Verdict::Allow;
        rule.clone_into(&mut self.rule);
    }

    /// It is answered by ourselves.
    pub(super) fn refused(&mut self, status: u16, reason: &'static str) {
        self.status = status;
        self.reason = reason;
    }

    /// The service could not be reached or was not understood.
    pub(super) fn upstream_failed(&self) {
        self.visitor.door.shared.metrics.upstream_failures.one();
    }

    /// The connection became a stream: that is noted now, and again when it ends.
    pub(super) fn opens(&mut self) {
        self.visitor.door.metrics().streams.add(1);
        let metrics = &self.visitor.door.shared.metrics;
        metrics.request(self.verdict, self.status, None);
        self.write(Event::Open, 0, None);
        self.is_stream = true;
    }

    fn write(&self, event: Event, sent: u64, duration: Option<Duration>) {
        self.visitor.door.shared.audit.note(&Record {
            event,
            who: Some(&self.visitor.who),
            id: Some(self.id),
            asked: Some(Asked {
                method: &self.method,
                raw: &self.raw,
                ..Asked::default()
            }),
            judged: Some(Judged {
                verdict: self.verdict,
                rule: &self.rule,
                code: "",
                reason: self.reason,
            }),
            status: self.status,
            received: self.received,
            sent,
            duration,
            material: self.visitor.peer.epoch,
            detail: self.detail,
            ..Record::default()
        });
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        let passed = |flow: &Option<Flow>| flow.as_ref().map_or(0, Flow::passed);
        self.received += passed(&self.up);
        let sent = passed(&self.down);
        if self.status == 0 && self.detail.is_empty() {
            self.detail = "cut";
        }
        let duration = self.since.elapsed();
        let door = self.visitor.door.metrics();
        door.received.add(self.received);
        door.sent.add(sent);
        if self.is_stream {
            door.streams.add(-1);
            return self.write(Event::Close, sent, Some(duration));
        }
        let metrics = &self.visitor.door.shared.metrics;
        metrics.request(self.verdict, self.status, Some(duration));
        self.write(Event::Request, sent, Some(duration));
    }
}
