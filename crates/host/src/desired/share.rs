//! The part of a life after which a certificate is renewed: `66%`, `2/3`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A part of a certificate's life, between a tenth and nine tenths of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    of: u32,
    parts: u32,
}

impl Share {
    /// Two thirds: time enough to notice that a renewal fails, and rare enough for daemons that must restart.
    pub const TWO_THIRDS: Self = Self { of: 3, parts: 2 };

    /// That part of a life.
    pub fn of(self, life: Duration) -> Duration {
        life * self.parts / self.of
    }
}

impl Default for Share {
    fn default() -> Self {
        Self::TWO_THIRDS
    }
}

impl FromStr for Share {
    type Err = String;

    /// A percentage, or a fraction with numbers below 100.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{}` is no part of a life; expected \"66%\" or \"2/3\"",
                sealock_diag::escape(text)
            )
        };
        let number = |text: &str| {
            text.trim()
                .parse::<u32>()
                .ok()
                .filter(|number| *number <= 100)
        };
        let share = match (text.strip_suffix('%'), text.split_once('/')) {
            (Some(percent), _) => number(percent).map(|parts| Self { parts, of: 100 }),
            (None, Some((parts, of))) => number(parts)
                .zip(number(of))
                .map(|(parts, of)| Self { parts, of }),
            (None, None) => None,
        };
        let share = share.ok_or_else(expected)?;
        if share.parts * 10 < share.of || share.parts * 10 > share.of * 9 || share.of == 0 {
            return Err(format!(
                "`{}` is out of range; between 10% and 90%",
                sealock_diag::escape(text)
            ));
        }
        Ok(share)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of {
            100 => write!(f, "{}%", self.parts),
            of => write!(f, "{}/{of}", self.parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Share;
    use std::time::Duration;

    #[test]
    fn shares() {
        let life = Duration::from_secs(900);
        for (text, seconds, written) in [
            ("2/3", 600, "2/3"),
            ("50%", 450, "50%"),
            ("9/10", 810, "9/10"),
        ] {
            let share: Share = text.parse().unwrap();
            assert_eq!(
                (share.of(life).as_secs(), share.to_string()),
                (seconds, written.to_owned())
            );
        }
        assert_eq!(Share::default().of(life).as_secs(), 600);
        for bad in [
            "",
            "%",
            "2",
            "0/0",
            "1/0",
            "95%",
            "9%",
            "-1%",
            "1/2/3",
            "4294967295%",
            "200/300",
        ] {
            assert!(bad.parse::<Share>().is_err(), "{bad}");
        }
    }
}
