//! What can be broken.

use super::ground::Ground;
use super::{clients, configuration, keeping, server, shell};

/// One way to break a healthy host.
pub(super) struct Break {
    /// A few words, the same in every run.
    pub(super) name: &'static str,
    /// The finding that names it.
    pub(super) code: &'static str,
    /// What is broken; two breaks of one part would hide each other.
    pub(super) parts: &'static [Part],
    pub(super) bites: Bites,
    pub(super) when: When,
    pub(super) does: fn(&mut Ground),
}

/// What a break is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `daemon.json`: two breaks of it are one file that is wrong twice.
    Json,
    /// Whether the daemon runs.
    Daemon,
    /// The daemon's certificate, with its key.
    ServerPair,
    /// The daemon's key, and nothing about the certificate.
    ServerKey,
    /// Whose clients the daemon lets in.
    ServerAnchors,
    /// Folders and files around the daemon's own.
    Around,
    Socket,
    /// The variables of the shell.
    Variables,
    /// Certificate and key of the shell's client.
    ShellPair,
    /// The shell's `ca.pem`.
    ShellAnchors,
    /// What lies in `~/.docker`.
    Home,
    Context,
    Registry,
    Vault,
    Clock,
    /// What only a daemon that answers can show.
    Wire,
}

/// Whom a break stops, or lets in; what really happens is measured. What bites first stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Bites {
    /// Somebody without the right certificate or rights gets in.
    Intruder,
    /// No client gets an answer.
    Everyone,
    /// This client gets none, others do.
    One(Client),
    /// Somebody else is kept out, whom this ground has not got: a client stricter than Docker's own, or the daemon at
    /// a registry.
    Others,
    /// The daemon would not start any more, or would start with its door open.
    Start,
    /// Nobody today.
    Nobody,
}

/// A client of the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Client {
    /// The shell, by its variables.
    Shell,
    /// A shell that uses `~/.docker`.
    Home,
    /// The context `prod`.
    Context,
}

/// When it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    AtOnce,
    /// When the daemon has been started again, which it can be.
    Restarted,
    /// The daemon cannot be started again: with it off, nobody gets in.
    NoStart,
}

impl Bites {
    /// The order of what bites first: whoever gets in, whoever is kept out, the next start, some day.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Intruder => 0,
            Self::Everyone => 1,
            Self::One(_) | Self::Others => 2,
            Self::Start => 3,
            Self::Nobody => 4,
        }
    }
}

/// Every way there is.
pub(super) fn all() -> Vec<&'static Break> {
    [
        configuration::ALL,
        server::ALL,
        clients::ALL,
        shell::ALL,
        keeping::ALL,
    ]
    .into_iter()
    .flatten()
    .collect()
}
