//! F109: systemd passes a TCP port to a daemon without TLS.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::{ListenerKind, Outcome};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F109",
    title: "docker.socket passes a TCP port, and the daemon has no TLS",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/listeners/listeners_linux.go (fd); systemd.socket(5), ListenStream=",
    meaning: "systemd opens the port and hands it to dockerd, which wraps TLS around it only when TLS is switched on. It is \
              not, so whoever reaches the port is root on the host. With a port that was passed dockerd gives no warning, does \
              not wait, and docker info says nothing: the usual signs are all missing.",
    remedy: "sealock up\nor take the ListenStream= line away:\n  systemctl edit docker.socket && systemctl daemon-reload && systemctl restart docker.socket docker",
    explains: &["SL-F101"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    if mode::tls(host).is_none_or(|tls| tls.mode != Mode::Plain)
        || super::believed::is_so(host)
        || super::paths_only::is_so(host)
    {
        return Vec::new();
    }
    listeners::spots(
        seen,
        host,
        |listener| listener.kind == ListenerKind::Passed,
        |end| end.plain == Some(Outcome::In),
        |listener| {
            Spot::new(
                escape(&listener.origin),
                format!(
                    "ListenStream={} is passed to a daemon that has neither `tls` nor `tlsverify`: plain HTTP, without a warning",
                    escape(&listener.address)
                ),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::ListenerKind;
    use crate::testing::World;

    #[test]
    fn a_passed_port_without_tls() {
        let mut world = World::new();
        world.host_mut().listeners[0].kind = ListenerKind::Passed;
        assert_eq!(world.look(&CHECK), vec![], "TLS covers what is passed");
        world
            .host_mut()
            .flags
            .retain(|flag| flag.value.as_deref() == Some("fd://"));
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.look(&super::super::plain_listener::CHECK), vec![]);
    }
}
