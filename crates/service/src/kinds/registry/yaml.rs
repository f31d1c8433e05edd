//! The part of YAML that a registry's configuration is written in, read strictly (YAML 1.2.2, §8: block style).
//!
//! Every line is a key, an item, a comment or part of a block scalar; what stands on it is whole on it. Whatever else
//! YAML knows (anchors, tags, several documents, values that go on in the next line) is refused with its line, because a
//! value that is read otherwise here than by the registry could leave its door open.

use sealock_diag::escape;

use crate::kind::Refused;

/// No configuration is deeper.
const DEPTH: usize = 32;

/// What stands behind a key or a dash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// A scalar or a flow collection as it is written.
    Plain(String),
    /// `- …`
    List(Vec<Value>),
    /// `key: …`
    Map(Vec<Entry>),
}

/// A key and what belongs to it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: Value,
    /// Columns before the key.
    pub(super) indent: usize,
    /// The line of the key, from 0 on.
    pub(super) line: usize,
    /// The line after the last one that belongs to it.
    pub(super) end: usize,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.value == other.value
    }
}

impl Eq for Entry {}

impl Value {
    /// The entry of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        match self {
            Self::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }
}

/// Reads a file whose outermost form is a mapping.
pub(super) fn read(text: &str) -> Result<Value, Refused> {
    let mut reader = Reader {
        lines: Vec::new(),
        at: 0,
    };
    for (number, line) in text.split('\n').enumerate() {
        // What other readers take for the end of a line, and what nobody sees.
        let odd = |c: char| {
            (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
        };
        if line.contains(odd) {
            return Err(refused(number, "a control character or a byte order mark"));
        }
        let content = line.trim_start_matches(' ');
        reader.lines.push(Line {
            indent: line.len() - content.len(),
            text: content.trim_end_matches(' '),
        });
    }
    let mut first = true;
    while let Some(line) = reader.peek()? {
        if line.text == "---" && line.indent == 0 && first {
            reader.at += 1;
            first = false;
        } else {
            break;
        }
    }
    let value = match reader.peek()? {
        Some(line) if line.indent == 0 && item(line.text).is_none() => reader.map(0, DEPTH)?,
        Some(_) => return Err(reader.refused("the file does not begin with a key")),
        None => Value::Map(Vec::new()),
    };
    match reader.peek()? {
        None => Ok(value),
        Some(_) => Err(reader.refused("its indentation fits nothing above it")),
    }
}

/// The text of a scalar without its quotes; `None` where it needs more understanding than that.
pub(super) fn unquoted(text: &str) -> Option<&str> {
    for quote in ['"', '\''] {
        if let Some(inside) = text.strip_prefix(quote) {
            let inside = inside.strip_suffix(quote)?;
            return (!inside.contains(['"', '\'', '\\'])).then_some(inside);
        }
    }
    (!text.starts_with(['[', '{', '|', '>'])).then_some(text)
}

/// Where the value of a line of ours ends, and a comment may begin.
pub(super) fn value_len(text: &str) -> usize {
    strip(text).len()
}

pub(super) fn refused(line: usize, problem: impl Into<String>) -> Refused {
    Refused::line(line + 1, problem)
}

#[derive(Clone, Copy)]
struct Line<'t> {
    indent: usize,
    text: &'t str,
}

struct Reader<'t> {
    lines: Vec<Line<'t>>,
    at: usize,
}

