//! Certificates refused at once, for the minutes before a revocation list names them.

use aws_lc_rs::digest::{SHA256, digest};
use sealock_diag::escape;
use sealock_pki::Certificate;
use std::collections::BTreeSet;
use std::fmt;

/// Longer than any list that people keep by hand; beyond it a revocation list is the right thing.
const LINES_LIMIT: usize = 100_000;

/// Serials and keys that are refused whatever their chain.
///
/// One `serial:HEX` or `spki:HEX` (the SHA-256 of the SubjectPublicKeyInfo) a line; colons between the
/// digits, letter case and leading zeros of serials do not matter; `#` begins a comment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DenyList {
    serials: BTreeSet<Vec<u8>>,
    keys: BTreeSet<[u8; 32]>,
}

/// A line that is neither `serial:` nor `spki:`: whoever wrote it meant to refuse somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the deny-list cannot be read: {detail}")]
pub struct DenyListError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it; foreign text in it is escaped.
    pub detail: String,
}

impl DenyList {
    /// Reads a list.
    ///
    /// # Errors
    /// At the first line that cannot be read.
    pub fn parse(text: &[u8]) -> Result<Self, DenyListError> {
        let mut list = Self::default();
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let fail = |detail: String| DenyListError {
                line: index + 1,
                detail,
            };
            if index >= LINES_LIMIT {
                return Err(fail(format!("{LINES_LIMIT} lines are the most")));
            }
            let line = std::str::from_utf8(line).map_err(|_| fail("it is not UTF-8".to_owned()))?;
            let wanted = line.split('#').next().unwrap_or_default().trim();
            if !wanted.is_empty() {
                list.add(wanted).map_err(fail)?;
            }
        }
        Ok(list)
    }

    fn add(&mut self, entry: &str) -> Result<(), String> {
        let shown = || escape(&entry.chars().take(100).collect::<String>());
        let unknown = || {
            format!(
                "`{}` is neither `serial:` nor `spki:` with hexadecimal digits",
                shown()
            )
        };
        let (kind, digits) = entry.split_once(':').ok_or_else(unknown)?;
        match kind.trim() {
            "serial" => {
                // RFC 5280 allows 20 bytes; foreign authorities have used more.
                let serial = bytes_of(digits).filter(|bytes| bytes.len() <= 64);
                self.serials.insert(bare(&serial.ok_or_else(unknown)?));
            }
            "spki" => {
                let key = bytes_of(digits).ok_or_else(unknown)?;
                let key = <[u8; 32]>::try_from(key)
                    .map_err(|key| format!("`{}` has {} bytes, not 32", shown(), key.len()))?;
                self.keys.insert(key);
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.serials.len() + self.keys.len()
    }

    /// Whether nobody is refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entry that refuses this certificate, as it would stand in the list.
    pub fn names(&self, certificate: &Certificate) -> Option<Denied> {
        if self.is_empty() {
            return None;
        }
        let serial = bare(certificate.serial().as_bytes());
        if self.serials.contains(&serial) {
            return Some(Denied::Serial(serial));
        }
        self.names_key_of(certificate)
    }

    /// The entry that refuses this certificate's key.
    pub(super) fn names_key_of(&self, certificate: &Certificate) -> Option<Denied> {
        if self.keys.is_empty() {
            return None;
        }
        let key = digest(&SHA256, certificate.spki_der());
        let key = <[u8; 32]>::try_from(key.as_ref()).ok()?;
        self.keys.contains(&key).then_some(Denied::Key(key))
    }
}

/// An entry of a deny-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A serial without leading zeros.
    Serial(Vec<u8>),
    /// The SHA-256 of a public key.
    Key([u8; 32]),
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            Self::Serial(bytes) => ("serial", bytes.as_slice()),
            Self::Key(bytes) => ("spki", bytes.as_slice()),
        };
        write!(f, "{kind}:")?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Hexadecimal digits, with or without colons between pairs; an odd digit gets a zero in front.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .trim()
        .bytes()
        .filter(|byte| *byte != b':')
        .map(|byte| char::from(byte).to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    if digits.is_empty() {
        return None;
    }
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    let pairs = pairs.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    Some(odd.iter().copied().chain(pairs).collect())
}

/// Without leading zeros.
fn bare(serial: &[u8]) -> Vec<u8> {
    let zeros = serial.iter().take_while(|byte| **byte == 0).count();
    serial[zeros..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_in_every_usual_spelling() {
        let key = "ab".repeat(32);
        let text = format!(
            "# stolen laptop\nserial:0A:0b\r\n\n  serial: a0b # again\nspki:{}\n",
            key.to_uppercase()
        );
        let list = DenyList::parse(text.as_bytes()).unwrap();
        assert_eq!(list.serials, BTreeSet::from([vec![0x0a, 0x0b]]));
        assert_eq!(list.keys, BTreeSet::from([[0xab; 32]]));
        assert_eq!(list.len(), 2);
        assert_eq!(DenyList::parse(b"").unwrap(), DenyList::default());
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_its_line() {
        for (text, line, detail) in [
            (&b"serial:12\ncn:alice\n"[..], 2, "`cn:alice` is neither"),
            (b"alice", 1, "neither"),
            (b"serial:", 1, "neither"),
            (b"serial:12 34", 1, "neither"),
            (b"serial:\xc3\xa4", 1, "neither"),
            (b"spki:1234", 1, "has 2 bytes, not 32"),
            (b"\n\n\xff", 3, "not UTF-8"),
        ] {
            let error = DenyList::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{error}");
            assert!(error.to_string().contains(detail), "{error}");
        }
        let long = "\n".repeat(LINES_LIMIT + 1);
        assert_eq!(
            DenyList::parse(long.as_bytes()).unwrap_err().line,
            LINES_LIMIT + 1
        );
    }

    #[test]
    fn an_entry_is_shown_as_it_is_written() {
        assert_eq!(Denied::Serial(vec![0x0a, 1]).to_string(), "serial:0a01");
        let shown = Denied::Key([7; 32]).to_string();
        assert_eq!(DenyList::parse(shown.as_bytes()).unwrap().keys.len(), 1);
    }
}
