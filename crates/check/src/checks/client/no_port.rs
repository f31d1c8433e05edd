//! F507: a host without a port.

use super::spelling::{Fault, fault};
use super::{endpoint, host, place, written};
use crate::seen::Reach;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F507",
    title: "a client's host has no port",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli opts/hosts.go (2375, even with TLS), moby client/client.go (a context's host is taken as it is)",
    meaning: "Which port a host without one means depends on who reads it. In DOCKER_HOST the docker CLI takes 2375, the customary \
              plain one, even with TLS. In a context nothing is added, and the connection goes to 443 or 80, where no daemon is. Other \
              clients have other habits. dockerd itself takes 2375 as well.",
    remedy: "Write the port: tcp://HOST:2376",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let bare = seen
        .clients
        .iter()
        .filter(|client| fault(client) == Some(Fault::NoPort));
    bare.map(|client| {
        // Without TLS the CLI's guess may be what was meant.
        let answers = endpoint(seen, client).is_some_and(|end| end.reach == Reach::Reached);
        let severity = if client.context.is_none() && answers {
            Severity::Weak
        } else {
            Severity::LockedOut
        };
        Spot::new(
            place(client),
            format!(
                "it says {}, which leads to {}",
                written(client),
                host(client)
            ),
        )
        .help(format!(
            "write {}:2376",
            written(client).trim_end_matches([':', '/'])
        ))
        .severity(severity)
        .of(&client.label)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context, goes_to};
    use crate::testing::World;

    #[test]
    fn a_host_without_a_port_is_found() {
        let mut world = World::new();
        goes_to(
            &mut world,
            "tcp://docker.example.org",
            "tcp://docker.example.org:2375",
        );
        assert_eq!(codes(&world), ["SL-F507"]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        world.endpoint_mut().label = "tcp://docker.example.org:2375".to_owned();
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
        let mut world = context();
        goes_to(
            &mut world,
            "tcp://docker.example.org",
            "tcp://docker.example.org:443",
        );
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        let help = world.look(&CHECK)[0].help.clone();
        assert_eq!(help.as_deref(), Some("write tcp://docker.example.org:2376"));
    }
}
