//! PEM in every form users have (RFC 7468, leniently): junk around blocks, CRLF, a byte order mark,
//! encapsulated headers. What cannot be read is named, with the command that mends it.

use sealock_diag::{Code, Diagnose, escape};
use zeroize::Zeroizing;

/// A file longer than this is not read: no PEM file of keys or certificates comes near it, and a
/// CRL of this size holds more than 300,000 entries.
const LIMIT: usize = 16 * 1024 * 1024;

/// Why a text holds no usable PEM block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// No bytes at all.
    #[error("there is no {wanted} here: the input is empty")]
    Empty {
        /// What was looked for.
        wanted: &'static str,
    },
    /// More than sixteen MiB.
    #[error("the input has {length} bytes; {LIMIT} are the most that are read")]
    TooLarge {
        /// Bytes presented.
        length: usize,
    },
    /// DER or another binary format.
    #[error("there is no {wanted} in PEM here: the input is {looks_like}")]
    Binary {
        /// What was looked for.
        wanted: &'static str,
        /// What the bytes look like.
        looks_like: &'static str,
    },
    /// Text, but no BEGIN line.
    #[error("there is no {wanted} here: the text has no `-----BEGIN` line")]
    NoBlock {
        /// What was looked for.
        wanted: &'static str,
    },
    /// A BEGIN without its END.
    #[error(
        "the PEM block `{}` has no matching END line: the file is cut off",
        escape(label)
    )]
    Truncated {
        /// The block's label.
        label: String,
    },
    /// Something between BEGIN and END that is not base64.
    #[error(
        "the PEM block `{}` holds broken base64 in its line {line}",
        escape(label)
    )]
    Base64 {
        /// The block's label.
        label: String,
        /// The line within the block, counted from the BEGIN line as 1.
        line: usize,
    },
    /// Blocks of other kinds only.
    #[error("there is no {wanted} here, but {}", escape(found))]
    WrongLabel {
        /// What was looked for.
        wanted: &'static str,
        /// The labels present.
        found: String,
    },
    /// More than one where one is expected.
    #[error("{wanted}: {count} are here, and exactly one is expected")]
    Several {
        /// What was looked for.
        wanted: &'static str,
        /// How many there are.
        count: usize,
    },
}

impl Diagnose for PemError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Empty { .. } => "SL-P101",
            Self::TooLarge { .. } => "SL-P102",
            Self::Binary { .. } => "SL-P103",
            Self::NoBlock { .. } => "SL-P104",
            Self::Truncated { .. } => "SL-P105",
            Self::Base64 { .. } => "SL-P106",
            Self::WrongLabel { .. } => "SL-P107",
            Self::Several { .. } => "SL-P108",
        })
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Binary { wanted, looks_like } if *looks_like == DER => Some(match *wanted {
                "private key" => {
                    "convert it with `openssl pkey -inform DER -in OLD -out NEW.pem`".into()
                }
                "certificate signing request" => {
                    "convert it with `openssl req -inform DER -in OLD -out NEW.pem`".into()
                }
                "revocation list" => {
                    "convert it with `openssl crl -inform DER -in OLD -out NEW.pem`".into()
                }
                _ => "convert it with `openssl x509 -inform DER -in OLD -out NEW.pem`".into(),
            }),
            Self::Binary { looks_like, .. } if *looks_like == UTF16 => {
                Some("convert it with `iconv -f UTF-16 -t UTF-8 OLD > NEW.pem`".into())
            }
            Self::WrongLabel {
                wanted: "certificate",
                found,
            } if found.contains("PRIVATE KEY") => {
                Some("this is a key file; was the certificate's file meant?".into())
            }
            Self::WrongLabel {
                wanted: "private key",
                found,
            } if found.contains("CERTIFICATE") => {
                Some("this is a certificate file; was the key's file meant?".into())
            }
            Self::Truncated { .. } | Self::Base64 { .. } => {
                Some("copy the file again from where it came".into())
            }
            _ => None,
        }
    }
}

const DER: &str = "binary (DER, or a PKCS#12 archive)";
const UTF16: &str = "UTF-16 text";

