//! F654: a service that must ask for certificates, and lets in a client that has none.

use super::doors;
use crate::seen::service::Passage;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F654",
    title: "a service lets in a client without a certificate",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "RFC 8446 §4.4.2.4 (a server that gets no certificate may go on at its discretion)",
    meaning: "sealock.toml says that clients must show a certificate here. One that showed none was answered in the service's own \
              protocol, if only by a question for a password. The first of two walls is missing: who knows or guesses a password, or \
              finds an account without one, is in, from everywhere that the address can be reached from.",
    remedy: "sealock apply, where sealock writes the service's settings; else demand certificates there (clientcert=verify-full, clientcas, \
             tls-auth-clients yes). Is nobody to show one here, then say so in the service's table:\n  clients = \"none\"",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    doors(seen)
        .filter(|(service, door)| {
            service.clients == Some(true) && door.without.verdict == Passage::In
        })
        .map(|(service, door)| {
            let cause = format!(
                "{}: without a certificate: {}",
                door.protocol, door.without.said
            );
            Spot::new(&*door.address, cause).of(&service.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::service::tests::{door, world};
    use crate::seen::service::Passage;

    #[test]
    fn only_where_a_certificate_must_be_shown() {
        for (clients, verdict, expected) in [
            (Some(true), Passage::In, 1),
            (Some(true), Passage::Refused, 0),
            (Some(true), Passage::NoTls, 0),
            (Some(true), Passage::Unclear, 0),
            (Some(false), Passage::In, 0),
            (None, Passage::In, 0),
        ] {
            let mut seen = door();
            seen.without.verdict = verdict;
            let found = world(seen, clients).look(&CHECK);
            assert_eq!(found.len(), expected, "{clients:?} {verdict:?}");
        }
    }
}
