//! Where a passphrase comes from: a prompt, a file, an inherited descriptor, a systemd credential.
//! Never the command line and never the environment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sealock_diag::{Code, Entry, escape};
use sealock_pki::Passphrase;

use crate::failure::Failure;
use crate::input;

pub(crate) const SOURCE: Code = Code("SL-U010");
pub(crate) const UNREADABLE: Code = Code("SL-U011");
pub(crate) const MISMATCH: Code = Code("SL-U012");

pub(crate) const CATALOGUE: &[Entry] = &[
    Entry {
        code: SOURCE,
        title: "a passphrase is needed and there is nobody to ask",
        meaning: "The issuer keys in the vault are sealed with a passphrase. Sealock takes it from a prompt, \
                  a file, an inherited descriptor or a systemd credential, and never from the command line \
                  or the environment, where every process of the machine could read it.",
        remedy: "sealock --passphrase file:/root/sealock.pass …\nsealock --passphrase fd:3 … 3</root/sealock.pass\nsealock --passphrase prompt …",
    },
    Entry {
        code: UNREADABLE,
        title: "the passphrase cannot be read",
        meaning: "The file, descriptor or systemd credential that was named could not be read, is empty, is longer than \
                  4096 bytes, or is not UTF-8. Only the first line counts; the line end does not.",
        remedy: "Check the path and its owner; for a unit, LoadCredential=sealock-passphrase:/path.",
    },
    Entry {
        code: MISMATCH,
        title: "the two passphrases differ",
        meaning: "A new passphrase is asked for twice, because a slip of the finger would lock the authority for ever.",
        remedy: "Type the same passphrase twice.",
    },
];

/// A place that holds the passphrase; never the passphrase itself.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Prompt,
    File(PathBuf),
    Descriptor(i32),
    Credential(String),
}

/// Why a `--passphrase` argument is not a source. The argument is not repeated: it may be the secret.
#[derive(Debug)]
pub(crate) struct NotASource;

impl fmt::Display for NotASource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "expected prompt, file:PATH, fd:NUMBER or credential:NAME \
             (never the passphrase itself: other users can read a command line)",
        )
    }
}

impl std::error::Error for NotASource {}

impl FromStr for Source {
    type Err = NotASource;

    fn from_str(text: &str) -> Result<Self, NotASource> {
        if text == "prompt" {
            return Ok(Self::Prompt);
        }
        let (kind, rest) = text.split_once(':').ok_or(NotASource)?;
        match kind {
            "file" if !rest.is_empty() => Ok(Self::File(rest.into())),
            "fd" => rest
                .parse()
                .ok()
                .filter(|n| *n >= 0)
                .map(Self::Descriptor)
                .ok_or(NotASource),
            "credential" if !rest.is_empty() && !rest.contains('/') => {
                Ok(Self::Credential(rest.to_owned()))
            }
            _ => Err(NotASource),
        }
    }
}

/// The credential that is used when nothing else is said and systemd passed one.
const DEFAULT_CREDENTIAL: &str = "sealock-passphrase";

/// What a prompt asks unless it is about something else.
const AUTHORITY: &str = "passphrase of the authority: ";

impl Source {
    /// The source that needs no argument: the unit's credential, if there is one.
    pub(crate) fn from_systemd() -> Option<Self> {
        let path = credential_path(DEFAULT_CREDENTIAL)?;
        path.exists()
            .then(|| Self::Credential(DEFAULT_CREDENTIAL.to_owned()))
    }

    /// The inherited descriptor, if it is one.
    pub(crate) fn descriptor(&self) -> Option<i32> {
        match self {
            Self::Descriptor(number) => Some(*number),
            Self::Prompt | Self::File(_) | Self::Credential(_) => None,
        }
    }

    /// Reads the passphrase of an existing vault.
    pub(crate) fn read(&self) -> Result<Passphrase, Failure> {
        self.read_for(AUTHORITY)
    }

    /// Reads the passphrase of something else; the question is what a prompt asks.
    pub(crate) fn read_for(&self, question: &str) -> Result<Passphrase, Failure> {
        match self {
            Self::Prompt => prompt(question),
            Self::File(path) => first_line(&escape(&path.to_string_lossy()), path),
            Self::Descriptor(fd) => {
                // /proc/self/fd opens what was inherited without taking ownership of a raw number.
                let path = PathBuf::from(format!("/proc/self/fd/{fd}"));
                let place = format!("descriptor {fd}");
                if !path.exists() {
                    return Err(unreadable(&place, "nothing was passed as this descriptor"));
                }
                first_line(&place, &path)
            }
            Self::Credential(name) => {
                let path = credential_path(name).ok_or_else(|| {
                    unreadable(&format!("credential {name}"), "CREDENTIALS_DIRECTORY is not set: not started by systemd with LoadCredential")
                })?;
                first_line(&format!("credential {}", escape(name)), &path)
            }
        }
    }

    /// Reads the passphrase of a vault about to be made: a prompt asks twice.
    pub(crate) fn read_new(&self) -> Result<Passphrase, Failure> {
        self.read_new_for(AUTHORITY)
    }

    /// The same for something else.
    pub(crate) fn read_new_for(&self, question: &str) -> Result<Passphrase, Failure> {
        let first = self.read_for(question)?;
        if matches!(self, Self::Prompt) {
            let second = prompt("once more: ")?;
            if first.expose() != second.expose() {
                return Err(Failure::own(MISMATCH, "the two passphrases differ"));
            }
        }
        Ok(first)
    }
}

fn credential_path(name: &str) -> Option<PathBuf> {
    std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| PathBuf::from(dir).join(name))
}

fn prompt(question: &str) -> Result<Passphrase, Failure> {
    let text = rpassword::prompt_password(question).map_err(|_| {
        Failure::own(
            SOURCE,
            "a passphrase is needed and there is no terminal to ask on",
        )
        .at("the prompt")
        .help("sealock --passphrase file:PATH …")
    })?;
    Passphrase::new(text).map_err(|error| unreadable("the prompt", &error.to_string()))
}

fn first_line(place: &str, path: &Path) -> Result<Passphrase, Failure> {
    const LIMIT: u64 = 4096;
    let bytes = input::open(path)
        .and_then(|file| input::take(file, LIMIT))
        .map_err(|error| unreadable(place, &input::words(path, &error)))?
        .ok_or_else(|| unreadable(place, &format!("it is longer than {LIMIT} bytes")))?;
    let text =
        std::str::from_utf8(&bytes).map_err(|_| unreadable(place, "it is not UTF-8 text"))?;
    let line = text.lines().next().unwrap_or_default();
    Passphrase::new(line.to_owned()).map_err(|_| unreadable(place, "its first line is empty"))
}

fn unreadable(place: &str, cause: &str) -> Failure {
    Failure::own(UNREADABLE, "the passphrase cannot be read")
        .at(place)
        .because(cause)
}
