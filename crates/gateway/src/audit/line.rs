//! Writes JSON that is one line, bounded, and harmless to whoever prints it.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// Nothing in a record is longer, in bytes before escaping; targets come next to it.
pub(super) const TEXT: usize = 256;
/// The bound for targets, reasons and issuers.
pub(super) const LONG: usize = 2048;
/// No line is longer: every field has its bound, and an escape is at most six bytes for one.
pub const LONGEST_LINE: usize = 64 * 1024;

/// What stands for the part of a text that was beyond its bound.
const ELLIPSIS: &[u8] = "…".as_bytes();

/// What stands between a value and the next: the name of a member with everything around it, in one piece.
macro_rules! member {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(super) use member;

/// Starts an object, or goes on with one: the comma of its first member is left out.
pub(super) fn first(out: &mut Vec<u8>, member: &str) {
    let begins = matches!(out.last(), None | Some(b'{'));
    out.extend_from_slice(&member.as_bytes()[usize::from(begins)..]);
}

/// A member whose value is text from outside.
#[inline]
pub(super) fn text(out: &mut Vec<u8>, member: &'static str, value: &[u8], bound: usize) {
    out.extend_from_slice(member.as_bytes());
    string(out, value, bound);
}

/// The same, left out when it is empty.
#[inline]
pub(super) fn some_text(out: &mut Vec<u8>, member: &'static str, value: &str, bound: usize) {
    if !value.is_empty() {
        text(out, member, value.as_bytes(), bound);
    }
}

/// A member whose value is a word of ours, which needs no escaping.
#[inline]
pub(super) fn word(out: &mut Vec<u8>, member: &'static str, value: &str) {
    out.extend_from_slice(member.as_bytes());
    out.push(b'"');
    out.extend_from_slice(value.as_bytes());
    out.push(b'"');
}

/// A member whose value is a number.
#[inline]
pub(super) fn number(out: &mut Vec<u8>, member: &'static str, value: u64) {
    out.extend_from_slice(member.as_bytes());
    decimal(out, value);
}

/// A string in quotes, cut at `bound` bytes.
///
/// Bytes that are no UTF-8 become U+FFFD. Control characters, bidirectional overrides and their like become
/// `\u` escapes, so a terminal that shows the file obeys nobody but its user.
pub(super) fn string(out: &mut Vec<u8>, value: &[u8], bound: usize) {
    out.push(b'"');
    let cut = value.len() > bound;
    let mut rest = if cut {
        &value[..boundary(value, bound)]
    } else {
        value
    };
    loop {
        let (run, special) = rest.split_at(plain(rest));
        out.extend_from_slice(run);
        if special.is_empty() {
            break;
        }
        rest = escaped(out, special);
    }
    if cut {
        out.extend_from_slice(ELLIPSIS);
    }
    out.push(b'"');
}

/// Where a cut does no harm to a character; what is no UTF-8 is cut where it is.
fn boundary(value: &[u8], bound: usize) -> usize {
    (bound.saturating_sub(3)..=bound)
        .rev()
        .find(|at| value.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80))
        .unwrap_or(bound)
}

/// How many bytes in front need no escape; eight at a time, because nearly always none does.
fn plain(value: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let mut at = 0;
    for word in value.chunks_exact(8) {
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        let low = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = is_zero(word ^ (ONES * u64::from(b'"')));
        let backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
        let delete = is_zero(word ^ (ONES * 0x7f));
        if (low | quote | backslash | delete | word) & (ONES << 7) != 0 {
            break;
        }
        at += 8;
    }
    let odd = value[at..]
        .iter()
        .position(|byte| !PLAIN[usize::from(*byte)]);
    odd.map_or(value.len(), |odd| at + odd)
}

/// Printable ASCII but for the two that JSON escapes.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        table[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    table
};

/// Writes the one character that `from` begins with; returns what is behind it.
fn escaped<'a>(out: &mut Vec<u8>, from: &'a [u8]) -> &'a [u8] {
    let Some(first) = from.first() else {
        return from;
    };
    match first {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..=0x7f => unit(out, u16::from(*first)),
        _ => return beyond_ascii(out, from),
    }
    &from[1..]
}

fn beyond_ascii<'a>(out: &mut Vec<u8>, from: &'a [u8]) -> &'a [u8] {
    let head = &from[..from.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The rest of these four bytes may belong to the next character.
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    let Some(c) = valid.chars().next() else {
        unit(out, 0xfffd);
        return &from[1..];
    };
    let mut buffer = [0; 4];
    if sealock_diag::escape(c.encode_utf8(&mut buffer)).len() == c.len_utf8() {
        out.extend_from_slice(&from[..c.len_utf8()]);
    } else {
        let mut units = [0; 2];
        for half in c.encode_utf16(&mut units) {
            unit(out, *half);
        }
    }
    &from[c.len_utf8()..]
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn unit(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from(value >> shift & 0xf)]);
    }
}

/// Eight digits of lower-case hex.
pub(super) fn padded_hex(out: &mut Vec<u8>, value: u32) {
    for digit in (0..8).rev() {
        out.push(HEX[(value >> (digit * 4) & 0xf) as usize]);
    }
}

