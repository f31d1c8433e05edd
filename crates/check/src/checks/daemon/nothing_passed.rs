//! F219: fd:// and nobody to pass a socket.

use super::at_start;
use crate::mode::{self, Source, Target};
use crate::seen::{Host, Supervisor};
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

fn why(host: &Host, source: Source) -> Option<String> {
    // A daemon that runs with this very flag was passed something.
    let proven = source == Source::Flag && host.is_on();
    match (host.supervisor, &host.unit) {
        (Supervisor::Systemd, Some(unit)) => match &unit.socket {
            None => (!proven).then(|| "there is no docker.socket beside the service".to_owned()),
            // A stopped service has a stopped socket; only one that failed tells.
            Some(socket) if !socket.active && !host.is_on() && unit.active_state == "failed" => {
                Some(format!("{} is not active", escape(&socket.name)))
            }
            Some(_) => None,
        },
        (Supervisor::Systemd, None) => None,
        _ => (!proven).then(|| {
            "no sockets found via socket activation: make sure the service was started by systemd"
                .to_owned()
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::{Daemon, Supervisor};
    use crate::testing::World;

    #[test]
    fn who_would_pass_it() {
        for (supervisor, socket, active, state, expected) in [
            (Supervisor::Systemd, true, true, "active", 0),
            (Supervisor::Systemd, true, false, "inactive", 0),
            (Supervisor::Systemd, true, false, "failed", 1),
            (Supervisor::Systemd, false, false, "failed", 1),
            (Supervisor::Hand, false, false, "inactive", 1),
            (Supervisor::Sysvinit, false, false, "inactive", 1),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.supervisor = supervisor;
            let unit = host.unit.as_mut().unwrap();
            unit.active_state = state.into();
            unit.socket.as_mut().unwrap().active = active;
            if !socket {
                unit.socket = None;
            }
            if state != "active" {
                host.daemon = Daemon::Off { why: String::new() };
            }
            assert_eq!(world.look(&CHECK).len(), expected, "{supervisor:?} {state}");
        }
    }
}
