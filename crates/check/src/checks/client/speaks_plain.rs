//! F516: the client speaks plain HTTP, the daemon TLS.

use super::{endpoint, place, wants_tls};
use crate::seen::TlsUse;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F516",
    title: "a client speaks plain HTTP where the daemon speaks TLS",
    severity: Severity::LockedOut,
    stage: Stage::Handshake,
    source: "Go net/http server (\"Client sent an HTTP request to an HTTPS server.\")",
    meaning: "The daemon demands TLS and the client has not switched it on: the port alone does not, not even 2376. The daemon answers \
              \"Client sent an HTTP request to an HTTPS server\" and nothing else; it stays shut. The first request has gone over the \
              network in clear all the same.",
    remedy: "export DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=DIR    # where ca.pem, cert.pem and key.pem are\nor: sealock client env NAME",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in seen
        .clients
        .iter()
        .filter(|client| client.tls == TlsUse::Off)
    {
        if let Some(end) = endpoint(seen, client).filter(|end| wants_tls(end)) {
            spots.push(
                Spot::new(
                    place(client),
                    format!(
                        "no setting switches TLS on, and {} speaks nothing else",
                        end.label
                    ),
                )
                .of(&client.label),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::codes;
    use crate::seen::TlsUse;
    use crate::testing::World;

    #[test]
    fn plain_http_to_a_tls_daemon_is_found() {
        let mut world = World::new();
        world.set("DOCKER_TLS_VERIFY", "");
        world.seen.clients[0].tls = TlsUse::Off;
        world.seen.clients[0].files.clear();
        assert_eq!(codes(&world), ["SL-F516"]);
        world.seen.endpoints.clear();
        assert!(codes(&world).is_empty(), "nobody knows what is there");
    }
}
