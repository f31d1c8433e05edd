//! What a request needs beyond the bare call: the language between bodies and constraints.
//!
//! A body is read once into needs; a grant meets each of them or does not. Learning is the union of the
//! needs that were seen, and an explanation prints them.

use crate::policy::{Ports, Reference, Subnet};
use sealock_diag::escape;
use std::fmt;
use std::net::IpAddr;

/// One thing that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A container.
    Container {
        /// Its name or ID, as it stands in the request.
        name: String,
        /// What is done with it.
        how: Use,
    },
    /// A prepared command, and through it its container.
    Exec {
        /// Its ID.
        id: String,
        /// It is started, not only looked at.
        start: bool,
    },
    /// A network.
    Network {
        /// Its name or ID.
        name: String,
        /// What is done with it.
        how: Use,
    },
    /// A volume.
    Volume {
        /// Its name.
        name: String,
        /// What is done with it.
        how: Use,
    },
    /// An image.
    Image {
        /// Its name or ID.
        name: String,
        /// What is done with it.
        how: Use,
    },
    /// A service.
    Service {
        /// Its name or ID.
        name: String,
    },
    /// An image is fetched from its registry.
    Pull(Reference),
    /// A registry is asked something: an image's manifest, a search, whether a password is right.
    Registry(String),
    /// An image gets this name, or is pushed under it.
    Tag(Reference),
    /// An image is brought in as an archive.
    Import,
    /// A place of the host is mounted.
    Bind {
        /// The place, clean.
        path: String,
        /// For writing.
        write: bool,
    },
    /// A port of the host is published.
    Port {
        /// On this address; on all when `None`.
        address: Option<IpAddr>,
        /// Which.
        ports: Ports,
    },
    /// A word that must be on one of the lists.
    Word(List, String),
    /// The user of a command; the container's own when empty.
    ExecUser {
        /// As it stands in the request.
        user: String,
        /// The container whose user it is otherwise.
        container: String,
    },
    /// An environment variable is set.
    Env(String),
    /// Something that is allowed or not.
    Flag(Flag),
    /// So much of something; without bound when `None`.
    Amount(Amount, Option<u64>),
    /// A subnet for a new network.
    Subnet(Subnet),
    /// A label with a key that decides about scopes.
    Label {
        /// Its key.
        key: String,
        /// Its value.
        value: String,
    },
    /// Something that only the unconfined may.
    Beyond(String),
    /// Something that can be read in more than one way, or in none.
    Unclear(String),
}

/// What is done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The request is about it.
    Target,
    /// It is entered: commands, streams, files.
    Enter,
    /// Something else comes to share it.
    Join,
    /// What it has mounted is mounted once more.
    Mount,
    /// It is about to be made, unless it is there.
    Create,
}

/// The lists of words in constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum List {
    Capability,
    Device,
    Namespace,
    SecurityOption,
    Sysctl,
    Ulimit,
    Runtime,
    LogDriver,
    VolumeDriver,
    NetworkDriver,
    Group,
    User,
    ExecCommand,
    Restart,
}

impl List {
    /// The key in a policy.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Capability => "capabilities",
            Self::Device => "devices",
            Self::Namespace => "namespaces",
            Self::SecurityOption => "security-options",
            Self::Sysctl => "sysctls",
            Self::Ulimit => "ulimits",
            Self::Runtime => "runtimes",
            Self::LogDriver => "log-drivers",
            Self::VolumeDriver => "volume-drivers",
            Self::NetworkDriver => "network-drivers",
            Self::Group => "groups",
            Self::User => "users",
            Self::ExecCommand => "exec-commands",
            Self::Restart => "restarts",
        }
    }
}

/// What is allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flag {
    Privileged,
    ExecPrivileged,
    RawBuild,
    RemoteBuild,
}

impl Flag {
    /// The key in a policy.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::ExecPrivileged => "exec-privileged",
            Self::RawBuild => "raw-builds",
            Self::RemoteBuild => "remote-builds",
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Amount {
    Memory,
    Cpus,
    Pids,
}

/// Foreign text as it is shown in a refusal.
pub(crate) fn shown(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        None => escape(text),
        Some((end, _)) => format!("{}…", escape(text.get(..end).unwrap_or_default())),
    }
}

