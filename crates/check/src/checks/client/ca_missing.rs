//! F505: no `ca.pem` where the docker CLI demands one.

use super::{file_place, has, host, uses_tls};
use crate::seen::{ClientSide, Origin, Role};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F505",
    title: "a client has no ca.pem",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "docker/cli cli/flags/options.go and go-connections tlsconfig/config.go (the CA file has no fallback)",
    meaning: "With TLS on, the docker CLI must read ca.pem: it says whose certificates the client believes. Without it every command \
              stops with \"unable to resolve docker endpoint: open …/ca.pem: no such file or directory\", even with --tls, which does not \
              verify, and even when the host is a unix socket. cert.pem and key.pem may be missing, this one may not.",
    remedy: "Put the authority's certificate there; sealock ca show prints it, and sealock client install writes all three files.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let lacking = seen.clients.iter().filter(|client| {
        // A context may do without: F517.
        client.context.is_none() && !has(client, Role::ClientAnchors) && demands(client)
    });
    lacking
        .map(|client| {
            let (cause, severity) = match &client.host {
                Some(_) => (
                    format!("TLS is on for {}, and no file is here", host(client)),
                    Severity::LockedOut,
                ),
                None => (
                    "no file is here; with TLS on, every command would stop".to_owned(),
                    Severity::Latent,
                ),
            };
            Spot::new(file_place(client, Role::ClientAnchors), cause)
                .severity(severity)
                .of(&client.label)
        })
        .collect()
}

fn demands(client: &ClientSide) -> bool {
    match client.origin {
        // Nobody uses the folder now; but with a client certificate it is meant to be used.
        Origin::Directory(_) => {
            let pair = has(client, Role::ClientCertificate) || has(client, Role::ClientKey);
            // With nothing at all, somebody has pointed us there.
            pair || !client.files.is_empty()
        }
        _ => uses_tls(client),
    }
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context, folder, goes_to, lose};
    use crate::seen::Role;
    use crate::testing::World;

    #[test]
    fn a_missing_ca_is_found_with_tcp_and_with_a_socket() {
        let mut world = World::new();
        lose(&mut world, Role::ClientAnchors);
        assert_eq!(codes(&world), ["SL-F505"]);
        goes_to(&mut world, "unix:///x.sock", "unix:///x.sock");
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
    }

    #[test]
    fn a_folder_may_lack_it_too() {
        let mut world = folder();
        lose(&mut world, Role::ClientAnchors);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
        lose(&mut world, Role::ClientCertificate);
        lose(&mut world, Role::ClientKey);
        assert_eq!(codes(&world), ["SL-F505"], "an empty folder is no bundle");
        world.seen.clients[0].files.clear();
        assert!(codes(&world).is_empty());
        let mut world = context();
        lose(&mut world, Role::ClientAnchors);
        assert!(world.look(&CHECK).is_empty(), "that is F517");
    }
}
