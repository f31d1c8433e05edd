//! An endpoint, looked at from outside.

use sealock_pki::{Certificate, Fingerprint, San, Timestamp};
use std::time::Duration;

/// What an endpoint did to everybody who came.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// As it was asked for: `tcp://docker.example.org:2376`.
    pub label: String,
    /// Where that led: `192.0.2.7:2376`.
    pub address: String,
    /// The name that its certificate must carry.
    pub name: San,
    /// Whether it was reached.
    pub reach: Reach,
    /// What it did to plain HTTP.
    pub plain: Option<Outcome>,
    /// The certificates it sent, leaf first, as far as they can be read.
    pub chain: Vec<Certificate>,
    /// What could not be read of them, escaped.
    pub chain_problems: Vec<String>,
    /// How many certificates and bytes it sent.
    pub chain_size: (usize, usize),
    /// What the other addresses of its name presented, where they were reached and presented something else.
    pub other_leaves: Vec<(String, Fingerprint)>,
    /// Whether it asked for a client certificate.
    pub asks_for_certificate: bool,
    /// The authorities that it named then, as DER names.
    pub authorities: Vec<Vec<u8>>,
    /// What it did to every kind of client, in each version of TLS.
    pub visits: Vec<Visit>,
    /// What each mode of the docker CLI would get.
    pub modes: Vec<ModeVisit>,
    /// Versions, suites, groups; `None` when only a short look was asked for.
    pub scan: Option<Scan>,
    /// The anchors that servers were judged by; none when nobody had any.
    pub anchors: Vec<Certificate>,
    /// The client that came as the rightful one, leaf first; none when nobody had a certificate.
    pub rightful: Vec<Certificate>,
    /// What the `Date` field of an answer said, and our own clock at that moment.
    pub date: Option<(Timestamp, Timestamp)>,
    /// What the API said of itself, when it let us in.
    pub api: Option<Api>,
    /// Whether it stalled, flooded or lied: what it did, escaped.
    pub misbehaviour: Vec<String>,
    /// How long the whole look took.
    pub took: Duration,
}

/// Whether an endpoint was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Yes.
    Reached,
    /// Its name leads nowhere; the resolver's words, escaped.
    Unresolved(String),
    /// Nobody listens there.
    Refused,
    /// No answer in this time: a firewall, or no host.
    Silent(Duration),
    /// Something else, in the words of the operating system, escaped.
    Failed(String),
}

/// Who came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visitor {
    /// HTTP without TLS.
    PlainHttp,
    /// TLS without a certificate.
    NoCertificate,
    /// A rightful client.
    Rightful,
    /// A client of somebody else's authority, under the very name of ours.
    Foreign,
    /// A client whose certificate has expired.
    Expired,
    /// A server's certificate, shown as a client's.
    ServerAsClient,
    /// A client whose certificate was revoked.
    Revoked,
}

/// What one kind of client met in one version of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who came.
    pub visitor: Visitor,
    /// In which version; `None` for plain HTTP.
    pub protocol: Option<Protocol>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API answered.
    In,
    /// Something answered, and it is not the API: its status.
    NotTheApi(u16),
    /// A TLS alert: its name and number.
    Alert(String, u8),
    /// The end of the connection without a word; by a reset or in order.
    Closed {
        /// By a reset.
        reset: bool,
    },
    /// It wants TLS where plain HTTP came.
    WantsTls,
    /// It speaks plain HTTP where TLS came.
    SpeaksPlain,
    /// We refused the server; why, escaped.
    NotTrusted(String),
    /// Neither TLS nor HTTP; what, escaped.
    Nonsense(String),
    /// It did not finish in time.
    TimedOut,
    /// No connection.
    Unreachable(String),
}

impl Outcome {
    /// Whether the peer turned the client away.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Alert(..) | Self::Closed { .. } | Self::WantsTls)
    }
}

/// How the docker CLI can be told to come: the rows of the table that the documentation has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientMode {
    /// No TLS flags.
    Plain,
    /// `--tls` without a certificate.
    Tls,
    /// `--tls` with a certificate and key.
    TlsWithCertificate,
    /// `--tlsverify` with a CA only.
    VerifyWithoutCertificate,
    /// `--tlsverify` with CA, certificate and key.
    Verify,
}

/// What the docker CLI would get in one of its modes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeVisit {
    /// The mode.
    pub mode: ClientMode,
    /// What became of it; `None` when we have not got what the mode needs.
    pub outcome: Option<Outcome>,
}

/// A version of SSL or TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// RFC 6101.
    Ssl3,
    /// RFC 2246.
    Tls10,
    /// RFC 4346.
    Tls11,
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

/// Whether something is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The peer did something else than answer.
    Unclear,
}

/// What an endpoint offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// Every version and whether it is offered.
    pub protocols: Vec<(Protocol, Offer)>,
    /// Every suite it agrees to.
    pub suites: Vec<Suite>,
    /// Names of the groups it agrees to, in the order in which it chose them.
    pub groups: Vec<String>,
    /// Application protocols it agrees to.
    pub alpn: Vec<String>,
    /// Whether it agrees to compress inside TLS.
    pub compression: bool,
}

/// A cipher suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suite {
    /// The version it was agreed on in.
    pub protocol: Protocol,
    /// Its number in IANA's registry.
    pub number: u16,
    /// Its IANA name, or `0x…`.
    pub name: String,
}

/// What the API said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// `Api-Version` of the answer, escaped.
    pub version: Option<String>,
    /// `Server` of the answer, escaped.
    pub server: Option<String>,
}

impl Endpoint {
    /// What became of a visitor, in every version that was tried.
    pub fn outcomes(&self, visitor: Visitor) -> impl Iterator<Item = &Visit> {
        self.visits
            .iter()
            .filter(move |visit| visit.visitor == visitor)
    }

    /// Whether a visitor got in, in any version.
    pub fn lets_in(&self, visitor: Visitor) -> bool {
        self.outcomes(visitor)
            .any(|visit| visit.outcome == Outcome::In)
    }

    /// The certificate it presents.
    pub fn leaf(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// Whether it is on the loopback of this host.
    pub fn is_loopback(&self) -> bool {
        self.address
            .parse::<std::net::SocketAddr>()
            .is_ok_and(|address| address.ip().is_loopback())
    }
}
