//! How the usual clients of a service connect, with verification on: texts that can be pasted.
//!
//! Every recipe names the anchor, checks the name of the server, and shows a certificate where the service asks for one.
//! None holds a secret: who needs a password is asked for it, or has it in a file of its own. There is one file per
//! protocol; a kind that knows more of its clients says so in [`Kind::clients`](crate::Kind::clients).

mod amqp;
mod https;
mod mysql;
mod postgres;
mod quoting;
mod redis;
mod registry;
mod tds;
mod tls;

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sealock_pki::San;

use crate::kind::{Clients, Door};
use crate::protocol::Protocol;
use crate::service::Service;

pub(crate) use registry::recipes as registry;
pub use tds::Tds;
pub(crate) use tds::recipes as tds;

/// Who connects, by which name, and with which files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    name: String,
    folder: String,
    host: String,
}

impl Customer {
    /// A client whose `ca.pem`, `cert.pem` and `key.pem` lie in `folder`, and who calls the service `host`.
    ///
    /// The error continues a sentence: a path with line ends in it can stand in no recipe.
    pub fn new(name: &str, folder: &Path, host: &str) -> Result<Self, &'static str> {
        let path = folder.to_str().ok_or("is not UTF-8")?;
        if path.contains(char::is_control) {
            return Err("holds control characters");
        }
        Ok(Self {
            name: name.to_owned(),
            folder: path.to_owned(),
            host: host.to_owned(),
        })
    }

    /// Its name, which its certificate carries.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(&self.folder).join(name)
    }

    /// What it calls the service.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// How one client connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// A word for it that does not change: `psql`.
    pub word: &'static str,
    /// What it is called.
    pub client: &'static str,
    /// What its text is.
    pub form: Form,
    /// The text, without a line end behind it.
    pub text: String,
    /// What else has to be known, in sentences.
    pub notes: Vec<String>,
}

/// What the text of a recipe is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Commands for a POSIX shell.
    Shell,
    /// A connection string, for whatever takes one.
    Connection,
    /// An address to be opened.
    Address,
    /// Lines of a file of this name.
    File(&'static str),
    /// A program in this language.
    Program(&'static str),
}

impl Form {
    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Connection => "connection string",
            Self::Address => "address",
            Self::File(name) => name,
            Self::Program(language) => language,
        }
    }
}

/// The name by which most clients call a service: its first name of a host, or else its first address.
pub fn usual_host(service: &Service) -> Option<&str> {
    let plain = || service.names.iter().filter(|name| !name.starts_with("*."));
    let host = |name: &&String| matches!(name.parse(), Ok(San::Dns(_)));
    plain()
        .find(host)
        .or_else(|| plain().next())
        .map(String::as_str)
}

/// What everybody who speaks a protocol says at a door.
pub fn recipes(door: &Door, customer: &Customer) -> Vec<Recipe> {
    let way = Way { door, customer };
    let mut recipes = match door.protocol {
        Protocol::Tls => Vec::new(),
        Protocol::Https => https::recipes(&way),
        Protocol::Postgres => postgres::recipes(&way),
        Protocol::Tds => tds::recipes(door, customer, Tds::Any),
        Protocol::Redis => redis::recipes(&way),
        Protocol::Amqp => amqp::recipes(&way),
        Protocol::Mysql => mysql::recipes(&way),
    };
    recipes.extend(tls::recipe(&way));
    recipes
}

/// A customer at a door.
struct Way<'a> {
    door: &'a Door,
    customer: &'a Customer,
}

impl Way<'_> {
    /// Whether it shows a certificate of its own.
    fn shows(&self) -> bool {
        self.door.clients == Clients::Required
    }

    fn host(&self) -> &str {
        &self.customer.host
    }

    /// The port, of `HOST:PORT`.
    fn port(&self) -> &str {
        let address = &self.door.address;
        address.rsplit_once(':').map_or("", |(_, port)| port)
    }

    /// The host as it stands before a colon: an address of IPv6 has brackets there (RFC 3986 §3.2.2).
    fn bracketed(&self) -> String {
        match self.host().parse() {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.host().to_owned(),
        }
    }

    /// `HOST:PORT`.
    fn authority(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port())
    }

    fn path(&self, name: &str) -> String {
        self.customer.file(name).to_string_lossy().into_owned()
    }

    fn ca(&self) -> String {
        self.path("ca.pem")
    }

    fn cert(&self) -> String {
        self.path("cert.pem")
    }

    fn key(&self) -> String {
        self.path("key.pem")
    }
}

fn recipe(word: &'static str, client: &'static str, form: Form, text: String) -> Recipe {
    Recipe {
        word,
        client,
        form,
        text,
        notes: Vec::new(),
    }
}

impl Recipe {
    /// The same, and something to know.
    fn note(mut self, sentence: impl Into<String>) -> Self {
        self.notes.push(sentence.into());
        self
    }
}

#[cfg(test)]
mod tests;
