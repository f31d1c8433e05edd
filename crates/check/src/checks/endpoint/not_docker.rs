//! F909: no Docker API.

use crate::seen::Outcome;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F909",
    title: "what answers is no Docker API",
    severity: Severity::Down,
    stage: Stage::Answer,
    source: "Engine API, GET /_ping (status 200, Api-Version)",
    meaning: "There was an answer, but not as a Docker daemon answers `/_ping`: with status 200 and the version of its \
              API. A web server, a registry or a proxy has this port, or a proxy in front of the daemon answers for \
              it.",
    remedy: "Make sure that address and port are the daemon's. Through a proxy, pass `/_ping` and `/v1.*` on.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in seen.endpoints.iter().filter(|end| end.api.is_none()) {
        let shown = end.chain_size.0 > 0;
        let mut answers = end.visits.iter().filter_map(|visit| match &visit.outcome {
            // What a TLS server says to plain HTTP is no answer of its service.
            _ if visit.protocol.is_none() && shown => None,
            Outcome::NotTheApi(status) => Some(format!("status {status}")),
            Outcome::SpeaksPlain => Some("plain HTTP in answer to TLS".to_owned()),
            // Inside TLS; before it, the peer speaks neither TLS nor HTTP.
            Outcome::Nonsense(what) if shown && is_an_answer(what) => {
                Some(format!("no HTTP: {what}"))
            }
            _ => None,
        });
        let is_api = end.visits.iter().any(|visit| visit.outcome == Outcome::In);
        if let Some(answer) = answers.next().filter(|_| !is_api) {
            let cause = format!("expected 200 and Api-Version for GET /_ping, found {answer}");
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

/// Whether this is about bytes inside TLS, and not about TLS itself.
fn is_an_answer(what: &str) -> bool {
    !what.starts_with("peer ") && !what.starts_with("received ")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::endpoint::table::treating;
    use crate::seen::{Outcome, Visitor};
    use crate::testing::World;

    #[test]
    fn another_web_service_is_found() {
        let world = treating(Outcome::NotTheApi(404), Outcome::SpeaksPlain);
        assert_eq!(world.codes_of_wire(), ["SL-F909"]);
        assert!(world.look(&CHECK)[0].cause.ends_with("status 404"));
        // The rightful client is answered, and with no HTTP at all.
        let mut world = World::new();
        let end = world.endpoint_mut();
        end.api = None;
        for visit in &mut end.visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = Outcome::Nonsense("it sent `hello`".to_owned());
            }
        }
        assert_eq!(world.codes_of_wire(), ["SL-F909"]);
        // A TLS server that answers plain HTTP with a page of its own.
        let mut world = World::new();
        world.endpoint_mut().plain = Some(Outcome::NotTheApi(400));
        world.endpoint_mut().visits[0].outcome = Outcome::NotTheApi(400);
        world.endpoint_mut().api = None;
        assert!(world.look(&CHECK).is_empty());
    }
}
