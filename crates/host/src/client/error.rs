//! What can be wrong on the docker client's side.

use sealock_change::BoxDiagnose;
use sealock_diag::{Code, Diagnose, escape};
use std::path::PathBuf;
use thiserror::Error;

/// One of the three files of a client directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BundleFile {
    /// `ca.pem`: what the client trusts, the server anchor.
    Ca,
    /// `cert.pem`: the client's certificate, leaf first.
    Cert,
    /// `key.pem`: the client's private key, unencrypted PKCS#8.
    Key,
}

impl BundleFile {
    /// The three of them, in the order in which they are shown and packed.
    pub const ALL: [Self; 3] = [Self::Ca, Self::Cert, Self::Key];

    /// The name that every Docker client looks for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca.pem",
            Self::Cert => "cert.pem",
            Self::Key => "key.pem",
        }
    }
}

/// Why three files, each readable, make no client together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// `key.pem` belongs to another certificate.
    KeyOfAnother,
    /// The leaf may not be used as a client.
    NotAClient,
    /// `cert.pem` starts with a CA certificate.
    LeafIsAnchor,
    /// `ca.pem` holds a certificate that is no CA.
    CaIsNoAnchor,
    /// `ca.pem` holds the anchor that signs clients, where the one that signs servers belongs.
    CaIsClientAnchor,
    /// `key.pem` is the key of a CA in `ca.pem`.
    KeyOfAnchor,
    /// `ca.pem` or `cert.pem` holds a private key too, and would be written readable for all.
    KeyInPublicFile,
}

impl Misfit {
    fn sentence(self) -> &'static str {
        match self {
            Self::KeyOfAnother => "key.pem is not the key of the certificate in cert.pem",
            Self::NotAClient => "the certificate in cert.pem is not allowed to be a client",
            Self::LeafIsAnchor => "cert.pem starts with a CA certificate instead of a client's",
            Self::CaIsNoAnchor => "ca.pem holds a certificate that is no CA",
            Self::CaIsClientAnchor => "ca.pem is the client anchor; clients need the server anchor",
            Self::KeyOfAnchor => "key.pem is the key of a CA, not of a client",
            Self::KeyInPublicFile => "a private key is stored in ca.pem or cert.pem",
        }
    }
}

/// Why an archive is not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveFault {
    /// The archive, or one file of it, is larger than anything that belongs in here.
    TooBig,
    /// The end of the archive is missing.
    Truncated,
    /// Not a tar archive at all, or damaged.
    NotTar,
    /// Packed with gzip, zip, xz, bzip2 or zstd.
    Compressed,
    /// The entry is a link, a device, a pipe or something else that is not a plain file.
    NotAPlainFile,
    /// The entry's name leaves the archive, or is written in a roundabout way.
    Outside,
    /// The entry is none of the expected files.
    Unexpected,
    /// The entry occurs twice.
    Twice,
}

impl ArchiveFault {
    fn sentence(self) -> &'static str {
        match self {
            Self::TooBig => "it is larger than a bundle can be",
            Self::Truncated => "the archive ends too early",
            Self::NotTar => "this is no tar archive",
            Self::Compressed => "the archive is compressed",
            Self::NotAPlainFile => "it is a link or a device, not a plain file",
            Self::Outside => "its name points outside of the archive",
            Self::Unexpected => "it does not belong into a bundle or an exported context",
            Self::Twice => "it is in the archive twice",
        }
    }
}

/// What is in the way of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A symbolic link: whoever owns it could send the key elsewhere.
    Link,
    /// Something else than the directory that is needed.
    NotADirectory,
    /// Something else than the plain file that is needed.
    NotAFile,
    /// The directory is used for other things, so it cannot be closed to everybody else.
    OtherFiles,
}

impl Obstacle {
    fn sentence(self) -> &'static str {
        match self {
            Self::Link => "it is a symbolic link, which is not followed for keys",
            Self::NotADirectory => "a directory is needed there",
            Self::NotAFile => "a plain file is needed there",
            Self::OtherFiles => "the directory holds other files; a client needs one of its own",
        }
    }
}

