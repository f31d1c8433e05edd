//! F653: a SQL Server that shows the certificate it makes for itself when nobody gave it one.

use super::doors;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F653",
    title: "a SQL Server presents a certificate that it made itself",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "SQL Server, \"Encrypt connections\" (self-generated certificates: subject SSL_Self_Signed_Fallback)",
    meaning: "Without a certificate of its own SQL Server makes one at every start, and signs it itself. No client can tell it from that of \
              somebody who stands in between, and another one comes with the next start. Clients that verify are locked out; those that \
              get in were told to trust whatever they are shown (TrustServerCertificate).",
    remedy: "Give it a certificate: tlscert and tlskey in the section [network] of mssql.conf, readable for the server's user, and a start. \
             For a service of the kind mssql:\n  sealock apply",
    explains: &[
        "SL-F304", "SL-F305", "SL-F306", "SL-F314", "SL-F316", "SL-F658",
    ],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    doors(seen)
        .filter(|(_, door)| door.tds.as_ref().is_some_and(|tds| tds.self_generated))
        .map(|(service, door)| {
            let subject = door.tls.as_ref().and_then(|sight| sight.subject.as_deref());
            let cause = format!("its subject is {}", subject.unwrap_or("not readable"));
            Spot::new(&*door.address, cause).of(&service.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::service::tests::{door, tds, world};

    #[test]
    fn a_certificate_of_its_own_making_is_told() {
        for (own, expected) in [(true, 1), (false, 0)] {
            let mut seen = door();
            seen.tds = Some(tds(None, own));
            assert_eq!(world(seen, None).look(&CHECK).len(), expected);
        }
        assert_eq!(world(door(), None).look(&CHECK), []);
    }
}
