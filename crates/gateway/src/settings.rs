//! What a gateway is told to do.

use crate::{GatewayError, web};
use sealock_policy::Name;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything a gateway needs; files are read when it starts and whenever they change.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The doors, at least one.
    pub listeners: Vec<Listener>,
    /// The certificates; `None` when every listener is a unix socket.
    pub sources: Option<Sources>,
    /// The policy file of the Docker listeners; `None` when there are none.
    pub policy: Option<PathBuf>,
    /// Where audit records go; `None` writes none.
    pub audit: Option<AuditSettings>,
    /// Where metrics and health are told, in plain HTTP.
    pub metrics: Option<SocketAddr>,
    /// Where `gateway reload` and `gateway drain` ask.
    pub control: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
    /// Worker threads; one per core when `None`.
    pub workers: Option<usize>,
}

impl Settings {
    /// Judges the headers that carry identities.
    ///
    /// # Errors
    /// SL-G055: one of them is no header that a service may be told something in.
    pub fn check_headers(&self) -> Result<(), GatewayError> {
        for listener in &self.listeners {
            if let Service::Web { header, .. } = &listener.service {
                web::check(header)?;
            }
        }
        Ok(())
    }
}

/// One door and what is behind it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name in audit records and metrics.
    pub name: String,
    /// Where it listens.
    pub at: Bind,
    /// What it leads to.
    pub service: Service,
}

/// Where a listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// Mutual TLS on an address.
    Tcp(SocketAddr),
    /// A unix socket; callers are known by their user and group.
    Unix(PathBuf),
    /// The inherited socket of this name (`LISTEN_FDNAMES`), TCP or unix.
    Inherited(String),
}

/// What a listener leads to.
#[derive(Clone, Debug)]
pub enum Service {
    /// The Engine API, judged request by request.
    Docker {
        /// The daemon.
        upstream: Upstream,
        /// A path in front of every target, as in `tcp://host:2376/base`, which is taken away.
        prefix: Option<String>,
    },
    /// Any stream of bytes.
    Tcp {
        /// The service.
        upstream: Upstream,
        /// Who may connect; nobody when empty.
        allow: Vec<Name>,
        /// Tell the service who connects with a PROXY protocol v2 header.
        proxy_header: bool,
    },
    /// An HTTP service that believes a header.
    Web {
        /// The service.
        upstream: Upstream,
        /// Who may connect; nobody when empty.
        allow: Vec<Name>,
        /// The header that carries the verified identity; what comes under this name from outside is removed.
        header: String,
    },
}

/// A service behind the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// A unix socket.
    Unix(PathBuf),
    /// A TCP address.
    Tcp(SocketAddr),
}

/// The files of mutual TLS.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The server's certificate, leaf first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The client anchors.
    pub anchors: PathBuf,
    /// The server anchors that clients trust: with them a server's certificate of a stranger is refused before it is used.
    pub server_anchors: Option<PathBuf>,
    /// Revocation lists: files, or folders of them. When there is one, every anchor must have one.
    pub lists: Vec<PathBuf>,
    /// Certificates refused at once, by `serial:` or `spki:`, a line each.
    pub deny: Option<PathBuf>,
}

/// Where and how audit records are written.
#[derive(Clone, Debug)]
pub struct AuditSettings {
    /// The file; `-` is standard output.
    pub path: PathBuf,
    /// Chain every record to the one before by its SHA-256.
    pub chain: bool,
    /// Begin a new file beyond this many bytes.
    pub rotate_at: u64,
    /// How many old files are kept.
    pub keep: u32,
    /// Refuse requests while records cannot be written.
    pub required: bool,
}

/// Bounds that shed newcomers and leave those already in alone.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one caller.
    pub per_caller: usize,
    /// Handshakes under way at once.
    pub handshakes: usize,
    /// Handshakes from one address that come to nothing, in a second; `handshakes` of them may come at once.
    pub handshakes_per_address: usize,
    /// How long a handshake may take.
    pub handshake_time: Duration,
    /// How long a request's head may take to arrive once it has begun.
    pub head_time: Duration,
    /// How long an idle connection is kept between requests.
    pub idle_time: Duration,
    /// The largest head of a request, in bytes.
    pub head_bytes: usize,
    /// The largest body that is judged, in bytes; streamed bodies have no bound.
    pub body_bytes: usize,
    /// How long a drain waits for live connections.
    pub drain_time: Duration,
    /// End live streams too when their caller's certificate expires; without it they only begin nothing new.
    pub end_expired: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            per_caller: 10_000,
            handshakes: 512,
            // A twentieth of a core, for full handshakes with certificates of strangers.
            handshakes_per_address: 50,
            handshake_time: Duration::from_secs(10),
            head_time: Duration::from_secs(30),
            // Go's clients keep idle connections for 30 s and reuse them to the last moment.
            idle_time: Duration::from_secs(300),
            // What dockerd itself takes: 1 MiB and a little.
            head_bytes: (1 << 20) + 4096,
            body_bytes: 4 << 20,
            drain_time: Duration::from_secs(600),
            // As dockerd has it: what was begun in time may go on.
            end_expired: false,
        }
    }
}