/// One block, decoded.
pub(crate) struct Block {
    pub(crate) label: String,
    /// `Proc-Type: 4,ENCRYPTED` and its like (RFC 1421).
    pub(crate) headers: Vec<String>,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Every block of the input, in order.
pub(crate) fn blocks(input: &[u8], wanted: &'static str) -> Result<Vec<Block>, PemError> {
    if input.len() > LIMIT {
        return Err(PemError::TooLarge {
            length: input.len(),
        });
    }
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    if input.iter().all(u8::is_ascii_whitespace) {
        return Err(PemError::Empty { wanted });
    }
    let mut found = Vec::new();
    let mut lines = Lines { rest: input };
    while let Some(line) = lines.next() {
        if let Some(label) = marker(line, b"-----BEGIN ") {
            found.push(block(label, &mut lines)?);
        }
    }
    if found.is_empty() {
        return Err(no_block(input, wanted));
    }
    Ok(found)
}

/// The blocks whose label is one of `labels`; at least one.
pub(crate) fn blocks_labelled(
    input: &[u8],
    wanted: &'static str,
    labels: &[&str],
) -> Result<Vec<Block>, PemError> {
    let (fitting, others): (Vec<_>, Vec<_>) = blocks(input, wanted)?
        .into_iter()
        .partition(|block| labels.contains(&block.label.as_str()));
    if fitting.is_empty() {
        let mut names: Vec<_> = others.into_iter().map(|block| block.label).collect();
        names.sort();
        names.dedup();
        names.truncate(5);
        return Err(PemError::WrongLabel {
            wanted,
            found: names.join(", "),
        });
    }
    Ok(fitting)
}

/// The only block with one of these labels.
pub(crate) fn only_block(
    input: &[u8],
    wanted: &'static str,
    labels: &[&str],
) -> Result<Block, PemError> {
    let mut fitting = blocks_labelled(input, wanted, labels)?;
    let count = fitting.len();
    match fitting.pop() {
        Some(block) if count == 1 => Ok(block),
        _ => Err(PemError::Several { wanted, count }),
    }
}

/// PEM with 64 characters a line, as every reader accepts it.
pub(crate) fn encode(label: &str, der: &[u8]) -> Vec<u8> {
    // Sized in advance: a key must not be left behind in buffers that grew.
    let characters = der.len().div_ceil(3) * 4;
    let mut out = Vec::with_capacity(characters + characters / 64 + 2 * label.len() + 40);
    out.extend_from_slice(b"-----BEGIN ");
    out.extend_from_slice(label.as_bytes());
    out.extend_from_slice(b"-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0u32, |sum, b| sum << 8 | u32::from(*b))
                << (8 * (3 - group.len()));
            for place in 0..4 {
                let index = (bits >> (18 - 6 * place) & 0x3f) as usize;
                out.push(if place <= group.len() {
                    ALPHABET[index]
                } else {
                    b'='
                });
            }
        }
        out.push(b'\n');
    }
    out.extend_from_slice(b"-----END ");
    out.extend_from_slice(label.as_bytes());
    out.extend_from_slice(b"-----\n");
    out
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The next line, ended by LF, CR LF or (old Macs) CR, without white space at its ends.
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        let (line, rest) = match end {
            Some(at) => (self.rest.get(..at)?, self.rest.get(at + 1..)?),
            None => (self.rest, &[][..]),
        };
        self.rest = rest;
        Some(line.trim_ascii())
    }
}

fn marker<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

fn block(label: &[u8], lines: &mut Lines<'_>) -> Result<Block, PemError> {
    let label: String = String::from_utf8_lossy(label).chars().take(80).collect();
    let mut headers = Vec::new();
    let mut decoder = Decoder::new(lines.rest.len().min(LIMIT));
    let mut number = 1;
    while let Some(line) = lines.next() {
        number += 1;
        if let Some(end) = marker(line, b"-----END ") {
            if end != label.as_bytes() {
                break;
            }
            return match decoder.finish() {
                Some(body) => Ok(Block {
                    label,
                    headers,
                    body,
                }),
                None => Err(PemError::Base64 {
                    label,
                    line: number - 1,
                }),
            };
        }
        if line.starts_with(b"-----BEGIN ") {
            break;
        }
        if line.contains(&b':') && decoder.is_fresh() && headers.len() < 16 {
            headers.push(String::from_utf8_lossy(line).into_owned());
        } else if decoder.line(line).is_none() {
            return Err(PemError::Base64 {
                label,
                line: number,
            });
        }
    }
    Err(PemError::Truncated { label })
}

struct Decoder {
    out: Zeroizing<Vec<u8>>,
    bits: u32,
    count: u32,
    padding: u32,
}

impl Decoder {
    fn new(remaining: usize) -> Self {
        // Keys fit without growing (growth would leave copies behind); a hostile file of many
        // small blocks must not make us reserve its whole length for each of them.
        let out = Zeroizing::new(Vec::with_capacity(remaining.min(8192)));
        Self {
            out,
            bits: 0,
            count: 0,
            padding: 0,
        }
    }

