//! F329: an issuer of the right name and with another key.

use super::path::{Lead, clients_here, servers};
use super::sighting::{called, leaf_of};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F329",
    title: "the issuer's name fits, and its key does not",
    severity: Severity::Down,
    stage: Stage::ServerCertificate,
    source: "RFC 5280 sections 4.2.1.1, 4.2.1.2 and 6.1.3; Go crypto/x509: error while trying to verify candidate \
              authority certificate",
    meaning: "The anchor has the name that the certificate gives as its issuer, and its key did not sign it: the \
              CA was made again under its old name, and one side has the old one. Nobody sees the difference in \
              the names; the key identifiers tell.",
    remedy: "Give both sides the same generation: copy the newest ca.pem, or issue the certificate again:\n  \
              sealock apply",
    explains: &["SL-F331", "SL-F911"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for judged in servers(seen).iter().chain(&clients_here(seen)) {
        let (child, named, severity) = match judged.lead(seen) {
            Some(Lead::OtherKey { child, named }) => (child, named, judged.bite),
            Some(Lead::Anchor) => match misnamed(&judged.chain, &judged.anchors) {
                Some((child, named)) => (child, named, Severity::Weak),
                None => continue,
            },
            _ => continue,
        };
        let (says, has) = (
            child.describe().authority_key_id,
            named.describe().subject_key_id,
        );
        let cause = format!(
            "{} was signed by the key {}; {} in {} has the key {}",
            called(child),
            says.unwrap_or_else(|| "of another".to_owned()),
            called(named),
            judged.judge,
            has.unwrap_or_else(|| named.key_id().to_string()),
        );
        spots.push(judged.spot(&judged.place, cause).severity(severity));
    }
    spots
}

/// A leaf that names another key than that of the anchor which signed it.
fn misnamed<'a>(
    chain: &[&'a Certificate],
    anchors: &[&'a Certificate],
) -> Option<(&'a Certificate, &'a Certificate)> {
    let leaf = leaf_of(chain)?;
    let wanted = leaf.describe().authority_key_id?;
    let named: Vec<_> = anchors
        .iter()
        .filter(|anchor| anchor.subject_der() == leaf.issuer_der())
        .collect();
    let ids: Vec<String> = named
        .iter()
        .filter_map(|anchor| anchor.describe().subject_key_id)
        .collect();
    let anchor = **named.first()?;
    (!ids.is_empty() && !ids.contains(&wanted)).then_some((leaf, anchor))
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::testing::*;

    #[test]
    fn key_ids_differ() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let own = world.server_anchor.certificate().clone();
        let twin_key = key();
        let mut twin = forge::Forge::root("x", &twin_key).with(forge::ca());
        twin.subject = own.subject_der().to_vec();
        twin.issuer = twin.subject.clone();
        world.believe(&[twin.sign()]);
        assert_eq!(world.codes()[0], "SL-F329");
        let mut world = World::new();
        let forged = world
            .forged_server()
            .with(forge::purposes(&[forge::SERVER_AUTH]))
            .with(forge::names(&[NAME], &[]));
        world.serve(&[forged.with(forge::authority_key_id(&[1; 20])).sign()]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Weak));
    }
}
