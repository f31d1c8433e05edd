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

#[cfg(test)]
mod tests {
    use super::Json;

    fn check(text: impl AsRef<[u8]>, expected: Result<&str, &str>) {
        let text = text.as_ref();
        let shown = String::from_utf8_lossy(text).into_owned();
        match (Json::parse(text), expected) {
            (Ok(json), Ok(expected)) => {
                assert_eq!(json.to_text(), expected, "{shown}");
                assert_eq!(Json::parse(expected.as_bytes()).unwrap(), json, "{shown}");
            }
            (Err(unclean), Err(expected)) => {
                assert!(
                    unclean.detail.contains(expected),
                    "{shown}: {}",
                    unclean.detail
                );
            }
            (got, expected) => panic!("{shown}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn documents_have_one_spelling() {
        check(
            " {\t\"a\" :\r\n [1, true,false , null,{} ,[] ] } ",
            Ok(r#"{"a":[1,true,false,null,{},[]]}"#),
        );
        check(
            r#""\u0041\/\b\f\n\r\t\"\\""#,
            Ok(r#""A/\u0008\u000c\n\r\t\"\\""#),
        );
        check(r#""\ud83d\ude00""#, Ok("\"\u{1f600}\""));
        check(r#""\u212a""#, Ok("\"\u{212a}\""));
    }

    #[test]
    fn numbers_stay_as_they_are() {
        for number in [
            "0",
            "-0",
            "9223372036854775808",
            "1e3",
            "1.50",
            "-1.5E-7",
            "123456789012345678901234567890",
        ] {
            check(number, Ok(number));
        }
        for wrong in ["01", "+1", "1.", ".5", "1e", "-", "0x1", "NaN", "1_0"] {
            assert!(Json::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(
            Json::Number("9223372036854775808".to_owned()).as_i64(),
            None
        );
        assert_eq!(Json::Number("1e3".to_owned()).as_i64(), None);
        assert!(Json::Number("-0".to_owned()).is_empty());
    }

    #[test]
    fn what_two_readers_could_read_in_two_ways_is_refused() {
        check(r#"{"a":1,"a":2}"#, Err("a twice"));
        check(r#"{"a":1,"\u0061":2}"#, Err("a twice"));
        check(r#"{"a":1} {"a":2}"#, Err("follows"));
        check(r#"{"a":1}x"#, Err("follows"));
        check("{\"a\":1}\0", Err("follows"));
        check(r#""\ud800""#, Err("surrogate"));
        check(r#""\ud800\u0041""#, Err("surrogate"));
        check(r#""\udc00""#, Err("surrogate"));
        check(b"\"\xff\"", Err("UTF-8"));
        check(b"\"\xed\xa0\x80\"", Err("UTF-8"));
        check("\u{feff}{}", Err("no value"));
        check("\"a\nb\"", Err("control"));
        check(r#""\x""#, Err("escape"));
        check(r#""\u00g0""#, Err("four digits"));
        check(r#""\u00""#, Err("four digits"));
        for early in [
            "",
            " ",
            "{",
            "[",
            "\"",
            "{\"a\"",
            "{\"a\":",
            "[1",
            "[1,",
            "tru",
            "\"\\",
            "{\"a\":1,}",
            "[1,]",
            "{a:1}",
            "{'a':1}",
        ] {
            assert!(Json::parse(early.as_bytes()).is_err(), "{early}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::parse(nested(64).as_bytes()).is_ok());
        check(nested(65), Err("too deeply"));
        check("[".repeat(1_000_000), Err("too deeply"));
    }

    #[test]
    fn values_are_found_and_changed() {
        let mut json = Json::parse(br#"{"a":{"b":"c"}}"#).unwrap();
        assert_eq!(json.at(&["a", "b"]).and_then(Json::as_str), Some("c"));
        json.entry("Labels").unwrap().set("owner", Json::from("me"));
        json.entry("a").unwrap().remove("b");
        assert_eq!(json.to_text(), r#"{"a":{},"Labels":{"owner":"me"}}"#);
    }
}
