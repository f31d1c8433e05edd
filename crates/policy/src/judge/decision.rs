//! What a judgement comes to.

use super::question::Question;
use super::refusal::{Reason, Refusal};
use crate::answer::AnswerRule;
use crate::{Call, Request, Verb};
use std::sync::Arc;

/// What came of looking at a request.
#[derive(Debug)]
pub enum Judgement {
    /// It depends on this: ask, let [`Facts`](super::Facts) learn the answer, and judge again.
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
    pub(super) fn allow(request: &Request, rule: &Arc<str>, answer: AnswerRule) -> Self {
        Self {
            verdict: Verdict::Allow,
            refusal: None,
            rule: Arc::clone(rule),
            verb: request.verb(),
            call: request.call(),
            answer,
        }
    }

    pub(super) fn refuse(
        request: &Request,
        verdict: Verdict,
        refusal: Refusal,
        rule: Arc<str>,
    ) -> Self {
        Self {
            verdict,
            refusal: Some(refusal),
            rule,
            verb: request.verb(),
            call: request.call(),
            answer: AnswerRule::Pass,
        }
    }

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
