//! F602: a `*.key` without its `*.cert`.

use super::{holds_leaf_of, name, partner};
use crate::seen::{File, RegistryFolder, Role};
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F602",
    title: "a registry's *.key has no *.cert beside it",
    severity: Severity::LockedOut,
    stage: Stage::ClientCertificate,
    source: "moby registry/registry.go (ReadCertsDirectory: missing client certificate for key)",
    meaning: "The daemon's own certificate for a registry must end with .cert; one that ends with .crt is taken for an authority. So with \
              client.crt and client.key the key has no certificate, and pulls and pushes stop with \"missing client certificate client.cert \
              for key client.key\". The containerd image store skips such a key without a word, and the registry says \"bad certificate\".",
    remedy: "mv client.crt client.cert",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        for key in folder
            .files
            .iter()
            .filter(|file| file.role == Role::RegistryKey)
        {
            let wanted = key.path.with_extension("cert");
            if partner(folder, key, Role::RegistryCertificate).is_some() {
                continue;
            }
            let shown =
                sealock_diag::escape(&wanted.file_name().unwrap_or_default().to_string_lossy());
            let found = misnamed(folder, key);
            let cause = match found {
                Some(other) => format!(
                    "expected {shown} beside {}, found its certificate as {}",
                    name(key),
                    name(other)
                ),
                None => format!("expected {shown} beside {}, found none", name(key)),
            };
            let spot = Spot::new(key.shown(), cause).of(&folder.name);
            spots.push(match found {
                Some(other) => spot.mend(Mend::Rename {
                    from: other.path.clone(),
                    to: wanted,
                }),
                None => spot,
            });
        }
    }
    spots
}

/// The key's certificate, under a name that is not read as one.
fn misnamed<'a>(folder: &'a RegistryFolder, key: &File) -> Option<&'a File> {
    let mut files = folder.files.iter();
    files.find(|file| {
        matches!(file.role, Role::RegistryAnchors | Role::Stray) && holds_leaf_of(file, key)
    })
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Mend;
    use crate::checks::registry::tests::{codes, registry, rename};
    use crate::seen::Role;

    #[test]
    fn a_misnamed_certificate_gets_its_name() {
        for (other, role) in [
            ("client.crt", Role::RegistryAnchors),
            ("client.pem", Role::Stray),
        ] {
            let mut world = registry();
            rename(&mut world, "client.cert", other, role);
            assert_eq!(codes(&world), ["SL-F602"]);
            let folder = world.seen.registries[0].path.clone();
            assert_eq!(
                world.look(&CHECK)[0].mends,
                [Mend::Rename {
                    from: folder.join(other),
                    to: folder.join("client.cert")
                }]
            );
        }
    }

    #[test]
    fn a_key_alone_has_no_mend() {
        let mut world = registry();
        world.seen.registries[0].files.remove(1);
        assert_eq!(codes(&world), ["SL-F602"]);
        assert!(world.look(&CHECK)[0].mends.is_empty());
    }
}
