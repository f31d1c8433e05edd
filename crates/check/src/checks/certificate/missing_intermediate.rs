//! F313: an intermediate is missing.

use super::path::{Lead, clients_here, is_gap, servers};
use super::sighting::called;
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F313",
    title: "the chain lacks an intermediate",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 8446 section 4.4.2 (certificate_list); RFC 5280 section 6.1",
    meaning: "The certificate was issued by an intermediate CA, and the file that is sent holds the certificate \
              alone. The other side knows the root and cannot tell who stands between. A daemon shows it as an \
              unknown authority; of a client that lacks it the daemon says that it sent no certificate.",
    remedy: "Append the certificate of the intermediate to the file, after the own one:\n  cat intermediate.pem \
              >> cert.pem",
    explains: &["SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for judged in servers(seen).iter().chain(&clients_here(seen)) {
        if let Some(Lead::Gap(child)) = judged.lead(seen) {
            let cause = format!(
                "{} was issued by `{}`, which is neither sent along nor in {}",
                called(child),
                child.issuer(),
                judged.judge
            );
            spots.push(judged.spot(&judged.place, cause));
        }
    }
    for end in &seen.endpoints {
        // What the daemon trusts is not seen from outside, but its authorities are named.
        let named = |one: &Certificate| end.authorities.iter().any(|name| name == one.issuer_der());
        let Some(leaf) = end.rightful.first() else {
            continue;
        };
        let strange = !end.authorities.is_empty() && !end.rightful.iter().any(named);
        if strange && is_gap(seen, leaf, &[]) && !end.lets_in(Visitor::Rightful) {
            let cause = format!(
                "{} was issued by `{}`, which is neither sent along nor named by the server",
                called(leaf),
                leaf.issuer()
            );
            let spot = Spot::new(end.label.clone(), cause).of(&end.label);
            spots.push(spot.severity(Severity::LockedOut).about(leaf));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Outcome, Visitor};
    use crate::testing::*;

    #[test]
    fn missing_intermediate() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let root_key = key();
        let root = forge::Forge::root("example root", &root_key)
            .with(forge::ca())
            .with(forge::usage(forge::CERT_SIGN | forge::CRL_SIGN))
            .sign();
        let middle_key = key();
        let middle = forge::Forge::leaf("example issuing 1", &middle_key, &root, &root_key)
            .with(forge::ca())
            .with(forge::usage(forge::CERT_SIGN | forge::CRL_SIGN))
            .dates(NOW - DAY, NOW + 3000 * DAY)
            .sign();
        let leaf = forge::Forge::leaf(NAME, &world.server_key, &middle, &middle_key)
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]))
            .sign();
        world.host_mut().cloaked = false;
        world.believe(std::slice::from_ref(&root));
        world.serve(&[leaf.clone(), middle.clone()]);
        assert_eq!(world.codes(), Vec::<&str>::new());
        world.serve(&[leaf]);
        assert_eq!(world.codes(), ["SL-F313"]);
    }

    #[test]
    fn a_client_without_its_intermediate_is_seen_from_outside() {
        let mut world = World::new();
        let middle_key = key();
        let middle = forge::Forge::root("example issuing 1", &middle_key)
            .with(forge::ca())
            .sign();
        let mut forged = world
            .forged_client()
            .with(forge::purposes(&[forge::CLIENT_AUTH]));
        forged.issuer = middle.subject_der().to_vec();
        world.endpoint_mut().rightful = vec![forged.sign()];
        for visit in &mut world.endpoint_mut().visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = Outcome::Alert("unknown_ca".to_owned(), 48);
            }
        }
        world.seen.host = None;
        world.seen.clients.clear();
        world.seen.keeping = None;
        assert_eq!(world.codes(), ["SL-F313"]);
    }
}
