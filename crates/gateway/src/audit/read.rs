//! Reads what the writer wrote: for `audit verify`, `audit show`, and the writer itself.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::SHA256;
use sealock_diag::escape;
use serde_json::{Map, Value};

use super::file::numbered;
use super::line::{LONGEST_LINE, moment};
use crate::GatewayError;

/// Nobody looks further back, and years before the common era have no digits here.
const CENTURY: u64 = 36_525 * 86_400;

/// One record, as it stands in the file.
pub type Fields = Map<String, Value>;

/// The file and those it was rotated into, the oldest first; those that are there.
pub fn files(path: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = (1..)
        .map(|number| numbered(path, number))
        .take_while(|older| older.exists())
        .collect();
    files.reverse();
    files.push(path.to_owned());
    files
}

/// Goes through the lines of these files. A line that is longer than any record is given as far as a record may go.
///
/// # Errors
/// A file cannot be read.
pub(super) fn each_line(
    files: &[PathBuf],
    mut with: impl FnMut(&Path, u64, &[u8]),
) -> Result<(), GatewayError> {
    for path in files {
        let unreadable = |error: std::io::Error| {
            GatewayError::new("SL-G061", "an audit file cannot be read")
                .at(escape(&path.to_string_lossy()))
                .because(match error.kind() {
                    ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                })
        };
        let mut reader = BufReader::with_capacity(1 << 16, File::open(path).map_err(unreadable)?);
        let mut line = Vec::new();
        let mut number = 0;
        while next(&mut reader, &mut line).map_err(unreadable)? {
            number += 1;
            with(path, number, &line);
        }
    }
    Ok(())
}

/// Reads a line without its end, and of an endless one no more than its bound.
fn next(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let mut any = false;
    loop {
        let there = reader.fill_buf()?;
        if there.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = there.iter().position(|byte| *byte == b'\n');
        let part = &there[..end.unwrap_or(there.len())];
        // One byte more than is allowed tells that there was too much.
        let room = (LONGEST_LINE + 1).saturating_sub(line.len());
        line.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// The fields of a record; `None` when the line is none.
pub fn fields(line: &[u8]) -> Option<Fields> {
    if line.len() > LONGEST_LINE {
        return None;
    }
    match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) if fields.get("seq").is_some_and(Value::is_u64) => Some(fields),
        _ => None,
    }
}

/// Which records are wanted; what is `None` is not asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The caller, by its label or by any of its names.
    pub caller: Option<String>,
    /// `allow`, `warn`, `deny` or `hide`.
    pub decision: Option<String>,
    /// `request`, `open` and so on.
    pub event: Option<String>,
    /// The id that a caller was told.
    pub id: Option<String>,
    /// No earlier than this, as the records have it: UTC in RFC 3339.
    pub since: Option<String>,
}

impl Wanted {
    /// Whether this record is one of them.
    pub fn matches(&self, fields: &Fields) -> bool {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let is =
            |wanted: &Option<String>, name| wanted.is_none() || wanted.as_deref() == text(name);
        let named = |wanted: &str| {
            let names = fields.get("names").and_then(Value::as_array);
            text("caller") == Some(wanted)
                || names.is_some_and(|names| names.iter().any(|name| name == wanted))
        };
        is(&self.decision, "decision")
            && is(&self.event, "event")
            && is(&self.id, "id")
            && self.caller.as_deref().is_none_or(named)
            // Written at a fixed width, so text is ordered as time is.
            && self.since.as_deref().is_none_or(|since| text("time") >= Some(since))
    }
}

/// Reads what a person says about [`Wanted::since`]: so long ago (`15m`), or a time in UTC (`2026-11-22T15:04`).
///
/// # Errors
/// It is neither.
pub fn since(text: &str) -> Result<String, String> {
    let bad = || {
        format!(
            "`{}` is neither a number with s, m, h or d nor a time such as 2026-11-22T15:04",
            escape(text)
        )
    };
    let looks_like = |shape: &str| {
        text.len() <= shape.len()
            && text.len() >= 10
            && text
                .bytes()
                .zip(shape.bytes())
                .all(|(byte, like)| match like {
                    b'0' => byte.is_ascii_digit(),
                    _ => byte == like,
                })
    };
    if looks_like("0000-00-00T00:00:00.000000Z") {
        return Ok(text.to_owned());
    }
    let unit = match text.as_bytes().last() {
        Some(b's') => 1,
        Some(b'm') => 60,
        Some(b'h') => 3600,
        Some(b'd') => 86_400,
        _ => return Err(bad()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| bad())?;
    let ago = count.checked_mul(unit).filter(|ago| *ago <= CENTURY);
    let ago = Duration::from_secs(ago.ok_or_else(bad)?);
    let at = SystemTime::now().checked_sub(ago).ok_or_else(bad)?;
    let mut out = Vec::new();
    moment(&mut out, at);
    let quoted = String::from_utf8(out).map_err(|_| bad())?;
    Ok(quoted.trim_matches('"').to_owned())
}

/// The last records that are wanted, and how many there were in all.
///
/// # Errors
/// A file cannot be read.
pub fn last(
    files: &[PathBuf],
    wanted: &Wanted,
    most: usize,
) -> Result<(Vec<Fields>, u64), GatewayError> {
    let (mut found, mut total) = (VecDeque::new(), 0);
    each_line(files, |_, _, line| {
        if let Some(fields) = fields(line).filter(|fields| wanted.matches(fields)) {
            total += 1;
            found.push_back(fields);
            if found.len() > most {
                found.pop_front();
            }
        }
    })?;
    Ok((found.into(), total))
}

/// The SHA-256 of a line, without its end.
pub(super) fn digest(line: &[u8]) -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&SHA256, line);
    let mut out = [0; 32];
    out.copy_from_slice(digest.as_ref());
    out
}

