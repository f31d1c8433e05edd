//! The daemon as it runs, and as it would start again.

use super::File;
use sealock_pki::San;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// A host, looked at from inside.
#[derive(Clone, Debug)]
pub struct Host {
    /// What it is called.
    pub names: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The names and addresses that `sealock.toml` wants its certificate to carry; none without one.
    pub wanted_names: Vec<San>,
    /// Who runs the daemon.
    pub supervisor: Supervisor,
    /// Its unit, under systemd.
    pub unit: Option<Unit>,
    /// The version of the daemon, running or installed.
    pub version: Option<Version>,
    /// The daemon itself.
    pub daemon: Daemon,
    /// `daemon.json`.
    pub config: Config,
    /// The flags of the next start, drop-ins included, long names.
    pub flags: Vec<Flag>,
    /// The flags of the running process, where it could be read.
    pub running_flags: Option<Vec<Flag>>,
    /// `DOCKER_*` variables and `HOME` of the daemon's own environment.
    pub environment: BTreeMap<String, String>,
    /// Where the next start would listen, and the socket unit's sockets.
    pub listeners: Vec<Listener>,
    /// Unix sockets of the API.
    pub sockets: Vec<UnixSocket>,
    /// Members of the group `docker`.
    pub group_members: Vec<String>,
    /// The daemon's TLS files, and strays beside them.
    pub files: Vec<File>,
    /// Whether the daemon runs since before its configuration or certificate was changed.
    pub stale: bool,
    /// Whether sealock has cloaked this host.
    pub cloaked: bool,
    /// Differences from `sealock.toml`.
    pub drift: Vec<Drift>,
}

/// Who runs the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervisor {
    /// systemd's `docker.service`.
    Systemd,
    /// A user's systemd: a rootless daemon.
    Rootless,
    /// snapd.
    Snap,
    /// `/etc/init.d/docker`.
    Sysvinit,
    /// A hand, or something unknown.
    Hand,
}

/// A version of dockerd, as far as checks depend on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// 28 of `28.5.2`.
    pub major: u32,
    /// 5 of `28.5.2`.
    pub minor: u32,
    /// The whole text, escaped.
    pub text: String,
}

/// The daemon: on, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// It answers on its unix socket.
    On {
        /// Its own warnings.
        warnings: Vec<String>,
        /// Whether containers outlive a restart.
        live_restore: bool,
        /// Whether it belongs to a swarm, where live-restore cannot be.
        swarm: bool,
        /// How many containers run.
        containers: usize,
    },
    /// It does not.
    Off {
        /// Why, in words, escaped.
        why: String,
    },
}

/// `daemon.json`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it is, or would be.
    pub path: PathBuf,
    /// What is there.
    pub state: ConfigState,
    /// Its top-level members, as far as they could be read; none when it is broken.
    pub keys: Map<String, Value>,
    /// Its bytes, for checks that look at them; empty when absent.
    pub bytes: Vec<u8>,
}

/// Whether `daemon.json` can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigState {
    /// There is none.
    Absent,
    /// It reads.
    Sound,
    /// It does not.
    Broken(ConfigProblem),
    /// It cannot be read, in the words of the operating system.
    Unreadable(String),
}

/// Where and why `daemon.json` does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// In the words of dockerd, escaped.
    pub words: String,
    /// A key that is there twice.
    pub duplicate: Option<String>,
}

/// A flag of dockerd, by long name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// `host` for `-H`.
    pub name: String,
    /// Its value, where it has one; a bare boolean flag has none.
    pub value: Option<String>,
}

/// A unit of systemd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// `docker.service`.
    pub name: String,
    /// `active`, `failed`, `activating` …
    pub active_state: String,
    /// Why the last run ended: `success`, `exit-code`, `start-limit-hit`.
    pub result: String,
    /// How often systemd started it again by itself.
    pub restarts: u32,
    /// systemd has not read the files since they changed.
    pub needs_reload: bool,
    /// The unit file and its drop-ins, ours included.
    pub files: Vec<PathBuf>,
    /// What `ExecStart` says, escaped.
    pub exec_start: String,
    /// The socket unit beside it.
    pub socket: Option<SocketUnit>,
}

/// A socket unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketUnit {
    /// `docker.socket`.
    pub name: String,
    /// What it listens on, as written.
    pub listen: Vec<String>,
    /// Whether it does.
    pub active: bool,
}

/// A TCP address where the API is to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address as written, without `tcp://`.
    pub address: String,
    /// How the daemon comes to it.
    pub kind: ListenerKind,
    /// The file or unit that says so.
    pub origin: String,
    /// Another process that holds the port now, when the daemon does not.
    pub taken_by: Option<String>,
}

/// How a daemon comes to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerKind {
    /// `-H` on its command line.
    Flag,
    /// `hosts` in `daemon.json`.
    Json,
    /// A socket that systemd passes.
    Passed,
}

/// A unix socket of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// Its path.
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
    /// Its group's name or number.
    pub group: String,
}

/// A difference from `sealock.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Where, escaped.
    pub place: String,
    /// What, a sentence without a full stop, escaped.
    pub what: String,
}

impl Host {
    /// Whether the daemon answers on its unix socket.
    pub fn is_on(&self) -> bool {
        matches!(self.daemon, Daemon::On { .. })
    }

    /// The value of a flag; the last one counts.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|flag| flag.name == name)
    }

    /// Whether the version is known and at least this.
    pub fn at_least(&self, major: u32) -> bool {
        self.version
            .as_ref()
            .is_some_and(|version| version.major >= major)
    }
}
