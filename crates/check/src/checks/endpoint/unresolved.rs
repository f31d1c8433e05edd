//! F903: a name that leads nowhere.

use crate::seen::Reach;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F903",
    title: "the name of the endpoint has no address",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "RFC 1034 §4.3.4 (negative answers); docker/cli message `no such host`",
    meaning: "The resolver knows no address for this name, so nothing was sent. The name is misspelled, is known only \
              inside another network, or the resolver itself cannot be reached. The docker CLI says `no such host`.",
    remedy: "Correct the name, or add it to DNS or /etc/hosts. `getent hosts NAME` asks the same resolver.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        if let Reach::Unresolved(why) = &end.reach {
            let cause = format!("the resolver says: {why}");
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::endpoint::table::unreached;
    use crate::seen::Reach;
    use crate::testing::World;

    #[test]
    fn an_unknown_name_is_found() {
        let world = unreached(Reach::Unresolved("no such host".to_owned()));
        assert_eq!(world.codes_of_wire(), ["SL-F903"]);
        assert!(World::new().look(&CHECK).is_empty());
    }
}
