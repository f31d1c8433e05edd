//! The judgement: a request against what was granted to its caller.

mod facts;
mod granted;
mod makers;
mod question;
mod refusal;

use crate::answer::AnswerRule;
use crate::policy::{Grant, Mode, Scope};
use crate::{Call, Request, Verb};
use std::sync::Arc;

pub use facts::{Facts, Object, Place};
pub use granted::Granted;
pub use makers::ExecMakers;
pub use question::Question;
pub use refusal::{Reason, Refusal};

/// What came of looking at a request.
#[derive(Debug)]
pub enum Judgement {
    /// It depends on this: ask, let [`Facts`] learn the answer, and judge again.
    Ask(Question),
    /// It is decided.
    Decided(Decision),
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether it goes on.
    pub verdict: Verdict,
    /// Why it is refused; with [`Verdict::Allow`], why it would be if the policy were enforced.
    pub refusal: Option<Refusal>,
    /// The grant or denial that decided; `none` when nothing was granted.
    pub rule: Arc<str>,
    /// What it does.
    pub verb: Verb,
    /// Which call it is.
    pub call: Call,
    /// What is done to the answer.
    pub answer: AnswerRule,
}

/// Whether a request goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does, as it now is: the judgement has changed what had to be changed.
    Allow,
    /// It does not, and the caller is told so: 403.
    Deny,
    /// Its object does not exist for the caller: 404, in these words of the daemon's.
    Hide(String),
}

impl Decision {
    /// The status and the message for a request that does not go on.
    pub fn answer_to(&self, caller: &str, request_id: &str) -> Option<(u16, String)> {
        let refusal = self.refusal.as_ref()?;
        match &self.verdict {
            Verdict::Allow => None,
            Verdict::Hide(words) => Some((404, words.clone())),
            Verdict::Deny => {
                let status = match refusal.reason {
                    Reason::Unanswered => 502,
                    _ => 403,
                };
                Some((
                    status,
                    format!(
                        "sealock: {caller} may not {} (rule {}, {}, request {request_id})",
                        refusal.detail,
                        self.rule,
                        refusal.reason.code(),
                    ),
                ))
            }
        }
    }
}

/// Judges a request. Where it is allowed, the request is changed to what was judged: full IDs, stamps,
/// filters.
pub fn judge(granted: &Granted, request: &mut Request, facts: &Facts) -> Judgement {
    let _ = facts;
    let call = request.call();
    let verb = request.verb();
    let decision = |verdict, refusal, rule: &Arc<str>| {
        Judgement::Decided(Decision {
            verdict,
            refusal,
            rule: Arc::clone(rule),
            verb,
            call,
            answer: AnswerRule::Pass,
        })
    };
    if granted.free.has(call)
        && let Some(rule) = granted
            .free_rules
            .get(call as usize)
            .and_then(Option::as_ref)
    {
        return decision(Verdict::Allow, None, rule);
    }
    let nobody: Arc<str> = Arc::from("none");
    let (reason, rule) = if let Some(rule) = granted.taken(call) {
        (Reason::Denied, Arc::clone(rule))
    } else if granted.is_empty() {
        (Reason::NoGrant, nobody)
    } else {
        match granted
            .grants
            .iter()
            .find(|grant| grant.role.calls.has(call))
        {
            Some(grant) => {
                return decision(Verdict::Allow, None, &Arc::from(grant.rule.as_str()));
            }
            None => (Reason::NotGranted, nobody),
        }
    };
    let refusal = Some(Refusal::new(reason, format!("{verb} ({call})")));
    let verdict = match granted.mode {
        Mode::Enforce => Verdict::Deny,
        Mode::Warn | Mode::Learn => Verdict::Allow,
    };
    decision(verdict, refusal, &rule)
}

/// Whether a grant allows a call whatever the request says, and the answer may pass as it comes.
pub(crate) fn is_free(grant: &Grant, call: Call) -> bool {
    matches!(call, Call::Ping | Call::Version | Call::Options)
        || (grant.scope == Scope::All && grant.constraints.unconfined)
}
