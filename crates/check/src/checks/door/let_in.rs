//! What the checks of single visitors have in common: an endpoint answered somebody.

use crate::seen::Visitor;
use crate::{Seen, Spot};

/// A spot for every endpoint that let this visitor in; `with` is what the visitor came with, in words.
pub(super) fn let_in(seen: &Seen, visitor: Visitor, with: &str) -> Vec<Spot> {
    let open = seen.endpoints.iter().filter(|end| end.lets_in(visitor));
    open.map(|end| {
        let cause = format!(
            "GET /_ping {with} was answered by {}; expected a refusal",
            end.address
        );
        Spot::new(end.label.clone(), cause).of(&end.label)
    })
    .collect()
}

/// Insists that a check of such a visitor is silent on a healthy endpoint, and tells its code alone when the visitor gets in.
#[cfg(test)]
#[track_caller]
pub(super) fn is_told_by_the_answer(check: &crate::Check, visitor: Visitor) {
    use crate::seen::{Outcome, Protocol, Visit};
    let mut world = crate::testing::World::new();
    assert_eq!(world.look(check), vec![]);
    world.endpoint_mut().visits.push(Visit {
        visitor,
        protocol: Some(Protocol::Tls13),
        outcome: Outcome::In,
    });
    assert_eq!(world.look(check).len(), 1);
    assert_eq!(world.codes(), [check.code]);
}
