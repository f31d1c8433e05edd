//! F219: fd:// and nobody to pass a socket.

use super::at_start;
use crate::mode::{self, Source, Target};
use crate::seen::{Daemon, Host, Supervisor};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F219",
    title: "fd:// without a socket that systemd passes",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/listeners/listeners_linux.go (fd); sd_listen_fds(3)",
    meaning: "fd:// means: take the sockets that systemd opened. Without a docker.socket beside the service, or without \
              systemd at all, there are none, and dockerd ends. The line often came along with a command that was copied from \
              the unit, or with a daemon.json from another host.",
    remedy: "Under systemd:\n  systemctl enable --now docker.socket\notherwise write the socket instead of fd://:\n  unix:///var/run/docker.sock",
    explains: super::STOPPED,
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let hosts = mode::hosts(host);
    let Some(entry) = hosts.iter().find(|entry| entry.target == Target::Passed) else {
        return Vec::new();
    };
    let Some(why) = why(host, entry.source) else {
        return Vec::new();
    };
    let key = match entry.source {
        Source::Flag => "host",
        Source::Json => "hosts",
    };
    let cause = format!("{}: {why}", escape(&entry.written));
    vec![at_start(host, Spot::new(mode::place(host, key), cause))]
}

const WORDS: &str =
    "no sockets found via socket activation: make sure the service was started by systemd";

fn why(host: &Host, source: Source) -> Option<String> {
    // A daemon that runs with this very flag was passed something.
    let proven = source == Source::Flag && host.is_on();
    match (host.supervisor, &host.unit) {
        (Supervisor::Systemd, Some(unit)) => match &unit.socket {
            None => (!proven).then(|| "there is no docker.socket beside the service".to_owned()),
            // A stopped service has a stopped socket, and one that failed too often a failed one: only dockerd's own
            // words tell.
            Some(socket) => match &host.daemon {
                Daemon::Off { why } if !socket.active && why.contains(WORDS) => {
                    Some(format!("{} is not active: {WORDS}", escape(&socket.name)))
                }
                _ => None,
            },
        },
        (Supervisor::Systemd, None) => None,
        _ => (!proven).then(|| WORDS.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{CHECK, WORDS};
    use crate::seen::{Daemon, Supervisor};
    use crate::testing::World;

    #[test]
    fn who_would_pass_it() {
        for (supervisor, socket, active, state, expected) in [
            (Supervisor::Systemd, true, true, "active", 0),
            (Supervisor::Systemd, true, false, "inactive", 0),
            (Supervisor::Systemd, true, false, "failed with its words", 1),
            // Its socket failed with the service, which failed too often for another reason.
            (Supervisor::Systemd, true, false, "failed", 0),
            (Supervisor::Systemd, false, false, "failed", 1),
            (Supervisor::Hand, false, false, "inactive", 1),
            (Supervisor::Sysvinit, false, false, "inactive", 1),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.supervisor = supervisor;
            let unit = host.unit.as_mut().unwrap();
            unit.active_state = state.split(' ').next().unwrap().into();
            unit.socket.as_mut().unwrap().active = active;
            if !socket {
                unit.socket = None;
            }
            if state != "active" {
                let words = if state.ends_with("words") { WORDS } else { "" };
                let why = format!("docker.service is failed: {words}");
                host.daemon = Daemon::Off { why };
            }
            assert_eq!(world.look(&CHECK).len(), expected, "{supervisor:?} {state}");
        }
    }
}
