//! dockerd as a client of registries: the folders below `certs.d`.
//!
//! dockerd looks for the folder whose name is, letter for letter, what stands before the first slash of an image's name, and
//! reads it at every request, so nothing is restarted. `*.crt` are anchors beside the system's; `*.cert` with the `*.key` of
//! the same name is a pair that is shown. (moby `registry/registry.go`.)
//!
//! With containerd's image store a `hosts.toml` that is not empty is read instead (containerd
//! `core/remotes/docker/config/hosts.go`); the other store does not know it. So a folder of ours may have both, and the one
//! names the other.

mod error;
mod hosts;

pub use error::{CATALOGUE, RegistryError};
pub use hosts::names_files;

use crate::client::Bundle;
use error::Obstacle;
use sealock_change::{Content, Edit, Owner, fs};
use sealock_diag::escape;
use sealock_pki::{Certificate, Fingerprint};
use std::path::{Path, PathBuf};

/// The anchors.
pub const ANCHORS: &str = "ca.crt";
/// The certificate of the pair.
pub const CERTIFICATE: &str = "client.cert";
/// Its key: the same name with the other ending, or dockerd does not know them for a pair.
pub const KEY: &str = "client.key";
/// What containerd's image store reads.
pub const HOSTS: &str = "hosts.toml";

/// Where root's daemon looks.
pub const ROOT: &str = "/etc/docker/certs.d";
/// Where a rootless daemon looks, below the folder of its user's configuration.
pub const BELOW_CONFIG: &str = "docker/certs.d";

/// Whether this can stand before the first slash of an image's name.
///
/// # Errors
/// [`RegistryError::Name`].
pub fn check_host(host: &str) -> Result<(), RegistryError> {
    const MOST: usize = 255;
    let why = match sealock_check::checks::registry::fault(host) {
        _ if host.is_empty() => "it is empty",
        _ if host.len() > MOST => "no name of a host is so long",
        _ if host.contains("://") => "expected HOST:PORT, found a scheme",
        _ if host.contains('/') => "expected HOST:PORT, found a path",
        // What is found by whoever types it so is a name; `check` says the rest.
        Some((why, severity)) if severity != sealock_check::Severity::Latent => why,
        _ => return Ok(()),
    };
    let short: String = host.chars().take(64).collect();
    Err(RegistryError::Name {
        given: escape(&short),
        why,
    })
}

/// What a registry's folder is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// Who may have signed the registry's certificate.
    pub anchors: &'a [Certificate],
    /// What is shown to it.
    pub pair: Option<&'a Bundle>,
    /// Whether there is a `hosts.toml` of ours too.
    pub hosts_toml: bool,
}

/// What may lie in such a folder and be replaced: everything else is somebody else's.
#[derive(Clone, Copy, Debug)]
pub struct Ours<'a> {
    /// Every anchor that ever signed servers.
    pub anchors: &'a [Fingerprint],
    /// Every leaf that any client was ever given.
    pub leaves: &'a [Fingerprint],
}

/// One registry's folder of one daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// `certs.d/HOST`.
    path: PathBuf,
    host: String,
    /// Who owns what is made in it; `None` is this process.
    owner: Option<Owner>,
}

