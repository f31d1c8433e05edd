//! What a client saw of a server, whether or not it got in.

use sealock_pki::Certificate;
use std::fmt;

/// A version of TLS that sealock speaks. Older ones are not offered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl Version {
    /// Both, older first.
    pub const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    pub(crate) fn of(version: rustls::ProtocolVersion) -> Option<Self> {
        match version {
            rustls::ProtocolVersion::TLSv1_2 => Some(Self::Tls12),
            rustls::ProtocolVersion::TLSv1_3 => Some(Self::Tls13),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        })
    }
}

/// The versions that are offered or accepted; never none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Versions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// Exactly one.
    Only(Version),
}

impl Versions {
    pub(crate) fn of_rustls(self) -> &'static [&'static rustls::SupportedProtocolVersion] {
        static TLS12: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];
        static TLS13: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];
        match self {
            Self::Both => rustls::ALL_VERSIONS,
            Self::Only(Version::Tls12) => TLS12,
            Self::Only(Version::Tls13) => TLS13,
        }
    }
}

/// What was seen on the wire up to the end of the handshake, or up to where it failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The version agreed on.
    pub version: Option<Version>,
    /// The cipher suite agreed on, by its IANA name.
    pub suite: Option<String>,
    /// The key exchange group agreed on.
    pub group: Option<String>,
    /// The application protocol agreed on, escaped.
    pub protocol: Option<String>,
    /// The certificates the peer sent, leaf first, as DER: hostile peers send what does not parse.
    pub chain_der: Vec<Vec<u8>>,
    /// Why the server did not prove that it holds the key of its certificate, when nobody insisted: the
    /// certificate cannot be read, its key is too weak to be checked, or it is somebody else's. Escaped.
    pub unproven: Option<String>,
    /// Whether the server asked for a client certificate.
    pub certificate_requested: bool,
    /// The subjects of the CAs that the server hinted at when it asked, as DER names.
    pub authorities: Vec<Vec<u8>>,
}

impl Seen {
    /// The certificates the peer sent, leaf first; those that do not parse are left out.
    pub fn chain(&self) -> Vec<Certificate> {
        self.chain_der
            .iter()
            .filter_map(|der| Certificate::from_der(der.clone()).ok())
            .collect()
    }
}
