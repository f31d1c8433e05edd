//! F65x and F66x: services beside the daemon.

mod another_certificate;
mod clear_text;
mod database_rules;
mod fail_open_registry;
mod foreign;
mod header_from_anybody;
mod login_only;
#[cfg(test)]
mod material;
mod no_tls;
mod other_generation;
mod plain_registry;
mod public_secrets;
mod rightful_refused;
mod self_generated;
mod unforced_encryption;
mod unreached;
mod without_certificate;

use crate::seen::service::{Passage, Service, ServiceSeen, Way};
use crate::{Check, Seen, Spot};

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &no_tls::CHECK,
    &clear_text::CHECK,
    &login_only::CHECK,
    &self_generated::CHECK,
    &without_certificate::CHECK,
    &foreign::CHECK,
    &rightful_refused::CHECK,
    &unreached::CHECK,
    &another_certificate::CHECK,
    &other_generation::CHECK,
    &public_secrets::CHECK,
    &header_from_anybody::CHECK,
    &database_rules::CHECK,
    &unforced_encryption::CHECK,
    &fail_open_registry::CHECK,
    &plain_registry::CHECK,
];

/// Every door at which somebody answered, with its service.
fn doors(seen: &Seen) -> impl Iterator<Item = (&Service, &ServiceSeen)> {
    seen.services.iter().flat_map(|service| {
        let doors = service.doors.iter().map(|door| &door.seen);
        doors
            .filter(|door| door.unreached.is_none())
            .map(move |door| (service, door))
    })
}

/// Whether there is a way into TLS.
fn speaks_tls(door: &ServiceSeen) -> bool {
    door.tls.is_some() || door.tds.as_ref().is_some_and(|tds| tds.strict)
}

/// Whether it was found out that there is no way into TLS. Who says neither this nor that is told as one who does not answer.
fn has_no_tls(door: &ServiceSeen) -> bool {
    !speaks_tls(door)
        && (door.clear.verdict == Way::Accepted || door.without.verdict == Passage::NoTls)
}

/// What the kinds of services say of their configuration under this code.
fn told(seen: &Seen, code: &str) -> Vec<Spot> {
    let services = seen.services.iter();
    services
        .flat_map(|service| {
            let remarks = service.remarks.iter();
            remarks.filter(|remark| remark.code == code).map(|remark| {
                let spot = Spot::new(&*remark.place, &*remark.cause).of(&service.label);
                match &remark.help {
                    Some(help) => spot.help(&**help),
                    None => spot,
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::seen::service::{
        Clear, Entry, Passage, ServiceDoor, ServiceSeen, Sight, TdsEncryption, TdsSeen, Way,
    };
    use crate::seen::{Remark, Service};
    use crate::testing::World;

    /// A healthy door: TLS, no clear text, nobody without a certificate.
    pub(super) fn door() -> ServiceSeen {
        let refused = || Entry {
            verdict: Passage::Refused,
            said: "an alert".to_owned(),
        };
        ServiceSeen {
            address: "192.0.2.7:1433".to_owned(),
            protocol: "tds",
            unreached: None,
            clear: Clear::new(Way::Refused, "an error"),
            tls: Some(Sight {
                version: Some("TLS 1.3".to_owned()),
                suite: None,
                alpn: None,
                certificates: 1,
                chain: Vec::new(),
                leaf: None,
                subject: Some("CN=sql".to_owned()),
                issuer: None,
                not_after: None,
                names: Vec::new(),
                trusted: true,
                why_not: None,
                name_matches: true,
                asks_for_certificate: true,
            }),
            without: refused(),
            with: None,
            tds: None,
        }
    }

    /// What SQL Server says beside.
    pub(super) fn tds(encryption: Option<TdsEncryption>, self_generated: bool) -> TdsSeen {
        TdsSeen {
            encryption,
            strict: false,
            self_generated,
            version: None,
        }
    }

    /// A healthy host with a service that has this door.
    pub(super) fn world(seen: ServiceSeen, clients: Option<bool>) -> World {
        let mut world = World::new();
        world.seen.services = vec![Service {
            label: "sql".to_owned(),
            kind: None,
            clients,
            doors: vec![ServiceDoor {
                name: None,
                seen,
                chain: Vec::new(),
                anchors: Vec::new(),
                rightful: Vec::new(),
                foreign: None,
            }],
            files: Vec::new(),
            remarks: Vec::new(),
        }];
        world
    }

    #[test]
    fn a_healthy_door_is_no_finding() {
        let world = world(door(), Some(true));
        for check in ALL {
            assert_eq!(world.look(check), [], "{}", check.code);
        }
    }

    /// What the configuration says is the reason of what is seen on the wire.
    #[test]
    fn what_is_seen_follows_from_what_is_written() {
        let plain: fn(&mut ServiceSeen) = |seen| {
            seen.tls = None;
            (seen.clear.verdict, seen.without.verdict) = (Way::Accepted, Passage::NoTls);
        };
        let willing: fn(&mut ServiceSeen) = |seen| seen.clear.verdict = Way::Accepted;
        let open: fn(&mut ServiceSeen) = |seen| seen.without.verdict = Passage::In;
        let login: fn(&mut ServiceSeen) =
            |seen| seen.tds = Some(tds(Some(TdsEncryption::LoginOnly), false));
        for (code, change, wire) in [
            ("SL-F660", plain, "SL-F650"),
            ("SL-F663", willing, "SL-F651"),
            ("SL-F663", open, "SL-F654"),
            ("SL-F664", willing, "SL-F651"),
            ("SL-F664", login, "SL-F652"),
            ("SL-F665", open, "SL-F654"),
            ("SL-F666", plain, "SL-F650"),
        ] {
            let mut seen = door();
            change(&mut seen);
            let mut world = world(seen, Some(true));
            assert_eq!(world.codes(), [wire]);
            world.seen.services[0].remarks = vec![Remark {
                code,
                place: "a file, line 7".to_owned(),
                cause: "what stands there".to_owned(),
                help: None,
            }];
            assert_eq!(world.codes(), [code], "{wire}");
        }
    }

    /// A remark is told by the check of its code, and by no other.
    #[test]
    fn remarks_are_told_with_place_cause_and_help() {
        for code in [
            "SL-F660", "SL-F661", "SL-F662", "SL-F663", "SL-F664", "SL-F665", "SL-F666",
        ] {
            let mut world = World::new();
            world.seen.services = vec![Service {
                label: "pg".to_owned(),
                kind: Some("postgres".to_owned()),
                clients: Some(true),
                doors: Vec::new(),
                files: Vec::new(),
                remarks: vec![Remark {
                    code,
                    place: "a file, line 7".to_owned(),
                    cause: "what stands there".to_owned(),
                    help: Some("what to write".to_owned()),
                }],
            }];
            for check in ALL {
                let found = world.look(check);
                if check.code != code {
                    assert!(found.is_empty(), "{}: {found:?}", check.code);
                    continue;
                }
                assert_eq!(found.len(), 1);
                assert_eq!(found[0].place, "a file, line 7");
                assert_eq!(found[0].cause, "what stands there");
                assert_eq!(found[0].help.as_deref(), Some("what to write"));
            }
        }
    }
}
