//! F338: a client certificate by somebody whom the daemon does not trust.

use super::path::{Lead, can_vouch, clients_here, is_gap};
use super::sighting::{called, leaf_of};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F338",
    title: "the client certificate was not issued by an authority that the daemon trusts",
    severity: Severity::LockedOut,
    stage: Stage::ClientCertificate,
    source: "RFC 8446 section 4.2.4 (certificate_authorities); Go crypto/tls selects a client certificate by the \
              authorities that the server names",
    meaning: "The daemon names the authorities whose clients it lets in, and the issuer of this certificate is \
              not among them. The docker CLI does not even send it then, so the daemon says that a certificate is \
              required, as if there were none.",
    remedy: "Issue the client by the authority of this daemon:\n  sealock client bundle NAME",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for judged in clients_here(seen) {
        if !judged.anchors.iter().any(|anchor| can_vouch(anchor)) {
            continue;
        }
        let (Some(Lead::Stranger(child) | Lead::OtherKey { child, .. }), Some(leaf)) =
            (judged.lead(seen), leaf_of(&judged.chain))
        else {
            if let (Some(Lead::Itself), Some(leaf)) = (judged.lead(seen), leaf_of(&judged.chain)) {
                spots.push(judged.spot(&judged.place, format!("{} is self-signed", called(leaf))));
            }
            continue;
        };
        if !leaf.is_ca() && child.issuer_der() != b"" {
            let cause = format!(
                "{} was issued by `{}`, which is not in {}",
                called(child),
                child.issuer(),
                judged.judge
            );
            spots.push(judged.spot(&judged.place, cause));
        }
    }
    for end in &seen.endpoints {
        let Some(leaf) = end.rightful.first().filter(|leaf| !leaf.is_ca()) else {
            continue;
        };
        let named = |one: &sealock_pki::Certificate| {
            end.authorities.iter().any(|name| name == one.issuer_der())
        };
        if end.authorities.is_empty() || end.rightful.iter().any(named) || is_gap(seen, leaf, &[]) {
            continue;
        }
        let cause = format!(
            "{} was issued by `{}`, which the server does not name",
            called(leaf),
            leaf.issuer()
        );
        spots.push(
            Spot::new(end.label.clone(), cause)
                .of(&end.label)
                .about(leaf),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn client_not_trusted() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let foreign = anchor(Purpose::Client, 1);
        let leaf = client_leaf(&foreign, &world.client_key, "alice", NOW, 90 * DAY);
        world.come_as(&[leaf]);
        assert_eq!(world.codes(), ["SL-F338"]);
        world.seen.host = None;
        assert_eq!(world.codes(), ["SL-F338"]);
    }
}
