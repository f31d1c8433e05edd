//! F517: a context with TLS and no `ca.pem`.

use super::{file_place, has, host};
use crate::seen::{Role, TlsUse};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F517",
    title: "a context has no ca.pem and trusts the system's roots",
    severity: Severity::LockedOut,
    stage: Stage::ServerCertificate,
    source: "docker/cli cli/context/docker/load.go (without a CA, RootCAs stays empty: the system's pool)",
    meaning: "Without ca.pem the context verifies the server against the public authorities of this computer. A daemon with a certificate \
              of its own authority is refused: \"certificate signed by unknown authority\". Any of some hundred public authorities could \
              vouch for a false daemon of that name instead. Outside of contexts a missing ca.pem is an error; here it is silent.",
    remedy: "docker context update NAME --docker host=tcp://HOST:2376,ca=ca.pem,cert=cert.pem,key=key.pem",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let trusting = seen.clients.iter().filter(|client| {
        client.context.as_ref().is_some_and(|facts| facts.exists)
            && client.is_tcp()
            && client.tls == TlsUse::Verified
            && !has(client, Role::ClientAnchors)
    });
    trusting
        .map(|client| {
            Spot::new(
                file_place(client, Role::ClientAnchors),
                format!(
                    "no file is here; {} must have a public certificate",
                    host(client)
                ),
            )
            .of(&client.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context, lose};
    use crate::seen::{Role, TlsUse};

    #[test]
    fn a_context_without_ca_is_found() {
        let mut world = context();
        lose(&mut world, Role::ClientAnchors);
        assert_eq!(codes(&world), ["SL-F517"]);
        world.seen.clients[0].tls = TlsUse::Unverified;
        assert!(codes(&world).is_empty(), "that would be F502");
    }
}
