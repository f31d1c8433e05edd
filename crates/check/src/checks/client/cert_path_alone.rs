//! F504: `DOCKER_CERT_PATH` without `DOCKER_TLS_VERIFY`.

use super::{endpoint, host, setting};
use crate::seen::{Outcome, TlsUse};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F504",
    title: "DOCKER_CERT_PATH without DOCKER_TLS_VERIFY: plain HTTP",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/flags/options.go (DOCKER_CERT_PATH names the folder and switches nothing on)",
    meaning: "DOCKER_CERT_PATH only says where certificates would be. Without DOCKER_TLS_VERIFY the docker CLI does not use them and \
              sends plain HTTP, also to port 2376. A daemon with TLS answers \"Client sent an HTTP request to an HTTPS server\". The Go \
              SDK behaves otherwise: there DOCKER_CERT_PATH alone means TLS without verification.",
    remedy: "export DOCKER_TLS_VERIFY=1",
    explains: &["SL-F516"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let Some(folder) = client.variable("DOCKER_CERT_PATH") else {
            continue;
        };
        if client.context.is_some() || !client.is_tcp() || client.tls != TlsUse::Off {
            continue;
        }
        let answered = endpoint(seen, client).is_some_and(|end| end.plain == Some(Outcome::In));
        let severity = if answered {
            Severity::Latent
        } else {
            Severity::LockedOut
        };
        let cause = format!(
            "the certificates of {} are not used; {} gets plain HTTP",
            escape(folder),
            host(client)
        );
        spots.push(
            Spot::new(setting(client, "DOCKER_CERT_PATH"), cause)
                .help("export DOCKER_TLS_VERIFY=1")
                .severity(severity)
                .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::codes;
    use crate::seen::TlsUse;
    use crate::testing::World;

    #[test]
    fn a_folder_that_nobody_reads_is_found() {
        let mut world = World::new();
        world.set("DOCKER_CERT_PATH", "/etc/zone");
        assert!(codes(&world).is_empty(), "TLS is on");
        world.set("DOCKER_TLS_VERIFY", "");
        let client = &mut world.seen.clients[0];
        client.tls = TlsUse::Off;
        client.files.clear();
        assert_eq!(codes(&world), ["SL-F504", "SL-F516"]);
        assert_eq!(world.codes(), ["SL-F504"], "F516 is its consequence");
    }
}
