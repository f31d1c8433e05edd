//! A strict JSON scanner that remembers where the members of the top-level object stand.
//!
//! It refuses with the words of Go's `encoding/json`, because that is what dockerd would print.

use std::ops::Range;

/// Go gives up at 10,000; nobody's `daemon.json` is deeper than this.
const DEPTH_LIMIT: usize = 100;

/// One member of the top-level object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) value_span: Range<usize>,
}

/// Where things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scanned {
    /// Nothing but white space: no object at all.
    pub(super) absent: bool,
    /// Between the braces.
    pub(super) inside: Range<usize>,
    pub(super) members: Vec<Member>,
}

/// What is wrong, and at which byte.
#[derive(Debug)]
pub(super) struct ScanError {
    pub(super) offset: usize,
    pub(super) message: String,
}

pub(super) fn scan(text: &str) -> Result<Scanned, ScanError> {
    let mut scanner = Scanner {
        text,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
    };
    scanner.space();
    let mut members = Vec::new();
    let Some(first) = scanner.peek() else {
        return Ok(Scanned {
            absent: true,
            inside: scanner.at..scanner.at,
            members,
        });
    };
    if first != b'{' {
        let at = scanner.at;
        scanner.value(0)?;
        return Err(ScanError {
            offset: at,
            message: format!(
                "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                kind(first)
            ),
        });
    }
    let open = scanner.at;
    scanner.object(0, Some(&mut members))?;
    let close = scanner.at - 1;
    scanner.space();
    match scanner.peek() {
        None => Ok(Scanned {
            absent: false,
            inside: open + 1..close,
            members,
        }),
        Some(_) => Err(scanner.invalid("after top-level value")),
    }
}

fn kind(first: u8) -> &'static str {
    match first {
        b'[' => "array",
        b'"' => "string",
        b't' | b'f' => "bool",
        b'n' => "null",
        _ => "number",
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// `invalid character 'x' <context>`, or the end of the text.
    fn invalid(&self, context: &str) -> ScanError {
        let message = match self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            None => "unexpected end of JSON input".to_owned(),
            Some('\'') => format!(r"invalid character '\'' {context}"),
            Some(c) => format!("invalid character '{}' {context}", c.escape_debug()),
        };
        ScanError {
            offset: self.at,
            message,
        }
    }

    fn value(&mut self, depth: usize) -> Result<(), ScanError> {
        if depth > DEPTH_LIMIT {
            return Err(ScanError {
                offset: self.at,
                message: "exceeded max depth".into(),
            });
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth, None),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(self.invalid("looking for beginning of value")),
        }
    }

    fn object(
        &mut self,
        depth: usize,
        mut members: Option<&mut Vec<Member>>,
    ) -> Result<(), ScanError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.invalid("looking for beginning of object key string"));
            }
            let key_start = self.at;
            self.string()?;
            let key_span = key_start..self.at;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.invalid("after object key"));
            }
            self.at += 1;
            self.space();
            let value_start = self.at;
            self.value(depth + 1)?;
            if let Some(members) = members.as_deref_mut() {
                let raw = self.text.get(key_span.clone()).unwrap_or_default();
                let key = serde_json::from_str(raw).map_err(|error| ScanError {
                    offset: key_start,
                    message: error.to_string(),
                })?;
                members.push(Member {
                    key,
                    key_span,
                    value_span: value_start..self.at,
                });
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.invalid("after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), ScanError> {
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.invalid("after array element")),
            }
        }
    }

    fn string(&mut self) -> Result<(), ScanError> {
        self.at += 1;
        loop {
            match self.peek() {
                None | Some(0..=0x1f) => return Err(self.invalid("in string literal")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1
                        }
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                                    return Err(self.invalid(r"in \u hexadecimal character escape"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.invalid("in string escape code")),
                    }
                }
                Some(_) => self.at += 1,
            }
        }
    }

    fn digits(&mut self, context: &str) -> Result<(), ScanError> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.invalid(context));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), ScanError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    fn literal(&mut self, word: &str) -> Result<(), ScanError> {
        for expected in word.bytes() {
            if self.peek() != Some(expected) {
                return Err(self.invalid(&format!(
                    "in literal {word} (expecting '{}')",
                    char::from(expected)
                )));
            }
            self.at += 1;
        }
        Ok(())
    }
}
