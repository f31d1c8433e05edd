//! F510: the chosen context does not exist.

use super::context_name;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F510",
    title: "the chosen context does not exist",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/context/store/metadatastore.go (context not found)",
    meaning: "DOCKER_CONTEXT or the current context of config.json names a context that the store does not have: it was removed, is \
              called otherwise, or belongs to another user. The docker CLI does not fall back to anything: every command stops with \
              \"context not found\" or \"context does not exist\". Names differ by case.",
    remedy: "docker context ls        # which ones there are\ndocker context use NAME",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let gone = client
            .context
            .as_ref()
            .is_some_and(|facts| !facts.exists && facts.broken.is_none());
        let Some(name) = context_name(client).filter(|_| gone) else {
            continue;
        };
        let why = client.because.as_deref().unwrap_or("config.json names it");
        spots.push(
            Spot::new(
                client.label.clone(),
                format!("the store has no context \"{name}\"; {}", escape(why)),
            )
            .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context};
    use crate::seen::TlsUse;

    #[test]
    fn a_context_that_is_not_there_is_found() {
        let mut world = context();
        let client = &mut world.seen.clients[0];
        client.context.as_mut().unwrap().exists = false;
        (client.written, client.host, client.tls) = (None, None, TlsUse::Off);
        client.files.clear();
        assert_eq!(codes(&world), ["SL-F510"]);
        assert_eq!(world.codes(), ["SL-F510"]);
    }
}
