//! F113: the unix socket is open to everybody.

use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F113",
    title: "every user of this host can write to the Docker socket",
    severity: Severity::Open,
    stage: Stage::Listen,
    source: "unix(7), Pathname socket ownership and permissions; Docker documentation, Docker daemon attack surface",
    meaning: "The unix socket is the API without any certificate: whoever may write to it can start a container that mounts / \
              and is root on the host. Its mode lets every local user do that, and every service that somebody breaks into. It \
              is often the trace of a chmod 666 that was to end a permission error.",
    remedy: "chmod 660 /var/run/docker.sock",
    explains: &[],
    look,
};

/// To connect, one must be allowed to write (unix(7)); reading alone opens nothing.
const OTHERS_WRITE: u32 = 0o002;

fn look(seen: &Seen) -> Vec<Spot> {
    let sockets = seen.host.iter().flat_map(|host| host.sockets.iter());
    sockets
        .filter(|socket| socket.mode & OTHERS_WRITE != 0)
        .map(|socket| {
            let path = escape(&socket.path.to_string_lossy());
            let mode = socket.mode & 0o770;
            Spot::new(
                path.clone(),
                format!("mode {:04o}, expected {mode:04o}", socket.mode & 0o7777),
            )
            .help(format!("chmod {mode:o} {path}"))
            .mend(Mend::Mode {
                path: socket.path.clone(),
                mode,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;

    #[test]
    fn who_may_write_may_enter() {
        for (mode, expected) in [
            (0o660, 0),
            (0o600, 0),
            (0o664, 0),
            (0o666, 1),
            (0o777, 1),
            (0o662, 1),
        ] {
            let mut world = World::new();
            world.host_mut().sockets[0].mode = mode;
            assert_eq!(world.look(&CHECK).len(), expected, "{mode:o}");
        }
    }
}
