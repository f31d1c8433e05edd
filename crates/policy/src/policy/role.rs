//! Roles, grants, denials and scopes, as they are once a policy is read.

use super::callers::Whom;
use super::constraints::Constraints;
use crate::{Call, Route, Verb};
use std::fmt;
use std::sync::Arc;

/// The label that says who made an object.
pub const OWNER: &str = "sealock.owner";
/// Labels that begin so are the gateway's alone.
pub(crate) const RESERVED: &str = "sealock.";

/// A set of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallSet([u64; 3]);

impl CallSet {
    /// Every call.
    pub(crate) fn all() -> Self {
        let mut set = Self::default();
        for call in Call::ALL {
            set.add(*call);
        }
        set
    }

    /// The calls of one verb.
    pub(crate) fn of(verb: Verb) -> Self {
        let mut set = Self::default();
        for route in Route::all() {
            if route.verb == verb {
                set.add(route.call);
            }
        }
        set
    }

    /// Adds a call.
    pub(crate) fn add(&mut self, call: Call) {
        let number = call as usize;
        self.0[number / 64] |= 1 << (number % 64);
    }

    /// Adds all calls of another set.
    pub(crate) fn join(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own |= other;
        }
    }

    /// Takes all calls of another set away.
    pub(crate) fn part(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own &= !other;
        }
    }

    /// Whether the call is in it.
    pub(crate) fn has(&self, call: Call) -> bool {
        let number = call as usize;
        self.0[number / 64] >> (number % 64) & 1 == 1
    }
}

/// What somebody may do.
#[derive(Debug)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) about: String,
    /// Whoever has it may do nothing, whatever else was granted.
    pub(crate) refuses: bool,
    pub(crate) calls: CallSet,
    pub(crate) constraints: Constraints,
    pub(crate) scope: Scope,
}

/// A role given to somebody.
#[derive(Debug)]
pub(crate) struct Grant {
    /// How it is called in refusals and audit records.
    pub(crate) rule: String,
    pub(crate) line: usize,
    pub(crate) to: Vec<Whom>,
    pub(crate) role: Arc<Role>,
    pub(crate) scope: Scope,
    pub(crate) constraints: Constraints,
}

/// Calls that are taken from somebody, whatever was granted.
#[derive(Debug)]
pub(crate) struct Deny {
    pub(crate) rule: String,
    pub(crate) to: Vec<Whom>,
    pub(crate) calls: CallSet,
}

/// Which objects a grant is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them.
    All,
    /// Those that the caller made.
    Owner,
    /// Those with this label.
    Label {
        /// The label's key.
        key: String,
        /// Its value.
        value: String,
    },
}

impl Scope {
    /// Reads `all`, `owner=self` or `label:KEY=VALUE`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text {
            "all" => Some(Self::All),
            "owner=self" => Some(Self::Owner),
            text => {
                let (key, value) = text.strip_prefix("label:")?.split_once('=')?;
                let plain = |text: &str| {
                    !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace())
                };
                (plain(key) && plain(value) && !key.starts_with(RESERVED)).then(|| Self::Label {
                    key: key.to_owned(),
                    value: value.to_owned(),
                })
            }
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Owner => f.write_str("owner=self"),
            Self::Label { key, value } => write!(f, "label:{key}={value}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallSet, Scope};
    use crate::{Call, Verb};

    #[test]
    fn every_call_has_room_in_a_set() {
        let all = CallSet::all();
        for call in Call::ALL {
            assert!(all.has(*call));
            assert!(!CallSet::default().has(*call));
        }
        let mut some = all;
        some.part(&CallSet::of(Verb::Exec));
        assert!(!some.has(Call::ExecCreate));
        assert!(some.has(Call::ContainerList));
    }

    #[test]
    fn scopes_are_all_own_or_a_label() {
        for text in [
            "all",
            "owner=self",
            "label:com.example.team=blue",
            "label:a=b=c",
        ] {
            assert_eq!(Scope::read(text).unwrap().to_string(), text);
        }
        for bad in [
            "",
            "owner=bob",
            "label:",
            "label:a",
            "label:=b",
            "label:a=",
            "label:a b=c",
            "label:sealock.owner=x",
        ] {
            assert_eq!(Scope::read(bad), None, "{bad}");
        }
    }
}
