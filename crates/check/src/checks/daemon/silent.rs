//! F210: failed, or active without an answer.

use crate::seen::{Daemon, Host};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F210",
    title: "the daemon failed, or runs without answering",
    severity: Severity::Down,
    stage: Stage::Connect,
    source: "systemd.unit(5), ActiveState; moby daemon/command/daemon.go",
    meaning: "The service manager knows the daemon, but nobody answers on its unix socket: it ended with an error, or it hangs \
              while it starts. No client gets an answer. A daemon without TLS on a TCP port also waits about fifteen seconds \
              for each address before it opens anything.",
    remedy: "journalctl -u docker -b --no-pager -n 50\nWhen the reason is mended:\n  systemctl restart docker",
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
    if !is_so(host) {
        return Vec::new();
    }
    let cause = match unit.active_state.as_str() {
        "active" => format!("active, and there is no answer on its unix socket: {why}"),
        state => format!("{}, result {}: {why}", escape(state), escape(&unit.result)),
    };
    vec![Spot::new(escape(&unit.name), cause)]
}

/// Whether the service manager says something else than that it is off.
pub(super) fn is_so(host: &Host) -> bool {
    host.unit
        .as_ref()
        .is_some_and(|unit| unit.active_state != "inactive" && !super::start_limit::is_so(unit))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Daemon;
    use crate::testing::World;

    #[test]
    fn states_of_a_unit() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (state, result, expected) in [
            ("active", "success", 1),
            ("failed", "exit-code", 1),
            ("failed", "start-limit-hit", 0),
            ("inactive", "success", 0),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.daemon = Daemon::Off {
                why: "connection refused".into(),
            };
            let unit = host.unit.as_mut().unwrap();
            unit.active_state = state.into();
            unit.result = result.into();
            assert_eq!(world.look(&CHECK).len(), expected, "{state} {result}");
        }
    }
}
