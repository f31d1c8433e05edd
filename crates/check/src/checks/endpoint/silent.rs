//! F902: no answer to a connection.

use crate::seen::Reach;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F902",
    title: "no answer from this address",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 9293 §3.8.3 (user timeout); docker/cli message `i/o timeout`",
    meaning: "Not even a refusal came back. A firewall drops the packets, the host is off, or the address belongs to \
              nobody. Cloud security groups do exactly this for every port that nobody opened. This says nothing about \
              certificates.",
    remedy: "Open the port on the way (`ufw allow 2376/tcp`, the security group of the cloud), or correct the \
              address. From the host itself `ss -ltnp` shows whether the daemon listens.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let cause = match &end.reach {
            Reach::Silent(after) => format!("{} gave no answer within {after:?}", end.address),
            Reach::Failed(why) => format!("{} cannot be reached: {why}", end.address),
            Reach::Reached | Reach::Refused | Reach::Unresolved(_) => continue,
        };
        spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::endpoint::table::unreached;
    use crate::seen::Reach;
    use crate::testing::World;
    use std::time::Duration;

    #[test]
    fn silence_is_found() {
        let silent = unreached(Reach::Silent(Duration::from_secs(5)));
        assert!(
            silent.look(&CHECK)[0]
                .cause
                .ends_with("no answer within 5s")
        );
        let failed = unreached(Reach::Failed("Network is unreachable".to_owned()));
        assert_eq!(failed.codes_of_wire(), ["SL-F902"]);
        assert!(World::new().look(&CHECK).is_empty());
    }
}
