//! Making output comparable: what differs from run to run becomes a placeholder.
//!
//! | seen | becomes |
//! |---|---|
//! | `2026-11-22T04:28:27Z`, `2026-11-22 04:28:27` | `<time>` |
//! | `2026-11-22` | `<date>` |
//! | 16 or more hexadecimal digits, `AB:CD:…` from eight pairs on | `<hex>` |
//! | `127.0.0.1:40123`, `[::1]:40123` | `127.0.0.1:<port>`, `[::1]:<port>` |
//! | `pid 123`, `process 123`, `PID 123` | `pid <pid>` … |
//! | `12 ms`, `1.5 s`, `340 µs` | `<duration>` |
//! | whatever [`Redactor::replace`] names, longest first | what it says |

/// Replaces what differs from run to run.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    replacements: Vec<(String, String)>,
}

impl Redactor {
    /// Dates, hexadecimal strings, ports, process ids and durations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also `seen`, which becomes `<placeholder>`: a folder of the test, a host's name.
    #[must_use]
    pub fn replace(mut self, seen: impl AsRef<std::path::Path>, placeholder: &str) -> Self {
        let seen = seen.as_ref().display().to_string();
        self.replacements.push((seen, format!("<{placeholder}>")));
        // A folder inside another one must be tried before it.
        self.replacements
            .sort_by_key(|(seen, _)| std::cmp::Reverse(seen.len()));
        self
    }

    /// The text with everything replaced.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (seen, placeholder) in &self.replacements {
            if !seen.is_empty() {
                text = text.replace(seen, placeholder);
            }
        }
        generic(&text)
    }
}

fn generic(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        // Inside a word or a number nothing begins.
        let fresh = !out.ends_with(|last: char| last.is_ascii_alphanumeric());
        let known = if fresh { recognise(rest) } else { None };
        if let Some((length, placeholder)) = known {
            out.push_str(&placeholder);
            rest = &rest[length..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// What `text` begins with: how many bytes of it, and what they become.
fn recognise(text: &str) -> Option<(usize, String)> {
    let plain = |length: usize, placeholder: &str| Some((length, placeholder.to_owned()));
    if let Some(length) = shape(text, "dddd-dd-dd") {
        let after = &text[length..];
        let time = ["Tdd:dd:dd", " dd:dd:dd"];
        let Some(clock) = time.iter().find_map(|form| shape(after, form)) else {
            return plain(length, "<date>");
        };
        let mut total = length + clock;
        total += fraction(&text[total..]);
        for zone in ["Z", " UTC", "+dd:dd", "-dd:dd"] {
            if let Some(length) = shape(&text[total..], zone) {
                return plain(total + length, "<time>");
            }
        }
        return plain(total, "<time>");
    }
    let colons = pairs(text);
    if colons >= 8 * 3 - 1 {
        return plain(colons, "<hex>");
    }
    let hex = text.len()
        - text
            .trim_start_matches(|c: char| c.is_ascii_hexdigit())
            .len();
    let ends = !text[hex..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if hex >= 16 && ends {
        return plain(hex, "<hex>");
    }
    for host in ["127.0.0.1:", "[::1]:", "localhost:"] {
        if let Some(after) = text.strip_prefix(host) {
            let port = digits(after);
            if port > 0 {
                return Some((host.len() + port, format!("{host}<port>")));
            }
        }
    }
    for word in ["pid ", "PID ", "pid=", "process "] {
        if let Some(after) = text.strip_prefix(word) {
            let number = digits(after);
            if number > 0 {
                return Some((word.len() + number, format!("{word}<pid>")));
            }
        }
    }
    duration(text).map(|length| (length, "<duration>".to_owned()))
}

fn duration(text: &str) -> Option<usize> {
    let whole = digits(text);
    if whole == 0 {
        return None;
    }
    let number = whole + fraction(&text[whole..]);
    [" ms", " µs", " s", "ms", "µs"].iter().find_map(|unit| {
        let after = text[number..].strip_prefix(unit)?;
        let ends = !after.starts_with(|next: char| next.is_alphanumeric());
        ends.then_some(number + unit.len())
    })
}

fn digits(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len()
}

/// The length of `.123` at the beginning, 0 when there is none.
fn fraction(text: &str) -> usize {
    match text.strip_prefix('.').map(digits) {
        Some(length) if length > 0 => length + 1,
        _ => 0,
    }
}

/// The length of `AB:CD:EF` at the beginning.
fn pairs(text: &str) -> usize {
    let bytes = text.as_bytes();
    let pair = |at: usize| {
        bytes.get(at).is_some_and(u8::is_ascii_hexdigit)
            && bytes.get(at + 1).is_some_and(u8::is_ascii_hexdigit)
    };
    if !pair(0) {
        return 0;
    }
    let mut length = 2;
    while bytes.get(length) == Some(&b':') && pair(length + 1) {
        length += 3;
    }
    length
}

/// Whether `text` begins with `form`, in which `d` stands for a digit; gives its length.
fn shape(text: &str, form: &str) -> Option<usize> {
    let mut characters = text.chars();
    for wanted in form.chars() {
        let there = characters.next()?;
        let fits = if wanted == 'd' {
            there.is_ascii_digit()
        } else {
            there == wanted
        };
        if !fits {
            return None;
        }
    }
    Some(form.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_replaced() {
        let redactor = Redactor::new()
            .replace("/tmp/x", "home")
            .replace("/tmp/x/etc", "etc");
        let cases = [
            ("born 2026-11-22T04:28:27Z.", "born <time>."),
            ("2026-11-22 04:28:27 UTC", "<time>"),
            ("until 2026-11-22, then", "until <date>, then"),
            ("serial 0123456789abcdef0123456789abcdef", "serial <hex>"),
            ("AA:BB:CC:DD:EE:FF:00:11", "<hex>"),
            (
                "https://127.0.0.1:40123/_ping",
                "https://127.0.0.1:<port>/_ping",
            ),
            ("0.0.0.0:2376 stays", "0.0.0.0:2376 stays"),
            ("dockerd, pid 4711", "dockerd, pid <pid>"),
            ("took 12 ms, then 1.5 s", "took <duration>, then <duration>"),
            ("12 steps, 3 servers", "12 steps, 3 servers"),
            ("/tmp/x/etc/a and /tmp/x/b", "<etc>/a and <home>/b"),
            ("SHA256 abcdef", "SHA256 abcdef"),
            ("umlaut ü stays", "umlaut ü stays"),
        ];
        for (seen, wanted) in cases {
            assert_eq!(redactor.redact(seen), wanted);
        }
    }
}
