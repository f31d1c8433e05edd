//! Finds patterns in a line.

use super::hit::{Hit, Values};
use super::paste::{Line, floor};
use super::pattern::Pattern;
use std::net::IpAddr;
use std::sync::OnceLock;

/// A value longer than this is not the value of a message.
const LONGEST_VALUE: usize = 1024;

/// The first words of a message stand in a line at most so many times.
const MOST_TRIES: usize = 8;

/// The patterns that stand in this line: of those that overlap, the one with the most words of its own.
pub(super) fn hits<'a>(line: Line<'a>, table: &'static [Compiled]) -> Vec<Hit<'a>> {
    let mut found: Vec<Hit<'a>> = table.iter().filter_map(|text| text.find(line)).collect();
    found.sort_by_key(|hit| (hit.pattern.loose, std::cmp::Reverse(hit.score)));
    let mut kept: Vec<Hit<'a>> = Vec::new();
    for hit in found {
        let apart = |other: &Hit<'_>| hit.span.1 <= other.span.0 || other.span.1 <= hit.span.0;
        let welcome = !hit.pattern.loose || kept.is_empty();
        if welcome && kept.iter().all(apart) {
            kept.push(hit);
        }
    }
    kept
}

/// One wording of a pattern, ready to be searched for.
#[derive(Debug)]
pub(super) struct Compiled {
    pattern: &'static Pattern,
    parts: Vec<Part>,
    /// The longest literal: a line without it is passed over.
    anchor: String,
    score: usize,
}

#[derive(Debug)]
enum Part {
    Words(String),
    Hole { name: &'static str, kind: Kind },
    Again(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Word,
    Address,
    Number,
}

impl Compiled {
    /// Takes one wording apart.
    pub(super) fn new(pattern: &'static Pattern, text: &'static str) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Words(before.to_ascii_lowercase()));
            }
            let (hole, after) = after.split_once('}').unwrap_or((after, ""));
            parts.push(
                hole.strip_prefix('=')
                    .map_or_else(|| part(hole), Part::Again),
            );
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Words(rest.to_ascii_lowercase()));
        }
        let words = |part: &Part| match part {
            Part::Words(words) => Some(words.clone()),
            Part::Hole { .. } | Part::Again(_) => None,
        };
        let anchor = parts.iter().filter_map(words).max_by_key(String::len);
        let score = parts
            .iter()
            .map(|part| match part {
                Part::Words(words) => words.len(),
                // A hole that takes less says more.
                Part::Hole { kind, .. } => usize::from(*kind != Kind::Any),
                Part::Again(_) => 0,
            })
            .sum();
        Self {
            pattern,
            parts,
            anchor: anchor.unwrap_or_default(),
            score,
        }
    }

    /// The pattern that it is a wording of.
    #[cfg(test)]
    pub(super) fn pattern(&self) -> &'static Pattern {
        self.pattern
    }

    fn find<'a>(&self, line: Line<'a>) -> Option<Hit<'a>> {
        let [Part::Words(first), ..] = self.parts.as_slice() else {
            return None;
        };
        if self.anchor.is_empty() || !line.lower.contains(&self.anchor) {
            return None;
        }
        let tries = line.lower.match_indices(first).take(MOST_TRIES);
        tries.map(|(at, _)| at).find_map(|at| {
            let (end, values) = self.stands_at(line, at)?;
            Some(Hit {
                pattern: self.pattern,
                line,
                span: (at, end),
                score: self.score,
                values,
            })
        })
    }

    /// Whether it stands exactly here, and where it ends.
    fn stands_at<'a>(&self, line: Line<'a>, at: usize) -> Option<(usize, Values<'a>)> {
        let mut values: Values<'a> = Vec::new();
        let mut at = at;
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            let rest = line.lower.get(at..)?;
            at += match part {
                Part::Words(words) => rest.starts_with(words.as_str()).then_some(words.len())?,
                Part::Again(name) => {
                    let again = value_of(&values, name)?;
                    line.text
                        .get(at..)?
                        .starts_with(again)
                        .then_some(again.len())?
                }
                Part::Hole { name, kind } => {
                    let said = line.text.get(at..)?;
                    let length = match parts.peek() {
                        Some(Part::Words(next)) => before(rest, next)?,
                        Some(Part::Again(name)) => before(said, value_of(&values, name)?)?,
                        Some(Part::Hole { .. }) => return None,
                        None => kind.rest(said),
                    };
                    let value = said.get(..length)?;
                    if !kind.holds(value) {
                        return None;
                    }
                    values.push((name, value));
                    length
                }
            };
        }
        Some((at, values))
    }
}

fn part(hole: &'static str) -> Part {
    let (name, kind) = hole.split_once(':').unwrap_or((hole, ""));
    let kind = match kind {
        "word" => Kind::Word,
        "ip" => Kind::Address,
        "num" => Kind::Number,
        _ => Kind::Any,
    };
    Part::Hole { name, kind }
}

fn value_of<'a>(values: &Values<'a>, name: &str) -> Option<&'a str> {
    values
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}

/// How far it is to the next words, within reason.
fn before(rest: &str, next: &str) -> Option<usize> {
    let window = floor(rest, LONGEST_VALUE + next.len());
    rest.get(..window)?.find(next)
}

