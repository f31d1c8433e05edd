//! Private and public keys.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use sealock_diag::{Code, Diagnose, Sensitive, escape};

use crate::algorithm::{KeyAlgorithm, Scheme, read_spki};
use crate::der::{self, Writer};
use crate::{KeyId, PemError, oid};

/// The kinds of key we make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// ECDSA on P-256: small, fast, and read by every Docker client. The default.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// Ed25519: browsers and some appliances cannot read it.
    Ed25519,
    /// RSA, 2048 bits: for old clients.
    Rsa2048,
    /// RSA, 3072 bits. Takes about a second to make.
    Rsa3072,
    /// RSA, 4096 bits. Takes seconds to make.
    Rsa4096,
}

impl KeyKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 6] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Ed25519,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
    ];

    /// `ecdsa-p256`, `rsa-2048` and so on.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }

    /// Whether this is RSA, whose keys also encipher (keyUsage keyEncipherment).
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    pub(crate) fn of(algorithm: &KeyAlgorithm) -> Option<Self> {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => Some(Self::EcdsaP256),
            KeyAlgorithm::EcdsaP384 => Some(Self::EcdsaP384),
            KeyAlgorithm::Ed25519 => Some(Self::Ed25519),
            KeyAlgorithm::Rsa { bits: 2048 } => Some(Self::Rsa2048),
            KeyAlgorithm::Rsa { bits: 3072 } => Some(Self::Rsa3072),
            KeyAlgorithm::Rsa { bits: 4096 } => Some(Self::Rsa4096),
            _ => None,
        }
    }

    /// The algorithm we sign with when the key is of this kind.
    pub(crate) const fn scheme(self) -> Scheme {
        match self {
            Self::EcdsaP256 => Scheme::EcdsaSha256,
            Self::EcdsaP384 => Scheme::EcdsaSha384,
            Self::Ed25519 => Scheme::Ed25519,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => Scheme::RsaSha256,
        }
    }

    /// The AlgorithmIdentifier of [`KeyKind::scheme`]: parameters absent for ECDSA and Ed25519
    /// (RFC 5758, RFC 8410), NULL for RSA (RFC 4055).
    pub(crate) fn write_signature_algorithm(self, w: &mut Writer) {
        w.sequence(|w| match self {
            Self::EcdsaP256 => w.oid(oid::ECDSA_SHA256),
            Self::EcdsaP384 => w.oid(oid::ECDSA_SHA384),
            Self::Ed25519 => w.oid(oid::ED25519),
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                w.oid(oid::RSA_SHA256);
                w.value(der::NULL, &[]);
            }
        });
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyKind {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| KeyError::UnknownKind {
                presented: text.to_owned(),
            })
    }
}

/// What opens a sealed key. Never empty, never printed, wiped when dropped.
#[derive(Clone)]
pub struct Passphrase(Sensitive<String>);

impl Passphrase {
    /// Takes a passphrase; an empty one is refused.
    pub fn new(text: String) -> Result<Self, KeyError> {
        let text = Sensitive::new(text);
        if text.expose().is_empty() {
            Err(KeyError::EmptyPassphrase)
        } else {
            Ok(Self(text))
        }
    }

