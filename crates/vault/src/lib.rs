//! Sealed issuer keys and the inventory of every certificate.
//!
//! ```text
//! <home>/vault.db              authorities, anchors, certificates and where they lie (SQLite), 0600
//! <home>/issuers/<keyid>.key   issuer keys, PKCS#8 PEM, sealed when there is a passphrase, 0400
//! ```
//!
//! A key file is durable before the row that names it is committed, so no anchor is ever without
//! its key; a key without a row is harmless, and [`Vault::tidy`] removes it. SQL lives in this
//! crate only.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)
)]

mod authority;
mod crl;
mod entropy;
mod error;
mod inventory;
mod keys;
mod operation;
mod remaining;
mod schema;
mod scope;
mod snapshot;
mod vault;

pub use authority::{Anchor, AnchorState, Authority, NewAnchor};
pub use crl::PublishedList;
pub use entropy::SystemEntropy;
pub use error::{CATALOGUE, VaultError};
pub use inventory::{Entry, Filter, InUse, NewEntry, Place, State, StateKind, Usage};
pub use keys::Unlocked;
pub use operation::{Operation, OperationKind, Phase, Succession};
pub use remaining::{Remaining, remaining};
pub use scope::Scope;
pub use snapshot::KeyFile;
pub use vault::Vault;