impl Kind {
    fn holds(self, value: &str) -> bool {
        let bare = |value: &str| {
            let value = value.strip_prefix('[').unwrap_or(value).to_owned();
            value.strip_suffix(']').map(str::to_owned).unwrap_or(value)
        };
        match self {
            Self::Any => true,
            Self::Word => !value.is_empty() && !value.contains(char::is_whitespace),
            Self::Address => bare(value).parse::<IpAddr>().is_ok(),
            Self::Number => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }

    /// How much of the end of a line the last hole of a pattern takes.
    fn rest(self, said: &str) -> usize {
        let limit = floor(said, LONGEST_VALUE);
        let said = said.get(..limit).unwrap_or_default();
        let word = |ends: fn(char) -> bool| {
            let end = said.find(ends).unwrap_or(said.len());
            said.get(..end)
                .unwrap_or_default()
                .trim_end_matches(['.', ':', ','])
                .len()
        };
        match self {
            Self::Any => {
                // The next field of a structured log line is not part of the message.
                let field = said.match_indices("\" ").map(|(at, _)| at).find(|at| {
                    let next = said.get(at + 2..).unwrap_or_default();
                    let name = next.split('=').next().unwrap_or_default();
                    name.len() < next.len() && name.chars().all(char::is_alphanumeric)
                });
                let said = said.get(..field.unwrap_or(said.len())).unwrap_or_default();
                said.trim_end_matches(|c: char| c.is_whitespace() || "\"'".contains(c))
                    .len()
            }
            Self::Word | Self::Address => word(|c| c.is_whitespace() || "\"'`,;()<>{}".contains(c)),
            Self::Number => word(|c| !c.is_ascii_digit()),
        }
    }
}

/// Every wording of every table, compiled once.
pub(super) fn compiled(tables: &[&'static [Pattern]]) -> &'static [Compiled] {
    static ALL: OnceLock<Vec<Compiled>> = OnceLock::new();
    ALL.get_or_init(|| {
        let patterns = tables.iter().flat_map(|table| table.iter());
        patterns
            .flat_map(|pattern| {
                pattern
                    .texts
                    .iter()
                    .map(move |text| Compiled::new(pattern, text))
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{Compiled, Part};
    use crate::messages::hit::fill;
    use crate::messages::paste::Paste;
    use crate::messages::pattern::{Pattern, cause, means};

    const ANY: Pattern = cause("Go", &[], &[means("SL-F304", "")]);

    fn values(text: &'static str, line: &str) -> Option<String> {
        let paste = Paste::of(line);
        let found = Compiled::new(&ANY, text).find(paste.lines().next()?)?;
        let values = found
            .values
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        Some(values.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn holes_take_what_their_kind_allows() {
        for (text, line, wanted) in [
            (
                "for {a}, not {b:word}",
                "x: Valid FOR h1, h2, not H3\" y",
                Some("a=h1, h2 b=H3"),
            ),
            ("not {b:ip}", "not 192.0.2.1", Some("b=192.0.2.1")),
            ("not {b:ip}", "not host, not ::1.", Some("b=::1")),
            (
                "on [{b:ip}]:{p:num}",
                "on [::1]:2376/",
                Some("b=::1 p=2376"),
            ),
            ("not {b:ip}", "not host", None),
            (
                "key \"{k}\": open {=k}: no",
                "key \"/a\": open /a: no",
                Some("k=/a"),
            ),
            (
                "key \"{k}\": open {=k}: no",
                "key \"/a\": open /b: no",
                None,
            ),
            (
                "why: {w}",
                "msg=\"why: it is\" error=\"b\"",
                Some("w=it is"),
            ),
            ("why: {w}", "why: the \"end\"", Some("w=the \"end")),
            ("code {n:num}", "code 60 (x)", Some("n=60")),
        ] {
            assert_eq!(values(text, line).as_deref(), wanted, "{text} in {line}");
        }
    }

    /// What the tables must keep, for every wording: asked by their own tests.
    #[test]
    fn every_wording_can_be_found_and_every_sentence_be_filled() {
        for text in crate::messages::table::all() {
            let holes: Vec<&str> = text
                .parts
                .iter()
                .filter_map(|part| match part {
                    Part::Hole { name, .. } => Some(*name),
                    Part::Words(_) | Part::Again(_) => None,
                })
                .collect();
            assert!(
                matches!(text.parts.first(), Some(Part::Words(_))),
                "{text:?}"
            );
            assert!(text.score >= 8, "says too little: {text:?}");
            let beside = |pair: &[Part]| matches!(pair, [Part::Hole { .. }, Part::Hole { .. }]);
            assert!(!text.parts.windows(2).any(beside), "{text:?}");
            let values = holes.iter().map(|name| (*name, "value")).collect();
            assert!(!text.pattern.means.is_empty(), "{text:?}");
            for meaning in text.pattern.means {
                let says = fill(meaning.says, &values, |value| Some(value.to_owned()));
                assert!(
                    says.is_some_and(|says| says.len() > 20),
                    "{meaning:?} of {text:?}"
                );
                let help = meaning
                    .help
                    .map(|help| fill(help, &values, |v| Some(v.to_owned())));
                assert!(
                    help.is_none_or(|help| help.is_some()),
                    "{meaning:?} of {text:?}"
                );
            }
        }
    }
}
