//! F216: live-restore in a swarm.

use super::at_start;
use crate::seen::Daemon;
use crate::{Check, Seen, Severity, Spot, Stage, mode};

pub(super) const CHECK: Check = Check {
    code: "SL-F216",
    title: "live-restore is set on a node of a swarm",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "moby daemon/cluster and daemon/daemon.go (live-restore is incompatible with swarm mode)",
    meaning: "The two exclude each other, and dockerd ends at its next start rather than choose. The node drops out of the \
              swarm then, and its API with it. The line may have come from a recipe for hosts without a swarm, and shows \
              nothing while the daemon runs.",
    remedy: "Take live-restore out of daemon.json (or off the command line).",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let swarm = match &host.daemon {
        Daemon::On { swarm, .. } => *swarm,
        Daemon::Off { why } => why.contains("incompatible with swarm mode"),
    };
    if !swarm || mode::setting(host, "live-restore") != Some(true) {
        return Vec::new();
    }
    let cause = "--live-restore daemon configuration is incompatible with swarm mode";
    vec![at_start(
        host,
        Spot::new(mode::place(host, "live-restore"), cause),
    )]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Daemon;
    use crate::testing::World;

    #[test]
    fn only_in_a_swarm() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        let daemon = &mut world.host_mut().daemon;
        *daemon = Daemon::On {
            warnings: Vec::new(),
            live_restore: false,
            swarm: true,
            containers: 0,
        };
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
