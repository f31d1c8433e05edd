//! `sealock.toml`: what this host shall look like.

mod edit;
pub mod gateway;
mod life;
mod read;
pub mod registry;
mod service;
mod share;

use crate::{HostError, Listen};
use sealock_pki::KeyKind;
use sealock_service::Service;
use sealock_vault::Scope;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use edit::{add_client, add_service, remove_client, remove_service};
pub use life::{format_life, parse_life};
pub use read::nearest;
pub use registry::{Registry, add_registry, remove_registry};
pub use share::Share;

/// Default life of a server leaf and of a client leaf.
pub const LEAF_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);
/// Default life of a revocation list: who verifies may be without news for so long.
pub const CRL_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The desired state of one host, version 1 of `sealock.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// Who signs.
    pub authority: Authority,
    /// How the daemon is reachable.
    pub daemon: Daemon,
    /// Who may enter.
    pub clients: Vec<Client>,
    /// What stands in front of the daemon; without it the daemon listens itself.
    pub gateway: Option<gateway::Gateway>,
    /// What else on this host has a certificate of ours.
    pub services: Vec<Service>,
    /// Where the daemon pulls from and pushes to with our certificates.
    pub registries: Vec<registry::Registry>,
}

/// `[authority]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The authority's name in the vault.
    pub name: String,
    /// Type of every key that is made.
    pub key: KeyKind,
    /// Whose clients may enter: those of a group of hosts, or all of the authority's.
    pub scope: Scope,
    /// Where revocation lists are published beside the vault's home.
    pub crl_dir: Option<PathBuf>,
    /// Life of a revocation list.
    pub crl_life: Duration,
    /// After which part of their life certificates are renewed.
    pub renew_after: Share,
}

impl Authority {
    /// An authority by its name, and every default.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            key: KeyKind::default(),
            scope: Scope::own().clone(),
            crl_dir: None,
            crl_life: CRL_LIFE,
            renew_after: Share::default(),
        }
    }
}

/// `[daemon]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daemon {
    /// Where it listens.
    pub listen: Vec<Listen>,
    /// Names and addresses in the server certificate.
    pub names: Vec<String>,
    /// `daemon.json`, when the daemon is not found by itself.
    pub docker_config: Option<PathBuf>,
    /// The unix socket, when the daemon is not found by itself.
    pub docker_socket: Option<PathBuf>,
    /// What restarts a daemon that no service manager runs; goes to `/bin/sh -c`.
    pub restart_command: Option<String>,
    /// Keep containers alive over the restart, where dockerd allows it.
    pub live_restore: bool,
    /// Life of the server leaf.
    pub server_life: Duration,
}

/// `[[client]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The common name of its certificate.
    pub name: String,
    /// Where its files are installed.
    pub install: Vec<Install>,
    /// Life of its leaf.
    pub life: Duration,
}

/// Where a client's files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Install {
    /// A directory with `ca.pem`, `cert.pem`, `key.pem`; `~` is the home of whoever runs the tool.
    Directory(PathBuf),
    /// A docker context, of the invoking user or of another one.
    Context {
        /// The context's name.
        name: String,
        /// Whose; `None` is the invoking user.
        user: Option<String>,
    },
}

impl std::fmt::Display for Install {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) if path.starts_with("~") => write!(f, "{}", path.display()),
            Self::Directory(path) => write!(f, "dir:{}", path.display()),
            Self::Context { name, user: None } => write!(f, "context:{name}"),
            Self::Context {
                name,
                user: Some(user),
            } => write!(f, "context:{name}@{user}"),
        }
    }
}

impl std::str::FromStr for Install {
    type Err = String;

    /// `~/.docker`, `dir:/path`, `/path`, `context:NAME`, `context:NAME@user`.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(context) = text.strip_prefix("context:") {
            let (name, user) = match context.rsplit_once('@') {
                Some((name, user)) => (name, Some(user.to_owned())),
                None => (context, None),
            };
            if let Err(error) = name.parse::<crate::client::ContextName>() {
                let why = sealock_diag::Diagnose::cause(&error);
                return Err(why.unwrap_or_else(|| error.to_string()));
            }
            if user.as_deref() == Some("") {
                return Err(format!(
                    "`{}` names no docker context",
                    sealock_diag::escape(text)
                ));
            }
            return Ok(Self::Context {
                name: name.to_owned(),
                user,
            });
        }
        let path = text.strip_prefix("dir:").unwrap_or(text);
        if path == "~" || path.starts_with("~/") || path.starts_with('/') {
            return Ok(Self::Directory(PathBuf::from(path)));
        }
        Err(format!(
            "`{}` is neither an absolute path, nor `~/…`, nor `context:NAME`",
            sealock_diag::escape(text)
        ))
    }
}

/// Whether a client can be called so: the name is a common name, a folder and often a context at once.
///
/// The error says what is wrong with it, without repeating it.
pub fn check_client_name(name: &str) -> Result<(), String> {
    const MOST: usize = 64;
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    if name.is_empty() {
        Err("it is empty".to_owned())
    } else if name.len() > MOST {
        Err(format!(
            "it has {} bytes; {MOST} fit into a certificate",
            name.len()
        ))
    } else if name.starts_with(['.', '-']) {
        Err("it starts with a dot or a dash".to_owned())
    } else if let Some(c) = name.chars().find(|c| !legal(*c)) {
        Err(match c {
            ' ' => "a space is not allowed in it".to_owned(),
            c => format!(
                "`{}` is not allowed in it",
                sealock_diag::escape(&c.to_string())
            ),
        })
    } else {
        Ok(())
    }
}

impl Desired {
    /// A desired state with every default: key type, scope, lives, live-restore.
    pub fn new(authority: impl Into<String>, listen: Vec<Listen>, names: Vec<String>) -> Self {
        Self {
            authority: Authority::new(authority),
            daemon: Daemon {
                listen,
                names,
                docker_config: None,
                docker_socket: None,
                restart_command: None,
                live_restore: true,
                server_life: LEAF_LIFE,
            },
            clients: Vec::new(),
            gateway: None,
            services: Vec::new(),
            registries: Vec::new(),
        }
    }

    /// Reads the text of `sealock.toml`; `path` is for messages.
    ///
    /// Unknown keys, wrong types and impossible values are errors with line and remedy.
    pub fn parse(path: &Path, text: &str) -> Result<Self, HostError> {
        read::read(path, text)
    }

    /// What the file says of how to find the daemon.
    pub fn options(&self) -> crate::Options {
        crate::Options {
            docker_config: self.daemon.docker_config.clone(),
            docker_socket: self.daemon.docker_socket.clone(),
            restart_command: self.daemon.restart_command.clone(),
        }
    }

    /// Writes down how the daemon is found: what [`Desired::options`] gives back.
    pub fn find_daemon_by(&mut self, options: &crate::Options) {
        let crate::Options {
            docker_config,
            docker_socket,
            restart_command,
        } = options.clone();
        self.daemon.docker_config = docker_config;
        self.daemon.docker_socket = docker_socket;
        self.daemon.restart_command = restart_command;
    }

    /// A commented file that reads back as this state.
    pub fn to_toml(&self) -> String {
        edit::write(self)
    }
}

#[cfg(test)]
mod tests;
