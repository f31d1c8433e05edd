//! The files of a snapshot, read whole and within bounds.

use super::shown;
use crate::{GatewayError, Sources};
use aws_lc_rs::digest::{Context, SHA256};
use rustix::fs::{Mode, OFlags};
use sealock_diag::{Diagnose, Sensitive};
use sealock_pki::{Certificate, Crl};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Certificates, keys and deny-lists are small.
const SMALL: u64 = 4 << 20;
/// What sealock-pki reads of a list at most, and a third more for PEM.
const LIST: u64 = 22 << 20;
/// Lists in one folder.
const LISTS: usize = 1000;

/// One file with its content.
#[derive(Debug)]
pub(super) struct Content<T> {
    pub(super) path: PathBuf,
    pub(super) bytes: T,
    pub(super) others_may_read: bool,
    /// Found in a folder, not named by itself.
    pub(super) found: bool,
}

impl<T> Content<T> {
    /// What the file holds is wrong.
    pub(super) fn wrong(&self, error: &dyn Diagnose) -> GatewayError {
        GatewayError::from_below(error).at(shown(&self.path))
    }
}

/// All files of a snapshot.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) certificate: Content<Vec<u8>>,
    pub(super) key: Content<Sensitive<Vec<u8>>>,
    pub(super) anchors: Content<Vec<u8>>,
    /// What clients trust, when it is told.
    pub(super) server_anchors: Option<Content<Vec<u8>>>,
    /// `None` when no list is asked for.
    pub(super) lists: Option<Vec<Content<Vec<u8>>>>,
    pub(super) deny: Option<Content<Vec<u8>>>,
}

impl Files {
    pub(super) fn read(sources: &Sources) -> Result<Self, GatewayError> {
        let key = read(&sources.key, SMALL)?;
        Ok(Self {
            certificate: read(&sources.certificate, SMALL)?,
            key: Content {
                path: key.path,
                bytes: Sensitive::new(key.bytes),
                others_may_read: key.others_may_read,
                found: false,
            },
            anchors: read(&sources.anchors, SMALL)?,
            server_anchors: match &sources.server_anchors {
                None => None,
                Some(path) => Some(read(path, SMALL)?),
            },
            lists: match sources.lists.as_slice() {
                [] => None,
                named => Some(read_lists(named)?),
            },
            deny: match &sources.deny {
                None => None,
                Some(path) => Some(read(path, SMALL)?),
            },
        })
    }

    /// The SHA-256 of everything, each part with its length; of the anchors and lists, those that count.
    pub(super) fn content(&self, anchors: &[Certificate], lists: &[Crl]) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        let mut add = |bytes: &[u8]| {
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(bytes);
        };
        add(&self.certificate.bytes);
        add(self.key.bytes.expose());
        anchors.iter().for_each(|anchor| add(anchor.der()));
        add(b"and the lists");
        lists.iter().for_each(|list| add(list.der()));
        add(b"and the deny-list");
        add(self.deny.as_ref().map_or(&[], |file| &file.bytes));
        add(self.server_anchors.as_ref().map_or(&[], |file| &file.bytes));
        let mut content = [0; 32];
        content.copy_from_slice(context.finish().as_ref());
        content
    }
}

/// Files as they are named, and of folders every file that does not begin with a dot.
fn read_lists(named: &[PathBuf]) -> Result<Vec<Content<Vec<u8>>>, GatewayError> {
    let mut paths: Vec<(PathBuf, bool)> = Vec::new();
    for path in named {
        if !fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            paths.push((path.clone(), false));
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable(path))? {
            let entry = entry.map_err(unreadable(path))?;
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let file = entry.path();
            if !hidden && !fs::metadata(&file).map_err(unreadable(&file))?.is_dir() {
                inside.push(file);
            }
        }
        inside.sort();
        paths.extend(inside.into_iter().map(|path| (path, true)));
    }
    if paths.len() > LISTS {
        return Err(GatewayError::new(
            "SL-G001",
            format!("there are {} files of revocation lists", paths.len()),
        )
        .because(format!("{LISTS} are the most that are read")));
    }
    let read = |(path, found): &(PathBuf, bool)| {
        let content = read(path, LIST)?;
        Ok(Content {
            found: *found,
            ..content
        })
    };
    paths.iter().map(read).collect()
}

/// A file that is small and whole, or an error.
pub(crate) fn read_small(path: &Path) -> Result<Vec<u8>, GatewayError> {
    read(path, SMALL).map(|content| content.bytes)
}

fn read(path: &Path, limit: u64) -> Result<Content<Vec<u8>>, GatewayError> {
    // A pipe is opened without a wait for its other end, and refused below.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from);
    let file = File::from(opened.map_err(unreadable(path))?);
    let metadata = file.metadata().map_err(unreadable(path))?;
    if !metadata.is_file() {
        let kind = io::Error::other("it is not a file");
        return Err(unreadable(path)(kind));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0) + 1);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable(path))?;
    if bytes.len() as u64 > limit {
        let size = io::Error::other(format!("it has more than {limit} bytes"));
        return Err(unreadable(path)(size));
    }
    Ok(Content {
        path: path.to_owned(),
        bytes,
        others_may_read: metadata.permissions().mode() & 0o004 != 0,
        found: false,
    })
}

fn unreadable(path: &Path) -> impl Fn(io::Error) -> GatewayError {
    let path = shown(path);
    move |error| {
        GatewayError::new("SL-G001", format!("{path} cannot be read")).because(error.to_string())
    }
}
