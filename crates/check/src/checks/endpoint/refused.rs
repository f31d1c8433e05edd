//! F901: nobody listens.

use crate::checks::daemon;
use crate::seen::Reach;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F901",
    title: "nobody listens at this address",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 9293 §3.5.2 (reset of a connection to a closed port); docker/cli message `Cannot connect to the \
              Docker daemon`",
    meaning: "The host answered, and said that no program has this port open. The daemon is off, listens on another \
              port or another address, or only on its unix socket. This says nothing about certificates: no client \
              gets as far as them.",
    remedy: "On the host: `ss -ltnp` shows what listens, `systemctl status docker` whether the daemon runs, and \
              `sealock check` why not.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let refused = seen
        .endpoints
        .iter()
        .filter(|end| end.reach == Reach::Refused && !daemon::is_to_come(seen, end));
    refused
        .map(|end| {
            let cause = format!(
                "expected a listener, {} refused the connection",
                end.address
            );
            Spot::new(end.label.clone(), cause).of(&end.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::endpoint::table::unreached;
    use crate::seen::Reach;
    use crate::testing::World;

    #[test]
    fn a_closed_port_is_found() {
        assert_eq!(unreached(Reach::Refused).look(&CHECK).len(), 1);
        // From inside, the listener that is not open is told instead.
        let mut outside = unreached(Reach::Refused);
        outside.seen.host = None;
        assert_eq!(outside.codes_of_wire(), ["SL-F901"]);
        assert!(World::new().look(&CHECK).is_empty());
    }
}
