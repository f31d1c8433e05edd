//! What is known of one route of the Engine API.

use super::body::Shape;
use super::{Call, Verb};

/// The method of a request; others are no routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
    /// `OPTIONS`
    Options,
}

impl Method {
    /// The method as it stands in a request line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// The method of this name; the daemon takes no other spelling either.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "DELETE" => Self::Delete,
            "OPTIONS" => Self::Options,
            _ => return None,
        })
    }
}

/// What happens to a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// The daemon reads none: whatever comes, up to this many bytes, is read and dropped.
    None {
        /// More than this is refused.
        limit: usize,
    },
    /// It is collected, given to [`Request::set_body`](super::Request::set_body), judged, and written anew.
    Json {
        /// More than this is refused.
        limit: usize,
    },
    /// An archive: passed on as it comes, and never judged.
    Stream,
}

/// What a connection can become on this route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upgrade {
    /// Nothing: an `Upgrade` header is dropped.
    None,
    /// A raw stream, with `Upgrade: tcp` or without any such header.
    Tcp,
    /// A WebSocket.
    Websocket,
    /// HTTP/2 in the clear.
    H2c,
}

impl Upgrade {
    /// The one value of the `Upgrade` header that is passed on.
    pub const fn token(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Tcp => Some("tcp"),
            Self::Websocket => Some("websocket"),
            Self::H2c => Some("h2c"),
        }
    }
}

/// One row of the daemon's route table.
#[derive(Debug)]
pub struct Route {
    /// Which call it is.
    pub call: Call,
    /// Its name in policies and audit records.
    pub name: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, without version, in the daemon's notation.
    pub pattern: &'static str,
    /// What it does.
    pub verb: Verb,
    /// What happens to the body.
    pub body: BodyRule,
    /// What the connection can become.
    pub upgrade: Upgrade,
    /// The keys of the query that the daemon reads; those it reads more than once end with `*`.
    pub query: &'static [&'static str],
    /// What its body may hold.
    pub(super) shape: Option<&'static Shape>,
    /// Whether the name may have several segments, as those of images.
    pub(super) segments: bool,
    /// Whether the name is one segment whatever it holds: `{name}` and not `{name:.*}`.
    single: bool,
    /// Where the name begins in the pattern, where what follows it begins, and where that ends.
    open: usize,
    close: usize,
    end: usize,
}

/// Bodies nobody reads: some clients repeat the query there.
const IDLE: usize = 64 * 1024;

impl Route {
    pub(super) const fn new(call: Call, method: Method, pattern: &'static str, verb: Verb) -> Self {
        let bytes = pattern.as_bytes();
        let mut open = bytes.len();
        let mut close = bytes.len();
        let mut end = bytes.len();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at] == b'{' {
                if open == bytes.len() {
                    open = at;
                } else {
                    end = at;
                }
            }
            if bytes[at] == b'}' && close == bytes.len() {
                close = at + 1;
            }
            at += 1;
        }
        Self {
            call,
            name: call.name(),
            method,
            pattern,
            verb,
            body: BodyRule::None { limit: IDLE },
            upgrade: Upgrade::None,
            query: &[],
            shape: None,
            segments: false,
            single: close > 1
                && close > open
                && bytes[close - 2] != b'*'
                && bytes[close - 2] != b'+',
            open,
            close,
            end,
        }
    }

    pub(super) const fn query(mut self, keys: &'static [&'static str]) -> Self {
        self.query = keys;
        self
    }

    pub(super) const fn json(mut self, limit: usize, shape: &'static Shape) -> Self {
        self.body = BodyRule::Json { limit };
        self.shape = Some(shape);
        self
    }

    pub(super) const fn stream(mut self) -> Self {
        self.body = BodyRule::Stream;
        self
    }

    pub(super) const fn upgrade(mut self, upgrade: Upgrade) -> Self {
        self.upgrade = upgrade;
        self
    }

    pub(super) const fn segments(mut self) -> Self {
        self.segments = true;
        self
    }

    /// The path up to the name.
    pub(super) fn head(&self) -> &'static str {
        &self.pattern[..self.open]
    }

    /// The path behind the name.
    pub(super) fn tail(&self) -> &'static str {
        &self.pattern[self.close..self.end]
    }

    /// Whether the path has a name in it.
    pub fn has_name(&self) -> bool {
        self.open < self.pattern.len()
    }

    /// Whether a second name stands at the end, as a checkpoint's.
    pub(super) fn has_second(&self) -> bool {
        self.end < self.pattern.len()
    }

    /// The names in a decoded path, when the route is for it.
    pub(super) fn matches<'a>(&self, path: &'a str) -> Option<(&'a str, &'a str)> {
        if !self.has_name() {
            return (path == self.pattern).then_some(("", ""));
        }
        let rest = path.strip_prefix(self.head())?;
        if self.has_second() {
            let (name, second) = rest.split_once(self.tail())?;
            let plain = |part: &str| !part.is_empty() && !part.contains('/');
            return (plain(name) && plain(second)).then_some((name, second));
        }
        let name = rest.strip_suffix(self.tail())?;
        let fits = !name.is_empty() && (!self.single || !name.contains('/'));
        fits.then_some((name, ""))
    }

    /// The key as the table has it and whether it may come more than once.
    pub(super) fn key(&self, key: &str) -> Option<(&'static str, bool)> {
        self.query
            .iter()
            .find_map(|known| match known.strip_suffix('*') {
                Some(name) => (name == key).then_some((name, true)),
                None => (*known == key).then_some((*known, false)),
            })
    }
}
