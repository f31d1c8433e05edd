//! What somebody pasted, as lines that can be searched.

use std::borrow::Cow;

/// More than any log that a person pastes; the rest is not read.
const MOST_BYTES: usize = 1024 * 1024;

/// Longer lines are read in pieces.
const LONGEST_LINE: usize = 4096;

/// What may have been broken by a terminal is no log.
const MOST_BROKEN: usize = 8 * 1024;

/// Cleaned text; no line is longer than [`LONGEST_LINE`].
pub(super) struct Paste {
    text: String,
    lower: String,
    lines: Vec<(usize, usize)>,
}

/// A line as it was said, and in lower case, byte for byte at the same places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) lower: &'a str,
}

impl Paste {
    /// Without colours, without the backslashes of a quoted log line, with straight quotes.
    pub(super) fn of(text: &str) -> Self {
        let text = text.get(..floor(text, MOST_BYTES)).unwrap_or_default();
        Self::from_clean(clean(text))
    }

    fn from_clean(text: String) -> Self {
        let mut lines = Vec::new();
        let mut from = 0;
        for line in text.split_inclusive('\n') {
            let mut rest = line;
            while !rest.is_empty() {
                let cut = floor(rest, LONGEST_LINE);
                let trimmed = rest.get(..cut).unwrap_or_default().trim_end();
                if !trimmed.is_empty() {
                    lines.push((from, from + trimmed.len()));
                }
                from += cut;
                rest = rest.get(cut..).unwrap_or_default();
            }
        }
        let lower = text.to_ascii_lowercase();
        Self { text, lower, lines }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.lines.iter().filter_map(|(from, to)| {
            Some(Line {
                text: self.text.get(*from..*to)?,
                lower: self.lower.get(*from..*to)?,
            })
        })
    }

    /// The whole as one line: broken between words, or anywhere.
    pub(super) fn unbroken(&self) -> Vec<Self> {
        if self.lines.len() < 2 || self.text.len() > MOST_BROKEN {
            return Vec::new();
        }
        let joined = |with: &str| {
            let lines: Vec<&str> = self.lines().map(|line| line.text.trim()).collect();
            Self::from_clean(lines.join(with))
        };
        vec![joined(" "), joined("")]
    }
}

/// The last place at or before `at` where the text can be cut; never zero for a text with anything in it.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                // A colour: parameters, and one letter that ends them.
                while chars.next_if(|c| c.is_ascii_digit() || *c == ';').is_some() {}
                let _letter = chars.next_if(char::is_ascii_alphabetic);
            }
            '\\' if matches!(chars.peek(), Some('"' | '\'')) => {}
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{a0}' | '\t' => out.push(' '),
            '\r' => out.push('\n'),
            c => out.push(c),
        }
    }
    out
}

/// At most this many characters of a value are repeated.
const MOST_OF_A_VALUE: usize = 160;

/// A value shortened to what a sentence can hold.
pub(super) fn shortened(value: &str) -> Cow<'_, str> {
    match value.char_indices().nth(MOST_OF_A_VALUE) {
        None => Cow::Borrowed(value),
        Some((at, _)) => Cow::Owned(format!("{}…", value.get(..at).unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, MOST_BYTES, Paste};

    #[test]
    fn what_terminals_and_loggers_add_is_gone() {
        for (pasted, clean) in [
            ("\u{1b}[31mFATA\u{1b}[0m[0001] x", "FATA[0001] x"),
            (r#"msg="open \"/a\": no""#, r#"msg="open "/a": no""#),
            ("\u{201c}a\u{201d} \u{2018}b\u{2019}", "\"a\" 'b'"),
            ("one\r\n\r\n", "one"),
        ] {
            let paste = Paste::of(pasted);
            let lines: Vec<&str> = paste.lines().map(|line| line.text).collect();
            assert_eq!(lines, [clean]);
        }
    }

    #[test]
    fn lines_and_text_have_a_limit() {
        let paste = Paste::of(&"ä".repeat(2 * MOST_BYTES));
        let lengths: Vec<usize> = paste.lines().map(|line| line.text.len()).collect();
        assert!(lengths.iter().all(|length| *length <= LONGEST_LINE));
        assert_eq!(lengths.iter().sum::<usize>(), MOST_BYTES);
    }
}
