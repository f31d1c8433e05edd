//! F104: the system-roots trap.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::{Endpoint, Outcome, Visitor};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F104",
    title: "every authority of the operating system can sign a client",
    severity: Severity::Latent,
    stage: Stage::ClientCertificate,
    source: "moby daemon/command/daemon.go and go-connections tlsconfig (an empty CAFile leaves ClientCAs unset); Go \
              crypto/tls, Config.ClientCAs",
    meaning: "dockerd demands a certificate, but nobody told it whose: tlscacert is missing in daemon.json, and there it has \
              no default. Go then takes the roots of the operating system. Anybody who gets a client certificate from any \
              public authority is root on the host, and your own clients are refused. dockerd says nothing about it, and \
              `dockerd --validate` finds the configuration OK.",
    remedy: "Name the anchors of your clients in daemon.json, then restart the daemon:\n  \"tlscacert\": \"/etc/docker/tls/ca.pem\"",
    explains: &["SL-F102", "SL-F911", "SL-F338"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let found = configured(seen);
    if !found.is_empty() {
        return found;
    }
    let alike = seen.endpoints.iter().filter(|end| looks_like_it(end));
    alike
        .filter(|end| {
            !end.rightful.is_empty()
                && !end.lets_in(Visitor::Rightful)
                && end
                    .outcomes(Visitor::Rightful)
                    .any(|visit| doubts_the_issuer(&visit.outcome))
        })
        .map(|end| {
            let cause = format!(
                "{} asks for a certificate, names no authority and refuses the rightful client: it looks like a daemon that trusts the roots of its system",
                end.address
            );
            Spot::new(end.label.clone(), cause)
                .of(&end.label)
                .severity(Severity::Open)
        })
        .collect()
}

fn configured(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    if mode::tls(host).is_none_or(|tls| tls.mode != Mode::MutualSystemRoots) {
        return Vec::new();
    }
    let dropped = host.flag("tlscacert").is_some();
    listeners::spots(
        seen,
        host,
        |_| true,
        looks_like_it,
        |listener| {
            let why = if dropped {
                "the flag --tlscacert is dropped, because TLS is switched on in daemon.json only"
            } else {
                "tlscacert is not set"
            };
            Spot::new(
                mode::place(host, "tlsverify"),
                format!(
                    "{} demands a certificate of any authority that the system trusts: {why}",
                    sealock_diag::escape(&listener.address)
                ),
            )
        },
    )
}

/// The alerts of a server that cannot follow the certificate to an anchor; a connection that just ends says nothing of it.
fn doubts_the_issuer(outcome: &Outcome) -> bool {
    // bad_certificate, certificate_unknown, unknown_ca
    matches!(outcome, Outcome::Alert(_, 42 | 46 | 48))
}

/// A Go server without anchors of its own names none.
fn looks_like_it(end: &Endpoint) -> bool {
    end.asks_for_certificate && end.authorities.is_empty() && !end.lets_in(Visitor::NoCertificate)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::{Outcome, Visitor};
    use crate::testing::World;
    use serde_json::json;

    fn trapped() -> World {
        let mut world = World::new();
        let host = world.host_mut();
        host.flags.retain(|flag| flag.name == "host");
        host.config.keys =
            json!({"tlsverify": true, "tlscert": "/c", "tlskey": "/k", "live-restore": true})
                .as_object()
                .cloned()
                .unwrap();
        world
    }

    fn refuse(world: &mut World) {
        let end = world.endpoint_mut();
        end.authorities.clear();
        for visit in &mut end.visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = Outcome::Alert("bad_certificate".into(), 42);
            }
        }
    }

    #[test]
    fn by_the_settings_and_by_the_wire() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = trapped();
        let spots = world.look(&CHECK);
        assert_eq!((spots.len(), spots[0].severity), (1, None));
        refuse(&mut world);
        let spots = world.look(&CHECK);
        assert_eq!((spots.len(), spots[0].severity), (1, Some(Severity::Open)));
        world.seen.host = None;
        let spots = world.look(&CHECK);
        assert!(spots[0].cause.contains("looks like"));
    }

    #[test]
    fn a_server_that_names_no_authority_and_hangs_up_is_another_matter() {
        let mut world = World::new();
        refuse(&mut world);
        for visit in &mut world.endpoint_mut().visits {
            if visit.visitor == Visitor::Rightful {
                visit.outcome = Outcome::Closed { reset: false };
            }
        }
        assert_eq!(world.look(&CHECK), []);
    }
}
