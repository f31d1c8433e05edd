//! F603: a certificate or key that no one reads, for its ending.

use super::{holds_authority, holds_leaf_of, name};
use crate::seen::{File, RegistryFolder, Role};
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F603",
    title: "a file in certs.d is not read, for its ending",
    severity: Severity::Weak,
    stage: Stage::ServerCertificate,
    source: "moby registry/registry.go (ReadCertsDirectory: .crt, .cert and .key, nothing else)",
    meaning: "Below certs.d the daemon reads *.crt as authorities and *.cert with *.key as its own pairs. ca.pem, cert.pem and key.pem are \
              right for a Docker client and are skipped here without a word. With the authority under such a name every pull ends with \
              \"certificate signed by unknown authority\".",
    remedy: "mv ca.pem ca.crt; mv cert.pem client.cert; mv key.pem client.key",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        // hosts.toml may name its files as it likes.
        let strays = folder
            .files
            .iter()
            .filter(|file| file.role == Role::Stray && !file.named);
        for file in strays {
            let Some(wanted) = wanted(folder, file) else {
                continue;
            };
            let trusted = folder
                .files
                .iter()
                .any(|other| other.role == Role::RegistryAnchors);
            let severity = if wanted == "crt" && !trusted {
                Severity::LockedOut
            } else {
                Severity::Weak
            };
            let to = file.path.with_extension(wanted);
            let mut spot = Spot::new(
                file.shown(),
                format!(
                    "expected the ending .{wanted} for what it holds, found {}",
                    name(file)
                ),
            )
            .severity(severity)
            .of(&folder.name);
            if wanted == "crt" && !folder.files.iter().any(|other| other.path == to) {
                spot = spot.mend(Mend::Rename {
                    from: file.path.clone(),
                    to,
                });
            }
            spots.push(spot);
        }
    }
    spots
}

/// The ending that would fit what the file holds; none for what is no certificate and no key, and for
/// what F602 tells.
fn wanted(folder: &RegistryFolder, file: &File) -> Option<&'static str> {
    let contents = file.contents()?;
    if holds_authority(file) {
        return Some("crt");
    }
    let keys = folder
        .files
        .iter()
        .filter(|other| other.role == Role::RegistryKey);
    let told = keys.clone().any(|key| holds_leaf_of(file, key));
    if contents.certificates().next().is_some() && !told {
        return Some("cert");
    }
    contents.key().map(|_| "key")
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::checks::registry::tests::{codes, registry, rename};
    use crate::seen::Role;
    use crate::{Mend, Severity};

    #[test]
    fn an_authority_that_nobody_reads_is_found() {
        let mut world = registry();
        rename(&mut world, "ca.crt", "ca.pem", Role::Stray);
        assert_eq!(codes(&world), ["SL-F603"]);
        let spot = &world.look(&CHECK)[0];
        assert_eq!(spot.severity, Some(Severity::LockedOut));
        let folder = &world.seen.registries[0].path;
        assert_eq!(
            spot.mends,
            [Mend::Rename {
                from: folder.join("ca.pem"),
                to: folder.join("ca.crt")
            }]
        );
        world.seen.registries[0].files[0].named = true;
        assert!(codes(&world).is_empty(), "hosts.toml names it");
    }

    #[test]
    fn a_pair_of_a_client_is_found() {
        let mut world = registry();
        rename(&mut world, "client.cert", "cert.pem", Role::Stray);
        rename(&mut world, "client.key", "key.pem", Role::Stray);
        assert_eq!(codes(&world), ["SL-F603"]);
        assert_eq!(world.look(&CHECK).len(), 2);
    }
}
