//! Reading fields of a judged body. A value of another kind than the daemon's is not guessed at.

use crate::Json;
use crate::judge::need::Need;

/// What a body needs, collected while it is read.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    list: Vec<Need>,
}

impl Needs {
    /// Adds a need, unless it was there a moment ago: a body can have a hundred thousand, and each is not to be
    /// compared with every other.
    pub(crate) fn add(&mut self, need: Need) {
        const BACK: usize = 64;
        if !self
            .list
            .iter()
            .rev()
            .take(BACK)
            .any(|known| *known == need)
        {
            self.list.push(need);
        }
    }

    /// Adds a field with which a container reaches beyond itself.
    pub(crate) fn beyond(&mut self, what: impl Into<String>) {
        self.add(Need::Beyond(what.into()));
    }

    /// Adds a field that cannot be read.
    pub(crate) fn unclear(&mut self, what: impl Into<String>) {
        self.add(Need::Unclear(what.into()));
    }

    /// Adds a field that is harmless while it says nothing.
    pub(crate) fn beyond_unless_empty(&mut self, what: &str, json: &Json) {
        if !json.is_empty() {
            self.beyond(what);
        }
    }

    /// All of them.
    pub(crate) fn into_list(self) -> Vec<Need> {
        self.list
    }

    /// The fields of an object; none of null.
    pub(crate) fn fields<'j>(&mut self, what: &str, json: &'j Json) -> &'j [(String, Json)] {
        match json {
            Json::Null => &[],
            Json::Object(fields) => fields,
            _ => {
                self.unclear(format!("{what} that is no object"));
                &[]
            }
        }
    }

    /// The items of a list; none of null.
    pub(crate) fn items<'j>(&mut self, what: &str, json: &'j Json) -> &'j [Json] {
        match json {
            Json::Null => &[],
            Json::Array(items) => items,
            _ => {
                self.unclear(format!("{what} that is no list"));
                &[]
            }
        }
    }

    /// The items of a list of texts.
    pub(crate) fn texts<'j>(&mut self, what: &str, json: &'j Json) -> Vec<&'j str> {
        let mut texts = Vec::new();
        for item in self.items(what, json) {
            match item {
                Json::String(text) => texts.push(text.as_str()),
                _ => self.unclear(format!("{what} with something that is no text")),
            }
        }
        texts
    }

    /// A text; empty of null.
    pub(crate) fn text<'j>(&mut self, what: &str, json: &'j Json) -> &'j str {
        match json {
            Json::Null => "",
            Json::String(text) => text,
            _ => {
                self.unclear(format!("{what} that is no text"));
                ""
            }
        }
    }

    /// True or false; false of null.
    pub(crate) fn flag(&mut self, what: &str, json: &Json) -> bool {
        match json {
            Json::Null => false,
            Json::Bool(value) => *value,
            _ => {
                self.unclear(format!("{what} that is neither true nor false"));
                true
            }
        }
    }

    /// A whole number; 0 of null.
    pub(crate) fn number(&mut self, what: &str, json: &Json) -> i64 {
        match json {
            Json::Null => 0,
            other => other.as_i64().unwrap_or_else(|| {
                self.unclear(format!("{what} that is no whole number"));
                0
            }),
        }
    }
}
