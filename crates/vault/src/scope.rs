//! Scopes: groups of hosts with a client anchor of their own.

use std::fmt;

/// Which client anchors a host trusts: the authority's own, or those of a named group of hosts.
///
/// Server anchors have no scope: one anchor proves every host to every client.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(String);

static OWN: Scope = Scope(String::new());

impl Scope {
    /// The authority's own anchors, which every authority has.
    pub fn own() -> &'static Self {
        &OWN
    }

    /// The empty name of [`Scope::own`], or the name of the group.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether these are the authority's own anchors.
    pub fn is_own(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<&str> for Scope {
    type Error = String;

    /// Letters, digits, dashes and underscores, 32 at most: the name becomes part of a subject, a folder and a
    /// metric's label. The error says what is wrong with it, without repeating it.
    fn try_from(name: &str) -> Result<Self, String> {
        const MOST: usize = 32;
        if name.is_empty() {
            return Err("it is empty".to_owned());
        }
        if name.len() > MOST {
            return Err(format!(
                "it has {} bytes; at most {MOST} are allowed",
                name.len()
            ));
        }
        if name.starts_with('-') {
            return Err("it starts with a dash".to_owned());
        }
        match name
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && !"-_".contains(*c))
        {
            Some(' ') => Err("a space is not allowed in it".to_owned()),
            Some(c) => Err(format!(
                "`{}` is not allowed in it",
                sealock_diag::escape(&c.to_string())
            )),
            None => Ok(Self(name.to_owned())),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A column of the database that we wrote ourselves.
pub(crate) fn stored(name: String) -> Scope {
    Scope(name)
}

#[cfg(test)]
mod tests {
    use super::Scope;

    #[test]
    fn names() {
        assert!(Scope::own().is_own());
        for good in ["edge", "a", "EU-west_1", &"x".repeat(32)] {
            assert_eq!(Scope::try_from(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a/b", "a b", "..", "ü", &"x".repeat(33)] {
            assert!(Scope::try_from(bad).is_err(), "{bad}");
        }
    }
}
