//! Serials, key ids and fingerprints: bytes that people compare as hex.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;
use sealock_diag::{Code, Diagnose, escape};

use crate::Entropy;

/// SHA-1 of the bits of a subjectPublicKey (RFC 5280 §4.2.1.2, method 1).
///
/// SHA-1 only names a key here, nothing rests on its strength.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 20]);

impl KeyId {
    /// The id of the key whose subjectPublicKey bits these are.
    pub(crate) fn of_key_bits(bits: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bits);
        let mut id = [0; 20];
        id.copy_from_slice(hash.as_ref());
        Self(id)
    }

    /// The twenty bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// SHA-256 of a certificate's DER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of this DER.
    pub(crate) fn of(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        Self(bytes)
    }

    /// The thirty-two bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// A certificate's serial number: the magnitude, big endian, without leading zero bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// A fresh serial: 16 bytes of which 126 bits are random, positive, never a short one
    /// (RFC 5280 §4.1.2.2 allows up to 20).
    pub fn random(entropy: &mut dyn Entropy) -> Self {
        let mut bytes = vec![0; 16];
        entropy.fill(&mut bytes);
        if let Some(first) = bytes.first_mut() {
            // Top bit clear: positive in DER. Next bit set: sixteen bytes, always.
            *first = (*first & 0x3f) | 0x40;
        }
        Self(bytes)
    }

    /// The serial of these big-endian bytes; leading zeros do not count.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let start = bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len());
        Self(bytes.get(start..).unwrap_or_default().to_vec())
    }

    /// Big-endian magnitude without leading zeros; empty for zero.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A text that is no serial, key id or fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {wanted} in hexadecimal", escape(presented))]
pub struct IdentifierError {
    /// What it should have been.
    pub wanted: &'static str,
    /// What was given.
    pub presented: String,
}

impl Diagnose for IdentifierError {
    fn code(&self) -> Code {
        Code("SL-P002")
    }
    fn help(&self) -> Option<String> {
        Some("`sealock cert list` and `sealock cert show FILE` print it; colons may stay".into())
    }
}

fn parse_hex(wanted: &'static str, text: &str) -> Result<Vec<u8>, IdentifierError> {
    let error = || IdentifierError {
        wanted,
        presented: text.to_owned(),
    };
    let digits: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b':')
        .map(|b| {
            char::from(b)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        })
        .collect::<Option<_>>()
        .ok_or_else(error)?;
    let odd = digits.len() % 2;
    if digits.is_empty() || digits.len() > 128 {
        return Err(error());
    }
    let mut bytes = Vec::with_capacity(digits.len() / 2 + odd);
    let (head, rest) = digits.split_at(odd);
    bytes.extend_from_slice(head);
    bytes.extend(rest.chunks_exact(2).map(|pair| match pair {
        [high, low] => high << 4 | low,
        _ => 0,
    }));
    Ok(bytes)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if bytes.is_empty() {
        return f.write_str("00");
    }
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

macro_rules! hex_text {
    ($type:ident, $wanted:literal, |$bytes:ident| $make:expr) => {
        impl fmt::Display for $type {
            /// Lower-case hex, no separators.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(self.0.as_ref(), f)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self)
            }
        }
        impl FromStr for $type {
            type Err = IdentifierError;
            /// Hex of either case; colons are skipped.
            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                let $bytes = parse_hex($wanted, text)?;
                $make.ok_or_else(|| IdentifierError {
                    wanted: $wanted,
                    presented: text.to_owned(),
                })
            }
        }
    };
}

hex_text!(KeyId, "key id (40 digits)", |bytes| bytes
    .try_into()
    .ok()
    .map(KeyId));
hex_text!(Fingerprint, "fingerprint (64 digits)", |bytes| bytes
    .try_into()
    .ok()
    .map(Fingerprint));
hex_text!(Serial, "serial number", |bytes| Some(Serial::from_bytes(
    &bytes
)));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        for text in ["7f00", "4a:BC", "abc"] {
            let serial: Serial = text.parse().unwrap();
            assert_eq!(serial.to_string().parse::<Serial>(), Ok(serial));
        }
        assert_eq!("0:a:b:c".parse::<Serial>().unwrap().to_string(), "0abc");
        for text in ["", "xyz", "-1", "é"] {
            assert!(text.parse::<Serial>().is_err(), "{text}");
        }
        assert!("abcd".parse::<KeyId>().is_err());
        let id = KeyId::of_key_bits(b"key");
        assert_eq!(id.to_string().parse::<KeyId>(), Ok(id));
        let print = Fingerprint::of(b"der");
        assert_eq!(
            print.to_string().to_uppercase().parse::<Fingerprint>(),
            Ok(print)
        );
    }
}
