//! How the journal and the ledger lie on the disk.
//!
//! One line of text (name, version, checksum, length of the JSON), the JSON, then the bytes of all
//! kept files, one after the other. The checksum covers everything after the first line.

use crate::digest::Digest;
use crate::error::Error;
use crate::fs::{Modified, Owner};
use crate::snapshot::{Identity, Snapshot};
use sealock_diag::Sensitive;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The newest format this program reads, and the one it writes.
pub(crate) const VERSION: u64 = 1;

/// A path as JSON: text where it is UTF-8, otherwise its bytes.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PathDto {
    Text(String),
    Bytes(Vec<u8>),
}

impl PathDto {
    pub(crate) fn of(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Bytes(path.as_os_str().as_bytes().to_vec()),
        }
    }

    pub(crate) fn path(self) -> PathBuf {
        match self {
            Self::Text(text) => text.into(),
            Self::Bytes(bytes) => OsString::from_vec(bytes).into(),
        }
    }
}

/// A snapshot as JSON; the bytes of a file lie behind the JSON.
#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(crate) enum SnapshotDto {
    Absent,
    File {
        length: usize,
        mode: u32,
        uid: u32,
        gid: u32,
        modified: Option<(i64, u32)>,
    },
    Symlink {
        target: PathDto,
        uid: u32,
        gid: u32,
    },
    Directory {
        mode: u32,
        uid: u32,
        gid: u32,
    },
}

/// What we left at a path, as JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "lowercase")]
pub(crate) enum IdentityDto {
    Absent,
    File { sha256: String },
    Symlink { target: PathDto },
    Directory,
}

impl IdentityDto {
    pub(crate) fn of(identity: &Identity) -> Self {
        match identity {
            Identity::Absent => Self::Absent,
            Identity::File(digest) => Self::File {
                sha256: digest.to_string(),
            },
            Identity::Symlink(target) => Self::Symlink {
                target: PathDto::of(target),
            },
            Identity::Directory => Self::Directory,
        }
    }

    pub(crate) fn identity(self) -> Option<Identity> {
        Some(match self {
            Self::Absent => Identity::Absent,
            Self::File { sha256 } => Identity::File(Digest::from_hex(&sha256)?),
            Self::Symlink { target } => Identity::Symlink(target.path()),
            Self::Directory => Identity::Directory,
        })
    }
}

/// Collects the bytes of files behind the JSON.
#[derive(Default)]
pub(crate) struct Blobs(Vec<u8>);

impl Blobs {
    pub(crate) fn put(&mut self, snapshot: &Snapshot) -> SnapshotDto {
        match snapshot {
            Snapshot::Absent => SnapshotDto::Absent,
            Snapshot::File {
                bytes,
                mode,
                owner,
                modified,
            } => {
                self.0.extend_from_slice(bytes.expose());
                SnapshotDto::File {
                    length: bytes.expose().len(),
                    mode: *mode,
                    uid: owner.uid,
                    gid: owner.gid,
                    modified: modified.map(|m| (m.seconds, m.nanoseconds)),
                }
            }
            Snapshot::Symlink { target, owner } => SnapshotDto::Symlink {
                target: PathDto::of(target),
                uid: owner.uid,
                gid: owner.gid,
            },
            Snapshot::Directory { mode, owner } => SnapshotDto::Directory {
                mode: *mode,
                uid: owner.uid,
                gid: owner.gid,
            },
        }
    }
}

/// Hands the bytes out again, in the order they were put.
pub(crate) struct BlobReader<'a>(&'a [u8]);

impl BlobReader<'_> {
    pub(crate) fn take(&mut self, dto: SnapshotDto) -> Option<Snapshot> {
        Some(match dto {
            SnapshotDto::Absent => Snapshot::Absent,
            SnapshotDto::File {
                length,
                mode,
                uid,
                gid,
                modified,
            } => {
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Snapshot::File {
                    bytes: Sensitive::new(bytes.to_vec()),
                    mode,
                    owner: Owner { uid, gid },
                    modified: modified.map(|(seconds, nanoseconds)| Modified {
                        seconds,
                        nanoseconds,
                    }),
                }
            }
            SnapshotDto::Symlink { target, uid, gid } => Snapshot::Symlink {
                target: target.path(),
                owner: Owner { uid, gid },
            },
            SnapshotDto::Directory { mode, uid, gid } => Snapshot::Directory {
                mode,
                owner: Owner { uid, gid },
            },
        })
    }
}

/// The bytes of a record called `name`.
pub(crate) fn encode<T: Serialize>(
    name: &str,
    json: &T,
    blobs: Blobs,
) -> Result<Sensitive<Vec<u8>>, serde_json::Error> {
    let json = serde_json::to_vec(json)?;
    let length = json.len();
    let mut rest = Vec::with_capacity(length + blobs.0.len());
    rest.extend_from_slice(&json);
    let blobs = Sensitive::new(blobs.0);
    rest.extend_from_slice(blobs.expose());
    let rest = Sensitive::new(rest);
    let first = format!("{name} {VERSION} {} {length}\n", Digest::of(rest.expose()));
    let mut bytes = Vec::with_capacity(first.len() + rest.expose().len());
    bytes.extend_from_slice(first.as_bytes());
    bytes.extend_from_slice(rest.expose());
    Ok(Sensitive::new(bytes))
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<'a, T: DeserializeOwned>(
    name: &str,
    path: &Path,
    bytes: &'a [u8],
) -> Result<(T, BlobReader<'a>), Error> {
    let damaged = |why: &str| Error::Damaged {
        path: path.to_path_buf(),
        why: why.to_owned(),
    };
    let end = bytes
        .iter()
        .take(256)
        .position(|b| *b == b'\n')
        .ok_or_else(|| damaged("its first line is missing"))?;
    let (first, rest) = bytes.split_at(end);
    let rest = rest.get(1..).unwrap_or_default();
    let first = std::str::from_utf8(first).map_err(|_| damaged("its first line is not text"))?;
    let mut words = first.split(' ');
    if words.next() != Some(name) {
        return Err(damaged("it does not begin with its name"));
    }
    let version = words
        .next()
        .and_then(|w| w.parse().ok())
        .ok_or_else(|| damaged("its version is missing"))?;
    if version > VERSION {
        return Err(Error::Newer {
            path: path.to_path_buf(),
            found: version,
            known: VERSION,
        });
    }
    let digest = words.next().and_then(Digest::from_hex);
    if digest != Some(Digest::of(rest)) {
        return Err(damaged("its checksum does not match"));
    }
    let (json, blobs) = words
        .next()
        .and_then(|w| w.parse().ok())
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(|| damaged("its length is wrong"))?;
    let json = serde_json::from_slice(json).map_err(|e| damaged(&e.to_string()))?;
    Ok((json, BlobReader(blobs)))
}
