//! What the vault knows.

use super::File;
use sealock_pki::{Certificate, Purpose};
use std::path::PathBuf;

/// The vault and its inventory.
#[derive(Clone, Debug)]
pub struct Keeping {
    /// The home of the vault.
    pub home: PathBuf,
    /// The authority's name; `None` when the vault has none.
    pub authority: Option<String>,
    /// The scope of this host; empty when it has none.
    pub scope: String,
    /// Every generation of its server anchor, and of the client anchor of this host's scope.
    pub anchors: Vec<Anchor>,
    /// The client anchors of its other scopes, and theirs: the empty name is that of the authority's own.
    pub other_scopes: Vec<(String, Certificate)>,
    /// Every leaf in the inventory that has not expired long ago, and that one of these anchors may have signed.
    pub leaves: Vec<Leaf>,
    /// The issuers' keys as they lie there.
    pub issuer_keys: Vec<File>,
    /// A run that was interrupted: its title, escaped.
    pub interrupted: Option<String>,
    /// Why the vault cannot be read, when it cannot; escaped.
    pub problem: Option<String>,
    /// Whether `sealock.toml` exists, so that a vault is expected.
    pub expected: bool,
}

/// An anchor of the authority.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// What it signs.
    pub purpose: Purpose,
    /// Which one.
    pub generation: u32,
    /// Itself.
    pub certificate: Certificate,
    /// Whether new leaves are signed by it.
    pub current: bool,
}

/// A leaf of the inventory.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Whose.
    pub identity: String,
    /// What for.
    pub purpose: Purpose,
    /// Of which generation of its anchor.
    pub generation: u32,
    /// Itself.
    pub certificate: Certificate,
    /// What has become of it.
    pub state: LeafState,
    /// Where it was installed.
    pub places: Vec<PathBuf>,
}

/// What has become of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafState {
    /// In use.
    Active,
    /// Renewed by another.
    Superseded,
    /// Revoked.
    Revoked,
    /// Its identity was removed.
    Withdrawn,
}
