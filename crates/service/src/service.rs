//! One `[[service]]` table of `sealock.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::kind::{Kind, Problem};
use crate::kinds;

/// A service as it is written down: what every kind has, and what only its kind understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What it is called here; the inventory knows its certificate by this.
    pub name: String,
    /// The word for its kind.
    pub kind: String,
    /// Names and addresses in its certificate.
    pub names: Vec<String>,
    /// Life of its certificate.
    pub life: Duration,
    /// The other keys of the table; the kind judges them.
    pub settings: BTreeMap<String, Setting>,
}

/// A value of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `"…"`
    Text(String),
    /// `["…", "…"]`
    List(Vec<String>),
    /// `true` or `false`
    Flag(bool),
    /// An integer.
    Number(i64),
}

impl Setting {
    /// What it is, in words for a message.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
        }
    }
}

impl From<&str> for Setting {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Service {
    /// What its kind makes of it; the error names the key that is at fault.
    pub fn kind(&self) -> Result<Box<dyn Kind>, Problem> {
        kinds::of(self)
    }

    /// A key that is a string, where it is there.
    pub fn text(&self, key: &str) -> Result<Option<&str>, Problem> {
        match self.settings.get(key) {
            None => Ok(None),
            Some(Setting::Text(text)) => Ok(Some(text)),
            Some(other) => Err(Problem::new(
                key,
                format!("{}, expected a string", other.type_name()),
            )),
        }
    }

    /// A key that is a string and must be there.
    pub fn needs(&self, key: &str, example: &str) -> Result<&str, Problem> {
        self.text(key)?.ok_or_else(|| {
            Problem::new(key, format!("a service of the kind {} needs it", self.kind))
                .help(format!("{key} = \"{example}\""))
        })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The name under which the inventory knows the daemon.
const DAEMON: &str = "dockerd";

/// Whether a service can be called so: the name stands in plans, in the inventory, and on command lines.
pub fn check_name(name: &str) -> Result<(), String> {
    const MOST: usize = 32;
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name == DAEMON {
        return Err("that is what the daemon is called".to_owned());
    }
    match name.is_empty() || name.len() > MOST || name.starts_with('-') || !name.chars().all(legal)
    {
        true => Err(format!(
            "1 to {MOST} small letters, digits and dashes are a name"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn names() {
        for name in ["redis", "a", "sqlpad-3", "7"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(33);
        for name in ["", "-a", "Redis", "a b", "a/b", "ä", "dockerd", &long] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