impl<'t> Reader<'t> {
    /// The next line that says something.
    fn peek(&mut self) -> Result<Option<Line<'t>>, Refused> {
        while let Some(line) = self.lines.get(self.at) {
            if line.text.starts_with('\t') {
                return Err(self.refused("a tab where blanks belong"));
            }
            if !line.text.is_empty() && !line.text.starts_with('#') {
                return Ok(Some(*line));
            }
            self.at += 1;
        }
        Ok(None)
    }

    fn refused(&self, problem: &str) -> Refused {
        refused(self.at, problem)
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refused> {
        depth
            .checked_sub(1)
            .ok_or_else(|| self.refused("it goes too deep"))
    }

    fn block(&mut self, indent: usize, depth: usize) -> Result<Value, Refused> {
        let depth = self.deeper(depth)?;
        match self.lines.get(self.at) {
            Some(line) if item(line.text).is_some() => self.list(indent, depth),
            _ => self.map(indent, depth),
        }
    }

    fn map(&mut self, indent: usize, depth: usize) -> Result<Value, Refused> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(line) = self.peek()? {
            if line.indent < indent {
                break;
            }
            if line.indent > indent {
                return Err(self.refused("its indentation fits nothing above it"));
            }
            if item(line.text).is_some() {
                return Err(self.refused("an item among keys"));
            }
            let Some((key, rest)) = key(line.text) else {
                return Err(self.refused(
                    "neither `key: value` nor an item; quoted keys, further documents and values over several lines are \
                     not understood",
                ));
            };
            if entries.iter().any(|entry| entry.key == key) {
                let what = format!("`{}` stands here a second time", escape(key));
                return Err(self.refused(&what));
            }
            let start = self.at;
            let value = self.value(rest, indent, true, depth)?;
            entries.push(Entry {
                key: key.to_owned(),
                value: value.0,
                indent,
                line: start,
                end: value.1,
            });
        }
        Ok(Value::Map(entries))
    }

    fn list(&mut self, indent: usize, depth: usize) -> Result<Value, Refused> {
        let mut items = Vec::new();
        while let Some(line) = self.peek()? {
            if line.indent > indent {
                return Err(self.refused("its indentation fits nothing above it"));
            }
            let Some(rest) = item(line.text).filter(|_| line.indent == indent) else {
                break;
            };
            if key(rest).is_some() || item(rest).is_some() {
                // As if it stood on a line of its own, at its own column.
                let column = indent + line.text.len() - rest.len();
                if let Some(line) = self.lines.get_mut(self.at) {
                    *line = Line {
                        indent: column,
                        text: rest,
                    };
                }
                items.push(self.block(column, depth)?);
            } else {
                items.push(self.value(rest, indent, false, depth)?.0);
            }
        }
        Ok(Value::List(items))
    }

    /// What follows a key or a dash of the line that the reader is at, and the line after its last one.
    fn value(
        &mut self,
        rest: &str,
        indent: usize,
        of_key: bool,
        depth: usize,
    ) -> Result<(Value, usize), Refused> {
        let text = strip(rest);
        if text.is_empty() {
            let own = self.at + 1;
            self.at = own;
            let nested = match self.peek()? {
                Some(line) if line.indent > indent => Some(line.indent),
                // Items may stand below the first letter of their key.
                Some(line) if of_key && line.indent == indent && item(line.text).is_some() => {
                    Some(indent)
                }
                _ => None,
            };
            let Some(nested) = nested else {
                return Ok((Value::Null, own));
            };
            let value = self.block(nested, depth)?;
            return Ok((value, self.said()));
        }
        if text.starts_with(['|', '>']) {
            return self.block_scalar(text, indent);
        }
        whole(text).map_err(|what| self.refused(what))?;
        self.at += 1;
        Ok((Value::Plain(text.to_owned()), self.at))
    }

    /// The line after the last one before here that says something.
    fn said(&self) -> usize {
        let speaks = |line: &Line<'_>| !line.text.is_empty() && !line.text.starts_with('#');
        let before = self.lines.get(..self.at).unwrap_or_default();
        before
            .iter()
            .rposition(speaks)
            .map_or(0, |position| position + 1)
    }

    fn block_scalar(&mut self, header: &str, indent: usize) -> Result<(Value, usize), Refused> {
        if !matches!(header, "|" | ">" | "|-" | ">-" | "|+" | ">+") {
            return Err(self.refused("the head of a block scalar that is not understood"));
        }
        let mut text = header.to_owned();
        self.at += 1;
        let mut end = self.at;
        while let Some(line) = self.lines.get(self.at) {
            if !line.text.is_empty() {
                if line.indent <= indent {
                    break;
                }
                end = self.at + 1;
            }
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', line.indent));
            text.push_str(line.text);
            self.at += 1;
        }
        Ok((Value::Plain(text), end))
    }
}

