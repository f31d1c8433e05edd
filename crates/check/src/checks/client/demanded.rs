//! F522: the client has no certificate, the daemon demands one.

use super::{endpoint, has, place, uses_tls, wants_certificate};
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F522",
    title: "a client has no certificate where the daemon demands one",
    severity: Severity::LockedOut,
    stage: Stage::ClientCertificate,
    source: "RFC 8446 §4.4.2 (an empty certificate list), moby daemon/command/daemon.go (RequireAndVerifyClientCert)",
    meaning: "This client verifies the server and shows nothing of itself: neither cert.pem nor key.pem is where it looks. The docker CLI \
              does not mind. The daemon does, and says \"certificate required\", or with older versions \"bad certificate\", although there \
              was none.",
    remedy: "sealock client add NAME, then sealock client install; or point DOCKER_CERT_PATH to the folder that has them.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for client in seen.clients.iter().filter(|client| uses_tls(client)) {
        if has(client, Role::ClientCertificate) && has(client, Role::ClientKey) {
            continue;
        }
        let Some(end) = endpoint(seen, client).filter(|end| wants_certificate(end)) else {
            continue;
        };
        let folder = client
            .file(Role::ClientCertificate)
            .and_then(|file| file.path.parent())
            .map(|folder| sealock_diag::escape(&folder.to_string_lossy()));
        let cause = match folder {
            Some(folder) => format!(
                "{} demands a certificate, and {folder} has no pair",
                end.label
            ),
            None => format!(
                "{} demands a certificate, and this client has none",
                end.label
            ),
        };
        spots.push(Spot::new(place(client), cause).of(&client.label));
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::client::tests::{codes, context, lose};
    use crate::seen::{Outcome, Role, Visitor};
    use crate::testing::World;

    #[test]
    fn a_client_without_certificate_is_found_where_one_is_demanded() {
        for make in [World::new, context] {
            let mut world = make();
            lose(&mut world, Role::ClientCertificate);
            lose(&mut world, Role::ClientKey);
            assert_eq!(codes(&world), ["SL-F522"]);
            let visits = &mut world.endpoint_mut().visits;
            let without = visits
                .iter_mut()
                .filter(|visit| visit.visitor == Visitor::NoCertificate);
            without.for_each(|visit| visit.outcome = Outcome::In);
            assert!(codes(&world).is_empty());
        }
    }
}
