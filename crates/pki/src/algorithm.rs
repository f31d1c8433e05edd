//! Keys and signature algorithms: which we know, which are strong, and how a signature is checked.

use std::fmt;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::der;
use crate::oid;

/// What a subjectPublicKeyInfo holds, as far as anyone needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// Anything else: the dotted OID of the algorithm or curve.
    Other(String),
}

impl KeyAlgorithm {
    /// Bits of the key as people count them; `None` when unknown.
    pub fn bits(&self) -> Option<usize> {
        match self {
            Self::EcdsaP256 | Self::Ed25519 => Some(256),
            Self::EcdsaP384 => Some(384),
            Self::EcdsaP521 => Some(521),
            Self::Rsa { bits } => Some(*bits),
            Self::Other(_) => None,
        }
    }

    /// Whether we rely on such a key: RSA of 2048 to 8192 bits, P-256, P-384, P-521, Ed25519.
    pub(crate) fn is_strong(&self) -> bool {
        match self {
            Self::Rsa { bits } => (2048..=8192).contains(bits),
            Self::Other(_) => false,
            _ => true,
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::Other(oid) => write!(f, "unknown key algorithm {oid}"),
        }
    }
}

/// A subjectPublicKeyInfo taken apart.
pub(crate) struct Spki<'a> {
    pub(crate) algorithm: KeyAlgorithm,
    /// The subjectPublicKey's bits, which is what key ids are made of.
    pub(crate) bits: &'a [u8],
}

/// Takes a SubjectPublicKeyInfo apart (RFC 5280 §4.1.2.7); `None` when its DER is broken.
pub(crate) fn read_spki(spki: &[u8]) -> Option<Spki<'_>> {
    let outer = der::expect(der::SEQUENCE, spki).filter(|value| value.rest.is_empty())?;
    let identifier = der::expect(der::SEQUENCE, outer.content)?;
    let key =
        der::expect(der::BIT_STRING, identifier.rest).filter(|value| value.rest.is_empty())?;
    let (0, bits) = key
        .content
        .split_first()
        .map(|(unused, bits)| (*unused, bits))?
    else {
        return None;
    };
    let algorithm = der::expect(der::OID, identifier.content)?;
    let parameters = der::take(algorithm.rest);
    let algorithm = match algorithm.content {
        oid::EC_PUBLIC_KEY => {
            // Named curves only; explicit parameters have no OID (and CVE-2020-0601 for a reason).
            let curve = parameters.filter(|value| value.tag == der::OID)?;
            match (curve.content, bits.first(), bits.len()) {
                (oid::P256, Some(4), 65) => KeyAlgorithm::EcdsaP256,
                (oid::P384, Some(4), 97) => KeyAlgorithm::EcdsaP384,
                (oid::P521, Some(4), 133) => KeyAlgorithm::EcdsaP521,
                (curve, ..) => KeyAlgorithm::Other(oid::dotted(curve)),
            }
        }
        oid::ED25519 if bits.len() == 32 => KeyAlgorithm::Ed25519,
        oid::RSA => {
            let modulus = rsa_modulus(bits)?;
            let leading = modulus
                .first()
                .map_or(0, |first| first.leading_zeros() as usize);
            KeyAlgorithm::Rsa {
                bits: (modulus.len() * 8).saturating_sub(leading),
            }
        }
        other => KeyAlgorithm::Other(oid::dotted(other)),
    };
    Some(Spki { algorithm, bits })
}

/// The modulus of an RSAPublicKey without leading zeros; its exponent must be odd and above 2.
fn rsa_modulus(bits: &[u8]) -> Option<&[u8]> {
    let key = der::expect(der::SEQUENCE, bits)?;
    let modulus = der::expect(der::INTEGER, key.content)?;
    let exponent = der::expect(der::INTEGER, modulus.rest)?;
    if exponent.content.last().is_none_or(|low| low % 2 == 0) || exponent.content == [1] {
        return None;
    }
    let start = modulus.content.iter().position(|b| *b != 0)?;
    modulus.content.get(start..)
}

/// A signature algorithm as far as it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    EcdsaSha256,
    EcdsaSha384,
    EcdsaSha512,
    Ed25519,
    RsaSha256,
    RsaSha384,
    RsaSha512,
    PssSha256,
    PssSha384,
    PssSha512,
    /// Known, and broken or outworn.
    Weak(&'static str),
    /// Dotted OID.
    Unknown(String),
}

/// RSASSA-PSS parameters with MGF1 of the same hash and a salt of the hash's length (RFC 4055
/// §3.1), the content of the SEQUENCE: the only forms in use.
const PSS_SHA256: &[u8] = b"\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\xa2\x03\x02\x01\x20";
const PSS_SHA384: &[u8] = b"\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\xa2\x03\x02\x01\x30";
const PSS_SHA512: &[u8] = b"\xa0\x0f\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\xa2\x03\x02\x01\x40";

