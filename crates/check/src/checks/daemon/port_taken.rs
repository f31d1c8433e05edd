//! F218: the port belongs to somebody else.

use super::at_start;
use crate::checks::door::is_at;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F218",
    title: "another process holds the daemon's port",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "bind(2), EADDRINUSE; moby daemon/command/daemon.go (loadListeners)",
    meaning: "Only one process can listen on a port. dockerd ends when it finds one of its ports taken, and takes every other \
              listener with it. Whoever connects meanwhile talks to the other process, which may be a second dockerd, a proxy \
              or a stranger that waits for clients.",
    remedy: "ss -ltnp 'sport = :2376'     # who it is\nThen stop that process, or give the daemon another port.",
    explains: &[
        "SL-F207", "SL-F210", "SL-F211", "SL-F221", "SL-F901", "SL-F904", "SL-F909",
    ],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let taken = host
        .listeners
        .iter()
        .filter_map(|listener| Some((listener, listener.taken_by.as_ref()?)));
    taken
        .map(|(listener, by)| {
            let cause = format!(
                "tcp://{} is held by {}: bind: address already in use",
                escape(&listener.address),
                escape(by)
            );
            let spot = Spot::new(escape(&listener.origin), cause);
            // Whoever comes to a daemon that runs without this port meets the other process now.
            let met = seen.endpoints.iter().any(|end| is_at(listener, end));
            match met {
                true => spot.severity(Severity::Down),
                false => at_start(host, spot),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::seen::Daemon;
    use crate::testing::World;

    #[test]
    fn somebody_else_listens() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        let host = world.host_mut();
        host.listeners[0].taken_by = Some("nginx (pid 7)".into());
        host.daemon = Daemon::Off {
            why: "it ended".into(),
        };
        let spots = world.look(&CHECK);
        assert_eq!(spots[0].severity, Some(Severity::Down));
        assert!(spots[0].cause.contains("nginx (pid 7)"));
    }
}
