//! What to call those who have a certificate.

use std::path::Path;

use sealock_host::desired::check_client_name;
use sealock_pki::{Certificate, San};

use super::lot::Leaf;

/// A name for the inventory: the common name, else an alternative name, else the organisation that docker-machine
/// writes, else the name of the file. Only what a client of ours can be called.
pub(crate) fn of_leaf(leaf: &Leaf) -> String {
    let certificate = leaf.certificate();
    let candidates = certificate
        .common_name()
        .into_iter()
        .chain(certificate.sans().iter().map(San::value))
        .chain(organisation(certificate))
        .chain(leaf.paths.iter().map(|path| stem(path)));
    candidates
        .map(|name| tidy(&name))
        .find(|name| check_client_name(name).is_ok())
        .unwrap_or_else(|| "client".to_owned())
}

/// `O=ann.<bootstrap>`: docker-machine has no common names.
fn organisation(certificate: &Certificate) -> Option<String> {
    let subject = certificate.subject();
    let value = subject
        .split(", ")
        .find_map(|part| part.strip_prefix("O="))?;
    // mkcert writes the same organisation into every certificate. The bracket is escaped in a shown name.
    (value != "mkcert development certificate").then(|| {
        let user = value.split('<').next().unwrap_or(value);
        user.trim_end_matches(['.', '\\']).to_owned()
    })
}

fn stem(path: &Path) -> String {
    let name = path
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned())
        .unwrap_or_default();
    let bare = ["-client", "-cert"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(&name);
    match bare {
        // `cert.pem` says nothing: its folder does.
        "cert" | "client" => path
            .parent()
            .and_then(Path::file_name)
            .map(|folder| folder.to_string_lossy().into_owned())
            .unwrap_or_default(),
        bare => bare.to_owned(),
    }
}

/// Letters that a client's name may have; others become dashes.
fn tidy(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| match c {
            c if c.is_ascii_alphanumeric() || "._-@+".contains(c) => c,
            _ => '-',
        })
        .take(64)
        .collect();
    kept.trim_matches(['.', '-']).to_owned()
}

/// The same name with a number, when it is taken.
pub(crate) fn free(wanted: &str, taken: &[String]) -> String {
    if !taken.iter().any(|name| name == wanted) {
        return wanted.to_owned();
    }
    (2..)
        .map(|number| {
            let short: String = wanted.chars().take(60).collect();
            format!("{short}-{number}")
        })
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{free, stem, tidy};
    use std::path::Path;

    #[test]
    fn names_that_tools_write_become_names_of_clients() {
        for (name, expected) in [
            ("client", "client"),
            ("Ann Example", "Ann-Example"),
            ("../etc", "etc"),
            ("ann@example.org", "ann@example.org"),
            ("\u{1b}[31m", "31m"),
            ("äöü", ""),
        ] {
            assert_eq!(tidy(name), expected, "{name:?}");
        }
        for (path, expected) in [
            ("/d/bob-client.pem", "bob"),
            ("/d/dockerCLI-cert.pem", "dockerCLI"),
            ("/d/alice/cert.pem", "alice"),
            ("/d/alice.crt", "alice"),
        ] {
            assert_eq!(stem(Path::new(path)), expected, "{path}");
        }
        let taken = ["a".to_owned(), "a-2".to_owned()];
        assert_eq!(free("a", &taken), "a-3");
        assert_eq!(free("b", &taken), "b");
    }
}
