//! F214: no unix socket.

use crate::mode::{self, Mode, Target};
use crate::seen::Host;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F214",
    title: "the daemon opens no unix socket",
    severity: Severity::Latent,
    stage: Stage::Listen,
    source: "moby daemon/command/daemon.go (no hosts and TLS: tcp://localhost:2376 only); Docker documentation, dockerd -H",
    meaning: "Hosts replace the default: whoever lists only tcp:// takes the unix socket away. The docker command of this \
              host, compose, health checks and agents then find no daemon at /var/run/docker.sock, though the TCP listener \
              works. With TLS switched on and no hosts at all, dockerd opens nothing but tcp://localhost:2376.",
    remedy: "Add the socket beside the TCP host, then restart the daemon:\n  \"hosts\": [\"unix:///var/run/docker.sock\", \"tcp://0.0.0.0:2376\"]",
    explains: &["SL-F210", "SL-F211"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(host) = &seen.host else {
        return Vec::new();
    };
    if mode::members(host).is_none() || !is_so(host) {
        return Vec::new();
    }
    let place = match host.flag("host") {
        Some(_) => mode::place(host, "host"),
        None => mode::place(host, "hosts"),
    };
    let hosts: Vec<String> = mode::hosts(host)
        .iter()
        .map(|entry| sealock_diag::escape(&entry.written))
        .collect();
    let cause = if hosts.is_empty() {
        "TLS is switched on and no host is named: only tcp://localhost:2376 is opened".to_owned()
    } else {
        format!(
            "hosts are {}, and none of them is a unix socket",
            hosts.join(", ")
        )
    };
    let spot = Spot::new(place, cause);
    let spot = match host.cloaked {
        true => spot.mend(Mend::Apply),
        false => spot,
    };
    vec![match host.is_on() {
        true => spot,
        false => spot.severity(Severity::LockedOut),
    }]
}

fn is_so(host: &Host) -> bool {
    let hosts = mode::hosts(host);
    if hosts.is_empty() {
        let flags =
            mode::switch(host, "tls") == Some(true) || mode::switch(host, "tlsverify").is_some();
        let keys = mode::setting(host, "tls") == Some(true)
            || (!host.at_least(23) && mode::setting(host, "tlsverify").is_some());
        let tls = mode::tls(host).is_some_and(|tls| tls.mode != Mode::Plain);
        return tls && host.version.is_some() && (flags || keys);
    }
    let passed = host
        .unit
        .as_ref()
        .and_then(|unit| unit.socket.as_ref())
        .is_none_or(|socket| {
            socket.listen.is_empty() || socket.listen.iter().any(|listen| listen.starts_with('/'))
        });
    !hosts.iter().any(|entry| match entry.target {
        Target::Unix(_) | Target::Pipe => true,
        Target::Passed => passed,
        // That one is told by itself.
        Target::Invalid(_) => true,
        Target::Tcp { .. } => false,
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::testing::World;
    use serde_json::json;

    #[test]
    fn some_socket_must_remain() {
        assert_eq!(World::new().look(&CHECK), vec![]);
        for (hosts, keys, expected) in [
            (vec!["tcp://0.0.0.0:2376"], json!({}), 1),
            (
                vec!["unix:///run/docker.sock", "tcp://0.0.0.0:2376"],
                json!({}),
                0,
            ),
            (vec![], json!({"hosts": ["tcp://0.0.0.0:2376"]}), 1),
            (vec![], json!({}), 1),
        ] {
            let mut world = World::new();
            let host = world.host_mut();
            host.flags.retain(|flag| flag.name != "host");
            for written in &hosts {
                host.flags.push(crate::seen::Flag {
                    name: "host".into(),
                    value: Some((*written).into()),
                });
            }
            host.config.keys = keys.as_object().cloned().unwrap();
            assert_eq!(world.look(&CHECK).len(), expected, "{hosts:?} {keys}");
        }
        let mut world = World::new();
        world.host_mut().flags.clear();
        assert_eq!(
            world.look(&CHECK),
            vec![],
            "without TLS the default is the unix socket"
        );
    }
}
