//! F912: a peer that breaks the rules.

use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F912",
    title: "the peer does what no server of TLS and HTTP does",
    severity: Severity::Weak,
    stage: Stage::Handshake,
    source: "RFC 8446 §4.1.3 and §4.4.3; RFC 5246 §7.4.1.3; RFC 9112 §6",
    meaning: "The peer chose what was not offered, did not prove that it holds the key of the certificate it presents, \
              or sent answers without end. A sound server never does, whatever it thinks of its client. Something on \
              the way plays the server, or somebody tries what clients put up with.",
    remedy: "Find out what answers at this address: on the host, `ss -ltnp` names the program, and `sealock check \
              tcp://127.0.0.1:2376` looks past everything on the way.",
    explains: &["SL-F904", "SL-F909"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        for what in &end.misbehaviour {
            let spot = Spot::new(end.label.clone(), what.clone()).of(&end.label);
            spots.push(if end.lets_in(Visitor::Rightful) {
                spot
            } else {
                spot.severity(Severity::Down)
            });
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Visitor;
    use crate::testing::World;

    #[test]
    fn misbehaviour_is_found() {
        let mut world = World::new();
        let what = "it chose the suite 0x0a0a, which was not offered".to_owned();
        world.endpoint_mut().misbehaviour.push(what.clone());
        let spots = world.look(&CHECK);
        assert_eq!((spots[0].cause.clone(), spots[0].severity), (what, None));
        world
            .endpoint_mut()
            .visits
            .retain(|visit| visit.visitor != Visitor::Rightful);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
        assert!(World::new().look(&CHECK).is_empty());
    }
}
