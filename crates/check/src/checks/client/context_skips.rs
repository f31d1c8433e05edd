//! F502: a context does not verify the server.

use super::{host, update_command};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F502",
    title: "a context does not verify the server",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "docker/cli cli/context/docker/load.go (SkipTLSVerify becomes InsecureSkipVerify)",
    meaning: "With skip-tls-verify the docker CLI takes whatever certificate it is shown, a stranger's too. Whoever stands between this \
              client and its daemon can play the daemon: they read every command, file and password that is sent, and answer what they \
              like. A ca.pem in the same context has no effect then.",
    remedy: "docker context update NAME --docker host=tcp://HOST:2376,ca=ca.pem,cert=cert.pem,key=key.pem\nAll keys have to be there: \
             what is not named again is taken away.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let careless = seen.clients.iter().filter(|client| {
        client.is_tcp()
            && client
                .context
                .as_ref()
                .is_some_and(|facts| facts.skip_tls_verify)
    });
    careless
        .map(|client| {
            let mut spot = Spot::new(
                client.label.clone(),
                format!("SkipTLSVerify is true for {}", host(client)),
            )
            .of(&client.label);
            spot.help = update_command(client);
            spot
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context};
    use crate::seen::TlsUse;

    #[test]
    fn a_context_that_skips_is_found() {
        let mut world = context();
        let client = &mut world.seen.clients[0];
        client.tls = TlsUse::Unverified;
        client.context.as_mut().unwrap().skip_tls_verify = true;
        assert_eq!(codes(&world), ["SL-F502"]);
    }
}
