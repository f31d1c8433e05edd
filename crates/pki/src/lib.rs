//! Profiles, issuing, CRLs, inspection and strict path verification.
//!
//! Pure: bytes, time and randomness come in as arguments; no clock, no files, no sockets. Only the
//! randomness of keys and signatures is drawn by aws-lc itself, and that of PKCS#12 archives by the
//! library that writes them.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod algorithm;
mod catalogue;
mod certificate;
mod constraints;
mod crl;
mod der;
mod description;
mod distinguished_name;
mod entropy;
mod extensions;
mod identifiers;
mod issue;
mod issuer;
mod key;
mod key_formats;
mod key_legacy;
mod names;
mod oid;
mod pem;
mod pkcs12;
mod refusal;
mod request;
mod timestamp;
mod verify;

pub use algorithm::KeyAlgorithm;
pub use catalogue::CATALOGUE;
pub use certificate::{Certificate, CertificateError};
pub use crl::{Crl, CrlError, RevocationReason, Revoked, make_crl};
pub use description::Description;
pub use entropy::Entropy;
pub use extensions::{BasicConstraints, ExtendedKeyUsage, KeyUsage, Purpose, Purposes};
pub use identifiers::{Fingerprint, IdentifierError, KeyId, Serial};
pub use issue::{
    AnchorRequest, BACKDATE, IssueError, LeafRequest, NAMES_LIMIT, SERVER_LIFE_LIMIT,
    create_anchor, issue_leaf, issue_leaves,
};
pub use issuer::{Issuer, IssuerError};
pub use key::{KeyError, KeyKind, Passphrase, PrivateKey, PublicKey};
pub use key_formats::is_sealed;
pub use names::{AuthorityName, CommonName, DnsName, NameError, San};
pub use pem::PemError;
pub use pkcs12::{ArchiveError, to_pkcs12};
pub use refusal::{Place, Refusal, Refused, Which};
pub use request::{CertificateRequest, CsrNames, CsrPolicy, RequestError, sign_csr};
pub use timestamp::{Timestamp, TimestampError};
pub use verify::{
    CaKeyUsage, Revocation, VerifiedPath, VerifyOptions, verify, verify_with_reasons,
};
