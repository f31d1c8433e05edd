//! F652: a SQL Server whose queries travel in clear text behind an encrypted login.

use super::doors;
use crate::seen::service::TdsEncryption;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F652",
    title: "a SQL Server encrypts the login and nothing after it",
    severity: Severity::Open,
    stage: Stage::Handshake,
    source: "MS-TDS §2.2.6.5 (PRELOGIN, ENCRYPT_OFF: TLS for the login packet only)",
    meaning: "The server answers \"off\" to a client that leaves encryption to it. In TDS 7 that word means: the packet with the password \
              goes through TLS, and then both sides put TLS away. Every query and every row after it travels in clear text and can be \
              changed on the way. The password was safe, which makes it look as if all were well.",
    remedy: "Write forceencryption = 1 in the section [network] of mssql.conf and start the server again. For a service of the kind mssql:\n  \
             sealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    doors(seen)
        .filter_map(|(service, door)| {
            let cause = match door.tds.as_ref()?.encryption? {
                TdsEncryption::LoginOnly => {
                    "a client that leaves encryption to the server is told \"off\" (00); expected \"required\" (03)"
                }
                TdsEncryption::Off => {
                    "a client that leaves encryption to the server is told \"off\" (00), one without TLS logs in in clear text \
                     (02); expected \"required\" (03)"
                }
                TdsEncryption::NotSupported | TdsEncryption::On | TdsEncryption::Required => {
                    return None;
                }
            };
            Some(Spot::new(&*door.address, cause).of(&service.label))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::service::tests::{door, tds, world};
    use crate::seen::service::TdsEncryption;

    #[test]
    fn the_login_alone_is_told() {
        for (encryption, expected) in [
            (None, 0),
            (Some(TdsEncryption::NotSupported), 0),
            (Some(TdsEncryption::Off), 1),
            (Some(TdsEncryption::LoginOnly), 1),
            (Some(TdsEncryption::On), 0),
            (Some(TdsEncryption::Required), 0),
        ] {
            let mut seen = door();
            seen.tds = Some(tds(encryption, false));
            assert_eq!(
                world(seen, None).look(&CHECK).len(),
                expected,
                "{encryption:?}"
            );
        }
        assert_eq!(world(door(), None).look(&CHECK), []);
    }
}
