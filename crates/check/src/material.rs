//! What is in a file of certificates and keys, whatever its form.

use sealock_diag::{Sensitive, escape};
use sealock_pki::{Certificate, KeyError, KeyKind, PrivateKey};

/// Keys of one file that are read closely; reading one takes arithmetic, and an honest file has one.
const KEYS_LIMIT: usize = 8;
/// Blocks that are looked at. The bundle of every public authority has a few hundred.
const BLOCKS_LIMIT: usize = 4096;
const BOM: &[u8] = b"\xef\xbb\xbf";
const BEGIN: &[u8] = b"-----BEGIN ";

/// What a file holds.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Its form.
    pub form: Form,
    /// What is in it, in order.
    pub blocks: Vec<Block>,
    /// How many bytes it has.
    pub length: usize,
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// No bytes, or white space only.
    Empty,
    /// PEM, as Docker reads it.
    Pem,
    /// PEM behind a UTF-8 byte order mark, which Go does not skip.
    Marked,
    /// PEM in UTF-16.
    Utf16,
    /// DER.
    Der,
    /// None of these.
    Unknown,
}

/// One object of a file.
#[derive(Clone, Debug)]
pub enum Block {
    /// A certificate.
    Certificate(Box<Certificate>),
    /// A block that says it is a certificate and is none: why, escaped.
    BadCertificate(String),
    /// A private key. The key itself is not kept.
    Key(Key),
    /// A certificate signing request.
    Request,
    /// A revocation list.
    Crl,
    /// Something else, by its PEM label, escaped.
    Other(String),
}

/// What can be told of a private key without keeping it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// Its kind, when it is not encrypted and can be read.
    pub kind: Option<KeyKind>,
    /// Its public half (SubjectPublicKeyInfo, DER), likewise.
    pub spki: Option<Vec<u8>>,
    /// Why it cannot be read, escaped.
    pub problem: Option<String>,
    /// The PEM label: `PRIVATE KEY`, `RSA PRIVATE KEY`, `EC PRIVATE KEY`, `ENCRYPTED PRIVATE KEY`.
    pub label: String,
}

impl Contents {
    /// Reads a file's bytes; whatever they are, there is a result, and the work is bounded by their length.
    ///
    /// Blocks are found as Go finds them: a BEGIN line begins at the start of its line, what stands between
    /// blocks does not matter, and one broken block does not hide the others.
    pub fn read(bytes: &[u8]) -> Self {
        let (form, blocks) = match bytes {
            _ if bytes.iter().all(u8::is_ascii_whitespace) => (Form::Empty, Vec::new()),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                let text = from_utf16(bytes).map(|text| blocks(text.expose()));
                (Form::Utf16, text.unwrap_or_default())
            }
            _ => match bytes.strip_prefix(BOM) {
                // Go takes a mark for a part of the first line: it harms where that line is a BEGIN.
                Some(rest) if rest.starts_with(BEGIN) => (Form::Marked, blocks(rest)),
                rest => read_plain(rest.unwrap_or(bytes)),
            },
        };
        Self {
            form,
            blocks,
            length: bytes.len(),
        }
    }

    /// The certificates, in order.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Certificate(certificate) => Some(&**certificate),
            _ => None,
        })
    }

    /// The private keys, in order.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Key(key) => Some(key),
            _ => None,
        })
    }

    /// The first private key, which is the one that Docker takes.
    pub fn key(&self) -> Option<&Key> {
        self.keys().next()
    }
}

fn read_plain(bytes: &[u8]) -> (Form, Vec<Block>) {
    let blocks = blocks(bytes);
    if !blocks.is_empty() {
        return (Form::Pem, blocks);
    }
    match read_der(bytes) {
        Some(block) => (Form::Der, vec![block]),
        None => (Form::Unknown, Vec::new()),
    }
}

/// A certificate or key in DER, in one of the forms that have no password.
fn read_der(bytes: &[u8]) -> Option<Block> {
    if bytes.first() != Some(&0x30) {
        return None;
    }
    if let Ok(certificate) = Certificate::from_der(bytes.to_vec()) {
        return Some(Block::Certificate(Box::new(certificate)));
    }
    key_from_der(bytes).map(|(label, key)| Block::Key(described(label, &Ok(key))))
}

/// A private key in DER, with the label that its form has in PEM.
pub(crate) fn key_from_der(bytes: &[u8]) -> Option<(&'static str, PrivateKey)> {
    ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]
        .into_iter()
        .find_map(|label| {
            let pem = Sensitive::new(armoured(label, bytes));
            let key = PrivateKey::from_pem(pem.expose(), None).ok()?;
            Some((label, key))
        })
}

