//! F526: a scheme that the docker CLI does not know.

use super::spelling::{Fault, fault};
use super::{place, written};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F526",
    title: "a client's host has a scheme that docker does not know",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli opts/hosts.go (parseDockerDaemonHost), moby client/client.go (ParseHostURL)",
    meaning: "A docker client on Linux goes to tcp://, unix:// or ssh://. DOCKER_HOST with anything else ends with \"invalid bind address \
              format\"; npipe:// is for Windows and fd:// for the daemon. In a context the scheme may not be missing: NAME:2376 alone cannot \
              be parsed there.",
    remedy: "Write tcp://HOST:2376",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let Some(Fault::Scheme(scheme)) = fault(client) else {
            continue;
        };
        let text = written(client);
        let cause = match scheme.as_str() {
            "" => format!("expected tcp://{text}, found {text}"),
            _ => format!("expected tcp://, unix:// or ssh://, found {text}"),
        };
        // In a context docker takes a scheme that it does not know for tcp://.
        let works = client.context.is_some() && !matches!(scheme.as_str(), "" | "npipe" | "fd");
        let severity = if works {
            Severity::Weak
        } else {
            Severity::LockedOut
        };
        spots.push(
            Spot::new(place(client), cause)
                .severity(severity)
                .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context, goes_to};
    use crate::testing::World;

    #[test]
    fn schemes_of_nobody_are_found() {
        for written in ["tpc://h:2376", "npipe:////./pipe/docker_engine", "fd://"] {
            let mut world = World::new();
            goes_to(&mut world, written, written);
            assert_eq!(codes(&world), ["SL-F526"], "{written}");
        }
        for (written, severity) in [
            ("h:2376", Severity::LockedOut),
            ("tpc://h:2376", Severity::Weak),
        ] {
            let mut world = context();
            goes_to(&mut world, written, written);
            assert_eq!(world.look(&CHECK)[0].severity, Some(severity), "{written}");
        }
    }
}
