//! F112: `tls` without verification.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::Visitor;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F112",
    title: "TLS is configured without asking clients for a certificate",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/command/daemon.go (tlsverify false with tls on); Docker documentation, Daemon modes",
    meaning: "tlsverify is false, and saying so at all switches TLS on: the daemon proves itself and asks nobody. The \
              connection looks safe to every client, and whoever reaches the port is root on the host without any certificate. \
              To leave tlsverify out would be safer than to set it to false: with tls alone dockerd does demand certificates.",
    remedy: "Set it where it stands, then restart the daemon:\n  \"tlsverify\": true",
    explains: &["SL-F102", "SL-F103", "SL-F105", "SL-F106", "SL-F107"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    if mode::tls(host).is_none_or(|tls| tls.mode != Mode::ServerOnly) {
        return Vec::new();
    }
    listeners::spots(
        seen,
        host,
        |_| true,
        |end| end.lets_in(Visitor::NoCertificate),
        |listener| {
            Spot::new(
                mode::place(host, "tlsverify"),
                format!(
                    "`tlsverify` is false: tcp://{} takes every client, certificate or not",
                    escape(&listener.address)
                ),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::{Outcome, Protocol, Visit, Visitor};
    use crate::testing::World;

    #[test]
    fn the_setting_explains_what_the_wire_shows() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        for flag in &mut world.host_mut().flags {
            if flag.name == "tlsverify" {
                flag.value = Some("false".into());
            }
        }
        assert_eq!(world.look(&CHECK)[0].severity, None);
        world.endpoint_mut().visits.push(Visit {
            visitor: Visitor::NoCertificate,
            protocol: Some(Protocol::Tls13),
            outcome: Outcome::In,
        });
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Open));
        assert_eq!(world.codes()[0], "SL-F112");
        assert!(!world.codes().contains(&"SL-F102"));
    }
}
