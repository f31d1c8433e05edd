//! The query, of which only what the daemon reads on this route is kept.

use super::Unclean;
use super::percent::{Plus, decode, encode};
use super::route::Route;

/// The keys of a query that the route knows, in the order they came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(&'static str, String)>,
}

impl Query {
    /// Reads what stands behind the question mark; what the route does not know is left out.
    pub(super) fn read(raw: &[u8], route: &Route) -> Result<Self, Unclean> {
        let mut query = Self::default();
        for pair in raw
            .split(|byte| *byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let (key, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            let known = match plain(key) {
                Some(key) => route.key(key),
                None => route.key(&text(key)?),
            };
            let Some((key, many)) = known else {
                // Left out, but not unread: a target is refused for what is wrong anywhere in it.
                text(value)?;
                continue;
            };
            let value = text(value)?;
            if !many && query.get(key).is_some() {
                // docker-py sends the text of a Dockerfile from outside of the context behind the name that it has
                // given it in there: the daemon reads the first, so only that goes on.
                if key == "dockerfile" {
                    continue;
                }
                return Err(Unclean::twice(key));
            }
            query.pairs.push((key, value));
        }
        Ok(query)
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        let pair = self.pairs.iter().find(|(known, _)| *known == key)?;
        Some(&pair.1)
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs
            .iter()
            .filter(move |(known, _)| *known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the key is set as the daemon means it: anything but nothing, `0`, `no`, `false`, `none`.
    pub fn flag(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| {
            let value = value.trim();
            !["", "0", "no", "false", "none"]
                .iter()
                .any(|no| value.eq_ignore_ascii_case(no))
        })
    }

    /// Every pair.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.pairs.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// Sets a key to one value, or takes it out.
    pub(super) fn set(&mut self, key: &'static str, value: Option<String>) {
        self.pairs.retain(|(known, _)| *known != key);
        self.pairs.extend(value.map(|value| (key, value)));
    }

    /// Writes the query with its question mark, or nothing.
    pub(super) fn write(&self, out: &mut String) {
        for (at, (key, value)) in self.pairs.iter().enumerate() {
            out.push(if at == 0 { '?' } else { '&' });
            out.push_str(key);
            out.push('=');
            encode(value, b":/,@", out);
        }
    }
}

/// What needs no decoding.
fn plain(raw: &[u8]) -> Option<&str> {
    let escaped = raw.iter().any(|byte| matches!(byte, b'%' | b'+'));
    if escaped {
        None
    } else {
        std::str::from_utf8(raw).ok()
    }
}

fn text(raw: &[u8]) -> Result<String, Unclean> {
    if let Some(text) = plain(raw) {
        return Ok(text.to_owned());
    }
    let bytes = decode(raw, Plus::Space)
        .ok_or_else(|| Unclean::target("a % without two digits behind it"))?;
    String::from_utf8(bytes).map_err(|_| Unclean::target("its query is no UTF-8"))
}
