//! Everything that was found, put together: authorities with their keys, leaves with theirs.

use std::path::{Path, PathBuf};

use sealock_check::material::Key;
use sealock_check::seen::{ClientSide, FileState, Origin, Role};
use sealock_host::System;
use sealock_host::leftover::{Found, Leftover, Part, Tool, find, key_names};
use sealock_pki::{Certificate, RevocationReason, Timestamp};

/// Where the key of a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyAt {
    /// In this file, unencrypted.
    Plain(PathBuf),
    /// In one of these, encrypted: which, only the passphrase can tell.
    Sealed(Vec<PathBuf>),
    /// Where it belongs there is another one's.
    Other(PathBuf),
    /// Nowhere.
    Missing,
}

/// The certificate of a CA, wherever copies of it lie.
#[derive(Clone, Debug)]
pub(crate) struct Ca {
    pub(crate) certificate: Certificate,
    pub(crate) part: Part,
    pub(crate) tool: Tool,
    /// Where it lies; never empty, the one beside its key first.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) key: KeyAt,
}

/// A server's or client's certificate, wherever copies of it lie.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    /// As it stands in its file: itself, then what follows.
    pub(crate) chain: Vec<Certificate>,
    pub(crate) part: Part,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) key: KeyAt,
    /// Places of the docker CLI that have it: folders, contexts.
    pub(crate) used_at: Vec<Used>,
    pub(crate) revoked: Option<(Timestamp, RevocationReason)>,
}

/// A place where a docker client has a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// `ca.pem`, `cert.pem`, `key.pem` in a folder.
    Folder(PathBuf),
    /// A context of somebody's store, by its label.
    Context(String),
}

impl Leaf {
    pub(crate) fn certificate(&self) -> &Certificate {
        // Made with a first one only.
        &self.chain[0]
    }

    /// Whether this CA signed it, or an intermediate that stands behind it in its file.
    pub(crate) fn is_of(&self, ca: &Certificate) -> bool {
        let leaf = self.certificate();
        signed(leaf, ca)
            || self
                .chain
                .iter()
                .skip(1)
                .any(|link| link.is_ca() && signed(leaf, link) && signed(link, ca))
    }
}

