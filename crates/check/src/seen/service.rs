//! A service beside the daemon: what it does to its clients, and what its files say. All foreign text in it is escaped and
//! cut to what a person reads.

use super::File;
use sealock_pki::{Certificate, San};
use serde::Serialize;
use std::fmt;

/// A service: one of `sealock.toml`, or an endpoint that was asked for.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name in `sealock.toml`, or the endpoint as it was asked for. Escaped.
    pub label: String,
    /// Its kind in `sealock.toml`; what was asked for by its address has none.
    pub kind: Option<String>,
    /// Whether clients must show a certificate; `None` when nobody said.
    pub clients: Option<bool>,
    /// Every door, and what it did to its clients; empty when there was no look at the wire.
    pub doors: Vec<ServiceDoor>,
    /// Its key, certificate and anchors of clients, as they lie there.
    pub files: Vec<File>,
    /// What its kind says of its configuration.
    pub remarks: Vec<Remark>,
}

/// A door of a service.
#[derive(Clone, Debug)]
pub struct ServiceDoor {
    /// The name or address that its certificate must carry; `None` when nobody said.
    pub name: Option<San>,
    /// What it did.
    pub seen: ServiceSeen,
    /// The certificates that it showed, leaf first.
    pub chain: Vec<Certificate>,
    /// The anchors by which it was judged; none when nobody had any.
    pub anchors: Vec<Certificate>,
    /// The client that came, leaf first; none when nobody had a certificate.
    pub rightful: Vec<Certificate>,
    /// What it did to a client of somebody else's authority.
    pub foreign: Option<Entry>,
}

/// Something in a service's configuration that its kind knows to be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The finding that it belongs to: `SL-F660`.
    pub code: &'static str,
    /// The file and line, the variable, the setting. Escaped.
    pub place: String,
    /// What stands there, and what is expected. Escaped.
    pub cause: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// What a service does to its clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSeen {
    /// Where it was looked at.
    pub address: String,
    /// What was spoken, by its word in `sealock.toml`: `postgres`.
    pub protocol: &'static str,
    /// Why nothing could be looked at; everything else is then without meaning.
    pub unreached: Option<String>,
    /// Clear text.
    pub clear: Clear,
    /// TLS; `None` when no handshake showed a certificate, and [`ServiceSeen::without`] says why.
    pub tls: Option<Sight>,
    /// A client that shows no certificate.
    pub without: Entry,
    /// The client whose identity was handed in; `None` when there was none.
    pub with: Option<Entry>,
    /// What only SQL Server has.
    pub tds: Option<TdsSeen>,
}

/// Whether clear text is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Clear {
    /// The verdict.
    pub verdict: Way,
    /// What it said, or what was in the way.
    pub said: String,
}

impl Clear {
    /// A verdict, and why; what comes from outside must be escaped.
    pub fn new(verdict: Way, said: impl Into<String>) -> Self {
        Self {
            verdict,
            said: said.into(),
        }
    }
}

/// What became of clear text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// It goes on in clear text, if only to ask for a password: which then travels in clear text too.
    Accepted,
    /// It understood, and refuses to go on without TLS.
    Refused,
    /// It does not speak the protocol in clear text here.
    NotSpoken,
    /// It was not asked: nothing is known of what is inside its TLS.
    NotAsked,
    /// Neither was found out.
    Unclear,
}

/// Whether a client got in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The verdict.
    pub verdict: Passage,
    /// What it said, or what was in the way.
    pub said: String,
}

/// What became of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Passage {
    /// It was answered in the service's own protocol, if only by a question for a password.
    In,
    /// It was turned away.
    Refused,
    /// There is no TLS to come in by.
    NoTls,
    /// Neither was found out.
    Unclear,
}

/// What a handshake showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sight {
    /// The version agreed on: `TLS 1.3`.
    pub version: Option<String>,
    /// The cipher suite agreed on, by its IANA name.
    pub suite: Option<String>,
    /// The application protocol agreed on.
    pub alpn: Option<String>,
    /// How many certificates were served.
    pub certificates: usize,
    /// Those of them that can be read, leaf first.
    #[serde(skip)]
    pub chain: Vec<Certificate>,
    /// The SHA-256 fingerprint of the leaf; `None` when it cannot be read.
    pub leaf: Option<String>,
    /// The leaf's subject.
    pub subject: Option<String>,
    /// The leaf's issuer.
    pub issuer: Option<String>,
    /// The end of the leaf's life.
    pub not_after: Option<String>,
    /// The names in the leaf, the first few.
    pub names: Vec<String>,
    /// Whether chain, dates, purpose and name are right in the eyes of a client with our anchors.
    pub trusted: bool,
    /// Why not.
    pub why_not: Option<String>,
    /// Whether the leaf carries the name that was asked for, whoever signed it.
    pub name_matches: bool,
    /// Whether a client certificate was asked for.
    pub asks_for_certificate: bool,
}

/// What a TDS server says of encryption, and which certificate it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TdsSeen {
    /// What TDS 7.x agrees to; `None` when it is not spoken.
    pub encryption: Option<TdsEncryption>,
    /// Whether TDS 8.0 (strict: TLS before everything) is spoken.
    pub strict: bool,
    /// Whether the certificate is one that the server made for itself.
    pub self_generated: bool,
    /// The version that the server says it has: `16.0.1000`.
    pub version: Option<String>,
}

/// What a TDS 7.x server agrees to, learned from its answers to a client that leaves it to the server (00) and
/// to one that has no TLS (02): MS-TDS §2.2.6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TdsEncryption {
    /// The server has no TLS: 02.
    NotSupported,
    /// The client decides: without a wish of its own the login alone is encrypted (00), and a client without TLS
    /// logs in in clear text (02).
    Off,
    /// The login is always encrypted, what follows is in clear text unless the client asks for more: 00, and
    /// whoever has no TLS is turned away.
    LoginOnly,
    /// Everything is encrypted: 01 for who left it to the server. A client without TLS may yet be let in, see
    /// [`ServiceSeen::clear`].
    On,
    /// Everything is encrypted, and whoever will not is turned away: 03.
    Required,
}

impl TdsEncryption {
    /// The name in JSON; never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::NotSupported => "not-supported",
            Self::Off => "off",
            Self::LoginOnly => "login-only",
            Self::On => "on",
            Self::Required => "required",
        }
    }
}

impl fmt::Display for TdsEncryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
