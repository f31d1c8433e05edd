//! A throw-away anchor that bears the name of ours.
//!
//! The most convincing stranger has an anchor with the same subject and the same key identifier as
//! the one a daemon trusts; only the key differs. A daemon that compares names instead of signatures
//! lets his clients in. No sane issuer makes such a certificate, so it is put together here: the
//! anchor's own bytes with another key and a fresh signature.

use crate::KitError;
use sealock_pki::{Certificate, Issuer, KeyKind, PrivateKey};

/// `AlgorithmIdentifier { ecdsa-with-SHA256 }` (RFC 5758 §3.2).
const ECDSA_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const VERSION: u8 = 0xa0;

/// Makes an issuer that looks like `anchor` in everything but its key.
pub(crate) fn impostor_of(anchor: &Certificate) -> Result<Issuer, KitError> {
    let key = PrivateKey::generate(KeyKind::EcdsaP256).map_err(|error| failed(&error))?;
    sign(anchor, key, None)
}

/// Makes an issuer that is called `name` (a DER Name): all that is known of an authority which a server
/// only hinted at.
pub(crate) fn issuer_called(name: &[u8], template: &Issuer) -> Result<Issuer, KitError> {
    sign(template.certificate(), template.key().clone(), Some(name))
}

fn sign(model: &Certificate, key: PrivateKey, name: Option<&[u8]>) -> Result<Issuer, KitError> {
    let to_be_signed = copied(model.der(), key.spki_der(), name).ok_or_else(|| KitError::Key {
        detail: "the anchor has no shape that can be copied".to_owned(),
    })?;
    let signature = key.sign(&to_be_signed).map_err(|error| failed(&error))?;
    let mut bits = vec![0];
    bits.extend_from_slice(&signature);
    let der = tlv(
        SEQUENCE,
        &[&to_be_signed[..], ECDSA_SHA256, &tlv(BIT_STRING, &bits)].concat(),
    );
    let certificate = Certificate::from_der(der).map_err(|error| failed(&error))?;
    Issuer::new(certificate, key).map_err(|error| failed(&error))
}

fn failed(error: &dyn std::error::Error) -> KitError {
    KitError::Key {
        detail: error.to_string(),
    }
}

/// The TBSCertificate (RFC 5280 §4.1) of `certificate` with another key, and perhaps under another name,
/// to be signed with that key.
fn copied(certificate: &[u8], spki: &[u8], name: Option<&[u8]>) -> Option<Vec<u8>> {
    let (outer, _) = take(certificate)?;
    let (to_be_signed, _) = take(outer.content)?;
    let mut rest = to_be_signed.content;
    let mut parts = Vec::new();
    let mut next = || {
        let (element, after) = take(rest)?;
        rest = after;
        Some(element)
    };
    let mut element = next()?;
    if element.tag == VERSION {
        parts.push(element.whole.to_vec());
        element = next()?;
    }
    // serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
    parts.push(element.whole.to_vec());
    next()?;
    parts.push(ECDSA_SHA256.to_vec());
    for is_name in [true, false, true] {
        let own = next()?.whole;
        let whole = name.filter(|_| is_name).unwrap_or(own);
        parts.push(whole.to_vec());
    }
    next()?;
    parts.push(spki.to_vec());
    while let Some(element) = next() {
        parts.push(element.whole.to_vec());
    }
    Some(tlv(SEQUENCE, &parts.concat()))
}

struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

/// The first DER element of some bytes, and what follows it.
fn take(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let count = usize::from(first & 0x7f);
        let (digits, rest) = rest.split_at_checked(count)?;
        if count == 0 || count > 4 {
            return None;
        }
        let length = digits
            .iter()
            .fold(0, |length, digit| length << 8 | usize::from(*digit));
        (length, rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    let whole = &bytes[..bytes.len() - after.len()];
    Some((
        Element {
            tag,
            content,
            whole,
        },
        after,
    ))
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let digits: Vec<u8> = content
                .len()
                .to_be_bytes()
                .into_iter()
                .skip_while(|digit| *digit == 0)
                .collect();
            // At most eight digits.
            out.push(0x80 | digits.len() as u8);
            out.extend_from_slice(&digits);
        }
    }
    out.extend_from_slice(content);
    out
}
