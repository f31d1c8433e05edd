//! What was seen. Plain data, filled in by whoever looked; nothing in it is judged yet.
//!
//! Text from outside is raw here, unless a field says otherwise: checks escape what they quote.

mod client;
mod endpoint;
mod file;
mod host;
mod keeping;
pub mod service;
mod suite;

pub use client::{ClientSide, ContextFacts, Origin, TlsUse};
pub use endpoint::{
    Api, ClientMode, Endpoint, ModeVisit, Offer, Outcome, Protocol, Reach, Scan, Suite, Visit,
    Visitor,
};
pub use file::{File, FileState, Repository, Role};
pub use host::{
    Config, ConfigProblem, ConfigState, Daemon, Drift, Flag, Host, Listener, ListenerKind,
    SocketUnit, Supervisor, Unit, UnixSocket, Version,
};
pub use keeping::{Anchor, Keeping, Leaf, LeafState};
pub use service::{Remark, Service, ServiceDoor};
pub use suite::Flaw;

use sealock_pki::Timestamp;
use std::path::PathBuf;

/// Everything that was seen in one look.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub now: Timestamp,
    /// Certificates with fewer days left than this are found; 30 unless the user says otherwise.
    pub min_days: u32,
    /// The host, when it was looked at from inside.
    pub host: Option<Host>,
    /// Clients: this shell, users' `~/.docker`, contexts, folders.
    pub clients: Vec<ClientSide>,
    /// Folders below `certs.d`.
    pub registries: Vec<RegistryFolder>,
    /// What was seen on the wire.
    pub endpoints: Vec<Endpoint>,
    /// Services beside the daemon.
    pub services: Vec<Service>,
    /// The vault, when there is one.
    pub keeping: Option<Keeping>,
}

impl Seen {
    /// Nothing yet.
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            min_days: 30,
            host: None,
            clients: Vec::new(),
            registries: Vec::new(),
            endpoints: Vec::new(),
            services: Vec::new(),
            keeping: None,
        }
    }

    /// Every door of a service, with the service.
    pub fn doors(&self) -> impl Iterator<Item = (&Service, &ServiceDoor)> {
        self.services
            .iter()
            .flat_map(|service| service.doors.iter().map(move |door| (service, door)))
    }

    /// Every file that was read: the daemon's, the clients', the registries', the services'.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let host = self.host.iter().flat_map(|host| host.files.iter());
        let clients = self.clients.iter().flat_map(|client| client.files.iter());
        let registries = self
            .registries
            .iter()
            .flat_map(|folder| folder.files.iter());
        let services = self
            .services
            .iter()
            .flat_map(|service| service.files.iter());
        let keys = self
            .keeping
            .iter()
            .flat_map(|keeping| keeping.issuer_keys.iter());
        host.chain(clients)
            .chain(registries)
            .chain(services)
            .chain(keys)
    }
}

/// A folder below `certs.d`: what the daemon shows to one registry, and whom it believes there.
#[derive(Clone, Debug)]
pub struct RegistryFolder {
    /// The folder.
    pub path: PathBuf,
    /// Its name as it stands: `registry.example.org:5000`.
    pub name: String,
    /// The files in it, with their roles by suffix; others are [`Role::Stray`].
    pub files: Vec<File>,
    /// Whether `sealock.toml` asks for it; what is asked for may not be there.
    pub wanted: bool,
    /// Whether there is a non-empty `hosts.toml`.
    pub hosts_toml: bool,
}
