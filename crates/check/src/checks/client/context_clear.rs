//! F501: a context goes to TCP and has no TLS files.

use super::{endpoint, host, update_command, wants_tls};
use crate::seen::{Outcome, TlsUse};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F501",
    title: "a context has no TLS files and speaks plain HTTP",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/context/docker/load.go (TLS only with stored files or SkipTLSVerify)",
    meaning: "A context uses TLS when its own store holds certificates for it, whatever its port says and whatever DOCKER_TLS_VERIFY \
              says. This one holds none, so the docker CLI sends plain HTTP. A daemon with TLS answers \"Client sent an HTTP request to \
              an HTTPS server\". Should the daemon answer all the same, everything on the way can be read and changed. `docker context \
              update --docker host=…` takes the files away without a word when they are not named again.",
    remedy: "Give the context its three files:\n  docker context update NAME --docker \
             host=tcp://HOST:2376,ca=ca.pem,cert=cert.pem,key=key.pem\nor, from sealock's bundle:\n  sealock client install CLIENT --to context:NAME --endpoint tcp://HOST:2376",
    explains: &["SL-F516"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let clear = seen.clients.iter().filter(|client| {
        client.context.as_ref().is_some_and(|facts| facts.exists)
            && client.is_tcp()
            && client.tls == TlsUse::Off
    });
    clear
        .map(|client| {
            let end = endpoint(seen, client);
            let severity = match end {
                Some(end) if wants_tls(end) => Severity::LockedOut,
                Some(end) if end.plain == Some(Outcome::In) => Severity::Latent,
                None if client
                    .host
                    .as_deref()
                    .is_some_and(|host| host.ends_with(":2375")) =>
                {
                    Severity::Latent
                }
                _ => Severity::LockedOut,
            };
            let mut spot = Spot::new(
                client.label.clone(),
                format!(
                    "it goes to {} and its store holds no TLS files",
                    host(client)
                ),
            )
            .severity(severity)
            .of(&client.label);
            spot.help = update_command(client);
            spot
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context, goes_to};
    use crate::seen::{Outcome, TlsUse};
    use crate::testing::World;

    fn clear() -> World {
        let mut world = context();
        let client = &mut world.seen.clients[0];
        client.tls = TlsUse::Off;
        client.files.clear();
        world
    }

    #[test]
    fn a_context_without_files_is_found() {
        let mut world = clear();
        assert_eq!(codes(&world), ["SL-F501", "SL-F516"]);
        assert_eq!(world.codes(), ["SL-F501"], "F516 is its consequence");
        world.endpoint_mut().plain = Some(Outcome::In);
        world.endpoint_mut().chain.clear();
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
        goes_to(&mut world, "tcp://elsewhere:2376", "tcp://elsewhere:2376");
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
    }
}
