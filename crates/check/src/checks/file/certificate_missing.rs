//! F402: a certificate is not there.

use super::owner::{is_certificate, owned};
use crate::seen::FileState;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F402",
    title: "the certificate is not there",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "go-connections tlsconfig/config.go: could not load X509 key pair (open: no such file or directory)",
    meaning: "A key without its certificate cannot be used. The daemon does not start with a certificate that is \
              named and absent; while it runs, nothing shows, because it reads its TLS files at the start only. A \
              client that names it stops before it connects.",
    remedy: "Put the certificate back where it is named, or issue a new one:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F657", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| is_certificate(one.file.role) && one.file.named)
        .filter(|one| matches!(one.file.state, FileState::Absent))
        .map(|one| one.spot("the settings name this certificate, and there is no such file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, absent};

    #[test]
    fn a_certificate_that_is_gone() {
        let mut world = World::new();
        assert_eq!(world.look(&CHECK), []);
        *world.daemon_file(Role::ServerCertificate) =
            absent("/etc/docker/tls/server-cert.pem", Role::ServerCertificate);
        assert_eq!(world.codes(), ["SL-F402"]);
    }
}