/// Why a context cannot be called so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// `default` is the CLI's own word for "no context".
    Reserved,
    /// Not `^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$`.
    Pattern,
}

/// What is wrong on the docker client's side. Nothing is ever changed when one of these is returned:
/// this module reads and plans only.
#[derive(Debug, Error)]
pub enum ClientError {
    /// A file could not be read, or not looked at.
    #[error("a file of the docker client cannot be read")]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why, from the file door.
        reason: BoxDiagnose,
    },
    /// A directory could not be listed.
    #[error("a directory of the docker client cannot be listed")]
    Unlistable {
        /// The directory.
        path: PathBuf,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// One of the three files of a bundle is not there.
    #[error("the client bundle has no {}", file.name())]
    Missing {
        /// The directory or archive.
        place: String,
        /// The file that is missing.
        file: BundleFile,
    },
    /// A file of a bundle is there and does not hold what its name says.
    #[error("{} does not hold what it should", file.name())]
    BadPem {
        /// The directory or archive.
        place: String,
        /// The file.
        file: BundleFile,
        /// What the parser says.
        reason: BoxDiagnose,
    },
    /// Three good files that do not belong together.
    #[error("{}", misfit.sentence())]
    Misfit {
        /// The directory or archive.
        place: String,
        /// What does not fit.
        misfit: Misfit,
        /// The values found, escaped; may be empty.
        found: String,
    },
    /// A file that is far larger than anything that belongs in a bundle.
    #[error("a file of the client bundle is too large")]
    Oversized {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: usize,
    },
    /// An archive that is not unpacked.
    #[error("the archive is refused")]
    Archive {
        /// The entry at fault, escaped; empty when it is the archive as a whole.
        entry: String,
        /// Why.
        fault: ArchiveFault,
    },
    /// Somebody else's credentials are where ours should go.
    #[error("there is another client's certificate already")]
    Occupied {
        /// The directory.
        dir: PathBuf,
        /// Whose certificate is there, escaped.
        present: String,
        /// Whose was to be written, escaped.
        wanted: String,
    },
    /// Something is where a file or directory of ours should go, and we do not touch it.
    #[error("the place for the client's files is taken")]
    Obstructed {
        /// What is in the way.
        path: PathBuf,
        /// Why it is.
        obstacle: Obstacle,
    },
    /// The name cannot be that of a Docker context.
    #[error("this cannot be the name of a docker context")]
    ContextName {
        /// The name, escaped.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A context of that name exists, and was made by somebody else.
    #[error("a docker context of this name exists and is not sealock's")]
    ContextExists {
        /// Its name.
        name: String,
        /// Its `meta.json`.
        path: PathBuf,
    },
    /// There is no context of that name.
    #[error("there is no docker context of this name")]
    ContextMissing {
        /// Its name.
        name: String,
        /// Where its `meta.json` would be.
        path: PathBuf,
    },
    /// `meta.json` of a context is not what the docker CLI writes.
    #[error("the docker context cannot be understood")]
    ContextBroken {
        /// Its `meta.json`, or `meta.json` of an archive.
        path: PathBuf,
        /// What is wrong, escaped.
        why: String,
    },
    /// The context is the one the docker CLI uses now.
    #[error("the docker context is in use")]
    ContextInUse {
        /// Its name.
        name: String,
        /// The `config.json` that says so.
        path: PathBuf,
    },
    /// The docker CLI's `config.json` is not a JSON object.
    #[error("the docker CLI's config.json cannot be understood")]
    ConfigBroken {
        /// The file.
        path: PathBuf,
        /// What is wrong, escaped.
        why: String,
    },
    /// `--context` and `--host` at once.
    #[error("the docker CLI refuses --host together with --context")]
    ConflictingChoice,
    /// Not an endpoint that a docker client can be pointed at.
    #[error("this is not the endpoint of a docker daemon")]
    BadEndpoint {
        /// What was given, escaped.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A path that cannot be put into a shell's environment.
    #[error("the path cannot be written for a shell")]
    Unspeakable {
        /// The path, escaped.
        path: String,
    },
    /// No such shell, or no such client.
    #[error("{what} `{given}` is not known")]
    Unknown {
        /// `shell` or `client`.
        what: &'static str,
        /// What was given, escaped.
        given: String,
        /// What is known, as a list for people.
        known: String,
    },
}

impl ClientError {
    pub(super) fn unreadable<E>(path: &std::path::Path, reason: E) -> Self
    where
        E: Diagnose + Send + Sync + 'static,
    {
        Self::Unreadable {
            path: path.to_owned(),
            reason: Box::new(reason),
        }
    }

    pub(super) fn archive(entry: &[u8], fault: ArchiveFault) -> Self {
        Self::Archive {
            entry: escape(&String::from_utf8_lossy(entry)),
            fault,
        }
    }
}

impl Diagnose for ClientError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Unreadable { .. } | Self::Unlistable { .. } => "SL-H501",
            Self::Missing { .. } => "SL-H502",
            Self::BadPem { .. } => "SL-H503",
            Self::Misfit { .. } => "SL-H504",
            Self::Archive { .. } => "SL-H505",
            Self::Occupied { .. } => "SL-H506",
            Self::Obstructed { .. } => "SL-H507",
            Self::Oversized { .. } => "SL-H508",
            Self::ContextName { .. } => "SL-H510",
            Self::ContextExists { .. } => "SL-H511",
            Self::ContextMissing { .. } => "SL-H512",
            Self::ContextBroken { .. } => "SL-H513",
            Self::ContextInUse { .. } => "SL-H514",
            Self::ConfigBroken { .. } => "SL-H515",
            Self::ConflictingChoice => "SL-H516",
            Self::BadEndpoint { .. } => "SL-H520",
            Self::Unspeakable { .. } => "SL-H521",
            Self::Unknown { .. } => "SL-H522",
        })
    }

    fn location(&self) -> Option<String> {
        match self {
            Self::Unreadable { path, .. }
            | Self::Unlistable { path, .. }
            | Self::ContextExists { path, .. }
            | Self::ContextMissing { path, .. }
            | Self::ContextBroken { path, .. }
            | Self::ContextInUse { path, .. }
            | Self::ConfigBroken { path, .. }
            | Self::Occupied { dir: path, .. }
            | Self::Oversized { path, .. }
            | Self::Obstructed { path, .. } => Some(escape(&path.to_string_lossy())),
            Self::Missing { place, .. } | Self::Misfit { place, .. } => Some(escape(place)),
            Self::BadPem { place, file, .. } => Some(format!("{}, {}", escape(place), file.name())),
            Self::Archive { entry, .. } if !entry.is_empty() => Some(format!("entry {entry}")),
            _ => None,
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Unreadable { reason, .. } | Self::BadPem { reason, .. } => {
                Some(match Diagnose::cause(reason.as_ref()) {
                    Some(deeper) => format!("{reason}: {deeper}"),
                    None => reason.to_string(),
                })
            }
            Self::Unlistable { source, .. } => Some(source.to_string()),
            Self::Misfit { found, .. } => (!found.is_empty()).then(|| found.clone()),
            Self::Archive { fault, .. } => Some(fault.sentence().to_owned()),
            Self::Occupied {
                present, wanted, ..
            } => Some(format!(
                "it holds the certificate of {present}; {wanted} was to be installed"
            )),
            Self::ContextName { name, fault } => Some(match fault {
                NameFault::Reserved => format!("`{name}` is reserved by the docker CLI"),
                NameFault::Pattern => format!(
                    "`{name}` does not match ^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$ (two characters at least)"
                ),
            }),
            Self::ContextExists { name, .. }
            | Self::ContextMissing { name, .. }
            | Self::ContextInUse { name, .. } => Some(format!("the context is called `{name}`")),
            Self::ContextBroken { why, .. } | Self::ConfigBroken { why, .. } => Some(why.clone()),
            Self::BadEndpoint { given, why } => Some(format!("`{given}`: {why}")),
            Self::Unspeakable { path } => Some(path.clone()),
            Self::Unknown { known, .. } => Some(format!("known are {known}")),
            Self::Oversized { size, .. } => {
                Some(format!("it has {size} bytes, at most 1048576 are read"))
            }
            Self::Obstructed { obstacle, .. } => Some(obstacle.sentence().to_owned()),
            Self::Missing { .. } | Self::ConflictingChoice => None,
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Unreadable { reason, .. } | Self::BadPem { reason, .. } => reason.help(),
            Self::Archive {
                fault: ArchiveFault::Compressed,
                ..
            } => {
                Some("unpack it first (gunzip, unxz, unzip …) and give the tar archive".to_owned())
            }
            Self::Occupied { .. } => {
                Some("choose another directory or a context, or say `--replace`".to_owned())
            }
            Self::ContextExists { .. } => {
                Some("choose another name, or say `--replace`".to_owned())
            }
            Self::ContextMissing { .. } => Some("docker context ls".to_owned()),
            Self::ContextInUse { .. } => Some("docker context use default".to_owned()),
            Self::BadEndpoint { .. } => Some("write it as tcp://NAME:2376".to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ArchiveFault, BundleFile, ClientError, Misfit, NameFault, Obstacle};
    use crate::client::CATALOGUE;
    use sealock_diag::Diagnose;
    use std::collections::BTreeSet;
    use std::io;
    use std::path::PathBuf;

    const HOSTILE: &str = "/a\u{1b}[2J";

    fn every() -> Vec<ClientError> {
        let path = || PathBuf::from(HOSTILE);
        let text = || "x".to_owned();
        let place = || HOSTILE.to_owned();
        let reason = || -> sealock_change::BoxDiagnose { Box::new(ClientError::ConflictingChoice) };
        vec![
            ClientError::Unreadable {
                path: path(),
                reason: reason(),
            },
            ClientError::Unlistable {
                path: path(),
                source: io::ErrorKind::PermissionDenied.into(),
            },
            ClientError::Missing {
                place: place(),
                file: BundleFile::Key,
            },
            ClientError::BadPem {
                place: place(),
                file: BundleFile::Ca,
                reason: reason(),
            },
            ClientError::Misfit {
                place: place(),
                misfit: Misfit::NotAClient,
                found: text(),
            },
            ClientError::Oversized {
                path: path(),
                size: 7,
            },
            ClientError::archive(HOSTILE.as_bytes(), ArchiveFault::Compressed),
            ClientError::Occupied {
                dir: path(),
                present: text(),
                wanted: text(),
            },
            ClientError::Obstructed {
                path: path(),
                obstacle: Obstacle::Link,
            },
            ClientError::ContextName {
                name: text(),
                fault: NameFault::Reserved,
            },
            ClientError::ContextExists {
                name: text(),
                path: path(),
            },
            ClientError::ContextMissing {
                name: text(),
                path: path(),
            },
            ClientError::ContextBroken {
                path: path(),
                why: text(),
            },
            ClientError::ContextInUse {
                name: text(),
                path: path(),
            },
            ClientError::ConfigBroken {
                path: path(),
                why: text(),
            },
            ClientError::ConflictingChoice,
            ClientError::BadEndpoint {
                given: text(),
                why: "it is no NAME:PORT",
            },
            ClientError::Unspeakable { path: text() },
            ClientError::Unknown {
                what: "shell",
                given: text(),
                known: text(),
            },
        ]
    }

    #[test]
    fn every_code_is_in_the_catalogue_and_every_entry_is_used() {
        let used: BTreeSet<_> = every().iter().map(|error| error.code().0).collect();
        let explained: Vec<_> = CATALOGUE.iter().map(|entry| entry.code.0).collect();
        assert_eq!(
            explained,
            used.into_iter().collect::<Vec<_>>(),
            "sorted, each once"
        );
        for entry in CATALOGUE {
            assert!(
                !entry.title.ends_with('.')
                    && !entry.meaning.is_empty()
                    && !entry.remedy.is_empty()
            );
        }
    }

    #[test]
    fn no_error_lets_a_path_drive_the_terminal() {
        for error in every() {
            let shown = [
                Some(error.to_string()),
                error.location(),
                Diagnose::cause(&error),
                error.help(),
            ];
            for text in shown.into_iter().flatten() {
                assert!(
                    !text.contains('\u{1b}') && !text.ends_with('.'),
                    "{error:?}: {text}"
                );
            }
        }
    }
}
