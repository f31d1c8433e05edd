//! Private keys in files: PKCS#8 plain and sealed, PKCS#1, SEC1, and the forms that are only named.

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::pkcs5::pbes2::{self, Kdf};
use pkcs8::pkcs5::{EncryptionScheme, Error as Pkcs5Error};
use sealock_diag::Sensitive;
use zeroize::Zeroizing;

use crate::der::{self, Writer};
use crate::key::{KeyError, Passphrase, PrivateKey};
use crate::{Entropy, PemError, key_legacy, oid, pem};

/// OWASP's figure for PBKDF2-HMAC-SHA256, about a quarter of a second.
const ITERATIONS: u32 = 600_000;
/// What a file may ask of us before it is opened: 17 times our own.
const ITERATIONS_LIMIT: u32 = 10_000_000;
/// Memory of scrypt in bytes.
const SCRYPT_LIMIT: u128 = 256 * 1024 * 1024;

const SEALED: &str = "ENCRYPTED PRIVATE KEY";
const LABELS: &[&str] = &["PRIVATE KEY", SEALED, "RSA PRIVATE KEY", "EC PRIVATE KEY"];
const OTHER_LABELS: &[&str] = &["DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ANY PRIVATE KEY"];

impl PrivateKey {
    /// Reads the one private key of a PEM text, in any form in use: PKCS#8, PKCS#8 sealed with
    /// PBES2, PKCS#1, SEC1 (an EC PARAMETERS block may come first), and these two as OpenSSL before
    /// version 3 seals them. Certificates beside it do not matter. The passphrase is used only when
    /// the key is sealed.
    pub fn from_pem(text: &[u8], passphrase: Option<&Passphrase>) -> Result<Self, KeyError> {
        const WANTED: &str = "private key";
        let mut curve = None;
        let mut keys = Vec::new();
        let mut others = Vec::new();
        for block in pem::blocks(text, WANTED)? {
            match block.label.as_str() {
                "EC PARAMETERS" => {
                    curve = der::expect(der::OID, &block.body).map(|value| value.content.to_vec())
                }
                label if LABELS.contains(&label) || OTHER_LABELS.contains(&label) => {
                    keys.push(block)
                }
                _ => others.push(block.label),
            }
        }
        let count = keys.len();
        let block = match keys.pop() {
            Some(block) if count == 1 => block,
            Some(_) => {
                return Err(PemError::Several {
                    wanted: WANTED,
                    count,
                }
                .into());
            }
            None => {
                others.sort();
                others.dedup();
                others.truncate(5);
                let found = if others.is_empty() {
                    "EC PARAMETERS".into()
                } else {
                    others.join(", ")
                };
                return Err(PemError::WrongLabel {
                    wanted: WANTED,
                    found,
                }
                .into());
            }
        };
        let legacy = key_legacy::open(&block, passphrase)?;
        let was_sealed = legacy.is_some();
        let body = legacy.as_deref().unwrap_or(&block.body);
        let read = match block.label.as_str() {
            "PRIVATE KEY" => Self::from_pkcs8_der(body),
            "RSA PRIVATE KEY" => Self::from_pkcs1_der(body),
            "EC PRIVATE KEY" => Self::from_sec1_der(body, curve.as_deref()),
            SEALED => {
                let plain = open(&block.body, passphrase)?;
                Self::from_pkcs8_der(&plain)
            }
            other => Err(KeyError::Unsupported {
                algorithm: format!("in the form `{other}`"),
            }),
        };
        match read {
            // Nothing in the old form tells a wrong passphrase but that the outcome is no key.
            Err(KeyError::Malformed { .. }) if was_sealed => Err(KeyError::WrongPassphrase),
            read => read,
        }
    }

    /// The key as unencrypted PKCS#8 PEM, which every Docker client reads.
    pub fn to_pem(&self) -> Result<Sensitive<Vec<u8>>, KeyError> {
        let der = self.pkcs8_der()?;
        Ok(Sensitive::new(pem::encode("PRIVATE KEY", der.expose())))
    }

