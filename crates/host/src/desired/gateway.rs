//! `[gateway]`: a gateway in front of the daemon, or of anything else.

mod write;

use crate::{HostError, Listen};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) use self::write::write;

/// Where the policy lies unless somebody says otherwise.
pub const POLICY: &str = "/etc/sealock/policy.toml";
/// Where audit records go unless somebody says otherwise.
pub const AUDIT: &str = "/var/log/sealock-gateway/audit.jsonl";

/// `[gateway]` of `sealock.toml`, or of a file of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateway {
    /// Addresses with mutual TLS; in `sealock.toml` these are the `listen` of `[daemon]`.
    pub listen: Vec<Listen>,
    /// Unix sockets for callers on this host, who are known by their user.
    pub local: Vec<PathBuf>,
    /// The daemon behind it; `None` is where it is found.
    pub docker: Option<Behind>,
    /// A path in front of every target, which is taken away.
    pub prefix: Option<String>,
    /// Who may do what.
    pub policy: Option<PathBuf>,
    /// The folder with `ca.pem`, `server-cert.pem` and `server-key.pem`.
    pub certificates: Option<PathBuf>,
    /// Revocation lists: files, or folders of them.
    pub lists: Vec<PathBuf>,
    /// Certificates that are refused at once.
    pub deny: Option<PathBuf>,
    /// Where metrics and health are told.
    pub metrics: Option<SocketAddr>,
    /// Where `gateway reload` and `gateway drain` ask.
    pub control: Option<PathBuf>,
    /// Worker threads; one per core when `None`.
    pub workers: Option<usize>,
    /// Audit records; `None` writes none.
    pub audit: Option<Audit>,
    /// Bounds that differ from the defaults.
    pub limits: Limits,
    /// `[[gateway.tcp]]` and `[[gateway.web]]`.
    pub services: Vec<Service>,
}

/// What is behind a listener: `unix:///run/docker.sock`, `127.0.0.1:1433`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A unix socket.
    Unix(PathBuf),
    /// A TCP address.
    Tcp(SocketAddr),
}

impl std::str::FromStr for Behind {
    type Err = String;

    /// `unix:///path`, `/path`, `tcp://ADDRESS:PORT`, `ADDRESS:PORT`.
    fn from_str(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix("unix://").unwrap_or(text);
        if path.starts_with('/') {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let address = text.strip_prefix("tcp://").unwrap_or(text);
        address.parse().map(Self::Tcp).map_err(|_| {
            format!(
                "`{}` is neither unix:///PATH nor ADDRESS:PORT",
                sealock_diag::escape(text)
            )
        })
    }
}

impl std::fmt::Display for Behind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

/// `[gateway.audit]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The file; `-` is standard output.
    pub path: PathBuf,
    /// Chain every record to the one before.
    pub chain: bool,
    /// Begin a new file beyond this many bytes.
    pub rotate_at: u64,
    /// How many old files are kept.
    pub keep: u32,
    /// Refuse requests while records cannot be written.
    pub required: bool,
}

impl Audit {
    /// Records in this file, and every default.
    pub fn to(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            chain: false,
            // A busy host writes that much in a day or two, and ten of them fit on any disk.
            rotate_at: 100 << 20,
            keep: 10,
            required: false,
        }
    }
}

/// `[gateway.limits]`; what is `None` has the gateway's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all.
    pub connections: Option<usize>,
    /// Connections of one caller.
    pub per_caller: Option<usize>,
    /// Handshakes under way at once.
    pub handshakes: Option<usize>,
    /// Handshakes from one address that come to nothing, in a second.
    pub handshakes_per_address: Option<usize>,
    /// How long a handshake may take.
    pub handshake_time: Option<Duration>,
    /// How long a request's head may take.
    pub head_time: Option<Duration>,
    /// How long an idle connection is kept.
    pub idle_time: Option<Duration>,
    /// How long a drain waits.
    pub drain_time: Option<Duration>,
    /// Whether live streams end with their caller's certificate.
    pub end_expired: Option<bool>,
    /// The largest head of a request.
    pub head_bytes: Option<usize>,
    /// The largest body that is judged.
    pub body_bytes: Option<usize>,
}

/// A door to something that is not Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in audit records, metrics and units.
    pub name: String,
    /// Where it listens.
    pub listen: Door,
    /// What is behind it.
    pub upstream: Behind,
    /// Who may connect, as `cn:alice`; nobody when empty.
    pub allow: Vec<String>,
    /// What travels with the bytes.
    pub kind: Kind,
}

/// Where a service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// Mutual TLS on an address.
    Tcp(Listen),
    /// A unix socket.
    Unix(PathBuf),
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(listen) => listen.fmt(f),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// What a service is told of who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes; with a PROXY protocol v2 header in front when asked for.
    Tcp {
        /// Whether it is asked for.
        proxy_header: bool,
    },
    /// HTTP, with the verified identity in this header.
    Web {
        /// The header.
        header: String,
    },
}

impl Gateway {
    /// A file of its own, which [`Gateway::read`] reads back.
    pub fn to_file(&self) -> String {
        format!(
            "# Written by sealock for its service; changes belong in sealock.toml.\nversion = 1\n{}",
            write(self)
        )
    }

    /// Reads a file that has nothing but a `[gateway]`, or the `[gateway]` of a `sealock.toml` with the addresses of its
    /// `[daemon]`; `None` where there is none.
    pub fn read(path: &Path, text: &str) -> Result<Option<Self>, HostError> {
        super::read::gateway_of(path, text)
    }
}

/// Whether a door can be called so: the name becomes a part of a unit's name.
pub fn check_service_name(name: &str) -> Result<(), String> {
    const MOST: usize = 32;
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let stem = name.split('-').next().unwrap_or_default();
    if matches!(stem, "docker" | "local") {
        return Err("that is what the daemon's own doors are called".to_owned());
    }
    match name.is_empty() || name.len() > MOST || !name.chars().all(legal) {
        true => Err(format!(
            "1 to {MOST} small letters, digits and dashes are a name"
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