    /// The passphrase itself. Keep the borrow short.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// A private key with its public half. Clones share the same key.
#[derive(Clone)]
pub struct PrivateKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    kind: KeyKind,
    spki: Vec<u8>,
    id: KeyId,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl PrivateKey {
    /// Makes a key. Its randomness comes from aws-lc's own generator.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let failed = |_| KeyError::Crypto {
            doing: "making a key",
        };
        let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa);
        let pair = match kind {
            KeyKind::EcdsaP256 => EcdsaKeyPair::generate(P256).map(Pair::Ecdsa),
            KeyKind::EcdsaP384 => EcdsaKeyPair::generate(P384).map(Pair::Ecdsa),
            KeyKind::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
            KeyKind::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyKind::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyKind::Rsa4096 => rsa(KeySize::Rsa4096),
        }
        .map_err(failed)?;
        Ok(Self::assemble(pair, kind))
    }

    /// A key from unencrypted PKCS#8 DER (RFC 5208, RFC 5958), which is also what the vault keeps.
    pub fn from_pkcs8_der(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed {
            detail: "it is not a PKCS#8 PrivateKeyInfo",
        };
        let outer = der::expect(der::SEQUENCE, pkcs8).ok_or_else(malformed)?;
        let version = der::expect(der::INTEGER, outer.content).ok_or_else(malformed)?;
        let identifier = der::expect(der::SEQUENCE, version.rest).ok_or_else(malformed)?;
        let algorithm = der::expect(der::OID, identifier.content).ok_or_else(malformed)?;
        match algorithm.content {
            oid::EC_PUBLIC_KEY => match der::take(algorithm.rest).map(|curve| curve.content) {
                Some(oid::P256) => {
                    Self::ecdsa(EcdsaKeyPair::from_pkcs8(P256, pkcs8), KeyKind::EcdsaP256)
                }
                Some(oid::P384) => {
                    Self::ecdsa(EcdsaKeyPair::from_pkcs8(P384, pkcs8), KeyKind::EcdsaP384)
                }
                curve => Err(KeyError::Unsupported {
                    algorithm: curve.map_or_else(|| "an EC key without a curve".into(), curve_name),
                }),
            },
            oid::ED25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
                .map(|pair| Self::assemble(Pair::Ed25519(pair), KeyKind::Ed25519))
                .map_err(|_| INCONSISTENT),
            oid::RSA => {
                let body = der::expect(der::OCTET_STRING, identifier.rest).ok_or_else(malformed)?;
                Self::from_pkcs1_der(body.content)
            }
            other => Err(KeyError::Unsupported {
                algorithm: oid::dotted(other),
            }),
        }
    }

    /// A key from an RSAPrivateKey (RFC 8017 A.1.2).
    pub(crate) fn from_pkcs1_der(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed {
            detail: "it is not an RSAPrivateKey",
        };
        let outer = der::expect(der::SEQUENCE, pkcs1).ok_or_else(malformed)?;
        let version = der::expect(der::INTEGER, outer.content).ok_or_else(malformed)?;
        let modulus = der::expect(der::INTEGER, version.rest).ok_or_else(malformed)?;
        let significant = modulus
            .content
            .iter()
            .position(|b| *b != 0)
            .and_then(|at| modulus.content.get(at..));
        let significant = significant.ok_or_else(malformed)?;
        let leading = significant
            .first()
            .map_or(0, |first| first.leading_zeros() as usize);
        let bits = significant.len() * 8 - leading;
        let algorithm = KeyAlgorithm::Rsa { bits };
        let kind = match KeyKind::of(&algorithm) {
            Some(kind) => kind,
            None if bits < 2048 => return Err(KeyError::Weak { algorithm }),
            None => {
                return Err(KeyError::Unsupported {
                    algorithm: algorithm.to_string(),
                });
            }
        };
        let pair = RsaKeyPair::from_der(pkcs1).map_err(|_| INCONSISTENT)?;
        Ok(Self::assemble(Pair::Rsa(pair), kind))
    }

    /// A key from an ECPrivateKey (RFC 5915); `curve` is the OID of an EC PARAMETERS block that
    /// came with it, for keys that do not name their curve themselves.
    pub(crate) fn from_sec1_der(sec1: &[u8], curve: Option<&[u8]>) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed {
            detail: "it is not an ECPrivateKey",
        };
        let outer = der::expect(der::SEQUENCE, sec1).ok_or_else(malformed)?;
        let version = der::expect(der::INTEGER, outer.content).ok_or_else(malformed)?;
        let secret = der::expect(der::OCTET_STRING, version.rest).ok_or_else(malformed)?;
        let named = der::expect(der::context_constructed(0), secret.rest)
            .and_then(|parameters| der::expect(der::OID, parameters.content))
            .map(|value| value.content);
        match named.or(curve) {
            Some(oid::P256) => Self::ecdsa(
                EcdsaKeyPair::from_private_key_der(P256, sec1),
                KeyKind::EcdsaP256,
            ),
            Some(oid::P384) => Self::ecdsa(
                EcdsaKeyPair::from_private_key_der(P384, sec1),
                KeyKind::EcdsaP384,
            ),
            Some(other) => Err(KeyError::Unsupported {
                algorithm: curve_name(other),
            }),
            None => Err(KeyError::Unsupported {
                algorithm: "an EC key without a named curve".into(),
            }),
        }
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.0.kind
    }

    /// SHA-1 of the public key's bits.
    pub fn key_id(&self) -> KeyId {
        self.0.id
    }

    /// The public half as SubjectPublicKeyInfo DER.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey<'_> {
        PublicKey {
            spki: &self.0.spki,
            kind: self.0.kind,
            id: self.0.id,
        }
    }

    /// The key as unencrypted PKCS#8 DER, version 1, as OpenSSL, Go and Java read it.
    pub fn pkcs8_der(&self) -> Result<Sensitive<Vec<u8>>, KeyError> {
        let failed = |_| KeyError::Crypto {
            doing: "encoding a key",
        };
        let der = match &self.0.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec(),
            Pair::Rsa(pair) => AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(pair)
                .map_err(failed)?
                .as_ref()
                .to_vec(),
        };
        Ok(Sensitive::new(der))
    }

    /// Signs with the algorithm of the key's kind: SHA-256 for P-256 and RSA (PKCS#1 v1.5),
    /// SHA-384 for P-384, pure Ed25519. ECDSA signatures are DER.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let failed = |_| KeyError::Crypto { doing: "signing" };
        let random = SystemRandom::new();
        match &self.0.pair {
            Pair::Ecdsa(pair) => pair
                .sign(&random, message)
                .map(|made| made.as_ref().to_vec())
                .map_err(failed),
            Pair::Ed25519(pair) => pair
                .try_sign(message)
                .map(|made| made.as_ref().to_vec())
                .map_err(failed),
            Pair::Rsa(pair) => {
                let mut made = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut made)
                    .map_err(failed)?;
                Ok(made)
            }
        }
    }

    fn ecdsa<E>(pair: Result<EcdsaKeyPair, E>, kind: KeyKind) -> Result<Self, KeyError> {
        pair.map(|pair| Self::assemble(Pair::Ecdsa(pair), kind))
            .map_err(|_| INCONSISTENT)
    }

    fn assemble(pair: Pair, kind: KeyKind) -> Self {
        let bits = match &pair {
            Pair::Ecdsa(pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
            Pair::Rsa(pair) => pair.public_key().as_ref(),
        };
        let mut w = Writer::with_capacity(bits.len() + 40);
        w.sequence(|w| {
            w.sequence(|w| match kind {
                KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
                    w.oid(oid::EC_PUBLIC_KEY);
                    w.oid(if kind == KeyKind::EcdsaP256 {
                        oid::P256
                    } else {
                        oid::P384
                    });
                }
                KeyKind::Ed25519 => w.oid(oid::ED25519),
                KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                    w.oid(oid::RSA);
                    w.value(der::NULL, &[]);
                }
            });
            w.bits(bits);
        });
        let id = KeyId::of_key_bits(bits);
        Self(Arc::new(Inner {
            pair,
            kind,
            spki: w.finish(),
            id,
        }))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, {}, ..)", self.kind(), self.key_id())
    }
}