impl Scheme {
    /// Recognises an AlgorithmIdentifier by OID and the content of its parameters.
    pub(crate) fn recognise(algorithm: &[u8], parameters: Option<&[u8]>) -> Self {
        // Absent or NULL (whose content is empty); anything else is not the algorithm we know.
        let plain = parameters.is_none_or(<[u8]>::is_empty);
        match algorithm {
            oid::ECDSA_SHA256 if plain => Self::EcdsaSha256,
            oid::ECDSA_SHA384 if plain => Self::EcdsaSha384,
            oid::ECDSA_SHA512 if plain => Self::EcdsaSha512,
            oid::ED25519 if plain => Self::Ed25519,
            oid::RSA_SHA256 if plain => Self::RsaSha256,
            oid::RSA_SHA384 if plain => Self::RsaSha384,
            oid::RSA_SHA512 if plain => Self::RsaSha512,
            oid::RSA_PSS => match parameters {
                Some(PSS_SHA256) => Self::PssSha256,
                Some(PSS_SHA384) => Self::PssSha384,
                Some(PSS_SHA512) => Self::PssSha512,
                // Default parameters mean SHA-1.
                None | Some(&[]) => Self::Weak("RSA-PSS with SHA-1"),
                _ => Self::Unknown(oid::dotted(oid::RSA_PSS)),
            },
            other => match oid::WEAK_SIGNATURES.iter().find(|(weak, _)| *weak == other) {
                Some((_, name)) => Self::Weak(name),
                None => Self::Unknown(oid::dotted(other)),
            },
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaSha256 => "ECDSA with SHA-256",
            Self::EcdsaSha384 => "ECDSA with SHA-384",
            Self::EcdsaSha512 => "ECDSA with SHA-512",
            Self::Ed25519 => "Ed25519",
            Self::RsaSha256 => "RSA with SHA-256",
            Self::RsaSha384 => "RSA with SHA-384",
            Self::RsaSha512 => "RSA with SHA-512",
            Self::PssSha256 => "RSA-PSS with SHA-256",
            Self::PssSha384 => "RSA-PSS with SHA-384",
            Self::PssSha512 => "RSA-PSS with SHA-512",
            Self::Weak(name) => name,
            Self::Unknown(oid) => return write!(f, "unknown algorithm {oid}"),
        })
    }
}

/// Whether `signature` over `message` was made with the key of `spki`. Weak and unknown schemes
/// never verify.
pub(crate) fn verifies(scheme: &Scheme, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let Some(Spki {
        algorithm: key,
        bits,
    }) = read_spki(spki)
    else {
        return false;
    };
    verifies_with(scheme, &key, bits, message, signature)
}

/// [`verifies`], with the key already taken apart.
pub(crate) fn verifies_with(
    scheme: &Scheme,
    key: &KeyAlgorithm,
    bits: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    use KeyAlgorithm as K;
    use Scheme as S;
    let algorithm: &'static dyn VerificationAlgorithm = match (key, scheme) {
        (K::EcdsaP256, S::EcdsaSha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (K::EcdsaP256, S::EcdsaSha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (K::EcdsaP256, S::EcdsaSha512) => &signature::ECDSA_P256_SHA512_ASN1,
        (K::EcdsaP384, S::EcdsaSha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (K::EcdsaP384, S::EcdsaSha384) => &signature::ECDSA_P384_SHA384_ASN1,
        (K::EcdsaP384, S::EcdsaSha512) => &signature::ECDSA_P384_SHA512_ASN1,
        (K::EcdsaP521, S::EcdsaSha256) => &signature::ECDSA_P521_SHA256_ASN1,
        (K::EcdsaP521, S::EcdsaSha384) => &signature::ECDSA_P521_SHA384_ASN1,
        (K::EcdsaP521, S::EcdsaSha512) => &signature::ECDSA_P521_SHA512_ASN1,
        (K::Ed25519, S::Ed25519) => &signature::ED25519,
        (K::Rsa { .. }, S::RsaSha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (K::Rsa { .. }, S::RsaSha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (K::Rsa { .. }, S::RsaSha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (K::Rsa { .. }, S::PssSha256) => &signature::RSA_PSS_2048_8192_SHA256,
        (K::Rsa { .. }, S::PssSha384) => &signature::RSA_PSS_2048_8192_SHA384,
        (K::Rsa { .. }, S::PssSha512) => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return false,
    };
    UnparsedPublicKey::new(algorithm, bits)
        .verify(message, signature)
        .is_ok()
}
