//! The kinds of clients that come to an endpoint.

use std::fmt;

/// A kind of client: what it shows, and nothing else, decides whether it gets in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClientKind {
    /// Speaks HTTP without TLS.
    PlainHttp,
    /// Speaks TLS and has no certificate.
    NoCertificate,
    /// Has a certificate from the client anchor of this authority.
    Rightful,
    /// Has a certificate from somebody else's anchor, one that bears the same name as ours.
    Foreign,
    /// Has a certificate from the client anchor that is past its last day.
    Expired,
    /// Shows a server's certificate and key, as a thief of those would.
    ServerAsClient,
}

impl ClientKind {
    /// Every kind, in the order in which tables list them.
    pub const ALL: [Self; 6] = [
        Self::Rightful,
        Self::NoCertificate,
        Self::Foreign,
        Self::Expired,
        Self::ServerAsClient,
        Self::PlainHttp,
    ];

    /// A few words for a table.
    pub fn label(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain HTTP",
            Self::NoCertificate => "no certificate",
            Self::Rightful => "rightful client",
            Self::Foreign => "foreign certificate",
            Self::Expired => "expired certificate",
            Self::ServerAsClient => "server certificate as client",
        }
    }

    /// The name in JSON; never changes.
    pub fn slug(self) -> &'static str {
        match self {
            Self::PlainHttp => "plain-http",
            Self::NoCertificate => "no-certificate",
            Self::Rightful => "rightful",
            Self::Foreign => "foreign",
            Self::Expired => "expired",
            Self::ServerAsClient => "server-as-client",
        }
    }

    /// Who this is, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::PlainHttp => "anybody with curl: no TLS, no certificate",
            Self::NoCertificate => "anybody who speaks TLS, without a certificate",
            Self::Rightful => "a client with a current certificate from the client anchor",
            Self::Foreign => {
                "a client with a current certificate from somebody else's anchor of the same name"
            }
            Self::Expired => {
                "a client whose certificate from the client anchor is past its last day"
            }
            Self::ServerAsClient => "a thief of a daemon's key who poses as a client with it",
        }
    }
}

impl fmt::Display for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
