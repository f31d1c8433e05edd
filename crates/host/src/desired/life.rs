//! Lives: `90d`, `12h`, `10y`.

use std::time::Duration;

const UNITS: [(&str, u64); 6] = [
    ("y", 365 * 86_400),
    ("w", 7 * 86_400),
    ("d", 86_400),
    ("h", 3_600),
    ("m", 60),
    ("s", 1),
];

/// Reads a number with `s`, `m`, `h`, `d`, `w` or `y` (365 days). Zero and more than 100 years are refused.
pub fn parse_life(text: &str) -> Result<Duration, String> {
    let shown = sealock_diag::escape(text);
    let expected = || {
        format!("`{shown}` is no life; expected a number with s, m, h, d, w or y, such as \"90d\"")
    };
    let (unit, seconds) = UNITS
        .iter()
        .find(|(unit, _)| text.ends_with(unit))
        .ok_or_else(expected)?;
    let number: u64 = text
        .strip_suffix(unit)
        .unwrap_or_default()
        .trim()
        .parse()
        .map_err(|_| expected())?;
    match number.checked_mul(*seconds) {
        Some(1..=3_153_600_000) => Ok(Duration::from_secs(number * seconds)),
        _ => Err(format!("`{shown}` is out of range; between 1s and 100y")),
    }
}

/// Writes a life in the largest of days, hours, minutes and seconds that is exact.
pub fn format_life(life: Duration) -> String {
    let seconds = life.as_secs();
    let (unit, size) = UNITS
        .into_iter()
        .filter(|(unit, _)| !matches!(*unit, "y" | "w"))
        .find(|(_, size)| seconds >= *size && seconds.is_multiple_of(*size))
        .unwrap_or(("s", 1));
    format!("{}{unit}", seconds / size)
}

#[cfg(test)]
mod tests {
    use super::{format_life, parse_life};
    use std::time::Duration;

    #[test]
    fn lives() {
        for (text, seconds, written) in [
            ("90d", 7_776_000, "90d"),
            ("12h", 43_200, "12h"),
            ("24h", 86_400, "1d"),
            ("10y", 315_360_000, "3650d"),
            ("90s", 90, "90s"),
            ("2w", 1_209_600, "14d"),
        ] {
            assert_eq!(parse_life(text), Ok(Duration::from_secs(seconds)));
            assert_eq!(format_life(Duration::from_secs(seconds)), written);
        }
        for text in [
            "",
            "d",
            "90",
            "-1d",
            "0d",
            "1.5h",
            "200y",
            "99999999999999999999y",
            "é",
        ] {
            assert!(parse_life(text).is_err(), "{text}");
        }
    }
}
