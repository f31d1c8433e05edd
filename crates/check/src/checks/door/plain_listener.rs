//! F108: a listener without TLS.

use super::listeners;
use crate::mode::{self, Mode};
use crate::seen::{ListenerKind, Outcome};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F108",
    title: "a TCP listener is configured without TLS",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/command/daemon.go (loadListeners); Docker documentation, Protect the Docker daemon socket",
    meaning: "dockerd opens a TCP port because it was told to, and asks nobody anything on it: no released version refuses to. \
              Whoever reaches the port can start a container that mounts / and is root on the host. On loopback that is every \
              local user, every container with the host's network, and a script in a browser.",
    remedy: "Put the listener behind mutual TLS:\n  sealock up\nor take the tcp:// host away where it stands and restart the daemon.",
    explains: &["SL-F101"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    let Some(tls) = mode::tls(host).filter(|tls| tls.mode == Mode::Plain) else {
        return Vec::new();
    };
    if super::believed::is_so(host) || super::paths_only::is_so(host) {
        return Vec::new();
    }
    let why = if tls.mentioned {
        format!("`tls` is false in {}", mode::place(host, "tls"))
    } else {
        "neither `tls` nor `tlsverify` is set".to_owned()
    };
    listeners::spots(
        seen,
        host,
        |listener| listener.kind != ListenerKind::Passed,
        |end| end.plain == Some(Outcome::In),
        |listener| {
            let place = escape(&listener.origin);
            let port = if listener.address.ends_with(":2376") {
                ", on the port that is customary for TLS"
            } else {
                ""
            };
            let address = escape(&listener.address);
            Spot::new(
                place,
                format!("tcp://{address} is opened without TLS{port}: {why}"),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Outcome;
    use crate::testing::World;
    use crate::{Mend, Severity};

    #[test]
    fn open_now_or_at_the_next_start() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        let mut world = World::new();
        world.host_mut().flags.retain(|flag| flag.name == "host");
        let spots = world.look(&CHECK);
        assert_eq!((spots.len(), spots[0].severity), (1, None));
        assert_eq!(spots[0].mends, [Mend::Apply]);
        world.endpoint_mut().plain = Some(Outcome::In);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Open));
        assert_eq!(world.codes()[0], "SL-F108");
        assert!(!world.codes().contains(&"SL-F101"));
    }

    #[test]
    fn tls_false_is_named() {
        let mut world = World::new();
        let host = world.host_mut();
        host.flags.retain(|flag| flag.name == "host");
        host.config.keys.insert("tls".into(), false.into());
        assert!(
            world.look(&CHECK)[0]
                .cause
                .contains("`tls` is false in /etc/docker/daemon.json")
        );
    }
}
