//! The `filters` of lists, in either of the daemon's two forms.

use super::Unclean;
use super::json::{self, Json};
use super::unclean::short;
use std::collections::HashSet;

/// Filters: for each key, the values it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    fields: Vec<(String, Vec<String>)>,
}

impl Filters {
    /// Reads `{"label":{"a":true}}` or `{"label":["a"]}`; nothing when the text is empty.
    pub fn parse(text: &str) -> Result<Self, Unclean> {
        let mut filters = Self::default();
        if text.is_empty() {
            return Ok(filters);
        }
        let document =
            json::parse(text.as_bytes()).map_err(|unclean| Unclean::filters(&unclean.detail))?;
        let fields = match document {
            Json::Null => return Ok(filters),
            Json::Object(fields) => fields,
            _ => return Err(Unclean::filters("they are no object")),
        };
        for (key, values) in fields {
            let mut values = match values {
                Json::Array(items) => items
                    .into_iter()
                    .map(|item| match item {
                        Json::String(value) => Ok(value),
                        _ => Err(Unclean::filters(&format!(
                            "a value of {} is no text",
                            short(&key)
                        ))),
                    })
                    .collect::<Result<Vec<_>, _>>()?,
                Json::Object(items) => items
                    .into_iter()
                    .map(|(value, set)| match set {
                        Json::Bool(true) => Ok(value),
                        // The daemon counts such a value in some places and not in others.
                        _ => Err(Unclean::filters(&format!(
                            "a value of {} is not true",
                            short(&key)
                        ))),
                    })
                    .collect::<Result<Vec<_>, _>>()?,
                _ => {
                    return Err(Unclean::filters(&format!(
                        "{} is neither object nor list",
                        short(&key)
                    )));
                }
            };
            if values.len() > 1 {
                let mut seen = HashSet::with_capacity(values.len());
                values.retain(|value| seen.insert(value.clone()));
            }
            filters.fields.push((key, values));
        }
        Ok(filters)
    }

    /// The values of a key.
    pub fn get(&self, key: &str) -> &[String] {
        self.fields
            .iter()
            .find(|(known, _)| known == key)
            .map_or(&[], |(_, values)| values)
    }

    /// Every key with its values.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.fields
            .iter()
            .map(|(key, values)| (key.as_str(), values.as_slice()))
    }

    /// Adds a value: of labels all must hold, of most others one.
    pub fn add(&mut self, key: &str, value: &str) {
        let at = match self.fields.iter().position(|(known, _)| known == key) {
            Some(at) => at,
            None => {
                self.fields.push((key.to_owned(), Vec::new()));
                self.fields.len() - 1
            }
        };
        let values = &mut self.fields[at].1;
        if !values.iter().any(|known| known == value) {
            values.push(value.to_owned());
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &str) {
        self.fields.retain(|(known, _)| known != key);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The first form, which every version reads.
    pub fn to_text(&self) -> String {
        let fields = self.fields.iter().map(|(key, values)| {
            let values = values
                .iter()
                .map(|value| (value.clone(), Json::Bool(true)))
                .collect();
            (key.clone(), Json::Object(values))
        });
        Json::Object(fields.collect()).to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::Filters;

    fn check(text: &str, expected: Result<&str, &str>) {
        match (Filters::parse(text), expected) {
            (Ok(filters), Ok(expected)) => assert_eq!(filters.to_text(), expected, "{text}"),
            (Err(unclean), Err(expected)) => {
                assert_eq!(unclean.code, "SL-A008");
                assert!(
                    unclean.detail.contains(expected),
                    "{text}: {}",
                    unclean.detail
                );
            }
            (got, expected) => panic!("{text}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn both_forms_become_one() {
        check("", Ok("{}"));
        check("null", Ok("{}"));
        check(
            r#"{"label":{"a":true,"b=c":true}}"#,
            Ok(r#"{"label":{"a":true,"b=c":true}}"#),
        );
        check(
            r#"{"label":["a","b","a"]}"#,
            Ok(r#"{"label":{"a":true,"b":true}}"#),
        );
        check(
            r#"{"Label":["a"],"label":["b"]}"#,
            Ok(r#"{"Label":{"a":true},"label":{"b":true}}"#),
        );
        check(r#"{"label":{"a":false}}"#, Err("not true"));
        check(r#"{"label":{"a":1}}"#, Err("not true"));
        check(r#"{"label":["a"],"label":["b"]}"#, Err("twice"));
        check(r#"{"label":{"a":true,"\u0061":true}}"#, Err("twice"));
        check(r#"{"label":"a"}"#, Err("neither"));
        check(r#"{"label":[1]}"#, Err("no text"));
        check(r#"["a"]"#, Err("no object"));
        check(r#"{"label":["a"]}{}"#, Err("follows"));
    }

    #[test]
    fn what_is_added_is_added_once() {
        let mut filters = Filters::parse(r#"{"label":["a"]}"#).unwrap();
        filters.add("label", "owner=me");
        filters.add("label", "owner=me");
        filters.add("name", "x");
        assert_eq!(filters.get("label"), ["a", "owner=me"]);
        assert_eq!(
            filters.to_text(),
            r#"{"label":{"a":true,"owner=me":true},"name":{"x":true}}"#
        );
        filters.remove("label");
        assert!(filters.get("label").is_empty());
    }
}
