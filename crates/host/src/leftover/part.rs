//! Which part a file plays, by what is in it.

use super::name_of;
use sealock_check::material::Block;
use sealock_check::seen::{File, FileState};
use sealock_pki::{Certificate, Purpose, Purposes, San};
use std::path::{Path, PathBuf};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The certificate of a CA that signed itself.
    Authority,
    /// The certificate of a CA that another one signed.
    Intermediate,
    /// A server's certificate.
    Server,
    /// A client's certificate.
    Client,
    /// A certificate that is good for servers and for clients.
    Both,
    /// A certificate that does not say what it is for.
    Unstated,
    /// A private key. Whose, is told by comparing.
    Key,
    /// A private key that is encrypted: nobody can tell whose it is.
    SealedKey,
    /// A request, a serial, settings: left of making certificates.
    Litter,
    /// It is there and cannot be read.
    Unreadable,
    /// Nothing of these.
    Other,
}

impl Part {
    /// The word in texts and JSON; never changes.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Authority => "ca",
            Self::Intermediate => "intermediate-ca",
            Self::Server => "server",
            Self::Client => "client",
            Self::Both => "server-and-client",
            Self::Unstated => "unstated",
            Self::Key => "key",
            Self::SealedKey => "sealed-key",
            Self::Litter => "litter",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }

    /// Whether it is the certificate of a server or a client.
    pub const fn is_leaf(self) -> bool {
        matches!(
            self,
            Self::Server | Self::Client | Self::Both | Self::Unstated
        )
    }

    /// Whether it is the certificate of a CA.
    pub const fn is_ca(self) -> bool {
        matches!(self, Self::Authority | Self::Intermediate)
    }

    /// What such a certificate can be used for; a server's first.
    pub const fn purposes(self) -> &'static [Purpose] {
        match self {
            Self::Server => &[Purpose::Server],
            Self::Client => &[Purpose::Client],
            Self::Both | Self::Unstated => &[Purpose::Server, Purpose::Client],
            _ => &[],
        }
    }
}

/// What a file is. A certificate with its key in one file counts as the certificate.
pub fn part_of(file: &File) -> Part {
    let name = name_of(&file.path).to_ascii_lowercase();
    let litter = [".csr", ".req", ".srl", ".cnf"]
        .iter()
        .any(|ending| name.ends_with(ending));
    match &file.state {
        FileState::Read(contents) => {
            if let Some(first) = contents.certificates().next() {
                return of_certificate(first);
            }
            match contents.key() {
                Some(key) if key.encrypted => Part::SealedKey,
                Some(_) => Part::Key,
                None if litter || contents.blocks.iter().any(is_request) => Part::Litter,
                None => Part::Other,
            }
        }
        FileState::Unreadable(_) => Part::Unreadable,
        FileState::Absent | FileState::Dangling(_) | FileState::Directory => Part::Other,
    }
}

fn is_request(block: &Block) -> bool {
    matches!(block, Block::Request)
}

fn of_certificate(certificate: &Certificate) -> Part {
    let version = certificate.describe().version;
    // Before version 3 nothing says what a certificate is: who signed himself is a CA.
    let is_ca = certificate.is_ca() || (version < 3 && certificate.is_self_issued());
    if is_ca {
        return match certificate.is_self_issued() {
            true => Part::Authority,
            false => Part::Intermediate,
        };
    }
    let purposes = certificate.purposes();
    match (
        purposes.include(Purpose::Server),
        purposes.include(Purpose::Client),
    ) {
        (true, true) => Part::Both,
        (true, false) => Part::Server,
        (false, true) => Part::Client,
        (false, false) if *purposes == Purposes::Unstated => {
            let serves = certificate.sans().iter().any(San::is_server_name);
            if serves { Part::Server } else { Part::Unstated }
        }
        (false, false) => Part::Other,
    }
}

/// Where the key of a certificate in this file would lie, by the customs of all these tools; the likeliest first.
pub fn key_names(certificate: &Path) -> Vec<PathBuf> {
    let name = name_of(certificate);
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let folder = certificate.parent().unwrap_or(Path::new(""));
    let bare = stem.strip_suffix("-cert").unwrap_or(stem);
    let mut names: Vec<PathBuf> = Vec::new();
    if stem == "cert" {
        names.push(folder.join("key.pem"));
    }
    for stem in [bare, stem] {
        names.push(folder.join(format!("{stem}-key.pem")));
        names.push(folder.join(format!("{stem}.key")));
        names.push(folder.join(format!("{stem}_key.pem")));
        names.push(folder.join("private").join(format!("{stem}.key")));
        if let Some(above) = folder.parent() {
            names.push(above.join("private").join(format!("{stem}.key")));
        }
    }
    names.push(folder.join("cakey.pem"));
    names.push(folder.join("private").join("cakey.pem"));
    let mut seen = Vec::new();
    names.retain(|name| {
        let first = !seen.contains(name);
        seen.push(name.clone());
        first
    });
    names
}
