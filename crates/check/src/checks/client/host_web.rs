//! F511: a host that begins with `http://` or `https://`.

use super::spelling::{Fault, fault};
use super::{place, written};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F511",
    title: "a client's host begins with https:// or http://",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli opts/hosts.go (parseDockerDaemonHost knows tcp, unix, npipe, fd and ssh)",
    meaning: "For Docker the scheme says how to connect, not what is spoken: tcp:// is the only one for a network address, and TLS is \
              switched on by other settings. DOCKER_HOST with https:// ends with \"invalid bind address format\". In a context the docker \
              CLI takes any scheme as tcp://, but other programs that read the context do not, and http:// there does not switch TLS off.",
    remedy: "Write tcp:// instead: tcp://HOST:2376",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let web = seen
        .clients
        .iter()
        .filter(|client| fault(client) == Some(Fault::Web));
    web.map(|client| {
        let text = written(client);
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let severity = match client.context {
            Some(_) => Severity::Weak,
            None => Severity::LockedOut,
        };
        Spot::new(
            place(client),
            format!("expected tcp://{rest}, found {text}"),
        )
        .help(format!("write tcp://{rest}"))
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
    fn a_web_address_is_found() {
        for scheme in ["http", "https"] {
            let written = format!("{scheme}://docker.example.org:2376");
            let mut world = World::new();
            goes_to(&mut world, &written, &written);
            assert_eq!(codes(&world), ["SL-F511"]);
            let mut world = context();
            goes_to(&mut world, &written, "tcp://docker.example.org:2376");
            assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
        }
    }
}