/// What follows a dash.
fn item(text: &str) -> Option<&str> {
    match text.strip_prefix('-')? {
        "" => Some(""),
        rest => rest
            .strip_prefix(' ')
            .map(|rest| rest.trim_start_matches(' ')),
    }
}

/// A key of plain letters, and what follows it.
fn key(text: &str) -> Option<(&str, &str)> {
    let (key, rest) = text.split_once(':')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let fits = !key.is_empty() && !key.starts_with('-') && key.chars().all(legal);
    let ends = rest.is_empty() || rest.starts_with(' ');
    (fits && ends).then(|| (key, rest.trim_start_matches(' ')))
}

/// Without the comment at its end.
fn strip(text: &str) -> &str {
    if text.starts_with('#') {
        return "";
    }
    let mut quote = None;
    let mut before = ' ';
    let mut escaped = false;
    // Quotes mean something at the beginning of a scalar only; in a flow collection that is everywhere.
    let flow = text.starts_with(['[', '{']);
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if escaped => escaped = false,
            Some('"') if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && (at == 0 || flow) => quote = Some(c),
            // Two of them are one within the quotes.
            None if c == '\'' && before == c && text.starts_with(c) => quote = Some(c),
            None if c == '#' && before == ' ' => return text[..at].trim_end_matches(' '),
            None => {}
        }
        before = c;
    }
    text
}

/// Whether a value is whole on its line and nothing but itself; the error says why not.
fn whole(text: &str) -> Result<(), &'static str> {
    if text.contains('\t') {
        return Err("a tab where blanks belong");
    }
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => match quoted(text, quote) {
            Some("") => Ok(()),
            _ => Err("a quoted value that does not end where its line does"),
        },
        Some('[' | '{') => flow(text),
        Some('&' | '*') => Err("anchors and aliases are not understood"),
        Some('!') => Err("tags are not understood"),
        Some('%' | '@' | '`' | ',' | ']' | '}') => Err("a value that does not begin like one"),
        Some('?' | '-' | ':') if text.len() == 1 || text[1..].starts_with(' ') => {
            Err("keys or items within a value are not understood")
        }
        _ if text.contains(": ") || text.ends_with(':') => {
            Err("keys or items within a value are not understood")
        }
        _ => Ok(()),
    }
}

/// What follows a quoted scalar.
fn quoted(text: &str, quote: char) -> Option<&str> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = letters.next() {
        if quote == '"' && c == '\\' {
            letters.next()?;
        } else if c == quote {
            if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') {
                letters.next();
            } else {
                return text.get(at + 1..);
            }
        }
    }
    None
}

fn flow(text: &str) -> Result<(), &'static str> {
    const OPEN: &str = "a flow collection that does not end where its line does";
    let mut closers = Vec::new();
    let mut rest = text;
    let mut begins = true;
    while let Some(c) = rest.chars().next() {
        if begins && matches!(c, '"' | '\'') {
            rest = quoted(rest, c).ok_or(OPEN)?;
            begins = false;
            continue;
        }
        match c {
            '"' | '\'' => return Err("a quote within a flow collection's value"),
            '[' => closers.push(']'),
            '{' => closers.push('}'),
            ']' | '}' if closers.pop() != Some(c) => return Err(OPEN),
            '&' | '*' | '!' if begins => {
                return Err("anchors, aliases and tags are not understood");
            }
            _ => {}
        }
        begins = matches!(c, '[' | '{' | ',' | ':') || (c == ' ' && begins);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if closers.is_empty() {
            break;
        }
    }
    match closers.is_empty() && rest.is_empty() {
        true => Ok(()),
        false => Err(OPEN),
    }
}
