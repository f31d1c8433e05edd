//! Which keys a body may have, and which kinds of values.
//!
//! The keys are those of every version of the API from 1.24 on: what a daemon does not know it leaves
//! out, and what we do not know we do not pass.

use crate::read::unclean::short;
use crate::read::{Json, Unclean};

/// The kind of a value. `null` is allowed everywhere and means that nothing was said.
#[derive(Debug)]
pub(in crate::read) enum Shape {
    /// A text, in whatever notation.
    Text,
    /// True or false.
    Flag,
    /// A number; whether it fits is for the daemon to say.
    Number,
    /// A list of texts, for which one text may stand.
    Words,
    /// A list.
    List(&'static Self),
    /// An object with keys of the caller's choice: their case matters.
    Map(&'static Self),
    /// An object with these keys, whose case does not matter.
    Object(&'static [&'static [Field]]),
}

/// A key and the kind of its value.
pub(in crate::read) type Field = (&'static str, Shape);

pub(super) const TEXT: Shape = Shape::Text;
pub(super) const FLAG: Shape = Shape::Flag;
pub(super) const NUMBER: Shape = Shape::Number;
pub(super) const WORDS: Shape = Shape::Words;
pub(super) const TEXTS: Shape = Shape::List(&TEXT);
pub(super) const TEXT_MAP: Shape = Shape::Map(&TEXT);
pub(super) const EMPTY: Shape = Shape::Object(&[]);

/// Brings a value into its one form: every key as the daemon writes it, no `null` under a known key,
/// lists as lists. Keys that nobody knows are an error.
pub(super) fn settle(json: &mut Json, shape: &Shape, place: &mut Place) -> Result<(), Unclean> {
    match (shape, &mut *json) {
        (_, Json::Null)
        | (Shape::Text, Json::String(_))
        | (Shape::Flag, Json::Bool(_))
        | (Shape::Number, Json::Number(_)) => Ok(()),
        (Shape::Words, Json::String(word)) => {
            let word = Json::String(std::mem::take(word));
            *json = Json::Array(vec![word]);
            Ok(())
        }
        (Shape::Words, Json::Array(items)) => list(items, &TEXT, place),
        (Shape::List(item), Json::Array(items)) => list(items, item, place),
        (Shape::Map(value), Json::Object(fields)) => fields
            .iter_mut()
            .try_for_each(|(key, inner)| place.at(key, |place| element(inner, value, place))),
        (Shape::Object(known), Json::Object(fields)) => object(fields, known, place),
        (Shape::Text, _) => Err(place.kind("a text")),
        (Shape::Flag, _) => Err(place.kind("true or false")),
        (Shape::Number, _) => Err(place.kind("a number")),
        (Shape::Words | Shape::List(_), _) => Err(place.kind("a list")),
        (Shape::Map(_) | Shape::Object(_), _) => Err(place.kind("an object")),
    }
}

/// A value of a list or map, where `null` is a value: the one that says nothing.
fn element(json: &mut Json, shape: &Shape, place: &mut Place) -> Result<(), Unclean> {
    if *json == Json::Null {
        *json = match shape {
            Shape::Text => Json::String(String::new()),
            Shape::Flag => Json::Bool(false),
            Shape::Number => Json::Number("0".to_owned()),
            Shape::Words | Shape::List(_) => Json::Array(Vec::new()),
            Shape::Map(_) | Shape::Object(_) => Json::Object(Vec::new()),
        };
    }
    settle(json, shape, place)
}

fn list(items: &mut [Json], shape: &Shape, place: &mut Place) -> Result<(), Unclean> {
    items
        .iter_mut()
        .try_for_each(|item| place.at("[]", |place| element(item, shape, place)))
}

fn object(
    fields: &mut Vec<(String, Json)>,
    known: &'static [&'static [Field]],
    place: &mut Place,
) -> Result<(), Unclean> {
    // `null` leaves what is there as it is, and what is there is nothing, as no key comes twice.
    let mut seen: Vec<&'static str> = Vec::with_capacity(fields.len());
    for (key, value) in fields.iter_mut() {
        let Some((name, shape)) = find(key, known) else {
            if *value == Json::Null {
                continue;
            }
            return Err(Unclean::unknown_key(&place.to_text(), key));
        };
        if seen.contains(name) {
            return Err(Unclean::repeated(&place.to_text(), name));
        }
        seen.push(name);
        if key != name {
            *key = (*name).to_owned();
        }
        place.at(name, |place| settle(value, shape, place))?;
    }
    fields.retain(|(_, value)| *value != Json::Null);
    Ok(())
}

/// The field that the daemon would fill from this key.
pub(super) fn find(key: &str, known: &[&'static [Field]]) -> Option<&'static Field> {
    let fields = || known.iter().flat_map(|part| part.iter());
    fields().find(|(name, _)| *name == key).or_else(|| {
        let folded = fold(key)?;
        fields().find(|(name, _)| name.eq_ignore_ascii_case(&folded))
    })
}

/// The ASCII spelling that the daemon takes a key for: besides case it lets two foreign letters stand for
/// `s` and `k`. A key with any other foreign letter is none of its keys.
fn fold(key: &str) -> Option<String> {
    key.chars()
        .map(|c| match c {
            '\u{17f}' => Some('s'),
            '\u{212a}' => Some('k'),
            c if c.is_ascii() => Some(c),
            _ => None,
        })
        .collect()
}

/// Where in a body we are, for messages.
#[derive(Default)]
pub(super) struct Place(Vec<String>);

impl Place {
    fn at<T>(&mut self, key: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.0.push(key.to_owned());
        let result = inner(self);
        self.0.pop();
        result
    }

    fn kind(&self, wanted: &str) -> Unclean {
        Unclean::kind(&self.to_text(), wanted)
    }

    fn to_text(&self) -> String {
        let mut text = String::new();
        for key in &self.0 {
            if !text.is_empty() && key != "[]" {
                text.push('.');
            }
            text.push_str(&short(key));
        }
        text
    }
}
