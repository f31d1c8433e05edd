//! F605: a folder below `certs.d` that no image name leads to.

use super::{host, place, split};
use crate::seen::{Host, RegistryFolder, Role};
use crate::{Check, Seen, Severity, Spot, Stage};
use sealock_diag::escape;

pub(super) const CHECK: Check = Check {
    code: "SL-F605",
    title: "a folder below certs.d has a name that no image has",
    severity: Severity::LockedOut,
    stage: Stage::Settings,
    source: "moby registry/registry.go (hostDir), distribution/reference (the grammar of a domain)",
    meaning: "The daemon looks for the folder whose name is, letter for letter, what stands before the first slash of an image's name: \
              with the port when one is typed, without it when none is. Another spelling is not found, and the certificates in it are \
              not used: pulls end with \"certificate signed by unknown authority\" although the right file is there.",
    remedy: "Rename the folder to what is typed before the first slash: /etc/docker/certs.d/HOST:PORT",
    explains: &[],
    look,
};

fn look(seen: &Seen) -> Vec<Spot> {
    let mut spots = Vec::new();
    for folder in &seen.registries {
        // containerd has names of its own.
        let foreign = folder.hosts_toml || folder.name == "_default" || folder.name.ends_with('_');
        if foreign {
            continue;
        }
        let found = fault(&folder.name)
            .map(|(why, severity)| (why.to_owned(), severity))
            .or_else(|| mirror(seen.host.as_ref()?, folder, &seen.registries))
            .or_else(|| sibling(folder, &seen.registries));
        if let Some((why, severity)) = found {
            spots.push(
                Spot::new(place(folder), why)
                    .severity(severity)
                    .of(&folder.name),
            );
        }
    }
    spots
}

/// What is wrong with the name of a folder by itself: it is `HOST` or `HOST:PORT`, letter for letter as before the first
/// slash of an image's name.
pub fn fault(name: &str) -> Option<(&'static str, Severity)> {
    let (host, port) = split(name);
    if matches!(name.trim_end_matches(':'), "http" | "https") && name.ends_with(':') {
        return Some(("expected HOST:PORT, found a scheme", Severity::LockedOut));
    }
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    match address {
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_err() => {
            return Some((
                "what stands in brackets is no IPv6 address",
                Severity::LockedOut,
            ));
        }
        None if !host.split('.').all(plain) => {
            return Some((
                "expected HOST:PORT, found characters that no host in an image's name has",
                Severity::LockedOut,
            ));
        }
        _ => {}
    }
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Some((
            "what stands behind the colon is no port",
            Severity::LockedOut,
        ));
    }
    if host.chars().any(|c| c.is_ascii_uppercase()) {
        return Some((
            "upper-case letters: it is found only by who types them so",
            Severity::Latent,
        ));
    }
    if port.is_none() && address.is_none() && !host.contains('.') && host != "localhost" {
        return Some((
            "without a dot or a port docker takes the first part of an image's name for a user of Docker Hub",
            Severity::LockedOut,
        ));
    }
    None
}

/// A mirror that `daemon.json` or a flag names with another port.
fn mirror(
    daemon: &Host,
    folder: &RegistryFolder,
    all: &[RegistryFolder],
) -> Option<(String, Severity)> {
    let json = daemon
        .config
        .keys
        .get("registry-mirrors")
        .and_then(|value| value.as_array());
    let json = json
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str());
    let flags = daemon
        .flags
        .iter()
        .filter(|flag| flag.name == "registry-mirror");
    let mut mirrors = json.chain(flags.filter_map(|flag| flag.value.as_deref()));
    let wanted = mirrors.find_map(|mirror| {
        let (_, rest) = mirror.split_once("://")?;
        let authority = rest.split('/').next()?;
        (split(authority).0 == host(folder)).then_some(authority)
    })?;
    if all.iter().any(|other| other.name == wanted) {
        return None;
    }
    Some((
        format!(
            "expected {} for the mirror of that name, found {}",
            escape(wanted),
            escape(&folder.name)
        ),
        Severity::LockedOut,
    ))
}

