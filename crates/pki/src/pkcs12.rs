//! PKCS#12 archives (RFC 7292), for browsers, Windows and Java.

use p12_keystore::{EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKeyChain};
use sealock_diag::{Code, Diagnose, Sensitive};

use crate::{Certificate, KeyError, Passphrase, PrivateKey};

/// PBKDF2-HMAC-SHA256 rounds for key and certificates.
const ITERATIONS: u32 = 600_000;
/// Rounds of PKCS#12's own derivation for the MAC; it protects nothing that is secret.
const MAC_ITERATIONS: u32 = 100_000;

/// Packs a key with its chain, leaf first, into an archive: PBES2 with AES-256-CBC and
/// PBKDF2-HMAC-SHA256 (600,000 rounds), HMAC-SHA-256. Read by OpenSSL 1.1 and later, GnuTLS, Java
/// 8u301 and later, Windows Server 2019 and later.
///
/// The key must be the leaf's. `friendly_name` is what key stores show. Takes most of a second.
pub fn to_pkcs12(
    chain: &[Certificate],
    key: &PrivateKey,
    friendly_name: &str,
    passphrase: &Passphrase,
) -> Result<Sensitive<Vec<u8>>, ArchiveError> {
    let leaf = chain.first().ok_or(ArchiveError::Empty)?;
    if leaf.key_id() != key.key_id() {
        return Err(ArchiveError::KeyMismatch {
            subject: leaf.subject(),
        });
    }
    let failed = |error: p12_keystore::error::Error| ArchiveError::Library {
        detail: error.to_string(),
    };
    let pkcs8 = key.pkcs8_der()?;
    let key = p12_keystore::PrivateKey::from_der(pkcs8.expose()).map_err(failed)?;
    let certificates = chain
        .iter()
        .map(|certificate| p12_keystore::Certificate::from_der(certificate.der()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let id = leaf.key_id();
    let entry = PrivateKeyChain::new(&id.as_bytes()[..], key, certificates);
    let mut store = KeyStore::new();
    store.add_entry(friendly_name, KeyStoreEntry::PrivateKeyChain(entry));
    let archive = store
        .writer(passphrase.expose())
        .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
        .encryption_iterations(ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha256)
        .mac_iterations(MAC_ITERATIONS)
        .write()
        .map_err(failed)?;
    Ok(Sensitive::new(archive))
}

/// Why no archive was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// There is no certificate to pack.
    #[error("an archive needs a certificate, and none was given")]
    Empty,
    /// The key of another certificate.
    #[error("the private key is not that of `{subject}`")]
    KeyMismatch {
        /// The leaf.
        subject: String,
    },
    /// The key cannot be encoded.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The library refused.
    #[error("the PKCS#12 archive could not be written")]
    Library {
        /// What it said.
        detail: String,
    },
}

impl Diagnose for ArchiveError {
    fn code(&self) -> Code {
        Code(match self {
            Self::Empty => "SL-P701",
            Self::KeyMismatch { .. } => "SL-P702",
            Self::Key(error) => return error.code(),
            Self::Library { .. } => "SL-P703",
        })
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Library { detail } => Some(sealock_diag::escape(detail)),
            _ => None,
        }
    }
}
