//! Files with certificates and keys.

use crate::material::Contents;
use std::path::PathBuf;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The daemon's `tlscacert`: whose clients get in.
    DaemonAnchors,
    /// The daemon's `tlscert`.
    ServerCertificate,
    /// The daemon's `tlskey`.
    ServerKey,
    /// A client's `ca.pem`: which servers it believes.
    ClientAnchors,
    /// A client's `cert.pem`.
    ClientCertificate,
    /// A client's `key.pem`.
    ClientKey,
    /// `*.crt` below `certs.d`.
    RegistryAnchors,
    /// `*.cert` below `certs.d`.
    RegistryCertificate,
    /// `*.key` below `certs.d`.
    RegistryKey,
    /// The anchors by which a service beside the daemon judges its clients.
    ServiceAnchors,
    /// The certificate of a service beside the daemon.
    ServiceCertificate,
    /// The key of a service beside the daemon.
    ServiceKey,
    /// The key of an issuer, in the vault.
    IssuerKey,
    /// Something that lies beside these and is none of them: leftovers, copies, backups.
    Stray,
}

/// A file, as it lies there.
#[derive(Clone, Debug)]
pub struct File {
    /// Where.
    pub path: PathBuf,
    /// What for.
    pub role: Role,
    /// Whether its path was written down by somebody (a flag, a key of `daemon.json`, a variable); a
    /// missing file that nobody named is skipped by the docker CLI without a word.
    pub named: bool,
    /// What is there.
    pub state: FileState,
    /// Permission bits, of the file that a link leads to; 0 when there is none.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits of the folder it really lies in.
    pub folder_mode: u32,
    /// The owner of that folder.
    pub folder_uid: u32,
    /// Whether every folder on the way lets others pass: only then do the bits above open it to them.
    pub reachable_by_others: bool,
    /// The user who has to own it: the daemon's, or the client's.
    pub rightful_uid: u32,
    /// The repository it lies in, when it lies in one.
    pub repository: Option<Repository>,
}

/// A version-controlled folder around a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The folder that holds `.git`, `.hg` or `.svn`.
    pub root: PathBuf,
    /// Whether the file is ignored there, as far as its ignore files tell.
    pub ignored: bool,
}

/// What lies at a path.
#[derive(Clone, Debug)]
pub enum FileState {
    /// Nothing.
    Absent,
    /// A link that leads nowhere, and where it would lead.
    Dangling(PathBuf),
    /// A directory.
    Directory,
    /// It cannot be read; why, in the words of the operating system.
    Unreadable(String),
    /// Its content.
    Read(Contents),
}

impl File {
    /// Its content, when it could be read.
    pub fn contents(&self) -> Option<&Contents> {
        match &self.state {
            FileState::Read(contents) => Some(contents),
            _ => None,
        }
    }

    /// Its path for a message, escaped.
    pub fn shown(&self) -> String {
        sealock_diag::escape(&self.path.to_string_lossy())
    }
}
