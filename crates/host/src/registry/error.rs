//! What can be wrong with the files for a registry.

use sealock_change::Error;
use sealock_diag::{Code, Diagnose, Entry, escape};
use std::path::PathBuf;
use thiserror::Error as Derive;

/// What is in the way of a folder or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A symbolic link: whoever owns it could send the key elsewhere.
    Link,
    /// Something else than the folder that is needed.
    NotADirectory,
    /// Something else than the plain file that is needed.
    NotAFile,
}

/// What is wrong with the files for a registry. Nothing is ever changed when one of these is returned.
#[derive(Debug, Derive)]
pub enum RegistryError {
    /// No image has such a name.
    #[error("`{given}` is no registry as the names of images have it")]
    Name {
        /// What was given, escaped.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Somebody else's file has the name that one of ours needs.
    #[error("other certificates lie where this registry's should go")]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A `hosts.toml` that does not name our files.
    #[error("a hosts.toml hides the certificates beside it")]
    Hides {
        /// The file.
        path: PathBuf,
        /// What it needs.
        lines: String,
    },
    /// Something is where a folder or a file of ours should go.
    #[error("the place for this registry's certificates is taken")]
    Obstructed {
        /// What is in the way.
        path: PathBuf,
        /// Why it is.
        obstacle: Obstacle,
    },
    /// The folder could not be listed.
    #[error("a folder below certs.d cannot be listed")]
    Unlistable {
        /// The folder.
        path: PathBuf,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// `sealock.toml` has no such registry.
    #[error("there is no registry `{host}`")]
    Unknown {
        /// What was given, escaped.
        host: String,
        /// Those that it has, as a list for people.
        known: String,
    },
    /// A file could not be read or looked at.
    #[error(transparent)]
    File(#[from] Error),
}

impl Diagnose for RegistryError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Name { .. } => "SL-H530",
            Self::Occupied { .. } => "SL-H531",
            Self::Hides { .. } => "SL-H532",
            Self::Obstructed { .. } | Self::Unlistable { .. } => "SL-H533",
            Self::Unknown { .. } => "SL-H534",
            Self::File(error) => return error.code(),
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Occupied { path }
            | Self::Hides { path, .. }
            | Self::Obstructed { path, .. }
            | Self::Unlistable { path, .. } => Some(escape(&path.to_string_lossy())),
            Self::Name { .. } | Self::Unknown { .. } => None,
            Self::File(error) => error.location(),
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Name { why, .. } => Some((*why).to_owned()),
            Self::Occupied { .. } => {
                Some("it holds something that this vault never issued".to_owned())
            }
            Self::Hides { .. } => Some(
                "containerd's image store, the usual one since Docker 29, reads it instead of *.crt, *.cert and *.key, and it does not \
                 name ours"
                    .to_owned(),
            ),
            Self::Obstructed { obstacle, .. } => Some(
                match obstacle {
                    Obstacle::Link => "it is a symbolic link, which is not followed for keys",
                    Obstacle::NotADirectory => "a directory is needed there",
                    Obstacle::NotAFile => "a plain file is needed there",
                }
                .to_owned(),
            ),
            Self::Unlistable { source, .. } => Some(source.to_string()),
            Self::Unknown { known, .. } if known.is_empty() => Some("there are none yet".to_owned()),
            Self::Unknown { known, .. } => Some(format!("known are: {known}")),
            Self::File(error) => Diagnose::cause(error),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Hides { lines, .. } => Some(format!(
                "write into it, under the server or its host:\n  {}\nor remove it; --hosts-toml writes one",
                lines.replace('\n', "\n  ")
            )),
            Self::File(error) => error.help(),
            _ => None,
        }
    }
}

/// What `sealock explain` says of the codes of this module.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        code: Code("SL-H530"),
        title: "this is no registry as the names of images have it",
        meaning: "dockerd looks for the folder below certs.d whose name is, letter for letter, what stands before the first slash of an \
                  image's name: a host with a dot in it, or one with a port. No scheme, no path, the port only when it is typed.",
        remedy: "Give it as in docker pull:\n  sealock registry trust registry.example.org:5000",
    },
    Entry {
        code: Code("SL-H531"),
        title: "other certificates lie where this registry's should go",
        meaning: "The folder has a ca.crt, client.cert or client.key that did not come from this vault. Replacing it could take away the \
                  trust in a registry that works.",
        remedy: "Give what is there another name and keep its ending: dockerd reads every *.crt of the folder, and every *.cert with the *.key \
                 of the same name:\n  mv ca.crt other.crt",
    },
    Entry {
        code: Code("SL-H532"),
        title: "a hosts.toml hides the certificates beside it",
        meaning: "containerd's image store reads a hosts.toml that is not empty and nothing else in the folder, so *.crt, *.cert and *.key \
                  count only where it names them. Written as they are, our files would be without effect there.",
        remedy: "Name them in hosts.toml:\n  ca = \"ca.crt\"\n  client = [[\"client.cert\", \"client.key\"]]\nor remove it; --hosts-toml writes one.",
    },
    Entry {
        code: Code("SL-H533"),
        title: "the place for a registry's certificates is taken",
        meaning: "A link, a file or a directory has the name that a folder or a file of ours needs. Links are not followed: whoever owns the \
                  link could redirect the key.",
        remedy: "Look at it, and move it away:\n  ls -la /etc/docker/certs.d",
    },
    Entry {
        code: Code("SL-H534"),
        title: "there is no such registry",
        meaning: "sealock.toml has no [[registry]] of this name. The name is the host with its port, as it was given.",
        remedy: "sealock registry list",
    },
];
