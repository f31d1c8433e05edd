//! The header: who can open the file, and a MAC over every byte of that.

use crate::Asks;
use crate::error::AgeError;
use crate::wrap::{FileKey, derived};
use aws_lc_rs::hmac;
use base64ct::{Base64Unpadded, Encoding};

/// How every file of this version begins.
pub(crate) const MAGIC: &[u8] = b"age-encryption.org/v1\n";
const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
/// Characters of base64 on a full line of a body.
const COLUMNS: usize = 64;
/// More recipients than anybody names, and few enough to try each of them.
const MOST_STANZAS: usize = 1024;
/// The longest line that is looked at: stanzas of other kinds may be longer than ours.
const LONGEST_LINE: usize = 8192;
/// The longest body of a stanza of another kind, in lines.
const MOST_LINES: usize = 1024;

/// The file key as one recipient can open it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stanza {
    /// The kind, and its arguments.
    pub(crate) words: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// A header that was read, and not yet verified.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) stanzas: Vec<Stanza>,
    mac: Vec<u8>,
    /// Where the MAC's own line goes on after its dashes: what comes before is authenticated.
    covered: usize,
    end: usize,
}

impl Header {
    pub(crate) fn read(sealed: &[u8]) -> Result<Self, AgeError> {
        if !sealed.starts_with(MAGIC) {
            return Err(if sealed.trim_ascii_start().starts_with(ARMOR) {
                AgeError::Armored
            } else if !sealed.is_empty() && MAGIC.starts_with(sealed) {
                AgeError::Truncated
            } else {
                AgeError::NotAge
            });
        }
        let mut lines = Lines {
            bytes: sealed,
            at: MAGIC.len(),
        };
        let mut stanzas = Vec::new();
        loop {
            let start = lines.at;
            let line = lines.next()?;
            if let Some(mac) = line.strip_prefix("---") {
                let mac = mac.strip_prefix(' ').and_then(decode);
                let mac = mac
                    .filter(|mac| mac.len() == 32)
                    .ok_or(AgeError::Malformed("its MAC is not 32 bytes"))?;
                if stanzas.is_empty() {
                    return Err(AgeError::Malformed("it has no recipient"));
                }
                return Ok(Self {
                    stanzas,
                    mac,
                    covered: start + 3,
                    end: lines.at,
                });
            }
            if stanzas.len() == MOST_STANZAS {
                return Err(AgeError::Malformed("it has more than 1024 recipients"));
            }
            stanzas.push(stanza(line, &mut lines)?);
        }
    }

    /// A passphrase is never one of several, so the first stanza tells.
    pub(crate) fn asks(&self) -> Asks {
        let scrypt = |stanza: &Stanza| stanza.words.first().is_some_and(|kind| kind == "scrypt");
        if self.stanzas.iter().any(scrypt) {
            Asks::Passphrase
        } else {
            Asks::Identity
        }
    }

    pub(crate) fn verify(&self, file_key: &FileKey, sealed: &[u8]) -> Result<(), AgeError> {
        let covered = sealed.get(..self.covered).unwrap_or_default();
        hmac::verify(&mac_key(file_key), covered, &self.mac)
            .map_err(|_| AgeError::Altered("its header"))
    }

    pub(crate) fn payload<'a>(&self, sealed: &'a [u8]) -> &'a [u8] {
        sealed.get(self.end..).unwrap_or_default()
    }
}

/// The bytes of a header with these stanzas.
pub(crate) fn write(stanzas: &[Stanza], file_key: &FileKey) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    for Stanza { words, body } in stanzas {
        out.extend_from_slice(format!("-> {}\n", words.join(" ")).as_bytes());
        let body = encode(body);
        let mut rest = body.as_str();
        // A line that is not full ends the body; after a full one that line may be empty.
        while let Some((line, more)) = rest.split_at_checked(COLUMNS) {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
            rest = more;
        }
        out.extend_from_slice(rest.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"---");
    let mac = hmac::sign(&mac_key(file_key), &out);
    out.extend_from_slice(format!(" {}\n", encode(mac.as_ref())).as_bytes());
    out
}

/// Base64 without padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64Unpadded::encode_string(bytes)
}

/// The bytes of canonical base64 without padding: one spelling for each.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = Base64Unpadded::decode_vec(text).ok()?;
    (encode(&bytes) == text).then_some(bytes)
}

fn mac_key(file_key: &FileKey) -> hmac::Key {
    let key = derived(file_key.expose(), b"", b"header");
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

fn stanza(first: &str, lines: &mut Lines<'_>) -> Result<Stanza, AgeError> {
    let words = first.strip_prefix("-> ").ok_or(AgeError::Malformed(
        "a line is neither a recipient nor the MAC",
    ))?;
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    let visible =
        |word: &String| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic());
    if !words.iter().all(visible) {
        return Err(AgeError::Malformed(
            "a recipient's words are not set apart by one space each",
        ));
    }
    let mut body = String::new();
    for _ in 0..MOST_LINES {
        let line = lines.next()?;
        if line.len() > COLUMNS {
            return Err(AgeError::Malformed(
                "a line of a recipient is longer than 64 characters",
            ));
        }
        body.push_str(line);
        if line.len() < COLUMNS {
            let body =
                decode(&body).ok_or(AgeError::Malformed("a recipient's key is not base64"))?;
            return Ok(Stanza { words, body });
        }
    }
    Err(AgeError::Malformed(
        "a recipient's key is longer than 1024 lines",
    ))
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, AgeError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let window = rest.get(..LONGEST_LINE).unwrap_or(rest);
        let length = match window.iter().position(|byte| *byte == b'\n') {
            Some(length) => length,
            None if window.len() < LONGEST_LINE => return Err(AgeError::Truncated),
            None => return Err(AgeError::Malformed("a line is longer than 8192 characters")),
        };
        self.at += length + 1;
        let line = window.get(..length).unwrap_or_default();
        std::str::from_utf8(line)
            .ok()
            .filter(|line| line.is_ascii())
            .ok_or(AgeError::Malformed("a line is not ASCII"))
    }
}
