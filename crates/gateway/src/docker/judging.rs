//! The one place that knows how requests are read and judged.

use sealock_policy::{
    ApiVersion, Decision, Facts, Granted, Incoming, Judgement, Policy, Reading, Request, Unclean,
    judge,
};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::answer::Refusal;
use super::codes;
use super::question;
use crate::Upstream;
use crate::admission::Known;
use crate::http::request::RequestHead;
use crate::shared::{Snapshot, Visitor};

/// How many questions one request may raise; the policy has a bound of its own far below.
const QUESTIONS: usize = 512;

/// What the requests of one connection are judged by, until something else holds.
#[derive(Debug)]
pub(super) struct Judging {
    /// The snapshot this was taken from.
    epoch: u64,
    /// The number of the policy, for records.
    pub(super) policy_epoch: u64,
    held: Option<Held>,
}

#[derive(Debug)]
struct Held {
    granted: Arc<Granted>,
    floor: ApiVersion,
    ceiling: ApiVersion,
}

thread_local! {
    /// Callers come with many connections; what is granted to one is worked out once a worker.
    static GRANTED: RefCell<HashMap<usize, Worked>> = RefCell::default();
}

struct Worked {
    known: Weak<Known>,
    policy: Arc<Policy>,
    granted: Arc<Granted>,
}

/// So many callers are remembered before those without a connection are forgotten.
const CALLERS: usize = 1024;

fn granted(policy: &Arc<Policy>, known: &Arc<Known>) -> Arc<Granted> {
    let place = Arc::as_ptr(known) as usize;
    GRANTED.with_borrow_mut(|all| {
        if let Some(worked) = all.get(&place)
            && worked.known.strong_count() > 0
            && Arc::ptr_eq(&worked.policy, policy)
        {
            return worked.granted.clone();
        }
        if all.len() >= CALLERS {
            all.retain(|_, worked| worked.known.strong_count() > 0);
        }
        let granted = Arc::new(policy.granted(&known.caller));
        let worked = Worked {
            known: Arc::downgrade(known),
            policy: policy.clone(),
            granted: granted.clone(),
        };
        all.insert(place, worked);
        granted
    })
}

impl Judging {
    /// By what holds now.
    pub(super) fn of(visitor: &Visitor) -> Self {
        Self::by(&visitor.door.shared.current.snapshot(), visitor)
    }

    fn by(snapshot: &Snapshot, visitor: &Visitor) -> Self {
        Self {
            epoch: snapshot.epoch,
            policy_epoch: snapshot.policy_epoch,
            held: snapshot.policy.as_ref().map(|policy| {
                let (floor, ceiling) = policy.versions();
                Held {
                    granted: granted(policy, &visitor.peer.known),
                    floor,
                    ceiling,
                }
            }),
        }
    }

    /// Looks whether something else holds by now: before every request.
    pub(super) fn refresh(&mut self, visitor: &Visitor) {
        let current = &visitor.door.shared.current;
        if current.epoch() != self.epoch {
            *self = Self::by(&current.snapshot(), visitor);
        }
    }

    /// The highest version of the API that is let in.
    pub(super) fn ceiling(&self) -> Option<ApiVersion> {
        self.held.as_ref().map(|held| held.ceiling)
    }

    /// Reads a head as the daemon would.
    pub(super) fn read(
        &self,
        head: &RequestHead,
        bytes: &[u8],
        prefix: Option<&str>,
    ) -> Result<Request, Refusal> {
        let Some(held) = &self.held else {
            return Err(Refusal::new(
                503,
                codes::NO_POLICY,
                "there is no policy to judge by",
            ));
        };
        let incoming = Incoming {
            method: head.method(bytes).as_bytes(),
            target: head.raw_target(bytes),
            content_type: head.content_type(bytes),
            upgrade: head.upgrade(bytes),
            has_body: head.has_body(),
        };
        let reading = Reading {
            prefix,
            floor: held.floor,
            ceiling: held.ceiling,
        };
        Request::read(&incoming, &reading).map_err(unclean)
    }

    /// Judges a request, asking the daemon what it depends on.
    pub(super) async fn judge(
        &self,
        request: &mut Request,
        facts: &mut Facts,
        upstream: &Upstream,
    ) -> Result<Decision, Refusal> {
        let Some(held) = &self.held else {
            return Err(Refusal::new(
                503,
                codes::NO_POLICY,
                "there is no policy to judge by",
            ));
        };
        for _ in 0..QUESTIONS {
            match judge(&held.granted, request, facts) {
                Judgement::Decided(decision) => return Ok(decision),
                Judgement::Ask(asked) => {
                    // Boxed: most requests raise no question, and an idle connection should not be as
                    // large as the largest.
                    Box::pin(question::answer(asked, facts, upstream)).await?;
                }
            }
        }
        Err(Refusal::new(
            403,
            codes::UNSIFTED,
            "the request depends on more objects than can be looked at",
        ))
    }
}

/// A request that cannot be read in one way: some of the words are the daemon's own, so all are told as
/// they are.
pub(super) fn unclean(unclean: Unclean) -> Refusal {
    Refusal {
        status: unclean.status,
        code: unclean.code,
        message: unclean.detail,
    }
}
