//! F905: a peer that does not finish.

use crate::seen::{Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F905",
    title: "the peer stalls in the handshake or the answer",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 9112 §9.5 (failures and timeouts); docker/cli message `context deadline exceeded`",
    meaning: "The connection came about, and then the peer said nothing more, or a few bytes at a time. A daemon that \
              is overloaded or stopped by a debugger does this, and so does a service that waits for its client to \
              speak another protocol. A client without a deadline waits for ever.",
    remedy: "On the host, `docker info` shows whether the daemon answers locally; `journalctl -u docker` says what it \
              is busy with.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        if end.lets_in(Visitor::Rightful) || end.plain == Some(Outcome::In) {
            continue;
        }
        let late = |visitor| {
            end.outcomes(visitor)
                .any(|visit| visit.outcome == Outcome::TimedOut)
        };
        let silent = end
            .visits
            .iter()
            .all(|visit| visit.outcome == Outcome::TimedOut);
        let what = if silent && !end.visits.is_empty() {
            "it accepts connections and says nothing, neither over TLS nor over HTTP"
        } else if late(Visitor::NoCertificate) && end.chain_size.0 == 0 {
            "it does not finish the handshake of TLS"
        } else if late(Visitor::Rightful) {
            "it does not finish its answer to the rightful client"
        } else {
            continue;
        };
        spots.push(Spot::new(end.label.clone(), what).of(&end.label));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::endpoint::table::treating;
    use crate::seen::Outcome;
    use crate::testing::World;

    #[test]
    fn a_stall_is_found() {
        let world = treating(Outcome::TimedOut, Outcome::TimedOut);
        assert_eq!(world.codes_of_wire(), ["SL-F905"]);
        let world = treating(Outcome::Closed { reset: false }, Outcome::TimedOut);
        assert_eq!(world.codes_of_wire(), ["SL-F905"]);
        // Many a TLS server waits for the rest of what it takes for a record.
        let mut world = World::new();
        world.endpoint_mut().plain = Some(Outcome::TimedOut);
        assert!(world.look(&CHECK).is_empty());
    }
}
