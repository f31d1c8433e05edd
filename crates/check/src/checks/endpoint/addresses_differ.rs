//! F910: addresses of one name that differ.

use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F910",
    title: "the addresses of one name present different certificates",
    severity: Severity::Latent,
    stage: Stage::ServerCertificate,
    source: "RFC 8305 §4 (clients try the addresses of a name in turn)",
    meaning: "A client takes the address that answers first, today this one and tomorrow another. When they present \
              different certificates, the same command works on one day and fails on the next, and a leftover daemon \
              of an older generation stays in use unseen. For several hosts behind one name it may be meant.",
    remedy: "Correct the name in DNS, or check every address by itself: `sealock check tcp://ADDRESS:2376`.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for end in &seen.endpoints {
        let others: Vec<&str> = end
            .other_leaves
            .iter()
            .map(|(address, _)| address.as_str())
            .collect();
        if !others.is_empty() {
            let cause = format!(
                "{} presents one certificate, {} another",
                end.address,
                others.join(", ")
            );
            spots.push(Spot::new(end.label.clone(), cause).of(&end.label));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn another_certificate_at_another_address_is_found() {
        let mut world = World::new();
        let other = world.client.fingerprint();
        let place = "[2001:db8::7]:2376".to_owned();
        world.endpoint_mut().other_leaves.push((place, other));
        assert!(
            world.look(&CHECK)[0]
                .cause
                .contains("[2001:db8::7]:2376 another")
        );
        assert!(World::new().look(&CHECK).is_empty());
    }
}