/// What is needed, as the end of a sentence that starts with *may not*.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { name, how } => match how {
                Use::Target | Use::Create => write!(f, "reach container {}", shown(name)),
                Use::Enter => write!(f, "enter container {}", shown(name)),
                Use::Mount => write!(f, "mount what container {} has mounted", shown(name)),
                Use::Join => write!(f, "share anything with container {}", shown(name)),
            },
            Self::Exec { id, .. } => write!(f, "use the prepared command {}", shown(id)),
            Self::Network { name, how } => match how {
                Use::Join => write!(f, "join network {}", shown(name)),
                _ => write!(f, "reach network {}", shown(name)),
            },
            Self::Volume { name, how } => match how {
                Use::Join => write!(f, "mount volume {}", shown(name)),
                _ => write!(f, "reach volume {}", shown(name)),
            },
            Self::Image { name, how } => match how {
                Use::Target => write!(f, "change image {}", shown(name)),
                _ => write!(f, "use image {}", shown(name)),
            },
            Self::Service { name } => write!(f, "reach service {}", shown(name)),
            Self::Registry(host) => write!(f, "have the daemon ask the registry {}", shown(host)),
            Self::Pull(reference) => write!(f, "pull {}", shown(&reference.text())),
            Self::Tag(reference) => write!(f, "name an image {}", shown(&reference.text())),
            Self::Import => f.write_str("bring in images as archives"),
            Self::Bind { path, write } => {
                let how = if *write { "writing" } else { "reading" };
                write!(f, "mount {} of the host for {how}", shown(path))
            }
            Self::Port { address, ports } => {
                f.write_str("publish ")?;
                match ports {
                    Ports::Ephemeral => f.write_str("a port of the daemon's choice")?,
                    Ports::Range(from, to) if from == to => write!(f, "port {from}")?,
                    Ports::Range(from, to) => write!(f, "ports {from}-{to}")?,
                }
                match address {
                    Some(address) => write!(f, " on {address}"),
                    None => f.write_str(" on every address"),
                }
            }
            Self::Word(list, word) => match list {
                List::Capability => write!(f, "add the capability {}", shown(word)),
                List::Device => write!(f, "use the device {}", shown(word)),
                List::Namespace => match word.split_once(':') {
                    Some((space, "container")) => {
                        write!(f, "share the {space} namespace of a container")
                    }
                    Some((space, _)) => write!(f, "share the {space} namespace of the host"),
                    None => write!(f, "share the namespace {}", shown(word)),
                },
                List::SecurityOption => write!(f, "set the security option {}", shown(word)),
                List::Sysctl => write!(f, "set the kernel parameter {}", shown(word)),
                List::Ulimit => write!(f, "set the ulimit {}", shown(word)),
                List::Runtime => write!(f, "choose the runtime {}", shown(word)),
                List::LogDriver => write!(f, "choose the log driver {}", shown(word)),
                List::VolumeDriver => write!(f, "choose the volume driver {}", shown(word)),
                List::NetworkDriver => write!(f, "choose the network driver {}", shown(word)),
                List::Group => write!(f, "add the group {}", shown(word)),
                List::User if word.is_empty() => f.write_str("run as the image's own user"),
                List::User => write!(f, "run as user {}", shown(word)),
                List::ExecCommand if word.is_empty() => f.write_str("run no program at all"),
                List::ExecCommand => write!(f, "run the program {}", shown(word)),
                List::Restart => write!(f, "choose the restart policy {}", shown(word)),
            },
            Self::ExecUser { user, .. } if user.is_empty() => {
                f.write_str("run a command as the container's own user")
            }
            Self::ExecUser { user, .. } => write!(f, "run a command as user {}", shown(user)),
            Self::Env(name) => write!(f, "set the environment variable {}", shown(name)),
            Self::Flag(flag) => f.write_str(match flag {
                Flag::Privileged => "make a privileged container",
                Flag::ExecPrivileged => "run a privileged command",
                Flag::RawBuild => "build through BuildKit's own interface, which nobody can judge",
                Flag::RemoteBuild => "have the daemon fetch a build context",
            }),
            Self::Amount(amount, size) => {
                let what = match amount {
                    Amount::Memory => "bytes of memory",
                    Amount::Cpus => "billionths of a processor",
                    Amount::Pids => "processes",
                };
                match size {
                    Some(size) => write!(f, "use {size} {what}"),
                    None => write!(f, "use {what} without bound"),
                }
            }
            Self::Subnet(subnet) => write!(f, "choose the subnet {subnet}"),
            Self::Label { key, .. } => write!(f, "set the label {}", shown(key)),
            Self::Beyond(what) => write!(f, "set {}", shown(what)),
            Self::Unclear(what) => write!(f, "send {}", shown(what)),
        }
    }
}
