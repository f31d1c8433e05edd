//! Versions of the Engine API.

use std::fmt;
use std::str::FromStr;

/// A version of the Engine API, as `1.41`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiVersion {
    /// Before the dot; 1 ever since.
    pub major: u16,
    /// Behind the dot.
    pub minor: u16,
}

impl ApiVersion {
    /// The lowest version that is read at all: below it, a start carries a whole host configuration.
    pub const LOWEST: Self = Self::new(1, 24);
    /// The highest version whose bodies are known.
    pub const HIGHEST: Self = Self::new(1, 55);

    /// A version from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A text that is no version, or another spelling of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoVersion;

impl FromStr for ApiVersion {
    type Err = NoVersion;

    /// Only the one spelling: the daemon also takes `01.041` and `1.41.0`, and a filter in between reads
    /// them otherwise.
    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let (major, minor) = text.split_once('.').ok_or(NoVersion)?;
        Ok(Self::new(number(major)?, number(minor)?))
    }
}

fn number(text: &str) -> Result<u16, NoVersion> {
    let plain = !text.is_empty()
        && text.len() <= 3
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if plain {
        text.parse().map_err(|_| NoVersion)
    } else {
        Err(NoVersion)
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiVersion, NoVersion};

    #[test]
    fn a_version_has_one_spelling() {
        assert_eq!("1.41".parse(), Ok(ApiVersion::new(1, 41)));
        assert_eq!("1.0".parse(), Ok(ApiVersion::new(1, 0)));
        for other in [
            "", "1", "1.", ".41", "01.41", "1.041", "1.41.0", "1..41", "1.4a", "+1.41", "1.1000",
            " 1.41",
        ] {
            assert_eq!(other.parse::<ApiVersion>(), Err(NoVersion), "{other:?}");
        }
        assert!(ApiVersion::new(1, 9) < ApiVersion::new(1, 41));
    }
}
