//! F506: a certificate without a key, or a key without a certificate.

use super::{file_place, has, uses_tls};
use crate::seen::{Role, TlsUse};
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F506",
    title: "half of the client's certificate and key is missing",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "go-connections tlsconfig/config.go (a pair needs both), docker/cli cli/flags/options.go (missing defaults are skipped)",
    meaning: "A client proves itself with cert.pem and key.pem together. With one of them missing the docker CLI says nothing and comes \
              without a certificate. A daemon that demands one refuses it with \"certificate required\" or \"bad certificate\", and the \
              message leads people to look at the certificate, which is fine.",
    remedy: "Put the missing file back; sealock client install writes both.",
    explains: &["SL-F522"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in &seen.clients {
        let idle = client.tls == TlsUse::Unused;
        let shows = uses_tls(client) && client.is_tcp();
        if !(idle || shows) {
            continue;
        }
        let (role, there, missing) = match (
            has(client, Role::ClientCertificate),
            has(client, Role::ClientKey),
        ) {
            (true, false) => (Role::ClientKey, "cert.pem", "key.pem"),
            (false, true) => (Role::ClientCertificate, "key.pem", "cert.pem"),
            _ => continue,
        };
        let cause = format!("{there} is here and {missing} is not, so no certificate is shown");
        let severity = if idle {
            Severity::Latent
        } else {
            Severity::LockedOut
        };
        spots.push(
            Spot::new(file_place(client, role), cause)
                .severity(severity)
                .of(&client.label),
        );
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::client::tests::{codes, context, folder, lose};
    use crate::seen::{Origin, Role};
    use crate::testing::World;

    #[test]
    fn half_a_pair_is_found_wherever_it_lies() {
        for make in [World::new, context, folder] {
            for role in [Role::ClientCertificate, Role::ClientKey] {
                let mut world = make();
                lose(&mut world, role);
                assert!(codes(&world).contains(&"SL-F506"), "{role:?}");
                let folded = world.codes();
                assert!(!folded.contains(&"SL-F522"), "{folded:?}");
            }
        }
        let mut world = folder();
        lose(&mut world, Role::ClientKey);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
    }

    #[test]
    fn a_folder_in_use_is_locked_out() {
        let mut world = World::new();
        world.seen.clients[0].origin = Origin::Directory("/root/.docker".into());
        lose(&mut world, Role::ClientKey);
        assert_eq!(world.codes(), ["SL-F506"]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
    }
}
