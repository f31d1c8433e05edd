//! Where to ask.

use sealock_diag::escape;
use sealock_pki::San;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Time for a whole exchange unless told otherwise: connecting, handshake, request and answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where an endpoint is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A TCP address; names are resolved by the caller.
    Tcp(SocketAddr),
    /// The path of a unix socket.
    Unix(PathBuf),
}

/// An endpoint to ask, the name its certificate must carry, and how long to wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it is.
    pub address: Address,
    /// The name or address that its certificate must carry; meaningless without TLS.
    pub name: San,
    /// Time for the whole exchange, from connecting to the end of the answer.
    pub timeout: Duration,
}

impl Target {
    /// A TCP endpoint whose certificate must carry `name`; five seconds for an exchange.
    pub fn tcp(address: SocketAddr, name: San) -> Self {
        Self {
            address: Address::Tcp(address),
            name,
            timeout: PATIENCE,
        }
    }

    /// A TCP endpoint whose certificate must carry the address itself.
    pub fn at(address: SocketAddr) -> Self {
        Self::tcp(address, San::Ip(address.ip()))
    }

    /// A unix socket; five seconds for an exchange.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self {
            address: Address::Unix(path.into()),
            name: San::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            timeout: PATIENCE,
        }
    }

    /// The same endpoint with another time for an exchange.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// What goes into the `Host` field of a request.
    pub(crate) fn host(&self) -> String {
        match &self.address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(_) => "docker".to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            Address::Tcp(address) => write!(f, "tcp://{address}"),
            Address::Unix(path) => {
                write!(f, "unix://{}", escape(&path.display().to_string()))
            }
        }
    }
}
