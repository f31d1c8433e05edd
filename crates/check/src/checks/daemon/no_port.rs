//! F208: a host without a port.

use crate::mode::{self, Target};
use crate::seen::Reach;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F208",
    title: "a host without a port: dockerd takes 2375, even with TLS",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/pkg/opts/hosts.go (DefaultHTTPPort, for every tcp:// without a port)",
    meaning: "dockerd completes tcp://ADDRESS with 2375, the port for connections in clear, whether TLS is on or not. Clients \
              look for TLS on 2376 and find nobody, and a firewall rule for 2376 does not cover it. Scanners look for open \
              daemons on 2375.",
    remedy: "Write the port, then restart the daemon:\n  tcp://0.0.0.0:2376",
    explains: &["SL-F217", "SL-F221", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    // Whoever looks where the port was meant to be is refused.
    let missed = seen
        .endpoints
        .iter()
        .any(|end| matches!(end.reach, Reach::Refused) && !end.address.ends_with(":2375"));
    mode::hosts(host)
        .iter()
        .filter(|entry| matches!(entry.target, Target::Tcp { port: None, .. }))
        .map(|entry| {
            let place = match entry.source {
                mode::Source::Flag => mode::place(host, "host"),
                mode::Source::Json => mode::place(host, "hosts"),
            };
            let cause = format!(
                "`{}` has no port: dockerd listens on 2375; expected 2376",
                escape(&entry.written)
            );
            let spot = Spot::new(place, cause);
            match missed {
                true => spot.severity(Severity::Down),
                false => spot,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Reach;
    use crate::testing::World;

    #[test]
    fn the_port_is_written_or_it_is_another() {
        for (written, expected) in [
            ("tcp://0.0.0.0:2376", 0),
            ("tcp://0.0.0.0", 1),
            ("tcp://", 1),
            ("tcp://[::1]", 1),
            ("0.0.0.0:2376", 0),
            ("unix:///run/d.sock", 0),
        ] {
            let mut world = World::new();
            world.host_mut().flags[1].value = Some(written.into());
            assert_eq!(world.look(&CHECK).len(), expected, "{written}");
        }
        let mut world = World::new();
        world.host_mut().flags[1].value = Some("tcp://0.0.0.0".into());
        world.endpoint_mut().reach = Reach::Refused;
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Down));
    }
}
