//! `daemon.json`: strict reading with positions, and edits that keep every foreign byte.
//!
//! The file belongs to the user. An edit replaces or appends members of the top-level object in the
//! style it finds (indentation, line ends, spacing of colons); everything else stays byte for byte.

mod scan;

use crate::HostError;
use scan::{Member, Scanned, scan};
use sealock_diag::escape;
use serde_json::{Map, Value};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The keys of `daemon.json` that sealock may set.
pub const OUR_KEYS: [&str; 7] = [
    "hosts",
    "tls",
    "tlsverify",
    "tlscacert",
    "tlscert",
    "tlskey",
    "live-restore",
];

/// The keys that switch TLS on and name its files.
pub const TLS_KEYS: [&str; 5] = ["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"];

/// The text of a `daemon.json`, read and understood.
#[derive(Clone, Debug, PartialEq)]
pub struct DaemonJson {
    path: PathBuf,
    /// With the byte order mark, if there is one.
    text: String,
    scanned: Scanned,
    values: Map<String, Value>,
}

impl DaemonJson {
    /// Reads the text of the file at `path` (the path is for messages only).
    ///
    /// An empty file and an absent one (`""`) are an empty object: dockerd 23 and later agree.
    /// Everything else must be one strict JSON object without duplicate keys, and the keys that we
    /// know must have their types; the error names line, column and dockerd's own words.
    pub fn parse(path: &Path, text: &str) -> Result<Self, HostError> {
        let broken = |offset: usize, problem: String| {
            let (line, column) = position(text, offset);
            HostError::ConfigBroken {
                path: path.to_path_buf(),
                line,
                column,
                problem: escape(&problem),
            }
        };
        let scanned = scan(text).map_err(|error| broken(error.offset, error.message))?;
        for (index, member) in scanned.members.iter().enumerate() {
            if scanned
                .members
                .iter()
                .take(index)
                .any(|earlier| earlier.key == member.key)
            {
                return Err(HostError::ConfigDuplicate {
                    path: path.to_path_buf(),
                    line: position(text, member.key_span.start).0,
                    key: escape(&member.key),
                });
            }
        }
        let mut values = Map::new();
        for member in &scanned.members {
            let raw = text.get(member.value_span.clone()).unwrap_or_default();
            let value: Value = serde_json::from_str(raw)
                .map_err(|error| broken(member.value_span.start, error.to_string()))?;
            if let Some(problem) = wrong_type(&member.key, &value) {
                return Err(broken(member.value_span.start, problem));
            }
            values.insert(member.key.clone(), value);
        }
        Ok(Self {
            path: path.to_path_buf(),
            text: text.to_owned(),
            scanned,
            values,
        })
    }

    /// The file's path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    /// A key that is `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }

