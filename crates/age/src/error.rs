//! Why something cannot be sealed or opened.

use crate::Asks;

/// An error of this crate. It has no code: whoever asked knows what the file was for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgeError {
    /// The file does not begin as an age file does.
    #[error("it is no age file")]
    NotAge,
    /// The file is ASCII armoured.
    #[error("it is an age file in ASCII armour, and only the binary form is read")]
    Armored,
    /// The header breaks the rules of the format.
    #[error("its header is damaged: {0}")]
    Malformed(&'static str),
    /// A byte is not what was sealed.
    #[error("it was altered: {0} does not verify")]
    Altered(&'static str),
    /// The end is missing.
    #[error("it is cut off: its end is missing")]
    Truncated,
    /// It asks for something else than what was given.
    #[error("it is sealed {}", match .0 { Asks::Passphrase => "with a passphrase", Asks::Identity => "for recipients" })]
    Asks(Asks),
    /// The passphrase is not the one it was sealed with.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// None of the identities is one of a recipient.
    #[error("it is sealed for {} that we can read, and none of the identities is theirs", recipients(.readable))]
    WrongIdentity {
        /// How many X25519 recipients it has.
        readable: usize,
    },
    /// The passphrase was stretched further than we are ready to compute.
    #[error(
        "its passphrase is stretched with 2^{presented} rounds, and at most 2^{most} are computed here"
    )]
    TooMuchWork {
        /// The binary logarithm that the header asks for.
        presented: u8,
        /// The largest that is computed.
        most: u8,
    },
    /// Nobody could open it.
    #[error("no recipient was named")]
    NoRecipient,
    /// Text that is no recipient.
    #[error("{0}")]
    BadRecipient(&'static str),
    /// Text that is no identity. The text is not repeated: it is a secret, or close to one.
    #[error("line {line}: {why}")]
    BadIdentity {
        /// The line in the file, from 1.
        line: usize,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A file without an identity.
    #[error("there is no identity in it")]
    NoIdentity,
}

fn recipients(count: &usize) -> String {
    match count {
        0 => "no recipient".to_owned(),
        1 => "1 recipient".to_owned(),
        count => format!("{count} recipients"),
    }
}
