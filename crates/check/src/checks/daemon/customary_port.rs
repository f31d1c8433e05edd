//! F217: TLS on the port for plain connections.

use crate::mode::{self, Mode};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F217",
    title: "TLS on port 2375, which is customary for connections in clear",
    severity: Severity::Weak,
    stage: Stage::Listen,
    source: "IANA service names and port numbers: docker 2375, docker-s 2376",
    meaning: "2375 is the port of the API in clear, 2376 the one with TLS. The docker command takes 2376 when TLS is on and no \
              port is written, so clients miss the daemon. Scanners and firewalls treat 2375 as an open daemon, and whoever \
              sees it in a rule cannot tell that it is sealed.",
    remedy: "Listen on 2376:\n  tcp://0.0.0.0:2376",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        let ends = seen.endpoints.iter();
        return ends
            .filter(|end| end.address.ends_with(":2375") && end.leaf().is_some())
            .map(|end| {
                Spot::new(end.label.clone(), format!("{} speaks TLS", end.address)).of(&end.label)
            })
            .collect();
    };
    let tls = mode::tls(host).is_some_and(|tls| tls.mode != Mode::Plain);
    let listeners = host.listeners.iter();
    listeners
        .filter(|listener| tls && listener.address.ends_with(":2375"))
        .map(|listener| {
            Spot::new(
                escape(&listener.origin),
                format!(
                    "tcp://{} speaks TLS; expected port 2376",
                    escape(&listener.address)
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn by_the_settings_or_by_the_wire() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        world.host_mut().listeners[0].address = "0.0.0.0:2375".into();
        assert_eq!(world.look(&CHECK).len(), 1);
        world.seen.host = None;
        assert_eq!(world.look(&CHECK), vec![]);
        world.endpoint_mut().address = "192.0.2.7:2375".into();
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
