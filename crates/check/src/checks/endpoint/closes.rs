//! F906: a peer that ends every connection.

use super::words;
use crate::seen::{Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F906",
    title: "the peer ends every connection before it shows a certificate",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 9293 §3.10.7.4 (reset); RFC 8446 §6 (alerts); docker/cli message `connection reset by peer`",
    meaning: "The connection came about and was ended before the server showed a certificate, without the alert that \
              says why. A proxy does this when the daemon behind it is off or when it does not know the name asked \
              for, a firewall when it does not like TLS, a daemon when it is out of file descriptors.",
    remedy: "Look at the log of what stands in front of the daemon, and try from the host itself: `sealock check \
              tcp://127.0.0.1:2376`.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in seen.endpoints.iter().filter(|end| end.chain_size == (0, 0)) {
        let ended = |outcome: &Outcome| match outcome {
            // After the first connection there were no more: that is an end too.
            Outcome::Closed { .. } | Outcome::Unreachable(_) => true,
            // These mean that nothing is in common, which is another finding.
            Outcome::Alert(_, number) => !matches!(number, 40 | 70 | 71),
            _ => false,
        };
        let mut visits = end.outcomes(Visitor::NoCertificate).peekable();
        let Some(first) = visits.peek().map(|visit| visit.outcome.clone()) else {
            continue;
        };
        let answers_plainly = matches!(end.plain, Some(Outcome::In | Outcome::NotTheApi(_)));
        if visits.all(|visit| ended(&visit.outcome)) && !answers_plainly {
            let cause = format!("expected a certificate, found {}", words(&first));
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
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
    fn an_early_end_is_found() {
        let reset = Outcome::Closed { reset: true };
        let world = treating(reset.clone(), reset);
        assert_eq!(world.codes_of_wire(), ["SL-F906"]);
        assert!(world.look(&CHECK)[0].cause.ends_with("a reset"));
        let name = Outcome::Alert("unrecognized_name".to_owned(), 112);
        assert_eq!(
            treating(Outcome::WantsTls, name).codes_of_wire(),
            ["SL-F906"]
        );
        let refused = Outcome::Unreachable("Connection refused".to_owned());
        let world = treating(Outcome::Closed { reset: false }, refused);
        assert_eq!(world.codes_of_wire(), ["SL-F906"]);
        let version = Outcome::Alert("protocol_version".to_owned(), 70);
        assert!(treating(Outcome::WantsTls, version).look(&CHECK).is_empty());
        assert!(World::new().look(&CHECK).is_empty());
    }
}
