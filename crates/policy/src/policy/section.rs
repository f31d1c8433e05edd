//! One table of a policy file, read with lines in every message.

use super::error::PolicyError;
use sealock_diag::escape;
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// More of anything than a policy ever has.
const MOST_ENTRIES: usize = 10_000;

/// A table and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Section<'t> {
    pub(super) text: &'t str,
    pub(super) table: &'t dyn TableLike,
    pub(super) line: usize,
}

/// The line and column of a byte.
pub(super) fn position(text: &str, span: Option<Range<usize>>) -> (usize, usize) {
    let offset = span.map_or(0, |span| span.start).min(text.len());
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default())
        .chars()
        .count()
        + 1;
    (line, column)
}

impl<'t> Section<'t> {
    /// Refuses every key but these.
    pub(super) fn only(&self, known: &[&[&'static str]]) -> Result<(), PolicyError> {
        let all = || known.iter().flat_map(|list| list.iter().copied());
        for (key, item) in self.table.iter() {
            if all().any(|other| other == key) {
                continue;
            }
            let span = self
                .table
                .key(key)
                .and_then(|key| key.span())
                .or_else(|| item.span());
            return Err(PolicyError::Key {
                line: position(self.text, span).0,
                key: short(key),
                known: all().collect::<Vec<_>>().join(", "),
                meant: nearest(key, all()).map(str::to_owned),
            });
        }
        Ok(())
    }

    /// The line of a key's value, or of the table.
    pub(super) fn line_of(&self, key: &str) -> usize {
        match self.table.get(key) {
            Some(item) => position(self.text, item.span()).0,
            None => self.line,
        }
    }

    /// Whether the key is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The table under a key.
    pub(super) fn table(&self, key: &str) -> Result<Option<Self>, PolicyError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => match item.as_table_like() {
                Some(table) => Ok(Some(Self {
                    text: self.text,
                    table,
                    line: position(self.text, item.span()).0,
                })),
                None => Err(self.refuse(key, format!("{}, expected a table", item.type_name()))),
            },
        }
    }

    /// Every table below this one, with its key.
    pub(super) fn children(&self) -> Result<Vec<(String, Self)>, PolicyError> {
        self.table
            .iter()
            .map(|(key, _)| match self.table(key)? {
                Some(section) => Ok((key.to_owned(), section)),
                None => Err(self.refuse(key, "expected a table".to_owned())),
            })
            .collect()
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &str) -> Result<Vec<Self>, PolicyError> {
        let section = |table: &'t dyn TableLike, span| Self {
            text: self.text,
            table,
            line: position(self.text, span).0,
        };
        let found: Option<Vec<Self>> = match self.table.get(key) {
            None => Some(Vec::new()),
            Some(Item::ArrayOfTables(tables)) => Some(
                tables
                    .iter()
                    .map(|table| section(table, table.span()))
                    .collect(),
            ),
            Some(item) => item.as_array().and_then(|array| {
                array
                    .iter()
                    .map(|value| {
                        value
                            .as_inline_table()
                            .map(|table| section(table, value.span()))
                    })
                    .collect()
            }),
        };
        let found = found.ok_or_else(|| self.refuse(key, format!("expected tables, [[{key}]]")))?;
        if found.len() > MOST_ENTRIES {
            return Err(PolicyError::Size {
                found: format!("{} entries of {key}", found.len()),
                most: MOST_ENTRIES.to_string(),
            });
        }
        Ok(found)
    }

    /// A text.
    pub(super) fn string(&self, key: &str) -> Result<Option<&'t str>, PolicyError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => item.as_str().map(Some).ok_or_else(|| {
                self.refuse(key, format!("{}, expected a string", item.type_name()))
            }),
        }
    }

    /// True or false.
    pub(super) fn boolean(&self, key: &str) -> Result<Option<bool>, PolicyError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => item.as_bool().map(Some).ok_or_else(|| {
                self.refuse(key, format!("{}, expected true or false", item.type_name()))
            }),
        }
    }

    /// A whole number or a text that holds one.
    pub(super) fn number(&self, key: &str) -> Result<Option<String>, PolicyError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => match item.as_value() {
                Some(Value::Integer(number)) => Ok(Some(number.value().to_string())),
                Some(Value::Float(number)) => Ok(Some(number.value().to_string())),
                Some(Value::String(text)) => Ok(Some(text.value().clone())),
                _ => Err(self.refuse(key, format!("{}, expected a number", item.type_name()))),
            },
        }
    }

    /// One text, or a list of them; each with its line.
    pub(super) fn strings(&self, key: &str) -> Result<Option<Vec<(&'t str, usize)>>, PolicyError> {
        let Some(item) = self.table.get(key) else {
            return Ok(None);
        };
        let line = position(self.text, item.span()).0;
        if let Some(text) = item.as_str() {
            return Ok(Some(vec![(text, line)]));
        }
        let found: Option<Vec<_>> = item.as_array().and_then(|array| {
            array
                .iter()
                .map(|value| {
                    let line = position(self.text, value.span()).0;
                    value.as_str().map(|text| (text, line))
                })
                .collect()
        });
        let found = found.ok_or_else(|| {
            self.refuse(
                key,
                format!("{}, expected a list of strings", item.type_name()),
            )
        })?;
        if found.len() > MOST_ENTRIES {
            return Err(PolicyError::Size {
                found: format!("{} values of {key}", found.len()),
                most: MOST_ENTRIES.to_string(),
            });
        }
        Ok(Some(found))
    }

    /// An unusable value of this key.
    pub(super) fn refuse(&self, key: &str, problem: String) -> PolicyError {
        PolicyError::Value {
            line: self.line_of(key),
            key: short(key),
            problem,
        }
    }
}

/// A text out of the file as it is shown: escaped, and short enough to be read.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 64;
    match text.char_indices().nth(MOST) {
        None => escape(text),
        Some((end, _)) => format!("{}…", escape(text.get(..end).unwrap_or_default())),
    }
}

/// The word that is nearest, when it is near enough to be meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 40 {
        return None;
    }
    let plain = word.to_ascii_lowercase().replace('_', "-");
    known
        .map(|candidate| (distance(&plain, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 5)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be added, dropped or changed.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, letter) in left.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, other) in right.iter().enumerate() {
            let above = row[column + 1];
            let changed = diagonal + usize::from(letter != *other);
            row[column + 1] = changed.min(above + 1).min(row[column] + 1);
            diagonal = above;
        }
    }
    row[right.len()]
}
