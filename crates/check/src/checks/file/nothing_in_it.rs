//! F404: a file without what it is for.

use super::owner::{Owned, is_anchors, is_certificate, is_key, is_swapped, owned};
use crate::material::{Block, Contents, Form};
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F404",
    title: "a file holds nothing of what it is for",
    severity: Severity::Latent,
    stage: Stage::Start,
    source: "Go crypto/tls X509KeyPair: failed to find any PEM data; go-connections tlsconfig/config.go: failed \
              to append certificates from PEM file",
    meaning: "The file is there, and Docker finds nothing in it that it could use: it is empty, not PEM, or holds \
              something else. A copy that was cut short or a redirect that failed leaves such files. The daemon \
              does not start with it; a client stops before it connects.",
    remedy: "Copy the file again from where it was issued, or issue it again:\n  sealock apply",
    explains: &["SL-F207", "SL-F210", "SL-F211", "SL-F657", "SL-F901"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    owned(seen)
        .into_iter()
        .filter(|one| !matches!(one.file.role, Role::RegistryAnchors | Role::Stray))
        .filter(|one| !is_swapped(seen, one.file))
        .filter_map(|one| missing(&one).map(|cause| one.spot(cause)))
        .collect()
}

fn missing(one: &Owned<'_>) -> Option<String> {
    let contents = one.file.contents()?;
    let role = one.file.role;
    let wanted = if is_key(role) {
        "private key"
    } else {
        "certificate"
    };
    match contents.form {
        Form::Empty => return Some(format!("the file is empty; a {wanted} in PEM is expected")),
        Form::Unknown => {
            return Some(format!(
                "its {} bytes are neither PEM nor DER; a {wanted} in PEM is expected",
                contents.length
            ));
        }
        Form::Utf16 | Form::Marked | Form::Der | Form::Pem => {}
    }
    let there = |block: &Block| match block {
        Block::Key(_) => is_key(role),
        Block::Certificate(_) | Block::BadCertificate(_) => {
            is_certificate(role) || is_anchors(role)
        }
        _ => false,
    };
    let empty = !contents.blocks.is_empty() && !contents.blocks.iter().any(there);
    empty.then(|| format!("it holds {}, and no {wanted}", inventory(contents)))
}

fn inventory(contents: &Contents) -> String {
    let name = |block: &Block| match block {
        Block::Certificate(_) | Block::BadCertificate(_) => "a certificate".to_owned(),
        Block::Key(_) => "a private key".to_owned(),
        Block::Request => "a signing request".to_owned(),
        Block::Crl => "a revocation list".to_owned(),
        Block::Other(label) => format!("a block `{label}`"),
    };
    let mut names: Vec<String> = contents.blocks.iter().take(8).map(name).collect();
    names.dedup();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::seen::Role;
    use crate::testing::{World, file, key_pem, pem};

    #[test]
    fn files_without_content() {
        let world = World::new();
        assert_eq!(world.look(&CHECK), []);
        let roles = [
            Role::DaemonAnchors,
            Role::ServerCertificate,
            Role::ServerKey,
        ];
        for role in roles {
            for bytes in [&b""[..], b"\n", b"<html>404</html>", b"\x7fELF\0"] {
                let mut world = World::new();
                let path = world.daemon_file(role).shown();
                *world.daemon_file(role) = file(&path, role, bytes);
                assert_eq!(world.codes(), ["SL-F404"], "{role:?} {bytes:?}");
            }
        }
        let mut world = World::new();
        let key = key_pem(&world.server_key);
        *world.daemon_file(Role::ServerCertificate) = file("/c", Role::ServerCertificate, &key);
        assert_eq!(
            world.look(&CHECK)[0].cause,
            "it holds a private key, and no certificate"
        );
        let mut world = World::new();
        let certificate = pem(&[world.server.clone()]);
        *world.daemon_file(Role::ServerKey) = file("/k", Role::ServerKey, &certificate);
        assert_eq!(world.codes(), ["SL-F404"]);
    }

    /// dockerd's last words are about the pair then.
    #[test]
    fn the_daemon_reads_its_pair_before_its_anchors() {
        let mut world = World::new();
        for (role, bytes) in [
            (Role::DaemonAnchors, ""),
            (
                Role::ServerCertificate,
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
        ] {
            let path = world.daemon_file(role).shown();
            *world.daemon_file(role) = file(&path, role, bytes.as_bytes());
        }
        assert_eq!(world.codes(), ["SL-F419", "SL-F404"]);
    }
}
