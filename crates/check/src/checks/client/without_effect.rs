//! F519: settings that are there and do nothing.

use super::host;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F519",
    title: "variables of Docker are set and have no effect",
    severity: Severity::Weak,
    stage: Stage::Settings,
    source: "docker/cli cli/command/cli.go (TLS settings count for the default context only)",
    meaning: "Something else decided where commands go and how, so these settings are not looked at. DOCKER_TLS_VERIFY, DOCKER_TLS and \
              DOCKER_CERT_PATH count for DOCKER_HOST only, never for a context, which has files of its own. DOCKER_CERT_PATH alone \
              changes nothing. Whoever set them believes in a protection that is not theirs.",
    remedy: "unset what has no effect, or what decided instead.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        // A context that lost against DOCKER_HOST is F509.
        let idle = client
            .without_effect
            .iter()
            .filter(|name| !is_context(name));
        let idle: Vec<String> = idle.map(|name| escape(name)).collect();
        if idle.is_empty() {
            continue;
        }
        let why = match client.because.as_deref() {
            Some(why) => format!("{}, so commands go to {}", escape(why), host(client)),
            None => format!("commands go to {} without TLS", host(client)),
        };
        let unset: Vec<&str> = idle
            .iter()
            .map(String::as_str)
            .filter(|name| !name.starts_with('-'))
            .collect();
        let spot = Spot::new(idle.join(", "), why).of(&client.label);
        spots.push(if unset.is_empty() {
            spot
        } else {
            spot.help(format!("unset {}", unset.join(" ")))
        });
    }
    spots
}

/// Whether a setting that has no effect is the choice of a context.
pub(super) fn is_context(name: &str) -> bool {
    name == "DOCKER_CONTEXT" || name.starts_with("currentContext")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::client::tests::{codes, context};

    #[test]
    fn idle_variables_are_found() {
        let mut world = context();
        let client = &mut world.seen.clients[0];
        client.because =
            Some("DOCKER_CONTEXT is set, and contexts have files of their own".to_owned());
        client.without_effect = vec![
            "DOCKER_TLS_VERIFY".to_owned(),
            "DOCKER_CERT_PATH".to_owned(),
        ];
        assert_eq!(codes(&world), ["SL-F519"]);
        let help = world.look(&CHECK)[0].help.clone();
        assert_eq!(
            help.as_deref(),
            Some("unset DOCKER_TLS_VERIFY DOCKER_CERT_PATH")
        );
    }
}
