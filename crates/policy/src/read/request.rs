//! One request: read, judged, rewritten.

use super::content::media_type;
use super::query::Query;
use super::route::{BodyRule, Method, Route, Upgrade};
use super::{ApiVersion, Call, Filters, Json, Unclean, Verb, body, json, percent, target};

/// What of a request's head is needed to read it.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a [u8],
    /// The target as it came.
    pub target: &'a [u8],
    /// The `Content-Type` header; several of them are refused by whoever reads heads.
    pub content_type: Option<&'a [u8]>,
    /// The `Upgrade` header.
    pub upgrade: Option<&'a [u8]>,
    /// Whether a body follows: a length above 0, or chunks.
    pub has_body: bool,
}

/// How requests are read.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// A path in front of every target, which is taken away.
    pub prefix: Option<&'a str>,
    /// The lowest version of the API that is let in.
    pub floor: ApiVersion,
    /// The highest.
    pub ceiling: ApiVersion,
}

impl Default for Reading<'_> {
    fn default() -> Self {
        Self {
            prefix: None,
            floor: ApiVersion::LOWEST,
            ceiling: ApiVersion::HIGHEST,
        }
    }
}

/// A request that can be read in one way only. What it holds is what will be sent.
#[derive(Clone, Debug)]
pub struct Request {
    route: &'static Route,
    version: Option<ApiVersion>,
    name: Option<String>,
    second: Option<String>,
    query: Query,
    filters: Option<Filters>,
    upgrades: bool,
    json: Option<Json>,
}

impl Request {
    /// Reads a head.
    pub fn read(incoming: &Incoming<'_>, reading: &Reading<'_>) -> Result<Self, Unclean> {
        let target = target::read(incoming.method, incoming.target, reading)?;
        let route = target.route;
        let mut query = Query::read(target.query, route)?;
        let filters = query.get("filters").map(Filters::parse).transpose()?;
        let filters = filters.filter(|filters| !filters.is_empty());
        // Whoever looks at the query sees them as they go on, not as they came.
        query.set("filters", filters.as_ref().map(Filters::to_text));
        if incoming.has_body {
            media_type(route, incoming.content_type)?;
        }
        let upgrades = match (route.upgrade.token(), incoming.upgrade) {
            (Some(token), Some(given)) => given.eq_ignore_ascii_case(token.as_bytes()),
            _ => false,
        };
        Ok(Self {
            route,
            version: target.version,
            name: target.name,
            second: target.second,
            query,
            filters,
            upgrades,
            json: None,
        })
    }

    /// The row of the daemon's table.
    pub fn route(&self) -> &'static Route {
        self.route
    }

    /// Which call it is.
    pub fn call(&self) -> Call {
        self.route.call
    }

    /// What it does: the route's verb, but for an image that is imported rather than pulled.
    pub fn verb(&self) -> Verb {
        match self.route.call {
            Call::ImageCreate if self.query.get("fromImage").unwrap_or_default().is_empty() => {
                Verb::ImageIn
            }
            _ => self.route.verb,
        }
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.route.method
    }

    /// The version in the path.
    pub fn version(&self) -> Option<ApiVersion> {
        self.version
    }

    /// The name or ID in the path.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The checkpoint in the path, the only second name there is.
    pub fn checkpoint(&self) -> Option<&str> {
        self.second.as_deref()
    }

    /// What the daemon reads of the query.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// Sets a key of the query, or takes it out; a key that the route does not know stays out.
    pub fn set_query(&mut self, key: &str, value: Option<&str>) {
        if let Some((key, _)) = self.route.key(key) {
            self.query.set(key, value.map(str::to_owned));
            if key == "filters" {
                self.filters = value.and_then(|value| Filters::parse(value).ok());
            }
        }
    }

    /// The filters that came.
    pub fn filters(&self) -> Option<&Filters> {
        self.filters.as_ref()
    }

    /// The filters to add to; `None` where the daemon reads none.
    pub fn filters_mut(&mut self) -> Option<&mut Filters> {
        self.route.key("filters")?;
        Some(self.filters.get_or_insert_default())
    }

    /// The value of the `Upgrade` header to send, when there is to be one.
    pub fn upgrade(&self) -> Option<&'static str> {
        self.upgrades.then(|| self.route.upgrade.token()).flatten()
    }

    /// Whether the answer, if it is one of success, turns the connection into a raw stream.
    pub fn hijacks(&self) -> bool {
        match self.route.upgrade {
            Upgrade::None => false,
            Upgrade::Tcp => {
                let detached = self.json.as_ref().and_then(|json| json.get("Detach"));
                detached != Some(&Json::Bool(true))
            }
            Upgrade::Websocket | Upgrade::H2c => self.upgrades,
        }
    }

    /// Puts another name into the path: the full ID of what was judged.
    pub fn set_name(&mut self, name: &str) {
        if self.route.has_name() {
            self.name = Some(name.to_owned());
        }
    }

    /// Reads the body of a route that has one; an empty one is none.
    pub fn set_body(&mut self, bytes: &[u8]) -> Result<(), Unclean> {
        let BodyRule::Json { limit } = self.route.body else {
            return Ok(());
        };
        if bytes.len() > limit {
            return Err(Unclean::too_large(limit));
        }
        self.json = if bytes.iter().all(u8::is_ascii_whitespace) {
            None
        } else {
            Some(json::parse(bytes)?)
        };
        body::settle(self)
    }

    /// The body as read.
    pub fn json(&self) -> Option<&Json> {
        self.json.as_ref()
    }

    /// The body to be changed.
    pub fn json_mut(&mut self) -> Option<&mut Json> {
        self.json.as_mut()
    }

    pub(super) fn take_json(&mut self) -> Option<Json> {
        self.json.take()
    }

    pub(super) fn put_json(&mut self, json: Option<Json>) {
        self.json = json;
    }

    /// The target to send.
    pub fn target(&self) -> String {
        let mut out = String::with_capacity(96);
        self.write_target(&mut out);
        out
    }

    /// Writes the target behind what is there.
    pub fn write_target(&self, out: &mut String) {
        if let Some(version) = self.version {
            out.push_str("/v");
            version.write(out);
        }
        out.push_str(self.route.head());
        if let Some(name) = &self.name {
            percent::encode(name, b"/:@", out);
            out.push_str(self.route.tail());
        }
        if let Some(second) = &self.second {
            percent::encode(second, b":@", out);
        }
        match &self.filters {
            None => self.query.write(out),
            Some(filters) => {
                let mut query = self.query.clone();
                query.set("filters", (!filters.is_empty()).then(|| filters.to_text()));
                query.write(out);
            }
        }
    }

    /// The body to send; `None` when there is none, or when it is passed on as it comes.
    pub fn body(&self) -> Option<Vec<u8>> {
        self.json.as_ref().map(|json| json.to_text().into_bytes())
    }
}
