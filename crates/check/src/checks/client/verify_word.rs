//! F503: `DOCKER_TLS_VERIFY` says no and means yes.

use super::{endpoint, has, setting};
use crate::seen::{Outcome, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F503",
    title: "DOCKER_TLS_VERIFY says no, and means yes",
    severity: Severity::Weak,
    stage: Stage::Settings,
    source: "docker/cli cli/flags/options.go (dockerTLSVerify is true when the variable is not empty)",
    meaning: "The docker CLI asks only whether DOCKER_TLS_VERIFY has a value, not which. With 0, false or no it still uses TLS and still \
              verifies the server, and stops when there is no ca.pem. Other programs read the value and do otherwise: docker-java and \
              dockerode take 0 as no. So the same shell gets two answers.",
    remedy: "unset DOCKER_TLS_VERIFY    # no TLS\nexport DOCKER_TLS_VERIFY=1 # TLS",
    explains: &["SL-F515", "SL-F524"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in seen
        .clients
        .iter()
        .filter(|client| client.context.is_none())
    {
        let Some(value) = client
            .variable("DOCKER_TLS_VERIFY")
            .filter(|value| denies(value))
        else {
            continue;
        };
        let stops = !has(client, Role::ClientAnchors)
            || endpoint(seen, client).is_some_and(|end| end.plain == Some(Outcome::In));
        let severity = if stops {
            Severity::LockedOut
        } else {
            Severity::Weak
        };
        spots.push(
            Spot::new(
                setting(client, "DOCKER_TLS_VERIFY"),
                format!(
                    "its value is \"{}\"; anything but an empty value switches TLS on",
                    escape(value)
                ),
            )
            .severity(severity)
            .of(&client.label),
        );
    }
    spots
}

/// Whether a person who wrote this meant no.
fn denies(value: &str) -> bool {
    ["0", "false", "no", "off", "n", "f"].contains(&value.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, lose};
    use crate::seen::Role;
    use crate::testing::World;

    #[test]
    fn values_that_look_like_no_are_found() {
        for (value, found) in [
            ("0", true),
            ("False", true),
            ("no", true),
            ("1", false),
            ("yes", false),
        ] {
            let mut world = World::new();
            world.set("DOCKER_TLS_VERIFY", value);
            assert_eq!(!codes(&world).is_empty(), found, "{value}");
        }
    }

    #[test]
    fn it_stops_the_client_when_there_is_no_ca() {
        let mut world = World::new();
        world.set("DOCKER_TLS_VERIFY", "0");
        lose(&mut world, Role::ClientAnchors);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        assert_eq!(codes(&world), ["SL-F503", "SL-F505"]);
    }
}
