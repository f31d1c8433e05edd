//! Certificates of which anything can be wrong.

use super::{DAY, NOW};
use sealock_pki::{Certificate, PrivateKey, Timestamp};

/// A certificate to be signed.
#[derive(Clone)]
pub(crate) struct Forge {
    /// 1 or 3.
    pub(crate) version: u8,
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) spki: Vec<u8>,
    /// Each one whole.
    pub(crate) extensions: Vec<Vec<u8>>,
    /// The signature algorithm's identifier, when it is to lie; ECDSA with SHA-256 otherwise.
    pub(crate) algorithm: Option<Vec<u8>>,
    pub(crate) signer: PrivateKey,
}

/// EKU serverAuth.
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
/// EKU clientAuth.
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// digitalSignature.
pub(crate) const DIGITAL_SIGNATURE: u8 = 0x80;
/// keyEncipherment.
pub(crate) const KEY_ENCIPHERMENT: u8 = 0x20;
/// keyCertSign.
pub(crate) const CERT_SIGN: u8 = 0x04;
/// cRLSign.
pub(crate) const CRL_SIGN: u8 = 0x02;

impl Forge {
    /// A server's or client's certificate of version 3 without any extension.
    pub(crate) fn leaf(
        common_name: &str,
        key: &PrivateKey,
        issuer: &Certificate,
        signer: &PrivateKey,
    ) -> Self {
        Self {
            version: 3,
            subject: name(common_name),
            issuer: issuer.subject_der().to_vec(),
            from: NOW - DAY,
            to: NOW + 89 * DAY,
            spki: key.spki_der().to_vec(),
            extensions: Vec::new(),
            algorithm: None,
            signer: signer.clone(),
        }
    }

    /// A self-signed CA without any extension.
    pub(crate) fn root(common_name: &str, key: &PrivateKey) -> Self {
        Self {
            version: 3,
            subject: name(common_name),
            issuer: name(common_name),
            from: NOW - DAY,
            to: NOW + 3650 * DAY,
            spki: key.spki_der().to_vec(),
            extensions: Vec::new(),
            algorithm: None,
            signer: key.clone(),
        }
    }

    /// With one more extension.
    pub(crate) fn with(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// With these dates.
    pub(crate) fn dates(mut self, from: Timestamp, to: Timestamp) -> Self {
        (self.from, self.to) = (from, to);
        self
    }

    /// Signs it.
    pub(crate) fn sign(&self) -> Certificate {
        let ecdsa_sha256 = seq(&[oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2])]);
        let algorithm = self.algorithm.clone().unwrap_or(ecdsa_sha256);
        let mut parts = Vec::new();
        if self.version > 1 {
            parts.push(tlv(0xa0, &tlv(2, &[self.version - 1])));
        }
        parts.push(tlv(2, &[0x11, 0x22]));
        parts.push(algorithm.clone());
        parts.push(self.issuer.clone());
        parts.push(seq(&[time(self.from), time(self.to)]));
        parts.push(self.subject.clone());
        parts.push(self.spki.clone());
        if !self.extensions.is_empty() {
            parts.push(tlv(0xa3, &seq(&self.extensions)));
        }
        let signed = seq(&parts);
        let signature = self.signer.sign(&signed).unwrap();
        Certificate::from_der(seq(&[signed, algorithm, bits(&signature)])).unwrap()
    }
}

/// A name of one CN.
pub(crate) fn name(common_name: &str) -> Vec<u8> {
    let attribute = seq(&[oid(&[0x55, 4, 3]), tlv(0x0c, common_name.as_bytes())]);
    seq(&[tlv(0x31, &attribute)])
}

/// extKeyUsage.
pub(crate) fn purposes(list: &[&[u8]]) -> Vec<u8> {
    let list: Vec<Vec<u8>> = list.iter().map(|one| oid(one)).collect();
    extension(&[0x55, 29, 37], false, &seq(&list))
}

/// keyUsage with these bits of its first byte.
pub(crate) fn usage(high: u8) -> Vec<u8> {
    let unused = high.trailing_zeros().min(7) as u8;
    extension(&[0x55, 29, 15], true, &tlv(3, &[unused, high]))
}

/// basicConstraints with CA:TRUE.
pub(crate) fn ca() -> Vec<u8> {
    extension(&[0x55, 29, 19], true, &seq(&[tlv(1, &[0xff])]))
}

/// subjectAltName with DNS names and addresses, as they are written: nothing is judged.
pub(crate) fn names(dns: &[&str], addresses: &[[u8; 4]]) -> Vec<u8> {
    let dns = dns.iter().map(|name| tlv(0x82, name.as_bytes()));
    let addresses = addresses.iter().map(|address| tlv(0x87, address));
    let all: Vec<Vec<u8>> = dns.chain(addresses).collect();
    extension(&[0x55, 29, 17], false, &seq(&all))
}

/// subjectKeyIdentifier.
pub(crate) fn subject_key_id(id: &[u8]) -> Vec<u8> {
    extension(&[0x55, 29, 14], false, &tlv(4, id))
}

/// authorityKeyIdentifier.
pub(crate) fn authority_key_id(id: &[u8]) -> Vec<u8> {
    extension(&[0x55, 29, 35], false, &seq(&[tlv(0x80, id)]))
}

/// The SubjectPublicKeyInfo of an RSA key with this many bits that nobody has.
pub(crate) fn rsa_spki(bits_wanted: usize) -> Vec<u8> {
    let mut modulus = vec![0];
    modulus.extend(std::iter::repeat_n(0xc5, bits_wanted / 8));
    let key = seq(&[tlv(2, &modulus), tlv(2, &[1, 0, 1])]);
    let algorithm = seq(&[
        oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1]),
        tlv(5, &[]),
    ]);
    seq(&[algorithm, bits(&key)])
}

/// The SubjectPublicKeyInfo of a key on P-224 that nobody has.
pub(crate) fn p224_spki() -> Vec<u8> {
    let algorithm = seq(&[
        oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]),
        oid(&[0x2b, 0x81, 4, 0, 33]),
    ]);
    seq(&[algorithm, bits(&[4; 57])])
}

/// The AlgorithmIdentifier of ECDSA with SHA-1.
pub(crate) fn ecdsa_sha1() -> Vec<u8> {
    seq(&[oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1])])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let mut parts = vec![oid(id)];
    if critical {
        parts.push(tlv(1, &[0xff]));
    }
    parts.push(tlv(4, value));
    seq(&parts)
}

fn time(at: Timestamp) -> Vec<u8> {
    let digits: String = at
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    if (1950..2050).contains(&digits[..4].parse::<u32>().unwrap()) {
        tlv(0x17, format!("{}Z", &digits[2..]).as_bytes())
    } else {
        tlv(0x18, format!("{digits}Z").as_bytes())
    }
}

fn oid(content: &[u8]) -> Vec<u8> {
    tlv(6, content)
}

fn bits(content: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], content].concat())
}

fn seq(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// One DER value.
pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match length {
        0..128 => out.push(length as u8),
        128..256 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}
