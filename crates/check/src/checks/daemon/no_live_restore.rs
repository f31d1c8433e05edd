//! F215: live-restore is off.

use crate::seen::{Daemon, Supervisor};
use crate::{Check, Seen, Severity, Spot, Stage, mode};

pub(super) const CHECK: Check = Check {
    code: "SL-F215",
    title: "containers stop whenever the daemon restarts",
    severity: Severity::Weak,
    stage: Stage::Keeping,
    source: "Docker documentation, Live restore; moby daemon/daemon.go (Shutdown)",
    meaning: "A new certificate or another anchor needs a restart of dockerd, and without live-restore a restart stops every \
              container. So people put rotation off until certificates expire. live-restore can be switched on without a \
              restart; it does not go together with swarm.",
    remedy: "Put this in daemon.json:\n  \"live-restore\": true\nthen: systemctl reload docker",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let Daemon::On {
        live_restore: false,
        swarm: false,
        containers,
        ..
    } = &host.daemon
    else {
        return Vec::new();
    };
    // A rootless daemon takes its containers along, whatever is set; and where nothing runs, nothing stops.
    if host.supervisor == Supervisor::Rootless || *containers == 0 {
        return Vec::new();
    }
    let why = match mode::setting(host, "live-restore") {
        Some(true) => "`live-restore` is set, and the daemon has not read it yet",
        Some(false) => "`live-restore` is false",
        None => "`live-restore` is not set",
    };
    let running = match containers {
        1 => "1 container runs".to_owned(),
        more => format!("{more} containers run"),
    };
    vec![Spot::new(
        mode::place(host, "live-restore"),
        format!("{why}; {running}"),
    )]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Daemon, Supervisor};
    use crate::testing::World;

    #[test]
    fn not_for_swarm_not_for_rootless_and_not_where_nothing_runs() {
        for (live_restore, swarm, containers, supervisor, expected) in [
            (true, false, 1, Supervisor::Systemd, 0),
            (false, false, 1, Supervisor::Systemd, 1),
            (false, false, 0, Supervisor::Systemd, 0),
            (false, true, 1, Supervisor::Systemd, 0),
            (false, false, 1, Supervisor::Rootless, 0),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.supervisor = supervisor;
            host.daemon = Daemon::On {
                warnings: Vec::new(),
                live_restore,
                swarm,
                containers,
            };
            assert_eq!(world.look(&CHECK).len(), expected);
        }
    }
}
