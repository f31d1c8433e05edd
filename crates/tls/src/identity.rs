//! A certificate chain with its key.

use crate::SettingsError;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use sealock_diag::escape;
use sealock_pki::{Certificate, PrivateKey};
use std::fmt;
use std::sync::Arc;

/// A chain (leaf first) and the key of its leaf, ready to be shown in a handshake.
///
/// Cloning is cheap: the key is shared, not copied.
#[derive(Clone)]
pub struct Identity {
    chain: Arc<[Certificate]>,
    certified: Arc<CertifiedKey>,
}

impl Identity {
    /// Puts a chain (leaf first) and the key of its leaf together.
    ///
    /// # Errors
    /// When the chain is empty, the TLS library cannot use the key, or the key is another
    /// certificate's. Dates and purpose are not judged: a probe shows expired certificates too.
    pub fn new(chain: Vec<Certificate>, key: &PrivateKey) -> Result<Self, SettingsError> {
        let leaf = chain.first().ok_or(SettingsError::EmptyChain)?;
        // The key identifier covers the bits only: RSA keys are written with and without parameters.
        if leaf.key_id() != key.key_id() {
            return Err(SettingsError::KeyMismatch {
                subject: escape(&leaf.subject()),
            });
        }
        let pkcs8 = key
            .pkcs8_der()
            .map_err(|error| SettingsError::KeyUnusable {
                detail: escape(&error.to_string()),
            })?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8.expose().as_slice()));
        let signer =
            rustls::crypto::aws_lc_rs::sign::any_supported_type(&der).map_err(|error| {
                SettingsError::KeyUnusable {
                    detail: escape(&error.to_string()),
                }
            })?;
        let ders = chain
            .iter()
            .map(|certificate| CertificateDer::from(certificate.der().to_vec()))
            .collect();
        Ok(Self {
            certified: Arc::new(CertifiedKey::new(ders, signer)),
            chain: chain.into(),
        })
    }

    /// The chain, leaf first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The certificate of the key.
    pub fn leaf(&self) -> &Certificate {
        // `new` refuses empty chains.
        &self.chain[0]
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        self.certified.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Identity({}, key elided)",
            escape(&self.leaf().subject())
        )
    }
}
