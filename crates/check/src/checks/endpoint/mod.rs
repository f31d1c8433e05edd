//! F9xx: endpoints that do not answer, or lie.

mod addresses_differ;
mod breaks_rules;
mod closes;
mod control_characters;
mod no_protocol;
mod not_docker;
mod refused;
mod rightful_refused;
mod silent;
mod stalls;
#[cfg(test)]
mod table;
mod too_much;
mod unresolved;

use crate::Check;
use crate::seen::Outcome;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &refused::CHECK,
    &silent::CHECK,
    &unresolved::CHECK,
    &no_protocol::CHECK,
    &stalls::CHECK,
    &closes::CHECK,
    &too_much::CHECK,
    &control_characters::CHECK,
    &not_docker::CHECK,
    &addresses_differ::CHECK,
    &rightful_refused::CHECK,
    &breaks_rules::CHECK,
];

/// What became of a client, in a few words.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::In => "an answer of the API".to_owned(),
        Outcome::NotTheApi(status) => format!("HTTP status {status}"),
        Outcome::Alert(name, number) => format!("alert {name} ({number})"),
        Outcome::Closed { reset: true } => "a reset".to_owned(),
        Outcome::Closed { reset: false } => "the end of the connection".to_owned(),
        Outcome::WantsTls => "a demand for TLS".to_owned(),
        Outcome::SpeaksPlain => "plain HTTP".to_owned(),
        Outcome::NotTrusted(why) | Outcome::Nonsense(why) | Outcome::Unreachable(why) => {
            why.clone()
        }
        Outcome::TimedOut => "nothing".to_owned(),
    }
}