    fn is_fresh(&self) -> bool {
        self.out.is_empty() && self.count == 0 && self.padding == 0
    }

    fn line(&mut self, line: &[u8]) -> Option<()> {
        for byte in line {
            let six = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => {
                    self.padding += 1;
                    continue;
                }
                b' ' | b'\t' => continue,
                _ => return None,
            };
            if self.padding > 0 {
                return None;
            }
            self.bits = self.bits << 6 | u32::from(six);
            self.count += 1;
            if self.count == 4 {
                let [_, a, b, c] = self.bits.to_be_bytes();
                self.out.extend_from_slice(&[a, b, c]);
                (self.bits, self.count) = (0, 0);
            }
        }
        Some(())
    }

    fn finish(mut self) -> Option<Zeroizing<Vec<u8>>> {
        match (self.count, self.padding) {
            (0, 0) => {}
            (2, 2) if self.bits & 0xf == 0 => self.out.push((self.bits >> 4) as u8),
            (3, 1) if self.bits & 0x3 == 0 => {
                self.out
                    .extend_from_slice(&[(self.bits >> 10) as u8, (self.bits >> 2) as u8]);
            }
            _ => return None,
        }
        Some(self.out)
    }
}

fn no_block(input: &[u8], wanted: &'static str) -> PemError {
    let looks_like = match input {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => UTF16,
        [0x30, 0x80..=0x84, ..] => DER,
        _ if input.contains(&0) || std::str::from_utf8(input).is_err() => "binary data",
        _ => return PemError::NoBlock { wanted },
    };
    PemError::Binary { wanted, looks_like }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(input: &[u8]) -> &'static str {
        only_block(input, "certificate", &["CERTIFICATE"])
            .map_or_else(|error| error.code().0, |_| "ok")
    }

    #[test]
    fn every_way_to_be_wrong_has_its_own_code() {
        let good = String::from_utf8(encode("CERTIFICATE", b"some bytes, any bytes")).unwrap();
        let key = String::from_utf8(encode("PRIVATE KEY", b"k")).unwrap();
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(good.bytes().flat_map(|b| [b, 0]))
            .collect();
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (good.clone().into_bytes(), "ok"),
            (good.replace('\n', "\r\n").into_bytes(), "ok"),
            (good.replace('\n', "\r").into_bytes(), "ok"),
            (format!("\u{feff}{good}").into_bytes(), "ok"),
            (
                format!("Bag Attributes\n    localKeyID: 01\n{good}trailing junk").into_bytes(),
                "ok",
            ),
            (format!("{key}{good}").into_bytes(), "ok"),
            (good.replace('\n', "  \n").into_bytes(), "ok"),
            (b"".to_vec(), "SL-P101"),
            (b" \n\t".to_vec(), "SL-P101"),
            (b"\x30\x82\x01\x01....".to_vec(), "SL-P103"),
            (b"\x7fELF\0\0".to_vec(), "SL-P103"),
            (utf16, "SL-P103"),
            (b"hello".to_vec(), "SL-P104"),
            (good.as_bytes()[..40].to_vec(), "SL-P105"),
            (
                good.replace("END CERTIFICATE", "END OTHER").into_bytes(),
                "SL-P105",
            ),
            (
                format!("-----BEGIN CERTIFICATE-----\n{good}").into_bytes(),
                "SL-P105",
            ),
            (good.replace("c29t", "c2*t").into_bytes(), "SL-P106"),
            (
                b"-----BEGIN CERTIFICATE-----\nAAAAA\n-----END CERTIFICATE-----".to_vec(),
                "SL-P106",
            ),
            (
                b"-----BEGIN CERTIFICATE-----\nAA==AA\n-----END CERTIFICATE-----".to_vec(),
                "SL-P106",
            ),
            (key.clone().into_bytes(), "SL-P107"),
            (format!("{good}{good}").into_bytes(), "SL-P108"),
        ];
        for (input, wanted) in cases {
            assert_eq!(
                code(&input),
                wanted,
                "{:?}",
                String::from_utf8_lossy(&input)
            );
        }
        assert_eq!(code(&vec![b'a'; LIMIT + 1]), "SL-P102");
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        for length in 0..200u8 {
            let body: Vec<u8> = (0..length).collect();
            let text = encode("X", &body);
            assert_eq!(*only_block(&text, "x", &["X"]).unwrap().body, body);
            assert!(text.split(|b| *b == b'\n').all(|line| line.len() <= 64));
        }
    }
}