/// The text of a file in UTF-16 with its mark, as UTF-8.
pub(crate) fn from_utf16(bytes: &[u8]) -> Option<Sensitive<Vec<u8>>> {
    let big = match bytes {
        [0xff, 0xfe, ..] => false,
        [0xfe, 0xff, ..] => true,
        _ => return None,
    };
    let units = bytes.get(2..)?.chunks_exact(2).map(|pair| match pair {
        [a, b] if big => u16::from_be_bytes([*a, *b]),
        [a, b] => u16::from_le_bytes([*a, *b]),
        _ => 0,
    });
    // Room for all of it: growing would leave copies of a key behind.
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for unit in char::decode_utf16(units) {
        let mut buffer = [0; 4];
        let Ok(unit) = unit else { return None };
        text.extend_from_slice(unit.encode_utf8(&mut buffer).as_bytes());
    }
    Some(Sensitive::new(text))
}

/// The PEM blocks of a text and where each stands, END line included.
pub(crate) fn raw_blocks(text: &[u8]) -> Vec<(String, &[u8])> {
    let mut found: Vec<(String, &[u8])> = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (start, words) = (at, line.trim_ascii_end());
        at += line.len();
        let label = |prefix: &[u8]| {
            let label = words.strip_prefix(prefix)?.strip_suffix(b"-----")?;
            let label: String = String::from_utf8_lossy(label).chars().take(80).collect();
            Some(label)
        };
        if let Some(label) = label(BEGIN) {
            // The one before has no end: it is told as it stands.
            if let Some((label, from)) = open.take() {
                found.push((label, text.get(from..start).unwrap_or_default()));
            }
            open = Some((label, start));
        } else if let Some((begun, from)) =
            open.take_if(|(begun, _)| label(b"-----END ").as_ref() == Some(begun))
        {
            found.push((begun, text.get(from..at).unwrap_or_default()));
        }
        if found.len() >= BLOCKS_LIMIT {
            return found;
        }
    }
    if let Some((label, from)) = open {
        found.push((label, text.get(from..).unwrap_or_default()));
    }
    found
}

fn blocks(text: &[u8]) -> Vec<Block> {
    let mut keys = 0;
    raw_blocks(text)
        .into_iter()
        .map(|(label, block)| match label.as_str() {
            "CERTIFICATE" => match Certificate::from_pem(block) {
                Ok(certificate) => Block::Certificate(Box::new(certificate)),
                Err(why) => Block::BadCertificate(escape(&why.to_string())),
            },
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Block::Request,
            "X509 CRL" => Block::Crl,
            label if label == "PRIVATE KEY" || label.ends_with(" PRIVATE KEY") => {
                keys += 1;
                if keys > KEYS_LIMIT {
                    return Block::Other(escape(label));
                }
                Block::Key(described(label, &PrivateKey::from_pem(block, None)))
            }
            label => Block::Other(escape(label)),
        })
        .collect()
}

/// What is told of a key. Only what fails for Docker too is a problem: Go reads some kinds that we do not make.
fn described(label: &str, key: &Result<PrivateKey, KeyError>) -> Key {
    let mut told = Key {
        encrypted: false,
        kind: None,
        spki: None,
        problem: None,
        label: escape(label),
    };
    match key {
        Ok(key) => {
            told.kind = Some(key.kind());
            told.spki = Some(key.spki_der().to_vec());
        }
        Err(
            KeyError::PassphraseNeeded
            | KeyError::LegacyEncryption { .. }
            | KeyError::UnsupportedEncryption { .. }
            | KeyError::TooCostly { .. },
        ) => told.encrypted = true,
        Err(KeyError::Weak { .. }) => {}
        Err(KeyError::Unsupported { algorithm })
            if algorithm.starts_with("RSA ")
                || algorithm.contains("P-521")
                || algorithm.ends_with("1.3.132.0.33")
                || algorithm.ends_with("1.3.132.0.35") => {}
        Err(why) if label == "ENCRYPTED PRIVATE KEY" => {
            told.encrypted = true;
            told.problem = Some(escape(&why.to_string()));
        }
        Err(why) => told.problem = Some(escape(&why.to_string())),
    }
    told
}

