//! Who can open an archive, and opening one.

use std::path::Path;

use sealock_age::{AgeError, Asks, Identity, Key, Lock, Recipient};
use sealock_diag::{Code, Sensitive, escape};
use sealock_pki::{Entropy, Passphrase};
use sealock_vault::SystemEntropy;

use super::codes;
use crate::cli::Openers;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::passphrase::Source;
use crate::session::Session;

/// Larger than every file of identities.
const LARGEST_IDENTITIES: u64 = 1 << 20;

/// Who will be able to open an archive.
#[derive(Debug)]
pub(crate) enum Recipients {
    To(Vec<Recipient>),
    Passphrase(Sensitive<String>),
}

impl Recipients {
    /// From the words of a command line; a person at a terminal who said nothing is asked for a passphrase, twice.
    pub(crate) fn from_args(openers: &Openers, session: &Session) -> Result<Self, Failure> {
        let (to, passphrase) = (&openers.to, openers.archive_passphrase.as_ref());
        if !to.is_empty() {
            let mut recipients: Vec<Recipient> = Vec::new();
            for text in to {
                let recipient = text.parse().map_err(|error: AgeError| {
                    Failure::own(codes::NO_KEY, "this is no recipient that sealock can use")
                        .at("--to")
                        .because(error.to_string())
                        .help("age-keygen -y key.txt        prints the recipient of a key file")
                        .exit(Exit::Usage)
                })?;
                if !recipients.contains(&recipient) {
                    recipients.push(recipient);
                }
            }
            return Ok(Self::To(recipients));
        }
        let source = match passphrase {
            Some(source) => source,
            None if session.printer.is_interactive() => &Source::Prompt,
            None => {
                return Err(Failure::own(
                    codes::NOBODY,
                    "nobody was named who could open the archive",
                )
                .exit(Exit::Usage));
            }
        };
        let passphrase = source.read_new_for("passphrase of the archive: ")?;
        Ok(Self::Passphrase(owned(&passphrase)))
    }

    /// In a sentence, after "sealed".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::To(one) if one.len() == 1 => format!("for {}", one[0]),
            Self::To(many) => format!("for {} recipients", many.len()),
            Self::Passphrase(_) => "with a passphrase".to_owned(),
        }
    }

    /// What opens it again, when that is known here.
    pub(crate) fn opener(&self) -> Option<Opener> {
        match self {
            Self::To(_) => None,
            Self::Passphrase(passphrase) => Some(Opener::Passphrase(passphrase.clone())),
        }
    }
}

/// What an archive is opened with.
#[derive(Debug)]
pub(crate) enum Opener {
    Identities(Vec<Identity>),
    Passphrase(Sensitive<String>),
}

impl Opener {
    /// From the words of a command line; a person at a terminal is asked when the archive has a passphrase.
    pub(crate) fn from_args(
        identity: Option<&Path>,
        passphrase: Option<&Source>,
        sealed: &[u8],
        session: &Session,
    ) -> Result<Self, Failure> {
        if let Some(path) = identity {
            return Ok(Self::Identities(identities(path)?));
        }
        let asks = sealock_age::asks(sealed).map_err(|error| refusal(&error))?;
        let source = match (passphrase, asks) {
            (Some(source), _) => source,
            (None, Asks::Passphrase) if session.printer.is_interactive() => &Source::Prompt,
            (None, Asks::Passphrase) => {
                return Err(
                    Failure::own(codes::CLOSED, "the archive asks for a passphrase")
                        .help("sealock restore FILE --archive-passphrase file:PATH"),
                );
            }
            (None, Asks::Identity) => {
                return Err(
                    Failure::own(codes::CLOSED, "the archive is sealed for recipients")
                        .help("sealock restore FILE --identity key.txt"),
                );
            }
        };
        Ok(Self::Passphrase(owned(
            &source.read_for("passphrase of the archive: ")?,
        )))
    }
}

/// Seals bytes.
pub(crate) fn seal(recipients: &Recipients, plain: &[u8]) -> Result<Vec<u8>, Failure> {
    let lock = match recipients {
        Recipients::To(recipients) => Lock::Recipients(recipients),
        Recipients::Passphrase(passphrase) => Lock::Passphrase(passphrase),
    };
    let mut entropy = SystemEntropy;
    sealock_age::seal(&lock, plain, &mut |buffer| entropy.fill(buffer))
        .map_err(|error| refusal(&error))
}

/// Opens bytes: all of them, or none.
pub(crate) fn open(opener: &Opener, sealed: &[u8]) -> Result<Sensitive<Vec<u8>>, Failure> {
    let key = match opener {
        Opener::Identities(identities) => Key::Identities(identities),
        Opener::Passphrase(passphrase) => Key::Passphrase(passphrase),
    };
    sealock_age::open(&key, sealed).map_err(|error| refusal(&error))
}

fn identities(path: &Path) -> Result<Vec<Identity>, Failure> {
    let bytes = Sensitive::new(input::read(path, LARGEST_IDENTITIES)?);
    let bad = |cause: String| {
        Failure::own(
            codes::NO_KEY,
            "there is no identity that sealock can use in this file",
        )
        .at(escape(&path.to_string_lossy()))
        .because(cause)
    };
    if sealock_age::is_age(bytes.expose()) {
        return Err(
            bad("identity files that are sealed themselves are not supported".to_owned())
                .help("open it first\n  age -d SEALED > key.txt"),
        );
    }
    let text =
        std::str::from_utf8(bytes.expose()).map_err(|_| bad("it is not UTF-8 text".to_owned()))?;
    Identity::read_all(text).map_err(|error| bad(error.to_string()))
}

fn owned(passphrase: &Passphrase) -> Sensitive<String> {
    Sensitive::new(passphrase.expose().to_owned())
}

/// What kind of refusal an error of the format is.
fn refusal(error: &AgeError) -> Failure {
    let (code, headline): (Code, &str) = match error {
        AgeError::NotAge | AgeError::Armored => {
            (codes::NO_ARCHIVE, "this is no archive of sealock")
        }
        AgeError::Malformed(_) | AgeError::Altered(_) | AgeError::Truncated => {
            (codes::ALTERED, "the archive was cut off or altered")
        }
        AgeError::Asks(_) | AgeError::WrongPassphrase | AgeError::WrongIdentity { .. } => {
            (codes::CLOSED, "the archive does not open with this")
        }
        AgeError::TooMuchWork { .. } => (
            codes::HOSTILE,
            "the archive asks for more work than any archive of ours",
        ),
        AgeError::NoRecipient
        | AgeError::BadRecipient(_)
        | AgeError::BadIdentity { .. }
        | AgeError::NoIdentity => (codes::NO_KEY, "this is no key that sealock can use"),
    };
    let failure = Failure::own(code, headline).because(error.to_string());
    match error {
        AgeError::Armored => failure.help(
            "take the armour off first\n  age -d -i key.txt FILE | age -r age1… -o vault.age",
        ),
        AgeError::Asks(Asks::Passphrase) => {
            failure.help("sealock restore FILE --archive-passphrase prompt")
        }
        AgeError::Asks(Asks::Identity) => failure.help("sealock restore FILE --identity key.txt"),
        _ => failure,
    }
}
