//! F509: `DOCKER_HOST` wins over a context that somebody chose.

use super::{host, setting, without_effect};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F509",
    title: "DOCKER_HOST outranks the context that was chosen",
    severity: Severity::Weak,
    stage: Stage::Settings,
    source: "docker/cli cli/command/cli.go (resolveContextName)",
    meaning: "The docker CLI asks in this order: --context, --host, DOCKER_HOST, DOCKER_CONTEXT, the current context of config.json. \
              DOCKER_HOST is set here, so the context has no say, and neither have its certificates. Commands go to another daemon than \
              the one that `docker context ls` made somebody choose.",
    remedy: "unset DOCKER_HOST\nor ask for the context each time: docker --context NAME …",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in seen
        .clients
        .iter()
        .filter(|client| client.context.is_none())
    {
        if client.variable("DOCKER_HOST").is_none() {
            continue;
        }
        let Some(loser) = client
            .without_effect
            .iter()
            .find(|name| without_effect::is_context(name))
        else {
            continue;
        };
        let name = client
            .variable("DOCKER_CONTEXT")
            .filter(|_| loser == "DOCKER_CONTEXT");
        let loser = match name {
            Some(name) => format!("DOCKER_CONTEXT={}", escape(name)),
            None => escape(loser),
        };
        spots.push(
            Spot::new(
                setting(client, "DOCKER_HOST"),
                format!("commands go to {}; {loser} has no effect", host(client)),
            )
            .help("unset DOCKER_HOST")
            .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::client::tests::codes;
    use crate::testing::World;

    #[test]
    fn a_context_that_lost_is_found() {
        for (loser, shown) in [
            ("DOCKER_CONTEXT", "DOCKER_CONTEXT=prod"),
            ("currentContext prod", "currentContext prod"),
        ] {
            let mut world = World::new();
            world.set("DOCKER_CONTEXT", "prod");
            world.seen.clients[0].without_effect = vec![loser.to_owned()];
            assert_eq!(codes(&world), ["SL-F509"]);
            let cause = world.look(&CHECK)[0].cause.clone();
            assert!(cause.contains(shown), "{cause}");
        }
    }
}
