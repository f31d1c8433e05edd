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

    /// Writes it without the machinery of `fmt`, which costs more than the rest of a target.
    pub(super) fn write(self, out: &mut String) {
        for (number, unit) in [self.major, self.minor].into_iter().zip(["", "."]) {
            out.push_str(unit);
            let digit = |unit: u16| char::from(b'0' + (number / unit % 10) as u8);
            for unit in [10_000, 1_000, 100, 10] {
                if number >= unit {
                    out.push(digit(unit));
                }
            }
            out.push(digit(1));
        }
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
        let bytes = text.as_bytes();
        let dot = bytes
            .iter()
            .position(|byte| *byte == b'.')
            .ok_or(NoVersion)?;
        Ok(Self::new(
            number(&bytes[..dot])?,
            number(&bytes[dot + 1..])?,
        ))
    }
}

fn number(digits: &[u8]) -> Result<u16, NoVersion> {
    match digits {
        [b'0'] => Ok(0),
        [b'1'..=b'9', rest @ ..] if rest.len() <= 2 && rest.iter().all(u8::is_ascii_digit) => {
            let number = |sum, digit: &u8| sum * 10 + u16::from(digit - b'0');
            Ok(digits.iter().fold(0, number))
        }
        _ => Err(NoVersion),
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
        for (major, minor) in [(1, 41), (0, 0), (1, 100), (65_535, 10_203)] {
            let (version, mut written) = (ApiVersion::new(major, minor), String::new());
            version.write(&mut written);
            assert_eq!(written, version.to_string());
        }
        assert!(ApiVersion::new(1, 9) < ApiVersion::new(1, 41));
    }
}