/// PEM of these bytes.
pub(crate) fn armoured(label: &str, bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len() * 3 / 2 + 2 * label.len() + 64);
    out.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in bytes.chunks(48) {
        for three in line.chunks(3) {
            let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            for at in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
                out.push(if at <= three.len() { digit } else { b'=' });
            }
        }
        out.push(b'\n');
    }
    out.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::{Block, Contents, Form};
    use crate::testing::{DAY, NOW, World, key, key_pem, pem};
    use sealock_pki::{KeyKind, Passphrase};

    fn shape(contents: &Contents) -> String {
        let blocks = contents.blocks.iter().map(|block| match block {
            Block::Certificate(_) => 'c',
            Block::BadCertificate(_) => 'x',
            Block::Key(key) if key.encrypted => 'e',
            Block::Key(key) if key.problem.is_some() => 'p',
            Block::Key(_) => 'k',
            Block::Request => 'r',
            Block::Crl => 'l',
            Block::Other(_) => 'o',
        });
        blocks.collect()
    }

    #[test]
    fn every_form_is_told() {
        let world = World::new();
        let certificate = String::from_utf8(pem(std::slice::from_ref(&world.server))).unwrap();
        let plain = String::from_utf8(key_pem(&world.server_key)).unwrap();
        let utf16: Vec<u8> = [0xff, 0xfe]
            .into_iter()
            .chain(certificate.bytes().flat_map(|byte| [byte, 0]))
            .collect();
        let pkcs8 = world.server_key.pkcs8_der().unwrap();
        let legacy = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        let parameters =
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
        let cut = &certificate[..certificate.len() / 2];
        let cases: Vec<(Vec<u8>, Form, &str)> = vec![
            (Vec::new(), Form::Empty, ""),
            (b" \r\n\t".to_vec(), Form::Empty, ""),
            (certificate.clone().into(), Form::Pem, "c"),
            (certificate.replace('\n', "\r\n").into(), Form::Pem, "c"),
            (
                format!("Bag Attributes\n    id: 1\n{certificate}junk\n{certificate}").into(),
                Form::Pem,
                "cc",
            ),
            (
                format!("{parameters}{plain}{certificate}").into(),
                Form::Pem,
                "okc",
            ),
            (format!("\u{feff}{certificate}").into(), Form::Marked, "c"),
            (
                format!("\u{feff}subject=x\n{certificate}").into(),
                Form::Pem,
                "c",
            ),
            (utf16, Form::Utf16, "c"),
            (world.server.der().to_vec(), Form::Der, "c"),
            (pkcs8.expose().clone(), Form::Der, "k"),
            (legacy.into(), Form::Pem, "e"),
            (format!("{cut}\n{plain}").into(), Form::Pem, "xk"),
            (cut.into(), Form::Pem, "x"),
            (
                b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".to_vec(),
                Form::Pem,
                "p",
            ),
            (
                b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
                    .to_vec(),
                Form::Pem,
                "r",
            ),
            (b"hello".to_vec(), Form::Unknown, ""),
            (
                format!("  {certificate}").replace("\n", "\n  ").into(),
                Form::Unknown,
                "",
            ),
            (vec![0x30, 0x82, 0xff, 0xff, 1, 2, 3], Form::Unknown, ""),
            (vec![0xff, 0xfe, 0x00, 0xd8], Form::Utf16, ""),
        ];
        for (bytes, form, blocks) in cases {
            let read = Contents::read(&bytes);
            let text = String::from_utf8_lossy(&bytes);
            assert_eq!((read.form, shape(&read).as_str()), (form, blocks), "{text}");
            assert_eq!(read.length, bytes.len());
        }
        let sealed = world
            .server_key
            .to_sealed_pem(
                &Passphrase::new("x".into()).unwrap(),
                &mut crate::testing::Counter(1),
            )
            .unwrap();
        assert_eq!(shape(&Contents::read(sealed.expose())), "e");
    }

    #[test]
    fn the_work_is_bounded() {
        let begins = "-----BEGIN CERTIFICATE-----\n".repeat(100_000);
        assert_eq!(
            Contents::read(begins.as_bytes()).blocks.len(),
            super::BLOCKS_LIMIT
        );
        let keys = String::from_utf8(key_pem(&key())).unwrap().repeat(100);
        assert_eq!(
            Contents::read(keys.as_bytes()).keys().count(),
            super::KEYS_LIMIT
        );
    }

    #[test]
    fn a_key_is_told_and_not_kept() {
        let world = World::new();
        let pem = key_pem(&world.client_key);
        let read = Contents::read(&pem);
        let told = read.key().unwrap();
        assert_eq!(told.kind, Some(KeyKind::EcdsaP256));
        assert_eq!(told.spki.as_deref(), Some(world.client.spki_der()));
        assert!(world.client.not_after() > NOW + 80 * DAY);
    }
}
