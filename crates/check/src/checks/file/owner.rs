//! Whose file it is, and how it bites when it cannot be used.

use crate::seen::{ClientSide, File, FileState, Role, Service, TlsUse};
use crate::{Mend, Seen, Severity, Spot};
use sealock_diag::escape;
use std::path::Path;

/// A file with its owner.
#[derive(Clone, Copy)]
pub(in crate::checks) struct Owned<'a> {
    pub(in crate::checks) file: &'a File,
    /// The label of the client or the folder it belongs to; empty for the host.
    pub(in crate::checks) scope: &'a str,
    /// How it bites when it cannot be used.
    pub(in crate::checks) bite: Severity,
}

impl Owned<'_> {
    /// A finding at this file, biting as it does when the file cannot be used.
    pub(in crate::checks) fn spot(&self, cause: impl Into<String>) -> Spot {
        // dockerd reads the pair first, the docker CLI its ca.pem.
        let turn = match self.file.role {
            Role::DaemonAnchors | Role::ClientCertificate | Role::ClientKey => 1,
            _ => 0,
        };
        Spot::new(self.file.shown(), cause)
            .of(self.scope)
            .severity(self.bite)
            .turn(turn)
    }
}

/// Every file that has a part to play, and strays.
pub(in crate::checks) fn owned(seen: &Seen) -> Vec<Owned<'_>> {
    groups(seen).into_iter().flatten().collect()
}

/// The same, those of one owner together.
pub(in crate::checks) fn groups(seen: &Seen) -> Vec<Vec<Owned<'_>>> {
    let mut groups = Vec::new();
    if let Some(host) = &seen.host {
        groups.push(all(&host.files, "", daemon_bite(seen)));
    }
    for client in &seen.clients {
        groups.push(all(&client.files, &client.label, client_bite(client)));
    }
    for folder in &seen.registries {
        groups.push(all(&folder.files, &folder.name, Severity::LockedOut));
    }
    for service in &seen.services {
        groups.push(all(&service.files, &service.label, service_bite(service)));
    }
    if let Some(keeping) = &seen.keeping {
        // No daemon stumbles over a key of the vault: it explains nothing that happens there.
        groups.push(all(&keeping.issuer_keys, "the vault", Severity::Latent));
    }
    groups
}

fn all<'a>(files: &'a [File], scope: &'a str, bite: Severity) -> Vec<Owned<'a>> {
    files
        .iter()
        .map(|file| Owned { file, scope, bite })
        .collect()
}

/// How a daemon's file bites that the next start stumbles over.
pub(in crate::checks) fn daemon_bite(seen: &Seen) -> Severity {
    match &seen.host {
        Some(host) if !host.is_on() => Severity::Down,
        _ => Severity::Latent,
    }
}

/// How a client's file bites that its next command stumbles over.
pub(in crate::checks) fn client_bite(client: &ClientSide) -> Severity {
    match client.tls {
        TlsUse::Off => Severity::Latent,
        TlsUse::Unverified | TlsUse::Verified | TlsUse::Unused => Severity::LockedOut,
    }
}

/// How a service's file bites that its next start stumbles over.
pub(in crate::checks) fn service_bite(service: &Service) -> Severity {
    let mut doors = service.doors.iter().peekable();
    match doors.peek().is_some() && doors.all(|door| door.seen.unreached.is_some()) {
        true => Severity::Down,
        false => Severity::Latent,
    }
}

/// Whether a private key belongs here.
pub(in crate::checks) fn is_key(role: Role) -> bool {
    matches!(
        role,
        Role::ServerKey | Role::ClientKey | Role::RegistryKey | Role::ServiceKey | Role::IssuerKey
    )
}

/// Whether a leaf belongs here.
pub(in crate::checks) fn is_certificate(role: Role) -> bool {
    matches!(
        role,
        Role::ServerCertificate
            | Role::ClientCertificate
            | Role::RegistryCertificate
            | Role::ServiceCertificate
    )
}

/// Whether anchors belong here.
pub(in crate::checks) fn is_anchors(role: Role) -> bool {
    matches!(
        role,
        Role::DaemonAnchors | Role::ClientAnchors | Role::RegistryAnchors | Role::ServiceAnchors
    )
}

/// Certificate and key that are used together, by owner.
pub(in crate::checks) fn pairs(seen: &Seen) -> Vec<(Owned<'_>, Owned<'_>)> {
    let mut pairs = Vec::new();
    for group in groups(seen) {
        for certificate in group.iter().filter(|one| is_certificate(one.file.role)) {
            let role = match certificate.file.role {
                Role::ServerCertificate => Role::ServerKey,
                Role::ClientCertificate => Role::ClientKey,
                Role::ServiceCertificate => Role::ServiceKey,
                _ => Role::RegistryKey,
            };
            let fits = |key: &&Owned<'_>| {
                key.file.role == role
                    && (role != Role::RegistryKey
                        || key.file.path.file_stem() == certificate.file.path.file_stem())
            };
            pairs.extend(group.iter().find(fits).map(|key| (*certificate, *key)));
        }
    }
    pairs
}

/// Whether certificate and key stand in each other's place.
pub(in crate::checks) fn swapped(certificate: &File, key: &File) -> bool {
    let (Some(first), Some(second)) = (certificate.contents(), key.contents()) else {
        return false;
    };
    first.key().is_some()
        && first.certificates().next().is_none()
        && second.key().is_none()
        && second.certificates().next().is_some()
}

/// Whether a file is part of a swapped pair.
pub(in crate::checks) fn is_swapped(seen: &Seen, file: &File) -> bool {
    pairs(seen).iter().any(|(certificate, key)| {
        (std::ptr::eq(certificate.file, file) || std::ptr::eq(key.file, file))
            && swapped(certificate.file, key.file)
    })
}

/// Whether it is the looker who may not read the file, and not its rightful user.
pub(in crate::checks) fn only_we_may_not(file: &File) -> bool {
    let FileState::Unreadable(words) = &file.state else {
        return false;
    };
    words.to_ascii_lowercase().contains("permission denied")
        && (file.rightful_uid == 0 || (file.uid == file.rightful_uid && file.mode & 0o400 != 0))
}

/// The mode that a file or folder should have, and what gives it: `sealock.toml` knows its own files better than a rule.
pub(in crate::checks) fn mode_mend(seen: &Seen, path: &Path, wanted: u32) -> (u32, Mend) {
    let place = escape(&path.to_string_lossy());
    let own = seen
        .host
        .iter()
        .filter(|host| host.cloaked)
        .flat_map(|host| &host.drift)
        .filter(|drift| drift.place == place)
        .find_map(|drift| expected_mode(&drift.what));
    let (mode, path) = (own.unwrap_or(wanted), path.to_path_buf());
    (mode, Mend::Mode { path, mode })
}

/// The mode in `mode 0644, expected 0400`.
fn expected_mode(drift: &str) -> Option<u32> {
    let (_, expected) = drift.strip_prefix("mode ")?.split_once("expected ")?;
    u32::from_str_radix(expected, 8).ok()
}

/// Permission bits as people write them.
pub(in crate::checks) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}
