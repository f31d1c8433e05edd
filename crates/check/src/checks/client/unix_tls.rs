//! F524: TLS settings with a unix socket.

use super::{host, place, uses_tls};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F524",
    title: "a client has TLS switched on for a unix socket",
    severity: Severity::Latent,
    stage: Stage::Settings,
    source: "moby client/client.go and go-connections sockets/sockets_unix.go (a unix socket has no TLS)",
    meaning: "A unix socket is protected by its mode and speaks no TLS. The docker CLI still reads ca.pem first and stops when it is \
              missing. Recent versions then go on without TLS; docker 20.10 takes the socket's path for a host name and says \"no such \
              host\". Usually DOCKER_TLS_VERIFY was left over from work with another host.",
    remedy: "unset DOCKER_TLS_VERIFY DOCKER_TLS DOCKER_CERT_PATH",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let local = seen.clients.iter().filter(|client| {
        uses_tls(client)
            && client
                .host
                .as_deref()
                .is_some_and(|host| host.starts_with("unix://"))
    });
    local
        .map(|client| {
            Spot::new(
                place(client),
                format!("TLS is on, and {} has none", host(client)),
            )
            .of(&client.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, goes_to};
    use crate::seen::TlsUse;
    use crate::testing::World;

    #[test]
    fn tls_for_a_socket_is_found() {
        let mut world = World::new();
        goes_to(
            &mut world,
            "unix:///run/docker.sock",
            "unix:///run/docker.sock",
        );
        assert_eq!(codes(&world), ["SL-F524"]);
        world.seen.clients[0].tls = TlsUse::Off;
        assert!(codes(&world).is_empty());
    }
}
