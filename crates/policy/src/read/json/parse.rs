//! A strict reader: where the daemon's is lenient, a second reading is possible, and that is refused.

use super::Json;
use crate::read::Unclean;

/// The daemon takes 10,000; no body of the API needs more than about ten.
const DEEPEST: usize = 64;

/// Reads one document.
pub(in crate::read) fn parse(bytes: &[u8]) -> Result<Json, Unclean> {
    let mut reader = Reader { bytes, at: 0 };
    reader.space();
    let value = reader.value(0)?;
    reader.space();
    if reader.at < bytes.len() {
        return Err(reader.wrong("something follows its end"));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, why: &str) -> Unclean {
        Unclean::json(why, self.at)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Json, Unclean> {
        if depth > DEEPEST {
            return Err(self.wrong("it is nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(Json::String(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.wrong("no value starts like this")),
            None => Err(self.wrong("it ends too early")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, Unclean> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.wrong("no value starts like this"))
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, Unclean> {
        self.at += 1;
        let mut fields: Vec<(String, Json)> = Vec::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Json::Object(fields));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key is missing"));
            }
            let key = self.string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.wrong("a colon is missing"));
            }
            self.at += 1;
            self.space();
            let value = self.value(depth + 1)?;
            fields.push((key, value));
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => {
                    self.at += 1;
                    unique(&fields)?;
                    return Ok(Json::Object(fields));
                }
                _ => return Err(self.wrong("a comma or brace is missing")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Json, Unclean> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    return Ok(Json::Array(items));
                }
                _ => return Err(self.wrong("a comma or bracket is missing")),
            }
        }
    }

    fn number(&mut self) -> Result<Json, Unclean> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.wrong("a digit is missing")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(
            String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned(),
        ))
    }

    fn digits(&mut self) -> Result<(), Unclean> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.wrong("a digit is missing"))
        } else {
            Ok(())
        }
    }

    fn string(&mut self) -> Result<String, Unclean> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let plain = rest
                .iter()
                .position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'))
                .ok_or_else(|| self.wrong("a text has no end"))?;
            let part = std::str::from_utf8(&rest[..plain]).map_err(|error| {
                Unclean::json("a text is no UTF-8", self.at + error.valid_up_to())
            })?;
            out.push_str(part);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return Err(self.wrong("a text has a control character in it")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Unclean> {
        let kind = self.bytes.get(self.at + 1).copied();
        let plain = match kind {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("no escape is written like this")),
        };
        self.at += 2;
        Ok(plain)
    }

    fn unicode(&mut self) -> Result<char, Unclean> {
        let first = self.four()?;
        let code = match first {
            0xd800..=0xdbff => match self.four() {
                Ok(second @ 0xdc00..=0xdfff) => {
                    0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                }
                _ => return Err(self.wrong("half a surrogate pair")),
            },
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half a surrogate pair"))
    }

    /// The digits of `\uXXXX`.
    fn four(&mut self) -> Result<u32, Unclean> {
        let wrong = self.wrong("\\u without four digits behind it");
        let Some([b'\\', b'u', digits @ ..]) = self.bytes.get(self.at..self.at + 6) else {
            return Err(wrong);
        };
        let mut code = 0;
        for digit in digits {
            code = code << 4
                | char::from(*digit)
                    .to_digit(16)
                    .ok_or_else(|| wrong.clone())?;
        }
        self.at += 6;
        Ok(code)
    }
}

/// The daemon lets the last win, and merges objects.
fn unique(fields: &[(String, Json)]) -> Result<(), Unclean> {
    let mut keys: Vec<&str> = fields.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    match keys.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Unclean::repeated("", pair[0])),
        None => Ok(()),
    }
}
