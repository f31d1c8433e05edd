//! An answer in the words of checks.

use crate::Answer;
use sealock_check::seen::Outcome;

/// What became of a client that got this answer.
pub(crate) fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Answer::Answered(reply) if reply.is_from_the_api() => Outcome::In,
        Answer::Answered(reply) => Outcome::NotTheApi(reply.status),
        Answer::Refused { alert } => Outcome::Alert(alert.name().to_owned(), alert.number()),
        Answer::Closed { reset } => Outcome::Closed { reset: *reset },
        Answer::PlainTextInsteadOfTls { .. } => Outcome::SpeaksPlain,
        Answer::TlsInsteadOfPlain => Outcome::WantsTls,
        Answer::Nonsense { what } => Outcome::Nonsense(what.clone()),
        Answer::ServerNotTrusted(refusal) => Outcome::NotTrusted(refusal.to_string()),
        Answer::Unreachable { reason } => Outcome::Unreachable(reason.clone()),
        Answer::TimedOut { .. } => Outcome::TimedOut,
    }
}
