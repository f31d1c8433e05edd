//! F518: `DOCKER_TLS` or `--tls`: encrypted, whoever the server is.

use super::{host, setting};
use crate::seen::TlsUse;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F518",
    title: "a client uses TLS and does not verify the server",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "docker/cli cli/flags/options.go (--tls without --tlsverify sets InsecureSkipVerify)",
    meaning: "DOCKER_TLS and --tls encrypt and verify nothing: any server with any certificate is taken for the daemon, although ca.pem \
              has to be there. The documentation says that the public authorities are asked; they are not. Whoever stands on the way can \
              play the daemon and read every command, file and password.",
    remedy: "unset DOCKER_TLS\nexport DOCKER_TLS_VERIFY=1",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let careless = seen.clients.iter().filter(|client| {
        client.context.is_none() && client.is_tcp() && client.tls == TlsUse::Unverified
    });
    careless
        .map(|client| {
            Spot::new(
                setting(client, "DOCKER_TLS"),
                format!("TLS is on for {}, verification is not", host(client)),
            )
            .help("unset DOCKER_TLS\nexport DOCKER_TLS_VERIFY=1")
            .of(&client.label)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::codes;
    use crate::seen::TlsUse;
    use crate::testing::World;

    #[test]
    fn tls_without_verification_is_found() {
        let mut world = World::new();
        world.set("DOCKER_TLS_VERIFY", "");
        world.set("DOCKER_TLS", "1");
        world.seen.clients[0].tls = TlsUse::Unverified;
        assert_eq!(codes(&world), ["SL-F518"]);
    }
}
