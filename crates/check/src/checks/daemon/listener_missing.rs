//! F221: a configured listener is not open.

use super::specific;
use crate::checks::door::is_at;
use crate::seen::{Endpoint, Host, Listener, ListenerKind, Reach};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F221",
    title: "the daemon runs, and a listener of its settings is not open",
    severity: Severity::Down,
    stage: Stage::Listen,
    source: "moby daemon/command/daemon.go (loadListeners, once at the start)",
    meaning: "The settings name this address, the daemon runs, and nobody listens there: it was started with other settings, \
              or something between refuses the connection. Every client that was given this address is refused, while the \
              docker command on the host works.",
    remedy: "systemctl restart docker     # listeners are opened at the start only",
    explains: &["SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = seen.host.as_ref().filter(|host| host.is_on()) else {
        return Vec::new();
    };
    let told = is_told(seen);
    let listeners = host.listeners.iter();
    listeners
        .filter(|listener| !(told && awaits_restart(host, listener)))
        .filter_map(|listener| {
            let seen_at: Vec<_> = seen
                .endpoints
                .iter()
                .filter(|end| is_at(listener, end))
                .collect();
            let refused = seen_at.iter().all(|end| end.reach == Reach::Refused);
            if seen_at.is_empty() || !refused {
                return None;
            }
            let at: Vec<&str> = seen_at.iter().map(|end| end.address.as_str()).collect();
            let cause = format!(
                "tcp://{} is configured, and the connection is refused at {}",
                escape(&listener.address),
                at.join(", ")
            );
            Some(Spot::new(escape(&listener.origin), cause))
        })
        .collect()
}

/// Whether this is a listener of settings that the daemon has not read yet, and that are told by themselves:
/// clients go on with what was open before.
pub(in crate::checks) fn is_to_come(seen: &Seen, endpoint: &Endpoint) -> bool {
    let Some(host) = seen.host.as_ref().filter(|host| host.is_on()) else {
        return false;
    };
    let mut listeners = host.listeners.iter();
    listeners.any(|listener| is_at(listener, endpoint) && awaits_restart(host, listener))
        && is_told(seen)
}

/// Whether it may be one that only the next start opens. A socket unit is not asked whether it was started since.
fn awaits_restart(host: &Host, listener: &Listener) -> bool {
    host.stale || listener.kind == ListenerKind::Passed
}

fn is_told(seen: &Seen) -> bool {
    specific::config_is_told(seen) || specific::files_are_told(seen)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Reach;
    use crate::testing::World;

    #[test]
    fn refused_while_the_daemon_runs() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.endpoint_mut().reach = Reach::Refused;
        assert_eq!(world.look(&CHECK).len(), 1);
        assert!(!world.codes().contains(&"SL-F901"));
    }
}