static P256: &EcdsaSigningAlgorithm = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
static P384: &EcdsaSigningAlgorithm = &signature::ECDSA_P384_SHA384_ASN1_SIGNING;
const INCONSISTENT: KeyError = KeyError::Malformed {
    detail: "its parts do not fit together, or are cut off",
};

fn curve_name(content: &[u8]) -> String {
    match content {
        oid::P521 => "ECDSA P-521".into(),
        other => format!("an EC key on the curve {}", oid::dotted(other)),
    }
}

/// A public key that is good enough to be certified: of a kind we issue for.
#[derive(Clone, Copy)]
pub struct PublicKey<'a> {
    spki: &'a [u8],
    kind: KeyKind,
    id: KeyId,
}

impl<'a> PublicKey<'a> {
    /// Takes a SubjectPublicKeyInfo; weak and unknown keys are refused.
    pub fn from_spki_der(spki: &'a [u8]) -> Result<Self, KeyError> {
        let parts = read_spki(spki).ok_or(KeyError::Malformed {
            detail: "it is not a SubjectPublicKeyInfo",
        })?;
        match KeyKind::of(&parts.algorithm) {
            Some(kind) => Ok(Self {
                spki,
                kind,
                id: KeyId::of_key_bits(parts.bits),
            }),
            None => Err(match parts.algorithm {
                algorithm @ KeyAlgorithm::Rsa { .. } if !algorithm.is_strong() => {
                    KeyError::Weak { algorithm }
                }
                algorithm => KeyError::Unsupported {
                    algorithm: algorithm.to_string(),
                },
            }),
        }
    }

    /// The SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &'a [u8] {
        self.spki
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SHA-1 of the public key's bits.
    pub fn key_id(&self) -> KeyId {
        self.id
    }
}

impl fmt::Debug for PublicKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.kind, self.id)
    }
}