    /// A key that is a string.
    pub fn string(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::as_str)
    }

    /// `hosts`, when it is there.
    pub fn hosts(&self) -> Option<Vec<String>> {
        let list = self.get("hosts")?.as_array()?;
        Some(
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
        )
    }

    /// All keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.scanned
            .members
            .iter()
            .map(|member| member.key.as_str())
    }

    /// The same file with `key` set to `value`. A value that is already equal changes nothing.
    pub fn with(&self, key: &str, value: &Value) -> Result<Self, HostError> {
        if self.get(key) == Some(value) {
            return Ok(self.clone());
        }
        let text = match self.member(key) {
            Some(member) => {
                let old = self.text.get(member.value_span.clone()).unwrap_or_default();
                self.spliced(member.value_span.clone(), &render(value, Some(old)))
            }
            None => self.appended(key, &render(value, None)),
        };
        Self::parse(&self.path, &text)
    }

    /// The same file with the raw text of `key` taken from `other`, or without the key if `other`
    /// does not have it.
    fn with_member_of(&self, key: &str, other: &Self) -> Result<Self, HostError> {
        let Some(theirs) = other.member(key) else {
            return self.without(key);
        };
        let raw = other
            .text
            .get(theirs.value_span.clone())
            .unwrap_or_default();
        let text = match self.member(key) {
            Some(ours) => self.spliced(ours.value_span.clone(), raw),
            None => self.appended(key, raw),
        };
        Self::parse(&self.path, &text)
    }

    /// The same file without `key`.
    pub fn without(&self, key: &str) -> Result<Self, HostError> {
        let members = &self.scanned.members;
        let Some(index) = members.iter().position(|member| member.key == key) else {
            return Ok(self.clone());
        };
        let member = &members[index];
        let before = index.checked_sub(1).and_then(|i| members.get(i));
        let range = match (before, members.get(index + 1)) {
            (_, Some(next)) => member.key_span.start..next.key_span.start,
            (Some(before), None) => before.value_span.end..member.value_span.end,
            (None, None) => self.scanned.inside.clone(),
        };
        let text = self.spliced(range, "");
        Self::parse(&self.path, &text)
    }

    /// Takes our keys out again: what `original` had comes back, what it had not goes, and every
    /// other key keeps what somebody wrote since.
    pub fn unmerged(&self, original: &Self) -> Result<Self, HostError> {
        let mut result = self.clone();
        for key in OUR_KEYS {
            if result.get(key) != original.get(key) {
                result = result.with_member_of(key, original)?;
            }
        }
        Ok(result)
    }

    fn member(&self, key: &str) -> Option<&Member> {
        self.scanned.members.iter().find(|member| member.key == key)
    }

    fn spliced(&self, range: Range<usize>, replacement: &str) -> String {
        let head = self.text.get(..range.start).unwrap_or_default();
        let tail = self.text.get(range.end..).unwrap_or_default();
        format!("{head}{replacement}{tail}")
    }

    fn appended(&self, key: &str, raw: &str) -> String {
        let newline = if self.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        };
        let name = Value::from(key).to_string();
        let members = &self.scanned.members;
        let (Some(first), Some(last)) = (members.first(), members.last()) else {
            if self.scanned.absent {
                return format!(
                    "{}{{{newline}  {name}: {raw}{newline}}}{newline}",
                    self.text
                );
            }
            return self.spliced(
                self.scanned.inside.clone(),
                &format!("{newline}  {name}: {raw}{newline}"),
            );
        };
        let colon = self
            .text
            .get(last.key_span.end..last.value_span.start)
            .unwrap_or(": ");
        // What separates members is seen between the last two, or before the only one.
        let gap = match members.len().checked_sub(2).and_then(|i| members.get(i)) {
            Some(previous) => self
                .text
                .get(previous.value_span.end..last.key_span.start)
                .and_then(|gap| gap.split_once(','))
                .map_or(" ", |(_, after)| after),
            None => match self
                .text
                .get(self.scanned.inside.start..first.key_span.start)
                .unwrap_or_default()
            {
                "" if colon.ends_with(' ') => " ",
                lead => lead,
            },
        };
        self.spliced(
            last.value_span.end..last.value_span.end,
            &format!(",{gap}{name}{colon}{raw}"),
        )
    }
}

/// JSON text of a value; a list takes the shape of the one it replaces.
fn render(value: &Value, replaced: Option<&str>) -> String {
    let Value::Array(items) = value else {
        return value.to_string();
    };
    let items: Vec<String> = items.iter().map(Value::to_string).collect();
    let shape = replaced.and_then(|old| {
        let inner = old.strip_prefix('[')?.strip_suffix(']')?;
        let lead = &inner[..inner.len() - inner.trim_start().len()];
        let tail = &inner[inner.trim_end().len()..];
        (lead.contains('\n') && lead.len() < inner.len()).then_some((lead, tail))
    });
    match shape {
        Some((lead, tail)) => format!("[{lead}{}{tail}]", items.join(&format!(",{lead}"))),
        None => format!("[{}]", items.join(", ")),
    }
}

/// What dockerd says of a key of ours with a wrong type.
fn wrong_type(key: &str, value: &Value) -> Option<String> {
    let expected = match key {
        "hosts" => "[]string",
        "tls" | "tlsverify" | "live-restore" => "bool",
        "tlscacert" | "tlscert" | "tlskey" => "string",
        _ => return None,
    };
    let found = match (expected, value) {
        (_, Value::Null) => return None,
        ("bool", Value::Bool(_)) | ("string", Value::String(_)) => return None,
        ("[]string", Value::Array(items)) if items.iter().all(Value::is_string) => return None,
        (_, Value::Bool(_)) => "bool",
        (_, Value::Number(_)) => "number",
        (_, Value::String(_)) => "string",
        (_, Value::Array(_)) => "array",
        (_, Value::Object(_)) => "object",
    };
    Some(format!(
        "json: cannot unmarshal {found} into Go struct field Config.{key} of type {expected}"
    ))
}

/// Line and column, from 1, of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        line,
        before[start..]
            .trim_start_matches('\u{feff}')
            .chars()
            .count()
            + 1,
    )
}

#[cfg(test)]
mod tests;
