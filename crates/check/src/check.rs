//! What a check is.

use crate::{Seen, Spot};
use sealock_diag::{Code, Entry};
use std::fmt;

/// One thing that can be wrong, and how it is seen.
#[derive(Clone, Copy)]
pub struct Check {
    /// The finding's stable code, `SL-F104`.
    pub code: &'static str,
    /// One line, lowercase, no full stop: what is wrong.
    pub title: &'static str,
    /// How it bites as a rule; a [`Spot`] may know better, either way.
    pub severity: Severity,
    /// Where on the way of a request it bites.
    pub stage: Stage,
    /// Where the rule comes from: an RFC's section, a file of moby, a line of the Docker documentation.
    pub source: &'static str,
    /// Two to six sentences for a person who is learning: what it means for a user, or for an attacker.
    pub meaning: &'static str,
    /// What mends it, with pasteable commands where there are any.
    pub remedy: &'static str,
    /// Findings that are mere consequences of this one: with it, they are not listed by themselves.
    pub explains: &'static [&'static str],
    /// Looks for it.
    pub look: fn(&Seen) -> Vec<Spot>,
}

impl Check {
    /// What `sealock explain CODE` says.
    pub const fn entry(&self) -> Entry {
        Entry {
            code: Code(self.code),
            title: self.title,
            meaning: self.meaning,
            remedy: self.remedy,
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.code == other.code
    }
}

/// How a finding bites. The order is the order in which findings are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Somebody without the right certificate is root, or can be, now.
    Open,
    /// Rightful clients get no answer from the daemon, none of them.
    Down,
    /// One client gets no answer.
    LockedOut,
    /// It opens or breaks something at the next restart, or with the next command.
    Latent,
    /// It breaks on a date that is known.
    Soon,
    /// It makes a later mistake or theft worse.
    Weak,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 6] = [
        Self::Open,
        Self::Down,
        Self::LockedOut,
        Self::Latent,
        Self::Soon,
        Self::Weak,
    ];

    /// The word, in texts, JSON and metrics; never changes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Down => "down",
            Self::LockedOut => "locked-out",
            Self::Latent => "latent",
            Self::Soon => "soon",
            Self::Weak => "weak",
        }
    }

    /// What the word means, in one sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Open => "somebody without the right certificate gets in, or can, now",
            Self::Down => "no rightful client gets an answer",
            Self::LockedOut => "one client gets no answer",
            Self::Latent => "it opens or breaks something at the next restart or command",
            Self::Soon => "it breaks on a date that is known",
            Self::Weak => "it makes a later mistake or theft worse",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where on the way of a request something bites; what comes earlier hides what comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The client reads its settings and files; nothing has been sent.
    Settings,
    /// The daemon reads its configuration and starts.
    Start,
    /// The daemon opens its listeners.
    Listen,
    /// The client finds the address and connects.
    Connect,
    /// Version, suite and group are agreed on.
    Handshake,
    /// The client judges the server's certificate.
    ServerCertificate,
    /// The server judges the client's certificate.
    ClientCertificate,
    /// The request is answered.
    Answer,
    /// Nothing is on its way: files, dates, habits.
    Keeping,
}
