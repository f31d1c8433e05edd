//! F213: systemd has not read the changed unit.

use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F213",
    title: "systemd has not read the changed files of the unit",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "systemctl(1), daemon-reload; org.freedesktop.systemd1, NeedDaemonReload",
    meaning: "systemd keeps its own copy of units and drop-ins and starts the daemon from that copy. A restart now would start \
              it with the old command line, however often it is tried: a listener or a TLS flag that was added on disk is not \
              there.",
    remedy: "systemctl daemon-reload && systemctl restart docker",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let units = host.unit.iter();
    units
        .filter(|unit| unit.needs_reload)
        .map(|unit| {
            let spot = Spot::new(
                escape(&unit.name),
                "its files changed on disk since systemd read them (NeedDaemonReload=yes)",
            );
            match host.cloaked {
                true => spot.mend(Mend::Apply),
                false => spot,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn what_systemd_says() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        world.host_mut().unit.as_mut().unwrap().needs_reload = true;
        assert_eq!(world.look(&CHECK).len(), 1);
    }
}