/// Lower-case hex without leading zeros.
pub(super) fn hex(out: &mut Vec<u8>, value: u64) {
    let digits = (u64::BITS - value.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        out.push(HEX[(value >> (digit * 4) & 0xf) as usize]);
    }
}

/// A number; `fmt` would cost more than the rest of the line.
pub(super) fn decimal(out: &mut Vec<u8>, mut value: u64) {
    if value < 10 {
        return out.push(b'0' + value as u8);
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    while value > 0 {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    out.extend_from_slice(&digits[at..]);
}

/// A second as a moment begins with it, in quotes: `"2026-11-22T15:04:57.`
type Second = [u8; 21];

thread_local! {
    /// The second that was written last: thousands of records are of the same.
    static SECOND: Cell<(u64, Second)> = const { Cell::new((u64::MAX, [0; 21])) };
}

/// A moment in UTC, to the microsecond.
pub(super) fn moment(out: &mut Vec<u8>, at: SystemTime) {
    let (text, micros) = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => {
            let (mut number, mut text) = SECOND.get();
            if number != since.as_secs() {
                (number, text) = (since.as_secs(), second(at));
                SECOND.set((number, text));
            }
            (text, since.subsec_micros())
        }
        Err(_) => (second(at), OffsetDateTime::from(at).microsecond()),
    };
    out.extend_from_slice(&text);
    let digit = |unit: u32| b'0' + (micros / unit % 10) as u8;
    out.extend_from_slice(&[
        digit(100_000),
        digit(10_000),
        digit(1_000),
        digit(100),
        digit(10),
        digit(1),
        b'Z',
        b'"',
    ]);
}

fn second(at: SystemTime) -> Second {
    let at = OffsetDateTime::from(at);
    let mut text = *b"\"0000-00-00T00:00:00.";
    let mut put = |end: usize, width: usize, mut value: u32| {
        for digit in text[end - width..end].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
    };
    put(5, 4, u32::try_from(at.year()).unwrap_or_default());
    put(8, 2, u32::from(u8::from(at.month())));
    put(11, 2, u32::from(at.day()));
    put(14, 2, u32::from(at.hour()));
    put(17, 2, u32::from(at.minute()));
    put(20, 2, u32::from(at.second()));
    text
}

#[cfg(test)]
mod tests {
    use super::{TEXT, decimal, hex, moment, string};
    use std::time::{Duration, UNIX_EPOCH};

    fn written(value: &[u8], bound: usize) -> String {
        let mut out = Vec::new();
        string(&mut out, value, bound);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn foreign_text_stays_one_harmless_line() {
        for (raw, line) in [
            (&b"/v1.41/info"[..], r#""/v1.41/info""#),
            (b"a\"b\\c", r#""a\"b\\c""#),
            (b"one\r\ntwo\t", r#""one\r\ntwo\t""#),
            (b"\x1b[2J\x00\x7f", r#""\u001b[2J\u0000\u007f""#),
            ("näme €".as_bytes(), "\"näme €\""),
            ("\u{9b}31m".as_bytes(), r#""\u009b31m""#),
            ("abc\u{202e}fdp".as_bytes(), r#""abc\u202efdp""#),
            ("\u{e0001}".as_bytes(), r#""\udb40\udc01""#),
            (b"\xff\xfe", r#""\ufffd\ufffd""#),
            (b"\xe2\x82", r#""\ufffd\ufffd""#),
            ("€\u{2028}".as_bytes(), "\"€\\u2028\""),
        ] {
            let found = written(raw, TEXT);
            assert_eq!(found, line);
            assert!(serde_json::from_str::<String>(&found).is_ok(), "{found}");
        }
    }

    #[test]
    fn what_needs_an_escape_is_found_wherever_it_is() {
        for length in 1..40 {
            for at in 0..length {
                for odd in 0..=255 {
                    let mut bytes = vec![b'~'; length];
                    bytes[at] = odd;
                    let expected = if super::PLAIN[usize::from(odd)] {
                        length
                    } else {
                        at
                    };
                    assert_eq!(super::plain(&bytes), expected, "{odd} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        assert_eq!(written("aaaa".as_bytes(), 4), "\"aaaa\"");
        assert_eq!(written("aaaab".as_bytes(), 4), "\"aaaa…\"");
        assert_eq!(written("aa€b".as_bytes(), 4), "\"aa…\"");
        assert_eq!(
            written(&[0x80; 9], 4),
            format!("\"{}…\"", "\\ufffd".repeat(4))
        );
    }

    #[test]
    fn numbers_and_moments() {
        let mut out = Vec::new();
        decimal(&mut out, 0);
        out.push(b' ');
        decimal(&mut out, u64::MAX);
        out.push(b' ');
        hex(&mut out, 0);
        out.push(b' ');
        hex(&mut out, 0x1f00);
        out.push(b' ');
        moment(
            &mut out,
            UNIX_EPOCH + Duration::from_micros(1_795_359_897_000_123),
        );
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "0 18446744073709551615 0 1f00 \"2026-11-22T15:04:57.000123Z\""
        );
    }
}
