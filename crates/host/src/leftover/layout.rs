//! Which tool a folder is from, by the names in it.

use super::name_of;
use super::walk::Folder;
use std::fmt;
use std::path::{Path, PathBuf};

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tool {
    /// `openssl` by the recipe of the Docker documentation: `ca.pem`, `server-cert.pem`, `cert.pem` and their keys.
    OpenSsl,
    /// mkcert: `rootCA.pem` in its `CAROOT`, pairs anywhere.
    Mkcert,
    /// easy-rsa: a `pki` with `ca.crt`, `issued`, `private`, `index.txt`.
    EasyRsa,
    /// docker-machine: `machine/certs`, and `machine/machines/NAME`.
    DockerMachine,
    /// cfssl: `ca.pem`, `ca.csr` and JSON.
    Cfssl,
    /// minica: `minica.pem`, and a folder for each name.
    Minica,
    /// anonym: `CA-cert.pem` and `NAME-cert.pem`.
    Anonym,
    /// A hand, or a tool that we do not know.
    Unknown,
}

impl Tool {
    /// Its name in texts and JSON; never changes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OpenSsl => "openssl",
            Self::Mkcert => "mkcert",
            Self::EasyRsa => "easy-rsa",
            Self::DockerMachine => "docker-machine",
            Self::Cfssl => "cfssl",
            Self::Minica => "minica",
            Self::Anonym => "anonym",
            Self::Unknown => "unknown",
        }
    }

    /// What made it, in a sentence.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OpenSsl => "made with openssl, as the Docker documentation shows it",
            Self::Mkcert => "made by mkcert",
            Self::EasyRsa => "made by easy-rsa",
            Self::DockerMachine => "made by docker-machine",
            Self::Cfssl => "made by cfssl",
            Self::Minica => "made by minica",
            Self::Anonym => "made by anonym",
            Self::Unknown => "made by hand, or by a tool that is not known here",
        }
    }

    /// Whether what lies in folders below belongs to it too.
    const fn reaches_down(self) -> bool {
        matches!(self, Self::EasyRsa | Self::DockerMachine | Self::Minica)
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The tool whose layout a folder has.
pub(super) fn recognise(folder: &Folder) -> Option<Tool> {
    let has = |name: &str| folder.has(name);
    let ends = |end: &str| folder.files.iter().any(|name| name.ends_with(end));
    let json = || has("ca-csr.json") || has("ca-config.json") || (has("ca.csr") && ends(".json"));
    let tool = match () {
        () if has("ca.crt") && (has("index.txt") || folder.has_folder("issued")) => Tool::EasyRsa,
        () if has("rootCA.pem") => Tool::Mkcert,
        () if has("minica.pem") => Tool::Minica,
        () if folder.has_folder("machines") && folder.has_folder("certs") => Tool::DockerMachine,
        // One who was told of `machine/certs` is told of the same tool.
        () if has("ca.pem") && is_machine(&folder.path) => Tool::DockerMachine,
        () if has("ca.pem") && json() => Tool::Cfssl,
        () if has("ca.pem") && (has("ca-key.pem") || has("server-cert.pem")) => Tool::OpenSsl,
        () if !has("ca.pem") && ca_of_anonym(folder).is_some() => Tool::Anonym,
        () => return None,
    };
    Some(tool)
}

/// `…/machine/certs`, `…/machine/machines/NAME`.
fn is_machine(path: &Path) -> bool {
    let above = |levels: usize| path.ancestors().nth(levels).map(name_of);
    let (own, first, second) = (above(0), above(1), above(2));
    (own.as_deref() == Some("certs") && first.as_deref() == Some("machine"))
        || (first.as_deref() == Some("machines") && second.as_deref() == Some("machine"))
}

/// `CA-cert.pem` with `CA-key.pem`, whatever the authority was called: the name is a setting.
fn ca_of_anonym(folder: &Folder) -> Option<&str> {
    let pair = |name: &str| folder.has(&format!("{name}-key.pem"));
    let named = folder
        .files
        .iter()
        .filter_map(|file| file.strip_suffix("-cert.pem"))
        .filter(|name| pair(name));
    let names: Vec<&str> = named.collect();
    let usual = names
        .iter()
        .find(|name| name.eq_ignore_ascii_case("ca"))
        .copied();
    // Its own marks: the settings that each certificate was made from, beside it.
    usual.or_else(|| {
        let settings = |name: &&&str| folder.has(&format!("{name}.cnf"));
        let daemons = names.iter().any(|name| name.starts_with("docker"));
        names.iter().filter(settings).find(|_| daemons).copied()
    })
}

/// Folders by the leftover that they belong to: its top, its tool, and its folders, in the order of the folders.
pub(super) fn group(folders: &[Folder]) -> Vec<(PathBuf, Tool, Vec<&Folder>)> {
    let known: Vec<(&Path, Tool)> = folders
        .iter()
        .filter_map(|folder| Some((folder.path.as_path(), recognise(folder)?)))
        .collect();
    let mut groups: Vec<(PathBuf, Tool, Vec<&Folder>)> = Vec::new();
    for folder in folders {
        let above = known
            .iter()
            .filter(|(path, tool)| {
                folder.path == *path || (tool.reaches_down() && folder.path.starts_with(path))
            })
            // The outermost one that reaches so far: `machines/NAME` is no layout of its own.
            .min_by_key(|(path, _)| path.components().count());
        let (top, tool) = above.map_or((folder.path.as_path(), Tool::Unknown), |(path, tool)| {
            (*path, *tool)
        });
        match groups.iter_mut().find(|group| group.0 == top) {
            Some(group) => group.2.push(folder),
            None => groups.push((top.to_owned(), tool, vec![folder])),
        }
    }
    groups
}

/// Whether a file of this name may hold a certificate or key, or is left of making one.
pub(super) fn is_telling(name: &str) -> bool {
    const ENDINGS: [&str; 11] = [
        "pem", "crt", "cer", "cert", "key", "der", "csr", "req", "srl", "cnf", "crl",
    ];
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty() && ENDINGS.contains(&ending.to_ascii_lowercase().as_str())
    })
}
