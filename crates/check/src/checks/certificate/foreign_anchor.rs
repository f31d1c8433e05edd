//! F339: the daemon trusts somebody else.

use super::path::can_vouch;
use super::sighting::{called, chain_of, host_file, is_loaded};
use crate::Mend;
use crate::checks::file::owner::daemon_bite;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Purpose;

pub(super) const CHECK: Check = Check {
    code: "SL-F339",
    title: "the daemon lets in clients of an authority that is not this host's",
    severity: Severity::Open,
    stage: Stage::ClientCertificate,
    source: "Docker documentation, dockerd --tlscacert: trust certs signed only by this CA; the vault of sealock",
    meaning: "Whoever has a certificate of an authority in the daemon's CA file is root on this host. This \
              authority is not the one that the vault keeps for clients: somebody put it there, or copied the \
              wrong ca.pem. When the rightful one is missing as well, no rightful client gets in.",
    remedy: "sealock apply",
    explains: &["SL-F333", "SL-F338", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let (Some(host), Some(keeping)) = (
        seen.host.as_ref().filter(|host| host.cloaked),
        &seen.keeping,
    ) else {
        return Vec::new();
    };
    let kept = |purpose| {
        keeping
            .anchors
            .iter()
            .filter(move |anchor| anchor.purpose == purpose)
    };
    let Some(file) =
        host_file(host, Role::DaemonAnchors).filter(|_| kept(Purpose::Client).next().is_some())
    else {
        return Vec::new();
    };
    let mut spots = Vec::new();
    for anchor in chain_of(file) {
        if !can_vouch(anchor) || kept(Purpose::Client).any(|one| one.certificate == *anchor) {
            continue;
        }
        let other_scope = keeping.other_scopes.iter().find(|one| one.1 == *anchor);
        let spot = if let Some((scope, _)) = other_scope {
            let severity = match is_loaded(seen, host, anchor) {
                true => Severity::Open,
                false => Severity::Latent,
            };
            let cause = format!(
                "{} is the client anchor of {}; that of {} is expected",
                called(anchor),
                scoped(scope),
                scoped(&keeping.scope)
            );
            Spot::new(file.shown(), cause).severity(severity)
        } else if kept(Purpose::Server).any(|one| one.certificate == *anchor) {
            Spot::new(
                file.shown(),
                format!(
                    "{} is the anchor of servers; that of clients is expected",
                    called(anchor)
                ),
            )
            .severity(if !host.is_on() || !is_loaded(seen, host, anchor) {
                daemon_bite(seen)
            } else if chain_of(file)
                .into_iter()
                .any(|one| kept(Purpose::Client).any(|kept| kept.certificate == *one))
            {
                // Beside the right one it shuts nobody out, and the servers it vouches for are no clients.
                Severity::Weak
            } else {
                Severity::Down
            })
        } else {
            let severity = if is_loaded(seen, host, anchor) {
                Severity::Open
            } else {
                Severity::Latent
            };
            Spot::new(
                file.shown(),
                format!("{} is not known to the vault", called(anchor)),
            )
            .severity(severity)
        };
        spots.push(spot.about(anchor).mend(Mend::Apply));
    }
    spots
}

/// A scope in words.
fn scoped(scope: &str) -> String {
    match scope {
        "" => "hosts without a scope".to_owned(),
        name => format!("the scope {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;
    use sealock_pki::Purpose;

    #[test]
    fn foreign_anchor() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        for (foreign, severity) in [
            (anchor(Purpose::Client, 1), Severity::Open),
            (world.server_anchor.clone(), Severity::Down),
        ] {
            let bytes = pem(&[foreign.certificate().clone()]);
            world.daemon_file(Role::DaemonAnchors).state = FileState::Read(Contents::read(&bytes));
            // A daemon that does not name it has not loaded it yet.
            assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
            let name = foreign.certificate().subject_der().to_vec();
            world.endpoint_mut().authorities.push(name);
            assert_eq!(world.codes(), ["SL-F339"]);
            assert_eq!(world.look(&CHECK)[0].severity, Some(severity));
        }
    }

    #[test]
    fn the_anchor_of_another_scope_is_named() {
        let mut world = World::new();
        let office = anchor(Purpose::Client, 1).certificate().clone();
        let keeping = world.seen.keeping.as_mut().unwrap();
        keeping.scope = "edge".into();
        keeping.other_scopes = vec![("office".into(), office.clone())];
        let both = [world.client_anchor.certificate().clone(), office.clone()];
        world.daemon_file(Role::DaemonAnchors).state = FileState::Read(Contents::read(&pem(&both)));
        let spot = &world.look(&CHECK)[0];
        assert_eq!(spot.severity, Some(Severity::Latent));
        let named = "of the scope office; that of the scope edge is expected";
        assert!(spot.cause.contains(named), "{}", spot.cause);
        let name = office.subject_der().to_vec();
        world.endpoint_mut().authorities.push(name);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Open));
    }

    #[test]
    fn the_anchor_of_servers_beside_the_right_one_shuts_nobody_out() {
        let mut world = World::new();
        let both =
            [&world.client_anchor, &world.server_anchor].map(|one| one.certificate().clone());
        world.daemon_file(Role::DaemonAnchors).state = FileState::Read(Contents::read(&pem(&both)));
        for one in &both {
            let name = one.subject_der().to_vec();
            world.endpoint_mut().authorities.push(name);
        }
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
    }
}
