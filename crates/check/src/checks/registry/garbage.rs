//! F607: an authority's file without an authority in it.

use super::name;
use crate::material::Form;
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F607",
    title: "a registry's *.crt holds no certificate",
    severity: Severity::LockedOut,
    stage: Stage::ServerCertificate,
    source: "moby registry/registry.go (the answer of AppendCertsFromPEM is not looked at)",
    meaning: "The daemon reads *.crt for the authorities of this registry and does not notice when nothing comes of it. It goes on with \
              the system's authorities, and pulls end with \"certificate signed by unknown authority\", which sounds as if the file were \
              not there. The containerd image store stops with \"unable to load CA cert\".",
    remedy: "Put the authority's certificate there in PEM: it begins with -----BEGIN CERTIFICATE-----",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        for file in folder
            .files
            .iter()
            .filter(|file| file.role == Role::RegistryAnchors)
        {
            let Some(contents) = file.contents() else {
                continue;
            };
            // Other forms have findings of their own, which can mend them.
            let readable = matches!(contents.form, Form::Empty | Form::Pem | Form::Unknown);
            if !readable || contents.certificates().next().is_some() {
                continue;
            }
            let found = match (contents.form, contents.key()) {
                (Form::Empty, _) => "an empty file".to_owned(),
                (_, Some(_)) => "a key".to_owned(),
                _ => format!("{} bytes of something else", contents.length),
            };
            spots.push(
                Spot::new(
                    file.shown(),
                    format!("expected a certificate in {}, found {found}", name(file)),
                )
                .of(&folder.name),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use crate::checks::registry::tests::{codes, registry};
    use crate::material::Contents;
    use crate::seen::FileState;

    #[test]
    fn a_file_without_certificate_is_found() {
        for bytes in [&b""[..], b"garbage\n", b"-----BEGIN CERTIFICATE-----\nx\n"] {
            let mut world = registry();
            let file = &mut world.seen.registries[0].files[0];
            file.state = FileState::Read(Contents::read(bytes));
            assert_eq!(codes(&world), ["SL-F607"]);
        }
    }
}
