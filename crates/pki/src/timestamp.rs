//! Instants, as certificates know them.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use sealock_diag::{Code, Diagnose, escape};

/// An instant in whole seconds since 1970-01-01T00:00:00Z, UTC.
///
/// Certificates know nothing finer. Arithmetic saturates at the ends of what `i64` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The last instant a certificate can name, 9999-12-31T23:59:59Z (RFC 5280 §4.1.2.5).
    pub const MAX: Self = Self(253_402_300_799);
    /// The first instant a certificate can name without ambiguity, 1950-01-01T00:00:00Z.
    pub const MIN: Self = Self(-631_152_000);

    /// The instant `seconds` after the epoch.
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds after the epoch.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not later.
    pub fn since(self, earlier: Self) -> Duration {
        let seconds = self.0.saturating_sub(earlier.0);
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }

    /// Year, month, day, hour, minute, second of the proleptic Gregorian calendar.
    pub(crate) fn civil(self) -> Civil {
        let days = self.0.div_euclid(86_400);
        let rest = self.0.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest % 3600 / 60,
            second: rest % 60,
        }
    }
}

/// A [`Timestamp`] taken apart.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, life: Duration) -> Self {
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(seconds))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, life: Duration) -> Self {
        let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(seconds))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339: `2026-11-22T04:28:27Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self.civil();
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

/// A text that is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a point in time", escape(presented))]
pub struct TimestampError {
    /// What was given.
    pub presented: String,
}

impl Diagnose for TimestampError {
    fn code(&self) -> Code {
        Code("SL-P001")
    }
    fn help(&self) -> Option<String> {
        Some("write it like 2026-11-22 or 2026-11-22T04:28:27Z".into())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// RFC 3339 with `Z` or an offset, or `YYYY-MM-DD` (midnight UTC). Fractions are dropped.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse(text).ok_or_else(|| TimestampError {
            presented: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| -> Option<i64> {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| {
            part.iter()
                .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|b| wanted.contains(b));

    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    if !is(4, b"-") || !is(7, b"-") || !(1..=12).contains(&month) {
        return None;
    }
    let days = days_from_civil(year, month, day);
    if day < 1 || civil_from_days(days) != (year, month, day) {
        return None;
    }
    if bytes.len() == 10 {
        return Some(Timestamp(days * 86_400));
    }

    let (hour, minute, second) = (digits(11, 13)?, digits(14, 16)?, digits(17, 19)?);
    // A leap second is not an instant of Unix time; it is read as the second before.
    if !is(10, b"Tt ") || !is(13, b":") || !is(16, b":") || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    let mut at = 19;
    if is(at, b".") {
        at += 1;
        let start = at;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start {
            return None;
        }
    }
    let offset = match bytes.get(at..)? {
        b"Z" | b"z" => 0,
        rest if rest.len() == 6 && is(at + 3, b":") => {
            let (hours, minutes) = (digits(at + 1, at + 3)?, digits(at + 4, at + 6)?);
            let seconds = hours * 3600 + minutes * 60;
            match rest.first()? {
                _ if hours > 23 || minutes > 59 => return None,
                b'+' => seconds,
                b'-' => -seconds,
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Timestamp(
        days * 86_400 + hour * 3600 + minute * 60 + second.min(59) - offset,
    ))
}

// Days and civil dates: H. Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01", 0),
            ("2026-11-22T04:28:27Z", 1_795_321_707),
            ("2026-11-22T05:28:27+01:00", 1_795_321_707),
            ("2026-11-22t04:28:27.999z", 1_795_321_707),
            ("2024-02-29", 1_709_164_800),
            ("9999-12-31T23:59:59Z", Timestamp::MAX.as_unix()),
            ("1950-01-01", Timestamp::MIN.as_unix()),
        ] {
            assert_eq!(
                text.parse::<Timestamp>().unwrap().as_unix(),
                seconds,
                "{text}"
            );
        }
        assert_eq!(
            Timestamp::from_unix(1_795_321_707).to_string(),
            "2026-11-22T04:28:27Z"
        );
        assert_eq!(Timestamp::from_unix(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "2025-02-29",
            "2026-11-22T",
            "2026-11-22T24:00:00Z",
            "2026-11-22T04:28:27",
            "2026-11-22T04:28:27+0100",
            "2026-11-22T04:28:27.Z",
            "2026-00-10",
            "2026-11-22T04:28:27Zx",
            "٢٠٢٦-11-22",
            "2026-11-00",
            "2026-11-22T04:28:27+99:00",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        let last = Timestamp::from_unix(i64::MAX);
        assert_eq!(last + Duration::MAX, last);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
    }
}