impl Folder {
    /// The folder for a registry below a daemon's `certs.d`.
    pub fn new(certs_d: &Path, host: &str, owner: Option<Owner>) -> Self {
        Self {
            path: certs_d.join(host),
            host: host.to_owned(),
            owner,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The edits that make it so. They change nothing in a folder that is up to date.
    ///
    /// # Errors
    /// [`RegistryError::Occupied`] for files of somebody else, [`RegistryError::Hides`] for a `hosts.toml` that hides ours,
    /// [`RegistryError::Obstructed`] for links and wrong kinds.
    pub fn plan(&self, files: Files<'_>, ours: Ours<'_>) -> Result<Vec<Edit>, RegistryError> {
        self.is_free(ours)?;
        let mut edits = match self.kind(&self.path)? {
            None => Edit::missing_directories(&self.path, 0o755, self.owner)?,
            Some(_) => Vec::new(),
        };
        let mut write = |name: &str, content: Content, mode| {
            edits.push(Edit::Write {
                path: self.path.join(name),
                content,
                mode,
                owner: self.owner,
            });
        };
        // The key first: a certificate without its key stops every request, a key without its certificate too, but the new
        // pair is put in place together.
        if let Some(pair) = files.pair {
            let key = Content::Secret(pair.key_pem().clone());
            write(KEY, key, 0o600);
            write(CERTIFICATE, Content::Public(pair.cert_pem()), 0o644);
        }
        let anchors: String = files.anchors.iter().map(Certificate::to_pem).collect();
        write(ANCHORS, Content::Public(anchors.into_bytes()), 0o644);
        if files.pair.is_none() {
            edits.extend(self.removals(&[CERTIFICATE, KEY])?);
        }
        edits.extend(self.hosts_toml(files)?);
        Ok(edits)
    }

    /// The edits that take what is ours away, and the folder when nothing else is in it.
    ///
    /// # Errors
    /// As for [`Folder::plan`].
    pub fn plan_removal(&self, ours: Ours<'_>) -> Result<Vec<Edit>, RegistryError> {
        self.is_free(ours)?;
        let mut edits = self.removals(&[CERTIFICATE, KEY, ANCHORS])?;
        if let Some(text) = self.read(HOSTS)?
            && hosts::is_ours(&text, &self.host)
        {
            edits.extend(self.removals(&[HOSTS])?);
        }
        if self.kind(&self.path)?.is_some() {
            let mut names = Vec::new();
            let listed = std::fs::read_dir(&self.path);
            for entry in listed.map_err(|source| self.unlistable(source))? {
                names.push(entry.map_err(|source| self.unlistable(source))?.path());
            }
            let goes = |path: &PathBuf| edits.iter().any(|edit| edit.path() == path);
            if names.iter().all(goes) {
                edits.push(Edit::Remove {
                    path: self.path.clone(),
                });
            }
        }
        Ok(edits)
    }

    /// What the folder's `hosts.toml` needs; nothing when there is none and none is wanted.
    fn hosts_toml(&self, files: Files<'_>) -> Result<Option<Edit>, RegistryError> {
        let path = self.path.join(HOSTS);
        let there = self.read(HOSTS)?.filter(|text| !text.is_empty());
        let ours = there
            .as_ref()
            .is_none_or(|text| hosts::is_ours(text, &self.host));
        match (there, files.hosts_toml) {
            (None, false) => Ok(None),
            (Some(_), false) if ours => Ok(Some(Edit::Remove { path })),
            (_, true) if ours => Ok(Some(Edit::Write {
                path,
                content: Content::Public(hosts::text(&self.host, files.pair.is_some()).into()),
                mode: 0o644,
                owner: self.owner,
            })),
            (Some(text), _) if names_files(&text, files.pair.is_some()) => Ok(None),
            _ => Err(RegistryError::Hides {
                path,
                lines: hosts::lines(files.pair.is_some()),
            }),
        }
    }

    /// Whether nothing in the folder is somebody else's, of what has a name that ours have.
    fn is_free(&self, ours: Ours<'_>) -> Result<(), RegistryError> {
        if let Some(kind) = self.kind(&self.path)?
            && kind != fs::Kind::Directory
        {
            return Err(obstructed(&self.path, kind, Obstacle::NotADirectory));
        }
        for name in [ANCHORS, CERTIFICATE, KEY, HOSTS] {
            let path = self.path.join(name);
            match self.kind(&path)? {
                None | Some(fs::Kind::File) => {}
                Some(kind) => return Err(obstructed(&path, kind, Obstacle::NotAFile)),
            }
        }
        let known = |name: &str, known: &[Fingerprint]| -> Result<bool, RegistryError> {
            let Some(text) = self.read(name)? else {
                return Ok(true);
            };
            let found = Certificate::chain_from_pem(text.as_bytes()).unwrap_or_default();
            let ours = |one: &Certificate| known.contains(&one.fingerprint());
            Ok(!found.is_empty()
                && match name {
                    ANCHORS => found.iter().all(ours),
                    _ => found.first().is_some_and(ours),
                })
        };
        let has_certificate = self.kind(&self.path.join(CERTIFICATE))?.is_some();
        let has_key = self.kind(&self.path.join(KEY))?.is_some();
        let stranger = if !known(ANCHORS, ours.anchors)? {
            ANCHORS
        } else if !known(CERTIFICATE, ours.leaves)? {
            CERTIFICATE
        } else if has_key && !has_certificate {
            KEY
        } else {
            return Ok(());
        };
        Err(RegistryError::Occupied {
            path: self.path.join(stranger),
        })
    }

    fn removals(&self, names: &[&str]) -> Result<Vec<Edit>, RegistryError> {
        let mut edits = Vec::new();
        for name in names {
            let path = self.path.join(name);
            if self.kind(&path)?.is_some() {
                edits.push(Edit::Remove { path });
            }
        }
        Ok(edits)
    }

    fn read(&self, name: &str) -> Result<Option<String>, RegistryError> {
        let path = self.path.join(name);
        if self.kind(&path)?.is_none() {
            return Ok(None);
        }
        let bytes = fs::read(&path)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// What lies there. Below somebody's home a link is never followed: its owner could send what root writes elsewhere.
    fn kind(&self, path: &Path) -> Result<Option<fs::Kind>, RegistryError> {
        if self.owner.is_some() {
            let above = self.path.ancestors().skip(1).take(3);
            for folder in above {
                if let Some(stat) = fs::stat(folder)?
                    && stat.kind == fs::Kind::Symlink
                {
                    return Err(obstructed(folder, stat.kind, Obstacle::NotADirectory));
                }
            }
        }
        Ok(fs::stat(path)?.map(|stat| stat.kind))
    }

    fn unlistable(&self, source: std::io::Error) -> RegistryError {
        RegistryError::Unlistable {
            path: self.path.clone(),
            source,
        }
    }
}

fn obstructed(path: &Path, kind: fs::Kind, otherwise: Obstacle) -> RegistryError {
    RegistryError::Obstructed {
        path: path.to_owned(),
        obstacle: match kind {
            fs::Kind::Symlink => Obstacle::Link,
            _ => otherwise,
        },
    }
}

#[cfg(test)]
mod tests;
