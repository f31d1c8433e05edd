//! The policy file: who has which role, and what a role may do.

mod callers;
mod cases;
mod constraints;
mod error;
mod file;
mod image;
mod pattern;
mod role;
mod rules;
mod section;
mod view;

use crate::{ApiVersion, Learned};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use error::PolicyError;
pub use role::OWNER;
pub use view::{Cell, GrantView, Remark, RoleView, calls};

pub(crate) use callers::Whom;
pub(crate) use cases::cases;
pub(crate) use constraints::{Constraints, any_fits};
pub(crate) use image::{ImagePattern, Reference, may_be_id, split_registry};
pub(crate) use pattern::Pattern;
pub(crate) use role::{CallSet, Deny, Grant, RESERVED, Role, Scope};
pub(crate) use rules::{Ports, Subnet, clean_path, port_range};

/// What becomes of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is a refusal.
    Enforce,
    /// It is written down, and the request goes on.
    Warn,
    /// Everything goes on, and the smallest policy that would have allowed it is written.
    Learn,
}

impl Mode {
    /// The mode of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "enforce" => Self::Enforce,
            "warn" => Self::Warn,
            "learn" => Self::Learn,
            _ => return None,
        })
    }

    /// The mode as a policy has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Warn => "warn",
            Self::Learn => "learn",
        }
    }
}

/// Everything a policy file says.
#[derive(Debug)]
struct Rules {
    mode: Mode,
    floor: ApiVersion,
    ceiling: ApiVersion,
    roles: BTreeMap<String, Arc<Role>>,
    grants: Vec<Arc<Grant>>,
    denies: Vec<Deny>,
}

/// A policy: whole, checked, and never changed; another one replaces it.
#[derive(Debug)]
pub struct Policy {
    rules: Rules,
    /// Keys of labels that decide about scopes.
    keys: Arc<[String]>,
    learned: Arc<Learned>,
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let rules = file::read(text)?;
        let mut keys: Vec<String> = Vec::new();
        for grant in &rules.grants {
            if let Scope::Label { key, .. } = &grant.scope
                && !keys.contains(key)
            {
                keys.push(key.clone());
            }
        }
        Ok(Self {
            rules,
            keys: keys.into(),
            learned: Arc::default(),
        })
    }

    /// What becomes of refusals.
    pub fn mode(&self) -> Mode {
        self.rules.mode
    }

    /// The lowest and the highest API version that is taken.
    pub fn versions(&self) -> (ApiVersion, ApiVersion) {
        (self.rules.floor, self.rules.ceiling)
    }

    pub(crate) fn memory(&self) -> &Arc<Learned> {
        &self.learned
    }

    pub(crate) fn grants(&self) -> &[Arc<Grant>] {
        &self.rules.grants
    }

    pub(crate) fn denies(&self) -> &[Deny] {
        &self.rules.denies
    }

    pub(crate) fn keys(&self) -> Arc<[String]> {
        Arc::clone(&self.keys)
    }
}
