//! F807: the inventory and the disk disagree.

use crate::checks::{by_code, daemon};
use crate::material::Contents;
use crate::seen::{File, FileState, Leaf, LeafState, Role};
use crate::{Check, Mend, Seen, Severity, Spot, Stage};
use sealock_diag::escape;
use std::path::Path;

pub(super) const CHECK: Check = Check {
    code: "SL-F807",
    title: "a file does not hold the certificate that the inventory has for it",
    severity: Severity::Latent,
    stage: Stage::Keeping,
    source: "inventory of the vault (places of a leaf)",
    meaning: "The inventory says that this certificate was installed here, and the file holds another one. Somebody put the \
              old one back, or brought one from elsewhere. What the inventory says of expiry and revocation is then not true \
              of what is used, and a renewal will replace whatever lies there.",
    remedy: "sealock plan      # shows what would change\nsealock apply",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let Some(keeping) = &seen.keeping else {
        return Vec::new();
    };
    let cloaked = seen.host.as_ref().is_some_and(|host| host.cloaked);
    // What is wrong with the certificate or its file says more.
    let told: Vec<Spot> = daemon::in_files(seen).collect();
    // A certificate that was exchanged and is not served yet is told first.
    let unserved = by_code("SL-F332").is_some_and(|check| !(check.look)(seen).is_empty());
    let active = keeping
        .leaves
        .iter()
        .filter(|leaf| leaf.state == LeafState::Active);
    active
        .flat_map(|leaf| leaf.places.iter().map(move |place| (leaf, place)))
        .filter_map(|(leaf, place)| {
            let file = seen.files().find(|file| is_at(file, place))?;
            if (unserved && file.role == Role::ServerCertificate)
                || told.iter().any(|spot| concerns(spot, file))
            {
                return None;
            }
            let cause = differs(leaf, file)?;
            let spot = Spot::new(file.shown(), cause);
            Some(match cloaked {
                true => spot.mend(Mend::Apply),
                false => spot,
            })
        })
        .collect()
}

/// The certificate's file at a place, which is the file itself or the folder around it.
fn is_at(file: &File, place: &Path) -> bool {
    matches!(file.role, Role::ServerCertificate | Role::ClientCertificate)
        && (file.path == place || file.path.parent() == Some(place))
}

fn concerns(spot: &Spot, file: &File) -> bool {
    let mut held = file.contents().into_iter().flat_map(Contents::certificates);
    spot.place.starts_with(&file.shown())
        || held.any(|certificate| spot.about == Some(certificate.fingerprint()))
}

/// What the file holds instead, when it holds a certificate. A file that is missing or has none is told by
/// checks of files; an older certificate of the same client is told as a copy that went stale.
fn differs(leaf: &Leaf, file: &File) -> Option<String> {
    let FileState::Read(contents) = &file.state else {
        return None;
    };
    let found = contents.certificates().next()?;
    let same = contents
        .certificates()
        .any(|certificate| certificate.fingerprint() == leaf.certificate.fingerprint());
    let stale = file.role == Role::ClientCertificate
        && found.issuer_der() == leaf.certificate.issuer_der()
        && found.common_name() == leaf.certificate.common_name();
    (!same && !stale).then(|| {
        format!(
            "expected the certificate {} of {}, found {} of {}",
            leaf.certificate.serial(),
            escape(&leaf.identity),
            found.serial(),
            escape(&found.subject())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{ADDRESS, DAY, NAME, NOW, World, file, pem, server_leaf};

    #[test]
    fn another_certificate_lies_there() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), vec![]);
        let names = [NAME, "localhost", ADDRESS, "127.0.0.1"];
        let other = server_leaf(
            &world.server_anchor,
            &world.server_key,
            &names,
            NOW,
            80 * DAY,
        );
        *world.daemon_file(Role::ServerCertificate) = file(
            "/etc/docker/tls/server-cert.pem",
            Role::ServerCertificate,
            &pem(std::slice::from_ref(&other)),
        );
        assert_eq!(world.look(&CHECK), vec![], "it is not served yet");
        world.endpoint_mut().chain = vec![other];
        assert_eq!(world.codes(), ["SL-F807"]);
    }
}
