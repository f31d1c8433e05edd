//! F601: a `*.cert` without its `*.key`.

use super::{holds_authority, name, partner};
use crate::seen::Role;
use crate::{Check, Mend, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F601",
    title: "a registry's *.cert has no *.key beside it",
    severity: Severity::LockedOut,
    stage: Stage::ClientCertificate,
    source: "moby registry/registry.go (ReadCertsDirectory: missing key for client certificate)",
    meaning: "In certs.d a file that ends with .cert is the daemon's own certificate for this registry, and its key has the same name \
              with .key. Without the key every pull and push there stops with \"missing key client.key for client certificate \
              client.cert\". Often it is the registry's CA under the wrong ending: that one ends with .crt.",
    remedy: "Put the key beside it; or, if it is the registry's CA:\n  mv ca.cert ca.crt",
    explains: &["SL-F311"],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        for file in folder
            .files
            .iter()
            .filter(|file| file.role == Role::RegistryCertificate)
        {
            if partner(folder, file, Role::RegistryKey).is_some() {
                continue;
            }
            let expected = file.path.with_extension("key");
            let expected =
                sealock_diag::escape(&expected.file_name().unwrap_or_default().to_string_lossy());
            let mut spot = Spot::new(
                file.shown(),
                format!("expected {expected} beside {}, found none", name(file)),
            )
            .of(&folder.name);
            let anchors = file.path.with_extension("crt");
            let free = !folder.files.iter().any(|other| other.path == anchors);
            if holds_authority(file) && free {
                spot = spot
                    .help("it is an authority's certificate, and those end with .crt")
                    .mend(Mend::Rename {
                        from: file.path.clone(),
                        to: anchors,
                    });
            }
            spots.push(spot);
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Mend;
    use crate::checks::registry::tests::{codes, registry, rename};
    use crate::seen::Role;

    #[test]
    fn a_certificate_without_key_is_found() {
        let mut world = registry();
        world.seen.registries[0].files.pop();
        assert_eq!(codes(&world), ["SL-F601"]);
        assert!(world.look(&CHECK)[0].mends.is_empty());
    }

    #[test]
    fn an_authority_with_the_wrong_ending_gets_the_right_one() {
        let mut world = registry();
        rename(&mut world, "ca.crt", "ca.cert", Role::RegistryCertificate);
        assert_eq!(codes(&world), ["SL-F601"]);
        assert_eq!(
            world.codes(),
            ["SL-F601"],
            "a CA as a leaf is its consequence"
        );
        let folder = world.seen.registries[0].path.clone();
        assert_eq!(
            world.look(&CHECK)[0].mends,
            [Mend::Rename {
                from: folder.join("ca.cert"),
                to: folder.join("ca.crt")
            }]
        );
    }
}