/// Lower-case hex.
pub(super) fn hex(out: &mut Vec<u8>, digest: &[u8; 32]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in digest {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 0xf)]);
    }
}

/// The number that a line of ours begins with.
pub(super) fn sequence(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"seq\":")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Wanted, fields, next, sequence, since};
    use crate::audit::LONGEST_LINE;
    use std::io::BufReader;

    #[test]
    fn lines_have_a_bound_and_the_last_may_have_no_end() {
        let long = "x".repeat(3 * LONGEST_LINE);
        let text = format!("one\n\n{long}\nlast");
        let mut reader = BufReader::with_capacity(100, text.as_bytes());
        let (mut line, mut found) = (Vec::new(), Vec::new());
        while next(&mut reader, &mut line).unwrap() {
            found.push(line.len());
        }
        assert_eq!(found, [3, 0, LONGEST_LINE + 1, 4]);
    }

    #[test]
    fn what_is_a_record() {
        assert!(fields(br#"{"seq":1}"#).is_some());
        for line in [
            "",
            "{",
            "[]",
            "{}",
            r#"{"seq":"1"}"#,
            r#"{"seq":-1}"#,
            "{\"seq\":1}x",
        ] {
            assert!(fields(line.as_bytes()).is_none(), "{line}");
        }
        assert_eq!(sequence(br#"{"seq":17,"x":1}"#), Some(17));
        assert_eq!(sequence(br#"{"seq":,"x":1}"#), None);
    }

    #[test]
    fn records_are_found_by_what_they_say() {
        let record = r#"{"seq":1,"time":"2026-11-22T15:04:57.000123Z","event":"request","id":"a-1-1",
            "caller":"uri:x","names":["cn:alice"],"decision":"deny"}"#;
        let record = fields(record.as_bytes()).unwrap();
        let some = |text: &str| Some(text.to_owned());
        let check = |wanted: Wanted, expected: bool| {
            assert_eq!(wanted.matches(&record), expected, "{wanted:?}");
        };
        let none = Wanted::default;
        check(none(), true);
        check(
            Wanted {
                caller: some("uri:x"),
                ..none()
            },
            true,
        );
        check(
            Wanted {
                caller: some("cn:alice"),
                ..none()
            },
            true,
        );
        check(
            Wanted {
                caller: some("cn:bob"),
                ..none()
            },
            false,
        );
        check(
            Wanted {
                decision: some("deny"),
                ..none()
            },
            true,
        );
        check(
            Wanted {
                decision: some("allow"),
                ..none()
            },
            false,
        );
        check(
            Wanted {
                event: some("open"),
                ..none()
            },
            false,
        );
        check(
            Wanted {
                id: some("a-1-1"),
                event: some("request"),
                ..none()
            },
            true,
        );
        check(
            Wanted {
                since: some("2026-11-22T15:04:57"),
                ..none()
            },
            true,
        );
        check(
            Wanted {
                since: some("2026-11-22T15:04:58"),
                ..none()
            },
            false,
        );
    }

    #[test]
    fn since_when() {
        assert_eq!(since("2026-11-22").unwrap(), "2026-11-22");
        assert_eq!(since("2026-11-22T15:04").unwrap(), "2026-11-22T15:04");
        let (hour, minute) = (since("1h").unwrap(), since("1m").unwrap());
        assert!(hour < minute && minute.len() == 27, "{hour} {minute}");
        for bad in [
            "",
            "h",
            "-1h",
            "1y",
            "2026",
            "2026-11-2x",
            "99999999999999999999d",
            "9999999999999d",
            "ü",
        ] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }
}
