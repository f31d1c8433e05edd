//! What a renewal did to the daemon: whether it lives another life, and who has outlived the last one.

use sealock_host::Running;

use crate::cloak::{desired, up};
use crate::failure::Failure;
use crate::session::Session;

/// The daemon's life and its containers'.
pub(super) struct Daemon {
    running: Option<Running>,
    containers: Vec<(String, u32)>,
}

impl Daemon {
    pub(super) fn look(session: &Session) -> Result<Option<Self>, Failure> {
        let Some(wanted) = desired::find(session)? else {
            return Ok(None);
        };
        let observed = up::observed(&wanted.options())?;
        let containers = observed.engine.containers().iter();
        Ok(Some(Self {
            running: observed.service.running(),
            containers: containers
                .map(|container| (container.id.clone(), container.pid))
                .collect(),
        }))
    }
}

/// "one restart, 1 container alive".
pub(super) fn restarts(before: &Daemon, after: Option<&Daemon>) -> String {
    let Some(after) = after.filter(|after| after.running != before.running) else {
        return "no restart".to_owned();
    };
    let is_alive = |one: &&(String, u32)| after.containers.contains(one);
    let alive = before.containers.iter().filter(is_alive).count();
    let gone = before.containers.len() - alive;
    let plural = if alive == 1 {
        "container"
    } else {
        "containers"
    };
    match gone {
        0 => format!("one restart, {alive} {plural} alive"),
        _ => format!("one restart, {alive} {plural} alive, {gone} not"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Daemon, restarts};
    use sealock_host::Running;

    #[test]
    fn what_a_renewal_did_to_the_daemon_is_counted() {
        let daemon = |pid: u32, containers: &[(&str, u32)]| Daemon {
            running: Some(Running { pid, started: 1 }),
            containers: containers
                .iter()
                .map(|(id, pid)| ((*id).to_owned(), *pid))
                .collect(),
        };
        let before = daemon(1, &[("a", 10), ("b", 11)]);
        for (after, expected) in [
            (daemon(1, &[("a", 10), ("b", 11)]), "no restart"),
            (
                daemon(2, &[("a", 10), ("b", 11)]),
                "one restart, 2 containers alive",
            ),
            // A container that was started again is another one.
            (
                daemon(2, &[("a", 10), ("b", 12)]),
                "one restart, 1 container alive, 1 not",
            ),
            (daemon(2, &[]), "one restart, 0 containers alive, 2 not"),
        ] {
            assert_eq!(restarts(&before, Some(&after)), expected);
        }
        assert_eq!(restarts(&before, None), "no restart");
    }
}
