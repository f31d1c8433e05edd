//! The age file format, v1 (<https://c2sp.org/age>): sealed for X25519 recipients or with a passphrase.
//!
//! ```text
//! age-encryption.org/v1          header: the file key, wrapped once for each recipient
//! -> X25519 <share>              or  -> scrypt <salt> <cost>
//! <wrapped key>
//! --- <MAC of the header>
//! <nonce><chunks of 64 KiB>      payload: ChaCha20-Poly1305, the last chunk marked as the last
//! ```
//!
//! Whole files in memory, no streams: what is sealed here are vaults. Randomness is an argument. What the
//! reader takes is what the real tool takes for these two kinds of recipients, with a bound on the work
//! that a passphrase may cost; plugins, SSH keys, sealed identity files and ASCII armour are refused by name.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)
)]

mod error;
mod header;
mod keys;
mod stream;
mod wrap;

pub use error::AgeError;
pub use keys::{Identity, Recipient};

use header::Header;
use sealock_diag::Sensitive;

/// Source of unpredictable bytes.
pub type Draw<'a> = &'a mut dyn FnMut(&mut [u8]);

/// Who will be able to open a file.
#[derive(Debug)]
pub enum Lock<'a> {
    /// Whoever holds the identity of any of these.
    Recipients(&'a [Recipient]),
    /// Whoever knows this passphrase.
    Passphrase(&'a Sensitive<String>),
}

/// What a file is opened with.
#[derive(Debug)]
pub enum Key<'a> {
    /// Any of these identities.
    Identities(&'a [Identity]),
    /// A passphrase.
    Passphrase(&'a Sensitive<String>),
}

/// What a file asks for, as its header says. Nothing of this is authenticated before it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A passphrase.
    Passphrase,
    /// The identity of a recipient.
    Identity,
}

/// Seals bytes. Every call draws a new file key, so the same bytes never look the same.
///
/// # Errors
/// [`AgeError::NoRecipient`], and [`AgeError::BadRecipient`] for one with which no secret can be agreed on.
pub fn seal(lock: &Lock<'_>, plain: &[u8], draw: Draw<'_>) -> Result<Vec<u8>, AgeError> {
    let mut file_key = Sensitive::new([0; wrap::FILE_KEY]);
    wrap::fill(&mut file_key, draw);
    let stanzas = match lock {
        Lock::Recipients([]) => return Err(AgeError::NoRecipient),
        Lock::Recipients(recipients) => recipients
            .iter()
            .map(|recipient| wrap::for_recipient(recipient, &file_key, draw))
            .collect::<Result<_, _>>()?,
        Lock::Passphrase(passphrase) => {
            vec![wrap::with_passphrase(passphrase, &file_key, draw)?]
        }
    };
    let mut out = header::write(&stanzas, &file_key);
    stream::seal(&file_key, plain, draw, &mut out)?;
    Ok(out)
}

/// Opens a file: all of its bytes, or none when a single one is not what was sealed.
///
/// # Errors
/// That it is no age file, is damaged or cut off, asks for something else, or does not open with what was given.
pub fn open(key: &Key<'_>, sealed: &[u8]) -> Result<Sensitive<Vec<u8>>, AgeError> {
    let header = Header::read(sealed)?;
    let file_key = match (key, header.asks()) {
        (Key::Identities(identities), Asks::Identity) => {
            wrap::open_with(identities, &header.stanzas)?
        }
        (Key::Passphrase(passphrase), Asks::Passphrase) => {
            wrap::open_by_passphrase(passphrase, &header.stanzas)?
        }
        (_, asks) => return Err(AgeError::Asks(asks)),
    };
    header.verify(&file_key, sealed)?;
    stream::open(&file_key, header.payload(sealed))
}

/// What a file asks for.
///
/// # Errors
/// That it is no age file, or that its header cannot be read.
pub fn asks(sealed: &[u8]) -> Result<Asks, AgeError> {
    Ok(Header::read(sealed)?.asks())
}

/// Whether bytes begin as every age file does.
pub fn is_age(bytes: &[u8]) -> bool {
    bytes.starts_with(header::MAGIC)
}
