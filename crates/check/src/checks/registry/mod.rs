//! F6xx: what the daemon shows to registries, and whom it believes there.

mod folder_name;
mod garbage;
mod half_pair;
mod hosts_toml;
mod ignored;
mod key_alone;
mod unverified;

pub use folder_name::fault;
pub use unverified::why_unverified;

use crate::Check;
use crate::seen::{File, RegistryFolder, Role};
use sealock_diag::escape;

/// The checks of this group.
pub(super) const ALL: &[&Check] = &[
    &half_pair::CHECK,
    &key_alone::CHECK,
    &ignored::CHECK,
    &unverified::CHECK,
    &folder_name::CHECK,
    &hosts_toml::CHECK,
    &garbage::CHECK,
];

/// A folder's path for a message.
fn place(folder: &RegistryFolder) -> String {
    escape(&folder.path.to_string_lossy())
}

/// A file's name, escaped.
fn name(file: &File) -> String {
    escape(&file.path.file_name().unwrap_or_default().to_string_lossy())
}

/// The file of this role that belongs to the same pair: `client.key` beside `client.cert`.
fn partner<'a>(folder: &'a RegistryFolder, file: &File, role: Role) -> Option<&'a File> {
    let mut files = folder.files.iter();
    files.find(|other| other.role == role && other.path.file_stem() == file.path.file_stem())
}

/// Whether the file holds a certificate that is an authority's.
fn holds_authority(file: &File) -> bool {
    let first = file
        .contents()
        .and_then(|contents| contents.certificates().next());
    first.is_some_and(|certificate| certificate.is_ca())
}

/// Whether the file holds the certificate of this key.
fn holds_leaf_of(file: &File, key: &File) -> bool {
    let leaf = file
        .contents()
        .and_then(|contents| contents.certificates().next());
    let spki = key
        .contents()
        .and_then(|contents| contents.key()?.spki.as_deref());
    leaf.is_some_and(|leaf| !leaf.is_ca() && spki == Some(leaf.spki_der()))
}

/// The registry's host, without its port.
fn host(folder: &RegistryFolder) -> &str {
    split(&folder.name).0
}

/// Host, and port when there is one.
fn split(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (name, None),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::ALL;
    use crate::seen::{RegistryFolder, Role};
    use crate::testing::{World, file, key_pem, pem};

    /// A healthy host that shows its client certificate to one registry.
    pub(in crate::checks) fn registry() -> World {
        let mut world = World::new();
        let folder = "/etc/docker/certs.d/registry.example.org:5000";
        let anchors = pem(&[world.server_anchor.certificate().clone()]);
        let files = vec![
            file(&format!("{folder}/ca.crt"), Role::RegistryAnchors, &anchors),
            file(
                &format!("{folder}/client.cert"),
                Role::RegistryCertificate,
                &pem(std::slice::from_ref(&world.client)),
            ),
            file(
                &format!("{folder}/client.key"),
                Role::RegistryKey,
                &key_pem(&world.client_key),
            ),
        ];
        let mut files = files;
        files.iter_mut().for_each(|file| file.named = false);
        world.seen.registries = vec![RegistryFolder {
            path: folder.into(),
            name: "registry.example.org:5000".to_owned(),
            files,
            wanted: false,
            hosts_toml: false,
        }];
        world
    }

    /// Gives a file another name and the role that comes with it.
    pub(super) fn rename(world: &mut World, from: &str, to: &str, role: Role) {
        let mut files = world.seen.registries[0].files.iter_mut();
        let file = files.find(|file| file.path.ends_with(from)).unwrap();
        file.path.set_file_name(to);
        file.role = role;
    }

    /// The codes of this group that are found.
    pub(super) fn codes(world: &World) -> Vec<&'static str> {
        let found = ALL.iter().filter(|check| !world.look(check).is_empty());
        found.map(|check| check.code).collect()
    }

    #[test]
    fn a_healthy_folder_has_no_finding() {
        assert!(codes(&registry()).is_empty(), "{:?}", codes(&registry()));
        let mut world = registry();
        world.seen.registries[0].files.clear();
        assert!(codes(&world).is_empty(), "an empty folder does no harm");
    }
}
