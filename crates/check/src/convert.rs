//! The same content in the form that Docker reads.

use crate::material::{Block, Contents, Form, from_utf16, key_from_der, raw_blocks};
use sealock_pki::Certificate;

/// How a file's form is changed; what it says stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Take the byte order mark away, or make UTF-8 of UTF-16.
    PlainText,
    /// DER becomes PEM.
    ToPem,
    /// The leaf comes first, its issuers follow in order.
    LeafFirst,
}

/// The bytes of a file in the form asked for; `None` when they cannot be brought into it, or are in it already.
///
/// The result may be a private key: write it where only its owner reads.
pub fn convert(bytes: &[u8], how: Conversion) -> Option<Vec<u8>> {
    match how {
        Conversion::PlainText => plain_text(bytes),
        Conversion::ToPem => to_pem(bytes),
        Conversion::LeafFirst => leaf_first(bytes),
    }
}

fn plain_text(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => Some(rest.to_vec()),
        None => from_utf16(bytes).map(|text| text.expose().clone()),
    }
}

fn to_pem(bytes: &[u8]) -> Option<Vec<u8>> {
    if Contents::read(bytes).form != Form::Der {
        return None;
    }
    if let Ok(certificate) = Certificate::from_der(bytes.to_vec()) {
        return Some(certificate.to_pem().into_bytes());
    }
    let (_, key) = key_from_der(bytes)?;
    Some(key.to_pem().ok()?.expose().clone())
}

/// Certificates in order, then whatever else was there, as it was.
fn leaf_first(bytes: &[u8]) -> Option<Vec<u8>> {
    let contents = Contents::read(bytes);
    let sound = contents.form == Form::Pem
        && !contents
            .blocks
            .iter()
            .any(|block| matches!(block, Block::BadCertificate(_)));
    let certificates: Vec<&Certificate> = contents.certificates().collect();
    if !sound || certificates.len() < 2 {
        return None;
    }
    let ordered = in_order(&certificates)?;
    if ordered == certificates {
        return None;
    }
    let mut text = Vec::with_capacity(bytes.len() * 2);
    for certificate in ordered {
        text.extend_from_slice(certificate.to_pem().as_bytes());
    }
    for (label, block) in raw_blocks(bytes) {
        if label != "CERTIFICATE" {
            text.extend_from_slice(block);
            if !block.ends_with(b"\n") {
                text.push(b'\n');
            }
        }
    }
    Some(text)
}

/// The leaf, its issuers one after the other, and what belongs to neither; `None` without exactly one leaf.
fn in_order<'a>(certificates: &[&'a Certificate]) -> Option<Vec<&'a Certificate>> {
    let mut leaves = certificates
        .iter()
        .filter(|certificate| !certificate.is_ca());
    let (leaf, None) = (*leaves.next()?, leaves.next()) else {
        return None;
    };
    let mut ordered = vec![leaf];
    let mut rest: Vec<&Certificate> = certificates
        .iter()
        .copied()
        .filter(|one| *one != leaf)
        .collect();
    while let Some(last) = ordered.last() {
        let Some(at) = rest
            .iter()
            .position(|one| one.subject_der() == last.issuer_der())
        else {
            break;
        };
        ordered.push(rest.remove(at));
    }
    ordered.extend(rest);
    Some(ordered)
}

#[cfg(test)]
mod tests {
    use super::{Conversion, convert};
    use crate::material::{Contents, Form};
    use crate::testing::{World, key_pem, pem};

    type Case<'a> = (&'a [u8], Conversion, Option<Vec<u8>>);

    #[test]
    fn what_it_says_stays() {
        let world = World::new();
        let text = pem(std::slice::from_ref(&world.server));
        let marked = [b"\xef\xbb\xbf", &text[..]].concat();
        let utf16: Vec<u8> = [0xfe, 0xff]
            .into_iter()
            .chain(text.iter().flat_map(|byte| [0, *byte]))
            .collect();
        let ca = world.server_anchor.certificate().clone();
        let wrong = pem(&[ca.clone(), world.server.clone()]);
        let right = pem(&[world.server.clone(), ca]);
        let with_key = [&wrong[..], &key_pem(&world.server_key)].concat();
        let pkcs8 = world.server_key.pkcs8_der().unwrap();
        let cases: Vec<Case<'_>> = vec![
            (&marked, Conversion::PlainText, Some(text.clone())),
            (&utf16, Conversion::PlainText, Some(text.clone())),
            (&text, Conversion::PlainText, None),
            (world.server.der(), Conversion::ToPem, Some(text.clone())),
            (
                pkcs8.expose(),
                Conversion::ToPem,
                Some(key_pem(&world.server_key)),
            ),
            (&text, Conversion::ToPem, None),
            (b"0garbage", Conversion::ToPem, None),
            (&wrong, Conversion::LeafFirst, Some(right.clone())),
            (&right, Conversion::LeafFirst, None),
            (
                &with_key,
                Conversion::LeafFirst,
                Some([&right[..], &key_pem(&world.server_key)].concat()),
            ),
        ];
        for (bytes, how, wanted) in cases {
            let made = convert(bytes, how);
            assert!(
                made == wanted,
                "{how:?} of {}",
                String::from_utf8_lossy(bytes)
            );
            if let Some(made) = made {
                assert_eq!(Contents::read(&made).form, Form::Pem);
            }
        }
    }
}
