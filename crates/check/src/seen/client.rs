//! A client of the API: its settings and its files.

use super::File;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// One way in which somebody would use Docker.
#[derive(Clone, Debug)]
pub struct ClientSide {
    /// For messages, escaped: `this shell`, `context prod of alice`, `~/.docker of bob`.
    pub label: String,
    /// What it is.
    pub origin: Origin,
    /// The host as written; `None` when nobody wrote one.
    pub written: Option<String>,
    /// The host as the docker CLI completes it: `tcp://h:2376`, `unix:///var/run/docker.sock`.
    pub host: Option<String>,
    /// Whether and how TLS is used.
    pub tls: TlsUse,
    /// Which setting decided where to go, in a sentence; `None` when there was nothing to decide.
    pub because: Option<String>,
    /// Variables and flags that are set and have no effect.
    pub without_effect: Vec<String>,
    /// `DOCKER_*` and proxy variables that this client sees.
    pub variables: BTreeMap<String, String>,
    /// `ca.pem`, `cert.pem`, `key.pem`, as far as it would use them, with their roles.
    pub files: Vec<File>,
    /// Of a context.
    pub context: Option<ContextFacts>,
    /// Why `config.json` cannot be read, when it cannot; escaped.
    pub config_problem: Option<String>,
}

/// Where a client's settings come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The environment, flags and `config.json` of whoever asks.
    Shell,
    /// A context of the docker CLI.
    Context {
        /// Its name.
        name: String,
        /// The configuration directory whose store has it.
        store: PathBuf,
    },
    /// A folder with the three files: `~/.docker`, a `DOCKER_CERT_PATH` zone, a bundle.
    Directory(PathBuf),
}

/// How a client uses TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsUse {
    /// Not at all.
    Off,
    /// Encrypted, whoever the server is.
    Unverified,
    /// The server is verified.
    Verified,
    /// A folder that nobody uses at the moment: nothing says how it would be used.
    Unused,
}

/// What the store says of a context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextFacts {
    /// Whether the store has it.
    pub exists: bool,
    /// Why its `meta.json` cannot be used, escaped.
    pub broken: Option<String>,
    /// `SkipTLSVerify`.
    pub skip_tls_verify: bool,
    /// Names in its TLS folder that the CLI does not know.
    pub unknown_files: Vec<String>,
    /// Whether it is the current context of its store.
    pub current: bool,
}

impl ClientSide {
    /// Whether it goes to a TCP address.
    pub fn is_tcp(&self) -> bool {
        self.host
            .as_deref()
            .is_some_and(|host| host.starts_with("tcp://"))
    }

    /// A variable that is set and not empty; the docker CLI makes no difference between empty and unset.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Its file of this role.
    pub fn file(&self, role: super::Role) -> Option<&File> {
        self.files.iter().find(|file| file.role == role)
    }
}
