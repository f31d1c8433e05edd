//! F211: the daemon is off.

use crate::seen::Daemon;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F211",
    title: "the daemon is off",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "unix(7); systemd.unit(5), ActiveState",
    meaning: "Nobody answers on the unix socket of the daemon, and nothing says that it tried to start: it was stopped, or \
              never started. No client gets an answer, and settings on disk have not been tried. Containers with live-restore \
              may go on without it.",
    remedy: "systemctl start docker",
    explains: &["SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let Daemon::Off { why } = &host.daemon else {
        return Vec::new();
    };
    let told = host.unit.as_ref().is_some_and(super::start_limit::is_so);
    if told || super::silent::is_so(host) {
        return Vec::new();
    }
    let place = host
        .unit
        .as_ref()
        .map_or_else(|| "dockerd".to_owned(), |unit| escape(&unit.name));
    vec![Spot::new(place, why.clone())]
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Daemon, Reach};
    use crate::testing::World;

    #[test]
    fn off_and_nothing_else() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        let host = world.host_mut();
        host.daemon = Daemon::Off {
            why: "no such file or directory".into(),
        };
        host.unit.as_mut().unwrap().active_state = "inactive".into();
        world.endpoint_mut().reach = Reach::Refused;
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.codes()[0], "SL-F211");
    }
}
