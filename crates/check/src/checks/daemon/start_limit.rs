//! F207: systemd has given up, or is about to.

use crate::seen::{Daemon, Unit};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F207",
    title: "systemd does not start the daemon any more",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "systemd.unit(5), StartLimitBurst=; docker.service (StartLimitBurst=3 in 60 s)",
    meaning: "The daemon ended several times in a row while it started, and systemd counts: after three times within a minute \
              it does not try again, even when the reason has been mended. Every client is refused until somebody resets the \
              count. The first error in the journal is the one that tells the reason.",
    remedy: "journalctl -u docker -b --no-pager | grep -i -m1 fail\nWhen that is mended:\n  systemctl reset-failed docker.service docker.socket; systemctl start docker",
    explains: &["SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let (Some(unit), Daemon::Off { why }) = (&host.unit, &host.daemon) else {
        return Vec::new();
    };
    if !is_so(unit) {
        return Vec::new();
    }
    let cause = format!(
        "{}, result {}, started again {} times: {why}",
        escape(&unit.active_state),
        escape(&unit.result),
        unit.restarts
    );
    vec![Spot::new(escape(&unit.name), cause)]
}

/// Whether systemd has given up, or starts it again and again.
pub(super) fn is_so(unit: &Unit) -> bool {
    unit.result == "start-limit-hit" || (unit.active_state == "activating" && unit.restarts > 0)
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Daemon;
    use crate::testing::World;

    #[test]
    fn three_times_and_out() {
        for (state, result, restarts, expected) in [
            ("failed", "start-limit-hit", 3, 1),
            ("activating", "exit-code", 2, 1),
            ("failed", "exit-code", 0, 0),
            ("inactive", "success", 0, 0),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.daemon = Daemon::Off {
                why: "it ended".into(),
            };
            let unit = host.unit.as_mut().unwrap();
            unit.active_state = state.into();
            unit.result = result.into();
            unit.restarts = restarts;
            assert_eq!(world.look(&CHECK).len(), expected, "{state} {result}");
        }
    }
}
