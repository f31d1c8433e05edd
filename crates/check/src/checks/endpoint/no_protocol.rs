//! F904: neither TLS nor HTTP.

use crate::seen::{Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F904",
    title: "what answers speaks neither TLS nor HTTP",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 8446 §5.1 (records); RFC 9112 §4 (status line)",
    meaning: "Something listens here, but it answered a TLS handshake and an HTTP request with other bytes. Another \
              service has the port: SSH, a database, a mail server. Or something on the way answers in the place of \
              the daemon.",
    remedy: "Make sure that address and port are the daemon's. On the host, `ss -ltnp` names the program that owns \
              the port.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in seen.endpoints.iter().filter(|end| end.chain_size == (0, 0)) {
        let nonsense = |outcome: &Outcome| match outcome {
            // It speaks TLS, and another one than we do: a finding of its own.
            Outcome::Nonsense(what) if what.starts_with("peer is incompatible") => None,
            Outcome::Nonsense(what) => Some(what.clone()),
            _ => None,
        };
        let over_tls: Vec<Option<String>> = end
            .outcomes(Visitor::NoCertificate)
            .map(|visit| nonsense(&visit.outcome))
            .collect();
        let plainly = end.plain.as_ref().and_then(nonsense);
        let Some(what) = over_tls
            .iter()
            .flatten()
            .next()
            .cloned()
            .or(plainly.clone())
        else {
            continue;
        };
        let answers_plainly = matches!(end.plain, Some(Outcome::In | Outcome::NotTheApi(_)));
        if over_tls.iter().all(Option::is_some) && !answers_plainly {
            let what = plainly.unwrap_or(what);
            let cause = format!("expected TLS or HTTP: {what}");
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
    fn another_service_is_found() {
        let nonsense = Outcome::Nonsense("it sent `SSH-2.0`".to_owned());
        let world = treating(nonsense.clone(), nonsense.clone());
        assert_eq!(world.codes_of_wire(), ["SL-F904"]);
        let closed = treating(Outcome::Closed { reset: false }, nonsense);
        assert_eq!(closed.codes_of_wire(), ["SL-F904"]);
        let plain = treating(Outcome::In, Outcome::SpeaksPlain);
        assert!(plain.look(&CHECK).is_empty());
        assert!(World::new().look(&CHECK).is_empty());
    }
}
