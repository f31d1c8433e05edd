//! JSON as the daemon reads it, and one way of writing it.

mod parse;
mod write;

pub(super) use parse::parse;

/// A JSON value. Numbers stay as they were written: 2^63 and 1e3 are not ours to round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, verbatim.
    Number(String),
    /// A text.
    String(String),
    /// A list.
    Array(Vec<Self>),
    /// An object in the order it came; no key is there twice.
    Object(Vec<(String, Self)>),
}

impl Json {
    /// Parses one document, strictly: no key twice, no lone surrogate, nothing behind the end.
    pub fn parse(bytes: &[u8]) -> Result<Self, super::Unclean> {
        parse(bytes)
    }

    /// The value of a key, when this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Object(fields) => fields
                .iter_mut()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a key of an object; anything else becomes an object first.
    pub fn set(&mut self, key: &str, value: Self) {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        if let Self::Object(fields) = self {
            match fields.iter_mut().find(|(known, _)| known == key) {
                Some((_, old)) => *old = value,
                None => fields.push((key.to_owned(), value)),
            }
        }
    }

    /// The object under a key, made when it is not there.
    pub fn entry(&mut self, key: &str) -> Option<&mut Self> {
        if !matches!(self.get(key), Some(Self::Object(_))) {
            self.set(key, Self::Object(Vec::new()));
        }
        self.get_mut(key)
    }

    /// Takes a key out of an object.
    pub fn remove(&mut self, key: &str) -> Option<Self> {
        match self {
            Self::Object(fields) => {
                let at = fields.iter().position(|(known, _)| known == key)?;
                Some(fields.remove(at).1)
            }
            _ => None,
        }
    }

    /// The fields of an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of a whole number that the daemon can hold.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// Whether it says nothing: null, false, 0, or empty.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Number(digits) => digits.parse() == Ok(0_i64),
            Self::String(text) => text.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
        }
    }

    /// The document, without any space.
    pub fn to_text(&self) -> String {
        let mut out = String::with_capacity(256);
        write::write(self, &mut out);
        out
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}