    /// The key sealed: PKCS#8 PBES2, PBKDF2-HMAC-SHA256 with 600,000 rounds, AES-256-CBC, the form
    /// that OpenSSL, GnuTLS, Go's libraries and Java all open. Takes about a quarter of a second.
    pub fn to_sealed_pem(
        &self,
        passphrase: &Passphrase,
        entropy: &mut dyn Entropy,
    ) -> Result<Sensitive<Vec<u8>>, KeyError> {
        let failed = |_: Pkcs5Error| KeyError::Crypto {
            doing: "sealing a key",
        };
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        entropy.fill(&mut salt);
        entropy.fill(&mut iv);
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ITERATIONS, &salt, iv)
            .map_err(failed)?;
        let plain = self.pkcs8_der()?;
        let sealed = parameters
            .encrypt(passphrase.expose(), plain.expose())
            .map_err(failed)?;
        let scheme =
            pkcs8::der::Encode::to_der(&EncryptionScheme::from(parameters)).map_err(|_| {
                KeyError::Crypto {
                    doing: "sealing a key",
                }
            })?;
        let mut w = Writer::with_capacity(sealed.len() + scheme.len() + 16);
        w.sequence(|w| {
            w.raw(&scheme);
            w.value(der::OCTET_STRING, &sealed);
        });
        Ok(Sensitive::new(pem::encode(SEALED, &w.finish())))
    }
}

/// Whether the text holds a sealed key, so that a passphrase must be asked for.
pub fn is_sealed(text: &[u8]) -> bool {
    pem::blocks(text, "private key").is_ok_and(|blocks| {
        blocks
            .iter()
            .any(|block| block.label == SEALED || key_legacy::is_sealed(block))
    })
}

fn open(sealed: &[u8], passphrase: Option<&Passphrase>) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let malformed = KeyError::Malformed {
        detail: "it is not an EncryptedPrivateKeyInfo",
    };
    let Ok(info) = EncryptedPrivateKeyInfoRef::try_from(sealed) else {
        // The scheme may be one the library does not know: name it rather than call it broken.
        let scheme = der::expect(der::SEQUENCE, sealed)
            .and_then(|outer| der::expect(der::SEQUENCE, outer.content))
            .and_then(|identifier| der::expect(der::OID, identifier.content));
        return Err(match scheme {
            Some(oid) => KeyError::UnsupportedEncryption {
                scheme: scheme_name(oid.content, oid.rest),
            },
            None => malformed,
        });
    };
    match &info.encryption_algorithm {
        EncryptionScheme::Pbes2(parameters) => affordable(&parameters.kdf)?,
        other => {
            return Err(KeyError::UnsupportedEncryption {
                scheme: format!("PBES1 ({})", other.oid()),
            });
        }
    }
    let passphrase = passphrase.ok_or(KeyError::PassphraseNeeded)?;
    let EncryptionScheme::Pbes2(parameters) = &info.encryption_algorithm else {
        return Err(malformed);
    };
    let plain = parameters
        .decrypt(passphrase.expose(), info.encrypted_data.as_bytes())
        .map(Zeroizing::new)
        .map_err(|error| match error {
            Pkcs5Error::UnsupportedAlgorithm { oid } => KeyError::UnsupportedEncryption {
                scheme: oid.to_string(),
            },
            _ => KeyError::WrongPassphrase,
        })?;
    // A wrong passphrase ends in lawful padding once in 256 times: what comes out is then no DER.
    match der::expect(der::SEQUENCE, &plain) {
        Some(value) if value.rest.is_empty() => Ok(plain),
        _ => Err(KeyError::WrongPassphrase),
    }
}

fn affordable(kdf: &Kdf) -> Result<(), KeyError> {
    match kdf {
        Kdf::Pbkdf2(parameters) if parameters.iteration_count > ITERATIONS_LIMIT => {
            Err(KeyError::TooCostly {
                presented: format!("{} rounds of PBKDF2", parameters.iteration_count),
                limit: "10,000,000 rounds",
            })
        }
        Kdf::Scrypt(parameters) => {
            let memory = 128
                * u128::from(parameters.cost_parameter)
                * u128::from(parameters.block_size)
                * u128::from(parameters.parallelization.max(1));
            if memory > SCRYPT_LIMIT {
                let presented = format!("{memory} bytes of memory for scrypt");
                return Err(KeyError::TooCostly {
                    presented,
                    limit: "256 MiB",
                });
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn scheme_name(algorithm: &[u8], parameters: &[u8]) -> String {
    const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13];
    let dotted = oid::dotted(algorithm);
    if algorithm != PBES2 {
        // PKCS#5 v1 and PKCS#12: RC2, RC4, DES, 3DES with their own derivations.
        return format!("the outdated scheme {dotted}");
    }
    // PBES2 { kdf, cipher }: name the inner algorithms.
    let inner = der::expect(der::SEQUENCE, parameters)
        .map(|value| value.content)
        .unwrap_or_default();
    let name = |value: Option<der::Value<'_>>| {
        value
            .and_then(|value| der::expect(der::OID, value.content))
            .map_or_else(|| "?".into(), |value| oid::dotted(value.content))
    };
    let first = der::take(inner);
    let second = first.as_ref().and_then(|value| der::take(value.rest));
    format!("PBES2 of {} and {}", name(first), name(second))
}
