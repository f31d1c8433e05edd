//! F405: DER where Docker reads PEM.

use super::owner::owned;
use crate::convert::Conversion;
use crate::material::Form;
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F405",
    title: "a file is DER, and Docker reads PEM",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go crypto/tls X509KeyPair: failed to find any PEM data in certificate input",
    meaning: "The content is sound, but in the binary form that Windows and Java tools like to write. Docker \
              looks for lines that say BEGIN, finds none and says that there is no PEM data. The daemon does not \
              start with it; a client stops before it connects.",
    remedy: "openssl x509 -inform DER -in OLD -out NEW.pem (for a key: openssl pkey)\nor let sealock convert \
              it:\n  sealock check --fix",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| !matches!(one.file.role, Role::Stray | Role::IssuerKey))
        .filter(|one| {
            one.file
                .contents()
                .is_some_and(|contents| contents.form == Form::Der)
        })
        .map(|one| {
            one.spot("expected PEM, found DER").mend(Mend::Convert {
                path: one.file.path.clone(),
                how: Conversion::ToPem,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file};

    #[test]
    fn der_is_the_only_finding() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let der = world.server.der().to_vec();
        *world.daemon_file(Role::ServerCertificate) = file("/c", Role::ServerCertificate, &der);
        assert_eq!(world.codes(), ["SL-F405"]);
        let mut world = World::new();
        let der = world.client_key.pkcs8_der().unwrap().expose().clone();
        *world.client_file(Role::ClientKey) = file("/k", Role::ClientKey, &der);
        assert_eq!(world.codes(), ["SL-F405"]);
    }
}
