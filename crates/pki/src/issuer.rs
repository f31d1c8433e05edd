//! The power to sign.

use std::fmt;

use sealock_diag::{Code, Diagnose};

use crate::extensions::KeyUsage;
use crate::{Certificate, KeyAlgorithm, KeyError, KeyId, PrivateKey};

/// A CA certificate with its key: whoever holds this can sign.
#[derive(Clone)]
pub struct Issuer {
    certificate: Certificate,
    key: PrivateKey,
}

impl Issuer {
    /// Joins certificate and key. The certificate must be a v3 CA that may sign certificates, its
    /// key strong and the one given. A certificate without any keyUsage (Docker's own recipe makes
    /// such) is taken, as RFC 5280 §6.1.4 (n) does; one whose keyUsage forbids signing is not.
    pub fn new(certificate: Certificate, key: PrivateKey) -> Result<Self, IssuerError> {
        let facts = certificate.facts();
        let subject = || certificate.subject();
        if facts.version != 3 || !certificate.is_ca() {
            return Err(IssuerError::NotCa { subject: subject() });
        }
        if let Some(usage) = facts.key_usage.filter(|usage| !usage.cert_sign()) {
            return Err(IssuerError::NoCertSign {
                subject: subject(),
                presented: usage,
            });
        }
        if !facts.key.is_strong() {
            return Err(IssuerError::WeakKey {
                subject: subject(),
                algorithm: facts.key.clone(),
            });
        }
        if certificate.spki_der() != key.spki_der() && certificate.key_bits() != key_bits(&key) {
            return Err(IssuerError::KeyMismatch {
                subject: subject(),
                certificate: certificate.key_id(),
                key: key.key_id(),
            });
        }
        Ok(Self { certificate, key })
    }

    /// The CA certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The key. Its Debug does not show it.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Whether this issuer may sign CRLs; mkcert, minica and docker-machine make CAs that may not.
    pub fn can_sign_crls(&self) -> bool {
        self.certificate
            .facts()
            .key_usage
            .is_none_or(KeyUsage::crl_sign)
    }

    /// The key identifier that goes into what it signs: the certificate's own, whatever its
    /// method, else SHA-1 of the key.
    pub(crate) fn key_identifier(&self) -> Vec<u8> {
        match &self.certificate.facts().subject_key_id {
            Some(id) => id.clone(),
            None => self.key.key_id().as_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({}, ..)", self.certificate.subject())
    }
}

fn key_bits(key: &PrivateKey) -> &[u8] {
    crate::algorithm::read_spki(key.spki_der()).map_or(&[], |spki| spki.bits)
}

/// Why certificate and key are no issuer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// No v3 certificate with CA:TRUE.
    #[error("the certificate `{subject}` is not that of a CA")]
    NotCa {
        /// The certificate.
        subject: String,
    },
    /// keyUsage without keyCertSign.
    #[error("the certificate `{subject}` may not sign certificates: its key usage is {presented}")]
    NoCertSign {
        /// The certificate.
        subject: String,
        /// What it may.
        presented: KeyUsage,
    },
    /// A key nobody should trust any more.
    #[error("the key of the CA `{subject}` is too weak: {algorithm}")]
    WeakKey {
        /// The certificate.
        subject: String,
        /// Its key.
        algorithm: KeyAlgorithm,
    },
    /// The key of another certificate.
    #[error(
        "the private key is not that of `{subject}`: the certificate has the key {certificate}, given was {key}"
    )]
    KeyMismatch {
        /// The certificate.
        subject: String,
        /// The id of its key.
        certificate: KeyId,
        /// The id of the key given.
        key: KeyId,
    },
    /// The key itself is at fault.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Diagnose for IssuerError {
    fn code(&self) -> Code {
        Code(match self {
            Self::NotCa { .. } => "SL-P301",
            Self::NoCertSign { .. } => "SL-P302",
            Self::WeakKey { .. } => "SL-P303",
            Self::KeyMismatch { .. } => "SL-P304",
            Self::Key(error) => return error.code(),
        })
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::KeyMismatch { .. } => {
                Some("give the key file that was made together with this certificate".into())
            }
            Self::Key(error) => error.help(),
            _ => None,
        }
    }
}
