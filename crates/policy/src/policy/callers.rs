//! Whom a grant means.

use super::error::PolicyError;
use super::pattern::Pattern;
use super::section::short;
use crate::{Caller, Name};
use std::fmt;

/// One entry of `to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Everybody who was let in.
    Anyone,
    /// Exactly this name.
    Name(Name),
    /// URIs that fit; the star stands behind scheme and authority only.
    Uri(Pattern),
}

impl Whom {
    /// Reads `cn:alice`, `uri:spiffe://example.org/ci/*` or `*`.
    pub(crate) fn read(text: &str, line: usize) -> Result<Self, PolicyError> {
        let refuse = |problem: &str| PolicyError::Caller {
            line,
            text: short(text),
            problem: problem.to_owned(),
        };
        if text == "*" {
            return Ok(Self::Anyone);
        }
        if let Some((kind, value)) = text.split_once(':')
            && value.contains('*')
        {
            let star = value.find('*').unwrap_or_default();
            let path = value
                .find("://")
                .and_then(|at| value[at + 3..].find('/').map(|slash| at + 3 + slash));
            return match (kind, path) {
                ("uri", Some(path)) if star > path => Ok(Self::Uri(Pattern::new(value))),
                ("uri", _) => Err(refuse("a star may stand in the path of a URI only")),
                _ => Err(refuse(
                    "names are exact; only the path of a uri: may have a star",
                )),
            };
        }
        text.parse()
            .map(Self::Name)
            .map_err(|problem: String| refuse(&problem))
    }

    /// Whether the caller is meant.
    pub(crate) fn means(&self, caller: &Caller) -> bool {
        match self {
            Self::Anyone => true,
            Self::Name(name) => caller.names().contains(name),
            Self::Uri(pattern) => caller
                .names()
                .iter()
                .any(|name| matches!(name, Name::Uri(uri) if fits_path(pattern, uri))),
        }
    }

    /// Whether the caller may be meant: what is taken away is taken from an odd URI of the same authority too, whose path
    /// can be read as another.
    pub(crate) fn may_mean(&self, caller: &Caller) -> bool {
        let Self::Uri(pattern) = self else {
            return self.means(caller);
        };
        let text = pattern.text();
        let path = text.find("://").map_or(0, |at| at + 3);
        let authority = text[path..]
            .find('/')
            .map_or(text, |slash| &text[..=path + slash]);
        caller.names().iter().any(|name| match name {
            Name::Uri(uri) => pattern.fits(uri) || (is_odd(uri) && uri.starts_with(authority)),
            _ => false,
        })
    }
}

/// A star never climbs: a path with `..` or an encoded slash fits no pattern.
fn fits_path(pattern: &Pattern, uri: &str) -> bool {
    !is_odd(uri) && pattern.fits(uri)
}

fn is_odd(uri: &str) -> bool {
    uri.contains("..") || uri.contains(['%', '?', '#'])
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("*"),
            Self::Name(name) => write!(f, "{name}"),
            Self::Uri(pattern) => write!(f, "uri:{}", short(pattern.text())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Whom;
    use crate::{Caller, Name};

    #[test]
    fn names_are_exact_and_uris_may_have_a_star() {
        let caller = Caller::new(vec![
            Name::Uri("spiffe://example.org/ci/a".to_owned()),
            Name::Cn("alice".to_owned()),
            Name::Uid(0),
        ]);
        for (text, expected) in [
            ("*", true),
            ("cn:alice", true),
            ("cn:Alice", false),
            ("cn:alic", false),
            ("dns:alice", false),
            ("uid:0", true),
            ("uri:spiffe://example.org/ci/*", true),
            ("uri:spiffe://example.org/ci", false),
            ("uri:spiffe://example.org/*", true),
            ("uri:spiffe://example.com/*", false),
        ] {
            assert_eq!(
                Whom::read(text, 1).unwrap().means(&caller),
                expected,
                "{text}"
            );
        }
        for bad in [
            "alice",
            "cn:",
            "cn:al*",
            "uri:spiffe://*/ci",
            "uri:*",
            "uid:x",
            "uid:+1",
            "spki:00",
            "serial:00ff",
            "serial:FF",
            "who:x",
        ] {
            assert!(Whom::read(bad, 1).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_star_never_climbs() {
        let whom = Whom::read("uri:spiffe://example.org/ci/*", 1).unwrap();
        for uri in [
            "spiffe://example.org/ci/../admin",
            "spiffe://example.org/ci/%2e%2e/admin",
            "spiffe://example.org/ci/a?b",
        ] {
            let caller = Caller::new(vec![Name::Uri(uri.to_owned())]);
            assert!(!whom.means(&caller), "{uri}");
        }
    }
}
