//! F606: `hosts.toml` hides the certificates beside it.

use super::{name, place};
use crate::seen::Role;
use crate::{Check, Seen, Severity, Spot, Stage};

pub(super) const CHECK: Check = Check {
    code: "SL-F606",
    title: "a hosts.toml hides the certificates beside it",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "containerd core/remotes/docker/config/hosts.go (files are read only without a hosts.toml)",
    meaning: "With the containerd image store, the usual one since Docker 29, a folder below certs.d is read in one of two ways. A \
              hosts.toml that is not empty is read alone, and *.crt, *.cert and *.key beside it count only where it names them. The older \
              image store does the opposite and knows no hosts.toml. So certificates that worked stop working with an upgrade.",
    remedy: "Name them in hosts.toml, under the host:\n  ca = \"ca.crt\"\n  client = [[\"client.cert\", \"client.key\"]]\nor remove hosts.toml.",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    // Which image store is in use is not seen; from 29 on it is containerd's unless somebody chose.
    let current = seen.host.as_ref().is_some_and(|host| host.at_least(29));
    let severity = if current {
        Severity::LockedOut
    } else {
        Severity::Latent
    };
    for folder in seen.registries.iter().filter(|folder| folder.hosts_toml) {
        let hidden: Vec<String> = folder
            .files
            .iter()
            .filter(|file| file.role != Role::Stray && !file.named)
            .map(name)
            .collect();
        if !hidden.is_empty() {
            spots.push(
                Spot::new(
                    place(folder),
                    format!("hosts.toml does not name {}", hidden.join(", ")),
                )
                .severity(severity)
                .of(&folder.name),
            );
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::CHECK;
    use crate::Severity;
    use crate::checks::registry::tests::{codes, registry};
    use crate::seen::Version;

    #[test]
    fn hidden_files_are_found() {
        let mut world = registry();
        world.seen.registries[0].hosts_toml = true;
        assert_eq!(codes(&world), ["SL-F606"]);
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::Latent));
        world.host_mut().version = Some(Version {
            major: 29,
            minor: 7,
            text: "29.7.2".to_owned(),
        });
        assert_eq!(world.look(&CHECK)[0].severity, Some(Severity::LockedOut));
        let files = &mut world.seen.registries[0].files;
        files.iter_mut().for_each(|file| file.named = true);
        assert!(codes(&world).is_empty());
    }
}