/// The same host with and without a port, one of them empty: the files lie in the wrong one. Where `sealock.toml` asks for
/// the empty one, another port or other letters are as wrong.
fn sibling(folder: &RegistryFolder, all: &[RegistryFolder]) -> Option<(String, Severity)> {
    let used = |folder: &RegistryFolder| folder.files.iter().any(|file| file.role != Role::Stray);
    if !used(folder) || folder.wanted {
        return None;
    }
    let has_no_port = |folder: &RegistryFolder| split(&folder.name).1.is_none();
    let is_meant = |other: &&RegistryFolder| {
        other.name != folder.name
            && other.path.parent() == folder.path.parent()
            && host(other).eq_ignore_ascii_case(host(folder))
            && !used(other)
            && (other.wanted || has_no_port(other) != has_no_port(folder))
    };
    let empty = all.iter().find(is_meant)?;
    let severity = match empty.wanted {
        true => Severity::LockedOut,
        false => Severity::Latent,
    };
    let why = format!(
        "{} has no certificates, and those of {} are not used for it",
        escape(&empty.name),
        escape(&folder.name)
    );
    Some((why, severity))
}

#[cfg(test)]
mod tests {
    use super::{CHECK, fault};
    use crate::Severity;
    use crate::checks::registry::tests::{codes, registry};

    #[test]
    fn names_follow_the_grammar_of_images() {
        for (name, good) in [
            ("registry.example.org:5000", true),
            ("registry.example.org", true),
            ("registry:5000", true),
            ("localhost", true),
            ("10.0.0.1", true),
            ("[2001:db8::5]:5000", true),
            ("registry", false),
            ("https:", false),
            ("Registry.example.org", false),
            ("registry.example.org:", false),
            ("registry.example.org:99999", false),
            ("registry example.org", false),
            ("a_b.example.org", false),
            ("registry.example.org.", false),
            ("[registry]:5000", false),
            ("*.example.org", false),
        ] {
            assert_eq!(fault(name).is_none(), good, "{name}");
        }
    }

    #[test]
    fn ports_that_nobody_uses_are_found() {
        let mut world = registry();
        let mirrors = vec!["https://registry.example.org/"];
        let keys = &mut world.host_mut().config.keys;
        keys.insert("registry-mirrors".to_owned(), mirrors.into());
        assert_eq!(codes(&world), ["SL-F605"]);
        let mut world = registry();
        let mut other = world.seen.registries[0].clone();
        other.name = "registry.example.org".to_owned();
        other.path.set_file_name("registry.example.org");
        world.seen.registries.push(other);
        assert!(codes(&world).is_empty(), "both have their files");
        world.seen.registries[1].files.clear();
        assert_eq!(world.look(&CHECK).len(), 1);
        world.seen.registries[1].hosts_toml = true;
        world.seen.registries[0].hosts_toml = true;
        assert!(world.look(&CHECK).is_empty());
    }

    #[test]
    fn a_folder_that_somebody_renamed_is_found() {
        for (name, found) in [
            ("registry.example.org", Some(Severity::LockedOut)),
            ("registry.example.org:5001", Some(Severity::LockedOut)),
            ("registry.example.org:5000.old", Some(Severity::LockedOut)),
            ("Registry.example.org:5000", Some(Severity::Latent)),
            ("other.example.org:5000", None),
        ] {
            let mut world = registry();
            let mut asked = world.seen.registries[0].clone();
            asked.files.clear();
            asked.wanted = true;
            let renamed = &mut world.seen.registries[0];
            renamed.name = name.to_owned();
            renamed.path.set_file_name(name);
            // Nobody asks for the one that has its files in a folder of another user.
            let mut elsewhere = asked.clone();
            elsewhere.path = "/home/ann/.config/docker/certs.d/registry.example.org:5000".into();
            world.seen.registries.push(elsewhere);
            let alone = !world.look(&CHECK).is_empty();
            assert_eq!(alone, fault(name).is_some(), "{name}");
            world.seen.registries.push(asked);
            let spots = world.look(&CHECK);
            let severities: Vec<_> = spots.iter().map(|spot| spot.severity).collect();
            let expected: Vec<_> = found.map(Some).into_iter().collect();
            assert_eq!(severities, expected, "{name}");
        }
    }
}
