//! What a kind of service says about itself.

use std::fmt;
use std::path::{Path, PathBuf};

use sealock_change::Edit;
use sealock_pki::{CommonName, KeyKind};

use crate::clients::{self, Customer, Recipe};
use crate::owner::Account;
use crate::protocol::Protocol;

/// Everything that is particular to a kind of service.
pub trait Kind: fmt::Debug {
    /// The shape of its certificate.
    fn profile(&self) -> Profile;

    /// The files that it reads, each with mode and owner.
    fn files(&self) -> Vec<File>;

    /// Its own configuration, as changes of what is there now; what is right already is among them as it is, so that
    /// whoever takes the service out again knows every file. Not every kind has one that is ours to write.
    fn configuration(&self) -> Result<Vec<Edit>, Unfit> {
        Ok(Vec::new())
    }

    /// The files of its own configuration, also where they cannot be read now.
    fn configured(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// One of its configuration files without what is ours, for the way back: `was` is what stood there before our first
    /// change, `None` when there was no such file, and `now` what stands there. `None` when the file is ours as a whole, and
    /// goes back as it was. The error says why what stands there cannot be taken apart.
    fn released(
        &self,
        path: &Path,
        was: Option<&[u8]>,
        now: &[u8],
    ) -> Result<Option<Vec<u8>>, Refused> {
        let _ = (path, was, now);
        Ok(None)
    }

    /// What is wrong in its configuration as it stands, whoever wrote it. What cannot be read says nothing.
    fn remarks(&self) -> Vec<Remark> {
        Vec::new()
    }

    /// How it takes up new files.
    fn take_up(&self) -> TakeUp;

    /// Where it is asked whether it did, and who must get in there.
    fn doors(&self) -> Vec<Door>;

    /// How a customer's usual programs connect, with verification on: what everybody says who speaks the protocols of its
    /// doors, unless the kind knows more.
    fn clients(&self, customer: &Customer) -> Vec<Recipe> {
        let doors = self.doors();
        let recipes = doors.iter().map(|door| clients::recipes(door, customer));
        recipes.flatten().collect()
    }
}

/// The shape of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The type of its key, where the authority's own will not do.
    pub key: Option<KeyKind>,
    /// The common name of its subject, for clients that look there; the first of its names that fits when `None`.
    pub common_name: Option<CommonName>,
}

/// A file that a service reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub path: PathBuf,
    /// What is in it.
    pub holds: Holds,
    /// Its permission bits.
    pub mode: u32,
    /// Whose it is; whoever has it already, or who writes it, when `None`.
    pub owner: Option<Account>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// The private key, PKCS#8 in PEM.
    Key,
    /// The certificate, PEM.
    Certificate,
    /// The anchors of clients that may come in, PEM, one after the other.
    Anchors,
}

/// How a service takes up a new certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeUp {
    /// This command makes it read its files again; connections go on. Run by `/bin/sh -c`.
    Reload(String),
    /// This command starts it anew. Run by `/bin/sh -c`.
    Restart(String),
    /// Somebody does it.
    Hands,
}

/// Where a service is asked, and what is expected there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// `host:port`, as seen from this host.
    pub address: String,
    /// The name or address by which its certificate is judged.
    pub server_name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Who must get in.
    pub clients: Clients,
}

/// Who must get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clients {
    /// Those with a certificate of ours, and nobody else.
    Required,
    /// Everybody, as far as TLS goes.
    NotAsked,
}

impl Clients {
    /// The word in `sealock.toml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::NotAsked => "none",
        }
    }
}

/// Something in a service's configuration that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The finding that it belongs to: `SL-F660`.
    pub code: &'static str,
    /// The file and line, the variable, the setting. Escaped.
    pub place: String,
    /// What stands there, and what is expected. Escaped.
    pub cause: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A key of a table that its kind does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub key: String,
    /// What is wrong with it; foreign text in it is escaped.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Problem {
    /// A problem without help.
    pub fn new(key: &str, problem: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            problem: problem.into(),
            help: None,
        }
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Why the configuration of a service cannot be changed.
#[derive(Debug)]
pub enum Unfit {
    /// A file cannot be read.
    Change(sealock_change::Error),
    /// A file holds what is not understood, or what nobody but its owner can judge.
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong there.
        refused: Refused,
    },
}

impl From<sealock_change::Error> for Unfit {
    fn from(error: sealock_change::Error) -> Self {
        Self::Change(error)
    }
}

/// A place of a foreign file that is not changed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The line, from 1 on; `None` when it is the file as a whole.
    pub line: Option<usize>,
    /// What is wrong; foreign text in it is escaped.
    pub problem: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Refused {
    /// A line that is refused without help.
    pub fn line(line: usize, problem: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            problem: problem.into(),
            help: None,
        }
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
