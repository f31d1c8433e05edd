//! F515: the client speaks TLS, the daemon does not.

use super::{endpoint, place, uses_tls};
use crate::seen::Outcome;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F515",
    title: "a client speaks TLS where the daemon speaks plain HTTP",
    severity: Severity::LockedOut,
    stage: Stage::Handshake,
    source: "docker/cli and Go net/http (\"http: server gave HTTP response to HTTPS client\")",
    meaning: "The client begins with a TLS handshake and the daemon answers in plain HTTP, so nothing comes of it. The client is right: \
              a daemon that answers in clear gives root to whoever reaches it. Turning the client's TLS off would only make the client \
              as open as the daemon.",
    remedy: "Give the daemon TLS: sealock up",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in seen.clients.iter().filter(|client| uses_tls(client)) {
        if let Some(end) = endpoint(seen, client).filter(|end| end.plain == Some(Outcome::In)) {
            spots.push(
                Spot::new(
                    place(client),
                    format!("it comes with TLS, and {} answers plain HTTP", end.label),
                )
                .of(&client.label),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context};
    use crate::seen::Outcome;
    use crate::testing::World;

    #[test]
    fn tls_to_a_plain_daemon_is_found() {
        for make in [World::new, context] {
            let mut world = make();
            world.endpoint_mut().plain = Some(Outcome::In);
            assert_eq!(codes(&world), ["SL-F515"]);
        }
    }
}