/// Whether `ca` signed `certificate`: the name, then the signature.
pub(crate) fn signed(certificate: &Certificate, ca: &Certificate) -> bool {
    certificate.issuer_der() == ca.subject_der() && certificate.is_signed_by(ca)
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lot {
    pub(crate) leftovers: Vec<Leftover>,
    pub(crate) cas: Vec<Ca>,
    pub(crate) leaves: Vec<Leaf>,
    /// A folder with more in it than is looked at.
    pub(crate) too_much: Option<PathBuf>,
}

impl Lot {
    /// Looks below these folders; `clients` are those of this machine.
    pub(crate) fn gather(system: &dyn System, paths: &[PathBuf], clients: &[ClientSide]) -> Self {
        let Found {
            leftovers,
            too_much,
        } = find(system, paths);
        let mut lot = Self {
            too_much,
            ..Self::default()
        };
        let keys = Keys::of(&leftovers);
        for leftover in &leftovers {
            lot.add(leftover, &keys);
        }
        lot.add_users(clients);
        lot.leftovers = leftovers;
        lot
    }

    fn add(&mut self, leftover: &Leftover, keys: &Keys<'_>) {
        for item in &leftover.files {
            let Some(contents) = item.file.contents() else {
                continue;
            };
            let chain: Vec<Certificate> = contents.certificates().cloned().collect();
            let path = &item.file.path;
            if item.part.is_leaf() {
                self.add_leaf(leftover, chain, item.part, path, keys);
                continue;
            }
            if !item.part.is_ca() {
                continue;
            }
            // A bundle may hold several.
            for certificate in chain {
                let part = match certificate.is_self_issued() {
                    true => Part::Authority,
                    false => Part::Intermediate,
                };
                self.add_ca(leftover, certificate, part, path, keys);
            }
        }
    }

    fn add_ca(
        &mut self,
        leftover: &Leftover,
        certificate: Certificate,
        part: Part,
        path: &Path,
        keys: &Keys<'_>,
    ) {
        let key = keys.of_ca(leftover, &certificate, path);
        if let Some(known) = self
            .cas
            .iter_mut()
            .find(|known| known.certificate == certificate)
        {
            // The copy beside the key is the one to talk of.
            if better(&key, &known.key) {
                known.key = key;
                known.tool = leftover.tool;
                known.paths.insert(0, path.to_owned());
            } else {
                known.paths.push(path.to_owned());
            }
            return;
        }
        self.cas.push(Ca {
            certificate,
            part,
            tool: leftover.tool,
            paths: vec![path.to_owned()],
            key,
        });
    }

    fn add_leaf(
        &mut self,
        leftover: &Leftover,
        chain: Vec<Certificate>,
        part: Part,
        path: &Path,
        keys: &Keys<'_>,
    ) {
        let Some(leaf) = chain.first() else { return };
        let key = keys.of_leaf(leaf, path);
        let revoked = leftover
            .revoked
            .iter()
            .find(|one| one.serial == *leaf.serial())
            .map(|one| (one.at, one.reason));
        let known = self
            .leaves
            .iter_mut()
            .find(|known| known.certificate() == leaf);
        if let Some(known) = known {
            known.paths.push(path.to_owned());
            known.revoked = known.revoked.or(revoked);
            if better(&key, &known.key) {
                known.key = key;
            }
            if chain.len() > known.chain.len() {
                known.chain = chain;
            }
            return;
        }
        self.leaves.push(Leaf {
            chain,
            part,
            paths: vec![path.to_owned()],
            key,
            used_at: Vec::new(),
            revoked,
        });
    }

    /// Notes which docker clients of this machine have one of the leaves. One that only they have is found too.
    fn add_users(&mut self, clients: &[ClientSide]) {
        for client in clients {
            let file = client.file(Role::ClientCertificate);
            let Some(FileState::Read(contents)) = file.map(|file| &file.state) else {
                continue;
            };
            let Some(leaf) = contents.certificates().next() else {
                continue;
            };
            let used = match &client.origin {
                Origin::Context { .. } => Used::Context(client.label.clone()),
                Origin::Shell | Origin::Directory(_) => {
                    let folder = file.and_then(|file| file.path.parent());
                    Used::Folder(folder.unwrap_or(Path::new("/")).to_owned())
                }
            };
            if let Some(known) = self
                .leaves
                .iter_mut()
                .find(|known| known.certificate() == leaf)
                && !known.used_at.contains(&used)
            {
                known.used_at.push(used);
            }
        }
    }
}

fn better(new: &KeyAt, old: &KeyAt) -> bool {
    let rank = |key: &KeyAt| match key {
        KeyAt::Plain(_) => 0,
        KeyAt::Sealed(_) => 1,
        KeyAt::Other(_) => 2,
        KeyAt::Missing => 3,
    };
    rank(new) < rank(old)
}

/// Every key that was found, by its file.
struct Keys<'a> {
    all: Vec<(&'a Path, &'a Key, &'a Path)>,
    /// Files of certificates, whose sealed keys are called after them.
    certificates: Vec<(&'a Path, bool)>,
}

impl<'a> Keys<'a> {
    fn of(leftovers: &'a [Leftover]) -> Self {
        let mut keys = Self {
            all: Vec::new(),
            certificates: Vec::new(),
        };
        for leftover in leftovers {
            for item in &leftover.files {
                let Some(contents) = item.file.contents() else {
                    continue;
                };
                if let Some(key) = contents.key() {
                    keys.all
                        .push((&item.file.path, key, leftover.folder.as_path()));
                }
                if contents.certificates().next().is_some() {
                    keys.certificates.push((&item.file.path, item.part.is_ca()));
                }
            }
        }
        keys
    }

    fn plain(&self, certificate: &Certificate) -> Option<KeyAt> {
        self.all
            .iter()
            .find(|(_, key, _)| key.spki.as_deref() == Some(certificate.spki_der()))
            .map(|(path, ..)| KeyAt::Plain((*path).to_owned()))
    }

    fn at(&self, path: &Path) -> Option<&Key> {
        self.all
            .iter()
            .find(|(at, ..)| *at == path)
            .map(|(_, key, _)| *key)
    }

    /// The key where customs put it: sealed, or another one's.
    fn called_after(&self, path: &Path) -> KeyAt {
        let mut other = None;
        for name in key_names(path) {
            match self.at(&name) {
                Some(key) if key.encrypted => return KeyAt::Sealed(vec![name]),
                Some(_) => other = other.or(Some(name)),
                None => {}
            }
        }
        other.map_or(KeyAt::Missing, KeyAt::Other)
    }

    fn of_leaf(&self, certificate: &Certificate, path: &Path) -> KeyAt {
        self.plain(certificate)
            .unwrap_or_else(|| self.called_after(path))
    }

    fn of_ca(&self, leftover: &Leftover, certificate: &Certificate, path: &Path) -> KeyAt {
        if let Some(plain) = self.plain(certificate) {
            return plain;
        }
        let by_name = self.called_after(path);
        if by_name != KeyAt::Missing {
            return by_name;
        }
        // A sealed key of this folder that is called after no certificate may be the one.
        let leaves: Vec<PathBuf> = self
            .certificates
            .iter()
            .filter(|(_, is_ca)| !is_ca)
            .flat_map(|(path, _)| key_names(path))
            .collect();
        let sealed: Vec<PathBuf> = self
            .all
            .iter()
            .filter(|(at, key, folder)| {
                key.encrypted && *folder == leftover.folder && !leaves.iter().any(|name| name == at)
            })
            .map(|(at, ..)| (*at).to_owned())
            .collect();
        match sealed.is_empty() {
            true => KeyAt::Missing,
            false => KeyAt::Sealed(sealed),
        }
    }
}
