//! F221: a configured listener is not open.

use crate::checks::door::is_at;
use crate::seen::Reach;
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
    let refused = seen
        .endpoints
        .iter()
        .filter(|end| end.reach == Reach::Refused);
    refused
        .filter_map(|end| {
            let listener = host
                .listeners
                .iter()
                .find(|listener| is_at(listener, end))?;
            let cause = format!(
                "tcp://{} is configured in {}, and {} refuses the connection",
                escape(&listener.address),
                escape(&listener.origin),
                end.address
            );
            Some(Spot::new(end.label.clone(), cause).of(&end.label))
        })
        .collect()
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
