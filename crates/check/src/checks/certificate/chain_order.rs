//! F312: a chain in the wrong order.

use super::sighting::{called, chain_of};
use crate::Mend;
use crate::checks::file::owner::{is_certificate, owned, pairs};
use crate::convert::Conversion;
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_pki::Certificate;

pub(super) const CHECK: Check = Check {
    code: "SL-F312",
    title: "the chain is in the wrong order",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "RFC 8446 section 4.4.2; RFC 5246 section 7.4.2; Go crypto/tls X509KeyPair: private key does not \
              match public key",
    meaning: "The first certificate of the file must be the own one; those of its issuers follow. Docker compares \
              the key with the first, and with a CA in front it says that they do not match: the daemon does not \
              start, and a client stops before it connects.",
    remedy: "cat server.pem intermediate.pem > server-cert.pem\nor let sealock do it:\n  sealock check --fix",
    explains: &["SL-F315", "SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for one in owned(seen)
        .into_iter()
        .filter(|one| is_certificate(one.file.role))
    {
        let chain = chain_of(one.file);
        let key = pairs(seen)
            .into_iter()
            .find(|(certificate, _)| std::ptr::eq(certificate.file, one.file));
        let key = key.and_then(|(_, key)| key.file.contents()?.key()?.spki.as_deref());
        let Some((first, others)) = chain.split_first() else {
            continue;
        };
        let behind = key.is_some_and(|spki| {
            first.spki_der() != spki && others.iter().any(|one| one.spki_der() == spki)
        });
        if behind || issuer_first(&chain) {
            let cause = format!(
                "the first of {} certificates is that of the CA {}",
                chain.len(),
                called(first)
            );
            let spot = one.spot(cause);
            // A key that fits the CA in front is another mistake, and another order does not mend it.
            spots.push(match behind || key.is_none() {
                true => spot.mend(Mend::Convert {
                    path: one.file.path.clone(),
                    how: Conversion::LeafFirst,
                }),
                false => spot,
            });
        }
    }
    for end in &seen.endpoints {
        let chain: Vec<&Certificate> = end.chain.iter().collect();
        let spot = |cause: &str| Spot::new(end.label.clone(), cause).of(&end.label);
        if issuer_first(&chain) {
            spots.push(spot("it sends the certificate of a CA first").severity(Severity::Down));
        } else if let [leaf, second, rest @ ..] = chain.as_slice()
            && second.subject_der() != leaf.issuer_der()
            && rest
                .iter()
                .any(|one| one.subject_der() == leaf.issuer_der())
        {
            spots.push(
                spot("the second certificate sent is not the issuer of the first")
                    .severity(Severity::Weak),
            );
        }
    }
    spots
}

/// Whether the first certificate is a CA's that issued another one, which is none.
fn issuer_first(chain: &[&Certificate]) -> bool {
    chain.split_first().is_some_and(|(first, others)| {
        first.is_ca()
            && others
                .iter()
                .any(|one| !one.is_ca() && one.issuer_der() == first.subject_der())
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::material::Contents;
    use crate::seen::{FileState, Role};
    use crate::testing::*;

    #[test]
    fn chain_order() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let anchor = world.server_anchor.certificate().clone();
        let chain = [anchor.clone(), world.server.clone()];
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&chain)));
        assert_eq!(world.codes()[0], "SL-F312");
        assert!(!world.codes().contains(&"SL-F408"));
        assert_eq!(world.look(&CHECK)[0].mends.len(), 1);
    }

    #[test]
    fn a_key_that_fits_the_ca_in_front_is_no_excuse() {
        let mut world = World::new();
        let (own, by_it) = (key(), key());
        let anchor = world.server_anchor.certificate().clone();
        let mut middle = forge::Forge::leaf("middle", &own, &anchor, &own);
        middle = middle.with(forge::ca());
        let middle = middle.sign();
        let leaf = forge::Forge::leaf(NAME, &by_it, &middle, &own).sign();
        world.daemon_file(Role::ServerCertificate).state =
            FileState::Read(Contents::read(&pem(&[middle, leaf])));
        world.daemon_file(Role::ServerKey).state = FileState::Read(Contents::read(&key_pem(&own)));
        assert_eq!(world.look(&CHECK).len(), 1);
        assert_eq!(world.look(&CHECK)[0].mends, []);
    }
}