/// Why there is no usable key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text holds no block that could be a key.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A name that is no kind of key.
    #[error("`{}` is not a kind of key", escape(presented))]
    UnknownKind {
        /// What was given.
        presented: String,
    },
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The key is sealed and no passphrase was given.
    #[error("the private key is encrypted, and no passphrase was given")]
    PassphraseNeeded,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the private key")]
    WrongPassphrase,
    /// OpenSSL's old encryption (RFC 1423).
    #[error(
        "the private key is encrypted in the old way of RFC 1423 ({})",
        escape(cipher)
    )]
    LegacyEncryption {
        /// The DEK-Info algorithm.
        cipher: String,
    },
    /// An encryption that is not read.
    #[error(
        "the private key is encrypted with {}, which is not read",
        escape(scheme)
    )]
    UnsupportedEncryption {
        /// Its name or OID.
        scheme: String,
    },
    /// A key derivation so dear that it can only be an attack or a mistake.
    #[error(
        "the private key asks for {} to open it, beyond the limit of {limit}",
        escape(presented)
    )]
    TooCostly {
        /// What the file asks for.
        presented: String,
        /// The most that is done.
        limit: &'static str,
    },
    /// Too few bits.
    #[error("the key is {algorithm}, which is too weak; RSA of 2048 bits is the least")]
    Weak {
        /// What it is.
        algorithm: KeyAlgorithm,
    },
    /// Not one of ours.
    #[error("the key is {}, which is not supported", escape(algorithm))]
    Unsupported {
        /// What it is.
        algorithm: String,
    },
    /// Broken DER, or parts that contradict each other.
    #[error("the key cannot be read: {detail}")]
    Malformed {
        /// What is wrong.
        detail: &'static str,
    },
    /// The crypto library failed.
    #[error("the cryptographic library failed at {doing}")]
    Crypto {
        /// At what.
        doing: &'static str,
    },
}

impl Diagnose for KeyError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Pem(error) => return error.code(),
            Self::UnknownKind { .. } => "SL-P201",
            Self::EmptyPassphrase => "SL-P202",
            Self::PassphraseNeeded => "SL-P203",
            Self::WrongPassphrase => "SL-P204",
            Self::LegacyEncryption { .. } => "SL-P205",
            Self::UnsupportedEncryption { .. } => "SL-P206",
            Self::TooCostly { .. } => "SL-P207",
            Self::Weak { .. } => "SL-P208",
            Self::Unsupported { .. } => "SL-P209",
            Self::Malformed { .. } => "SL-P210",
            Self::Crypto { .. } => "SL-P211",
        })
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Pem(error) => error.help(),
            Self::UnknownKind { .. } => {
                let names: Vec<_> = KeyKind::ALL.iter().map(|kind| kind.as_str()).collect();
                Some(format!("possible are {}", names.join(", ")))
            }
            // Both forms ask for the old passphrase; the second writes a sealed key again.
            Self::LegacyEncryption { .. } | Self::UnsupportedEncryption { .. } | Self::TooCostly { .. } => Some(
                "rewrite it with `openssl pkey -in OLD.pem -out NEW.pem`, or, to keep it encrypted, \
                 `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.pem -out NEW.pem`"
                    .into(),
            ),
            Self::Weak { .. } | Self::Unsupported { .. } => {
                Some("make a new key of a kind such as ecdsa-p256 or rsa-3072".into())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::verifies;

    #[test]
    fn every_kind_is_made_signs_and_comes_back() {
        for kind in KeyKind::ALL {
            assert_eq!(kind.as_str().parse::<KeyKind>(), Ok(kind));
            let key = PrivateKey::generate(kind).unwrap();
            let signature = key.sign(b"message").unwrap();
            assert!(
                verifies(&kind.scheme(), key.spki_der(), b"message", &signature),
                "{kind}"
            );
            assert!(
                !verifies(&kind.scheme(), key.spki_der(), b"massage", &signature),
                "{kind}"
            );
            let again = PrivateKey::from_pkcs8_der(key.pkcs8_der().unwrap().expose()).unwrap();
            assert_eq!(
                (again.kind(), again.spki_der(), again.key_id()),
                (kind, key.spki_der(), key.key_id())
            );
            let public = PublicKey::from_spki_der(key.spki_der()).unwrap();
            assert_eq!((public.kind(), public.key_id()), (kind, key.key_id()));
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let key = PrivateKey::generate(KeyKind::Ed25519).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!("PrivateKey(ed25519, {}, ..)", key.key_id())
        );
        assert_eq!(
            format!("{:?}", Passphrase::new("hunter2".into()).unwrap()),
            "Passphrase(..)"
        );
        assert_eq!(
            Passphrase::new(String::new()).unwrap_err(),
            KeyError::EmptyPassphrase
        );
    }

    #[test]
    fn cut_off_keys_are_refused() {
        let der = PrivateKey::generate(KeyKind::EcdsaP256)
            .unwrap()
            .pkcs8_der()
            .unwrap();
        for length in 0..der.expose().len() {
            assert!(PrivateKey::from_pkcs8_der(&der.expose()[..length]).is_err());
        }
    }
}
