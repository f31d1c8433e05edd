//! F508: more than one host.

use super::spelling::{Fault, fault};
use super::{place, written};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F508",
    title: "a client is given several hosts",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/command/cli.go (getServerHost: one -H only), opts/hosts.go",
    meaning: "dockerd listens on as many hosts as it is given, the docker CLI goes to exactly one. Two -H end with \"specify only one -H\", \
              and DOCKER_HOST with a comma or a blank in it with \"invalid proto\". No request is sent anywhere.",
    remedy: "Keep one host in DOCKER_HOST; make a context for each of the others:\n  docker context create NAME --docker \
             host=tcp://HOST:2376,ca=ca.pem,cert=cert.pem,key=key.pem",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let many = seen
        .clients
        .iter()
        .filter(|client| fault(client) == Some(Fault::Several));
    many.map(|client| {
        Spot::new(
            place(client),
            format!("expected one host, found \"{}\"", written(client)),
        )
        .of(&client.label)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, goes_to};
    use crate::testing::World;

    #[test]
    fn several_hosts_are_found() {
        for both in ["tcp://a:2376,tcp://b:2376", "tcp://a:2376 tcp://b:2376"] {
            let mut world = World::new();
            goes_to(&mut world, both, both);
            assert_eq!(codes(&world), ["SL-F508"]);
        }
    }
}
