//! F651: a service that has TLS, and goes on without it when a client wishes.

use super::{doors, speaks_tls};
use crate::seen::service::Way;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F651",
    title: "a service offers TLS and takes clear text too",
    severity: Severity::Open,
    stage: Stage::Handshake,
    source: "PostgreSQL 15 documentation §55.2, SSLRequest (`S` means willing, not required); MS-TDS §2.2.6.5; MySQL, require_secure_transport; redis.conf, port and tls-port",
    meaning: "TLS is there for whoever asks for it. Whoever does not ask is served in clear text on the same address. That is a client with \
              a setting forgotten, and it is every client when somebody on the way strikes out the offer of TLS and the client does \
              not insist. Its password, and everything after it, can then be read and changed.",
    remedy: "Let sealock write the settings that demand TLS, or write them by hand: hostssl instead of host in pg_hba.conf, \
             forceencryption = 1 in mssql.conf, require_secure_transport = ON for MySQL, port 0 for Redis. Then:\n  sealock check",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    doors(seen)
        .filter(|(_, door)| speaks_tls(door) && door.clear.verdict == Way::Accepted)
        .map(|(service, door)| {
            let cause = format!(
                "{}: clear text is taken: {}",
                door.protocol, door.clear.said
            );
            Spot::new(&*door.address, cause)
                .of(&service.label)
                .help(help(door.protocol))
        })
        .collect()
}

/// What makes each of them insist.
fn help(protocol: &str) -> &'static str {
    match protocol {
        "postgres" => {
            "In pg_hba.conf, hostssl in the place of host, above every other line that fits, and a reload; PostgreSQL itself has \
             no switch that demands TLS"
        }
        "mysql" => "require_secure_transport = ON in the section [mysqld]",
        "tds" => {
            "forceencryption = 1 in the section [network] of mssql.conf, and a restart of SQL Server"
        }
        "redis" => "tls-port with the number of `port`, and port 0, in redis.conf",
        "amqp" => "listeners.tcp = none in rabbitmq.conf, and a restart",
        _ => "Take the listener for clear text away, or bind it to loopback",
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::service::tests::{door, world};
    use crate::seen::service::Way;

    #[test]
    fn only_clear_text_that_is_taken_beside_tls_is_told() {
        for (tls, way, expected) in [
            (true, Way::Accepted, 1),
            (true, Way::Refused, 0),
            (true, Way::NotSpoken, 0),
            (true, Way::NotAsked, 0),
            (true, Way::Unclear, 0),
            (false, Way::Accepted, 0),
        ] {
            let mut seen = door();
            seen.clear.verdict = way;
            if !tls {
                seen.tls = None;
            }
            assert_eq!(
                world(seen, None).look(&CHECK).len(),
                expected,
                "{tls} {way:?}"
            );
        }
    }

    #[test]
    fn every_protocol_has_its_own_way_to_insist() {
        for (protocol, word) in [
            ("postgres", "hostssl"),
            ("mysql", "require_secure_transport"),
            ("tds", "forceencryption"),
            ("redis", "port 0"),
            ("amqp", "listeners.tcp"),
            ("https", "listener"),
        ] {
            let mut seen = door();
            seen.protocol = protocol;
            seen.clear.verdict = Way::Accepted;
            let found = world(seen, None).look(&CHECK);
            let help = found[0].help.as_deref().unwrap();
            assert!(help.contains(word), "{protocol}: {help}");
        }
    }
}
