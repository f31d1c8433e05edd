//! F514: `config.json` or a context's `meta.json` cannot be used.

use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F514",
    title: "the docker CLI's own settings cannot be read",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/config/config.go (a broken file is a warning), cli/context/store/metadatastore.go (a broken context an error)",
    meaning: "A broken config.json is only a warning for the docker CLI: it goes on as if the file were empty. Its current context and \
              its registry logins are gone, and commands meant for another host go to the daemon of this one. A broken meta.json stops \
              every command with its context, and `docker context ls` for all of them.",
    remedy: "Mend the JSON; for a context, remove it and make it again:\n  docker context rm --force NAME",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    let mut told = Vec::new();
    for client in &seen.clients {
        // One config.json is behind several clients.
        if let Some(problem) = client
            .config_problem
            .as_deref()
            .filter(|problem| !told.contains(problem))
        {
            told.push(problem);
            let (place, cause) = problem.split_once(": ").unwrap_or((&client.label, problem));
            spots.push(
                Spot::new(place, cause)
                    .severity(Severity::Latent)
                    .of(&client.label),
            );
        }
        if let Some(why) = client
            .context
            .as_ref()
            .and_then(|facts| facts.broken.as_deref())
        {
            spots.push(
                Spot::new(client.label.clone(), format!("its meta.json: {why}")).of(&client.label),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context};
    use crate::seen::TlsUse;
    use crate::testing::World;

    #[test]
    fn broken_files_are_found_once() {
        let mut world = World::new();
        world.seen.clients[0].config_problem = Some("/root/.docker/config.json: EOF".to_owned());
        world.seen.clients.push(world.seen.clients[0].clone());
        let spots = world.look(&CHECK);
        assert_eq!(
            (spots.len(), &*spots[0].place),
            (1, "/root/.docker/config.json")
        );
        assert_eq!(spots[0].severity, Some(Severity::Latent));
        let mut world = context();
        let client = &mut world.seen.clients[0];
        client.context.as_mut().unwrap().broken = Some("EOF".to_owned());
        client.context.as_mut().unwrap().exists = false;
        (client.host, client.written, client.tls) = (None, None, TlsUse::Off);
        client.files.clear();
        assert_eq!(codes(&world), ["SL-F514"]);
    }
}
