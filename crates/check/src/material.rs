//! What is in a file of certificates and keys, whatever its form.

use sealock_pki::{Certificate, KeyKind};

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
    pub fn read(bytes: &[u8]) -> Self {
        Self {
            form: Form::Unknown,
            blocks: Vec::new(),
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

    /// The first private key.
    pub fn key(&self) -> Option<&Key> {
        self.blocks.iter().find_map(|block| match block {
            Block::Key(key) => Some(key),
            _ => None,
        })
    }
}
