//! A bundle as one file: our own tar archive, and what `docker context export` writes.

use super::bundle::Bundle;
use super::context::ContextMeta;
use super::error::{ArchiveFault, BundleFile, ClientError};
use sealock_change::{Content, Edit, Owner};
use sealock_diag::Sensitive;
use sealock_pki::Timestamp;
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};
use tar::{Archive, EntryType, Header};

/// The largest archive that is read, in bytes; the docker CLI's own limit for contexts.
pub const LARGEST_ARCHIVE: usize = 10 << 20;
/// The largest single file in it.
const LARGEST_ENTRY: u64 = 1 << 20;
/// More entries than any exported context has.
const MOST_ENTRIES: usize = 64;
/// Tar counts in blocks of this many bytes.
const BLOCK: usize = 512;

/// What an archive held.
#[derive(Debug)]
pub struct Unpacked {
    /// The client's three files.
    pub bundle: Bundle,
    /// The context they came with, when `docker context export` wrote the archive.
    pub context: Option<ContextMeta>,
}

impl Bundle {
    /// The bundle as a tar archive with exactly `ca.pem`, `cert.pem` and `key.pem`.
    ///
    /// Certificates have mode 0644 and the key 0600, the owner is root, so that `tar -x` makes usable
    /// files for root and for anybody else. The same bundle and `modified` give the same bytes.
    /// The archive holds the private key: write it with [`archive_edit`], or to where only the client
    /// reads it.
    pub fn to_archive(&self, modified: Timestamp) -> Sensitive<Vec<u8>> {
        let contents = BundleFile::ALL.map(|file| (file, self.content(file)));
        // Reserved in full: a vector that grows would leave unwiped copies of the key behind.
        let size = contents
            .iter()
            .map(|(_, content)| BLOCK + padded(content.bytes().len()))
            .sum::<usize>();
        let mut out = Vec::with_capacity(size + 2 * BLOCK);
        for (file, content) in &contents {
            let bytes = content.bytes();
            let mut header = Header::new_ustar();
            let name = &mut header.as_old_mut().name;
            name[..file.name().len()].copy_from_slice(file.name().as_bytes());
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if *file == BundleFile::Key {
                0o600
            } else {
                0o644
            });
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(bytes.len() as u64);
            // Tar knows no time before 1970.
            header.set_mtime(u64::try_from(modified.as_unix()).unwrap_or(0));
            header.set_cksum();
            out.extend_from_slice(header.as_bytes());
            out.extend_from_slice(bytes);
            out.resize(out.len().next_multiple_of(BLOCK), 0);
        }
        out.resize(out.len() + 2 * BLOCK, 0);
        Sensitive::new(out)
    }

    /// Reads an archive that [`Bundle::to_archive`] or `docker context export` wrote, or that `tar` made
    /// of the three files.
    ///
    /// Nothing is unpacked to the disk. Links, devices, names that leave the archive, files that occur
    /// twice and files that do not belong are refused.
    ///
    /// # Errors
    /// [`ClientError::Archive`] with the entry at fault, and the errors of [`Bundle::from_pem`].
    pub fn from_archive(place: &str, bytes: &[u8]) -> Result<Unpacked, ClientError> {
        let files = entries(bytes)?;
        let find = |wanted: &str| {
            files
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, bytes)| bytes.expose())
        };
        let meta = find("meta.json");
        let prefix = if meta.is_some() { "tls/docker/" } else { "" };
        let file = |file: BundleFile| {
            find(&format!("{prefix}{}", file.name())).ok_or_else(|| ClientError::Missing {
                place: place.to_owned(),
                file,
            })
        };
        let bundle = Self::from_pem(
            place,
            file(BundleFile::Ca)?,
            file(BundleFile::Cert)?,
            file(BundleFile::Key)?,
        )?;
        let context = meta
            .map(|meta| {
                ContextMeta::parse(meta).map_err(|why| ClientError::ContextBroken {
                    path: PathBuf::from(place).join("meta.json"),
                    why,
                })
            })
            .transpose()?;
        Ok(Unpacked { bundle, context })
    }
}

/// The edit that writes a bundle's archive, readable by `owner` only.
pub fn archive_edit(
    bundle: &Bundle,
    path: &Path,
    modified: Timestamp,
    owner: Option<Owner>,
) -> Edit {
    Edit::Write {
        path: path.to_owned(),
        content: Content::Secret(bundle.to_archive(modified)),
        mode: 0o600,
        owner,
    }
}

/// The name of a file in an archive, and what it holds.
type PackedFile = (String, Sensitive<Vec<u8>>);

/// The plain files of an archive by name, each once, none of them foreign.
fn entries(bytes: &[u8]) -> Result<Vec<PackedFile>, ClientError> {
    let whole = |fault| ClientError::archive(b"", fault);
    if bytes.len() > LARGEST_ARCHIVE {
        return Err(whole(ArchiveFault::TooBig));
    }
    if is_compressed(bytes) {
        return Err(whole(ArchiveFault::Compressed));
    }
    // `docker context export` neither pads its last file nor ends the archive: we do it in its stead,
    // and watch below that no entry reaches into what we have added.
    let mut complete = Vec::with_capacity(padded(bytes.len()) + 2 * BLOCK);
    complete.extend_from_slice(bytes);
    complete.resize(padded(bytes.len()) + 2 * BLOCK, 0);
    let complete = Sensitive::new(complete);
    let mut archive = Archive::new(complete.expose().as_slice());
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for entry in archive.entries().map_err(|_| whole(ArchiveFault::NotTar))? {
        let mut entry = entry.map_err(|_| whole(ArchiveFault::NotTar))?;
        let raw = entry.path_bytes().into_owned();
        let fault = |fault| ClientError::archive(&raw, fault);
        let kind = entry.header().entry_type();
        if !kind.is_file() && !kind.is_dir() {
            return Err(fault(ArchiveFault::NotAPlainFile));
        }
        if entry.size() > LARGEST_ENTRY || seen.len() >= MOST_ENTRIES {
            return Err(fault(ArchiveFault::TooBig));
        }
        let end = entry.raw_file_position().saturating_add(entry.size());
        if end > bytes.len() as u64 {
            return Err(fault(ArchiveFault::Truncated));
        }
        let name = plain_name(&raw).ok_or_else(|| fault(ArchiveFault::Outside))?;
        if kind.is_dir() {
            match name {
                "" | "tls" => continue,
                name if name.starts_with("tls/") => continue,
                _ => return Err(fault(ArchiveFault::Unexpected)),
            }
        }
        // Other endpoints of a context (once kubernetes) may have keys of their own; not ours to read.
        let foreign_endpoint = name.starts_with("tls/") && !name.starts_with("tls/docker/");
        if !foreign_endpoint && !belongs(name) {
            return Err(fault(ArchiveFault::Unexpected));
        }
        if !seen.insert(name.to_owned()) {
            return Err(fault(ArchiveFault::Twice));
        }
        if !foreign_endpoint {
            let mut content = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or(0));
            entry
                .read_to_end(&mut content)
                .map_err(|_| fault(ArchiveFault::NotTar))?;
            files.push((name.to_owned(), Sensitive::new(content)));
        }
    }
    if seen.is_empty() {
        return Err(whole(ArchiveFault::NotTar));
    }
    Ok(files)
}

/// The name without the `./` that `tar -C dir .` writes; `None` for a name that is roundabout,
/// absolute, leaves the archive, or is no text.
fn plain_name(raw: &[u8]) -> Option<&str> {
    let name = std::str::from_utf8(raw).ok()?;
    let name = name.strip_prefix("./").unwrap_or(name);
    let name = name.strip_suffix('/').unwrap_or(name);
    let good = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    (name.is_empty() || name.split('/').all(good)).then_some(name)
}

fn belongs(name: &str) -> bool {
    name == "meta.json"
        || BundleFile::ALL.iter().any(|file| {
            name == file.name() || name.strip_prefix("tls/docker/") == Some(file.name())
        })
}

fn is_compressed(bytes: &[u8]) -> bool {
    [
        &b"\x1f\x8b"[..],
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xfd7zXZ\0",
        b"BZh",
        b"\x28\xb5\x2f\xfd",
    ]
    .iter()
    .any(|magic| bytes.starts_with(magic))
}

fn padded(length: usize) -> usize {
    length.next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::archive_edit;
    use crate::client::fixture::{Authority, NOW, Scratch, apply, endpoint};
    use crate::client::{ArchiveFault, Bundle, BundleFile, ClientError, ContextMeta};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    use tar::{EntryType, Header};

    fn fault_of(bytes: &[u8]) -> ArchiveFault {
        match Bundle::from_archive("x.tar", bytes)
            .map(|_| ())
            .unwrap_err()
        {
            ClientError::Archive { fault, .. } => fault,
            other => panic!("another error: {other:?}"),
        }
    }

    /// One entry, as hostile as the caller wants it: the name is written past every check.
    fn entry(name: &str, kind: EntryType, content: &[u8]) -> Vec<u8> {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        let mut out = [header.as_bytes().as_slice(), content].concat();
        out.resize(out.len().next_multiple_of(512), 0);
        out
    }

    fn file(name: &str, content: &[u8]) -> Vec<u8> {
        entry(name, EntryType::Regular, content)
    }

    fn parts(bundle: &Bundle) -> [(&'static str, Vec<u8>); 3] {
        BundleFile::ALL.map(|file| (file.name(), bundle.content(file).bytes().to_vec()))
    }

    #[test]
    fn a_bundle_goes_through_its_archive() {
        let bundle = Authority::new("main").bundle("alice");
        let packed = bundle.to_archive(NOW);
        assert_eq!(
            packed.expose(),
            bundle.to_archive(NOW).expose(),
            "the same bytes each time"
        );
        assert_eq!(
            packed.expose().len(),
            packed.expose().capacity(),
            "it never grew"
        );
        let again = Bundle::from_archive("x.tar", packed.expose()).unwrap();
        assert!(again.context.is_none());
        assert_eq!(parts(&again.bundle), parts(&bundle));
    }

    #[test]
    fn tar_unpacks_exactly_three_usable_files() {
        let scratch = Scratch::new();
        let bundle = Authority::new("main").bundle("alice");
        let path = scratch.path().join("alice.tar");
        apply(&[archive_edit(&bundle, &path, NOW, None)]);
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
            0o600
        );
        let out = Command::new("tar")
            .arg("-tvf")
            .arg(&path)
            .env("TZ", "UTC")
            .output()
            .unwrap();
        assert!(out.status.success() && out.stderr.is_empty(), "{out:?}");
        let listing = String::from_utf8(out.stdout).unwrap();
        let columns: Vec<_> = listing
            .lines()
            .map(|line| {
                let words: Vec<_> = line.split_whitespace().collect();
                (
                    words[0].to_owned(),
                    words[1].to_owned(),
                    words[5].to_owned(),
                )
            })
            .collect();
        let expected = [
            ("-rw-r--r--", "ca.pem"),
            ("-rw-r--r--", "cert.pem"),
            ("-rw-------", "key.pem"),
        ];
        assert_eq!(
            columns,
            expected.map(|(mode, name)| (mode.into(), "0/0".into(), name.into()))
        );
        let status = Command::new("tar")
            .arg("-C")
            .arg(scratch.path())
            .arg("-xf")
            .arg(&path)
            .status();
        assert!(status.unwrap().success());
        assert_eq!(
            parts(&Bundle::read_dir(scratch.path()).unwrap()),
            parts(&bundle)
        );
        // And an archive that a user makes of a directory, in two ways.
        for what in [&["."][..], &["key.pem", "ca.pem", "cert.pem"]] {
            std::fs::remove_file(&path).unwrap();
            let other = Scratch::new();
            for name in ["ca.pem", "cert.pem", "key.pem"] {
                std::fs::copy(scratch.path().join(name), other.path().join(name)).unwrap();
            }
            let made = Command::new("tar")
                .arg("-C")
                .arg(other.path())
                .arg("-cf")
                .arg(&path)
                .args(what)
                .status();
            assert!(made.unwrap().success());
            let read = Bundle::from_archive("x", &std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(parts(&read.bundle), parts(&bundle));
        }
    }

    #[test]
    fn an_exported_context_is_read_unpadded_as_the_cli_leaves_it() {
        let bundle = Authority::new("main").bundle("alice");
        let meta = ContextMeta::new(&"prod".parse().unwrap(), &endpoint(), Some("text"));
        let mut tar = file("meta.json", &meta.to_json());
        tar.extend(entry("tls", EntryType::Directory, b""));
        tar.extend(entry("tls/kubernetes", EntryType::Directory, b""));
        tar.extend(file("tls/kubernetes/key.pem", b"not ours to read"));
        tar.extend(entry("tls/docker", EntryType::Directory, b""));
        let mut unpadded = 0;
        for (name, content) in parts(&bundle) {
            unpadded = tar.len() + 512 + content.len();
            tar.extend(file(&format!("tls/docker/{name}"), &content));
        }
        tar.truncate(unpadded);
        let read = Bundle::from_archive("x.tar", &tar).unwrap();
        assert_eq!(read.context, Some(meta));
        assert_eq!(parts(&read.bundle), parts(&bundle));
        tar.truncate(unpadded - 1);
        assert_eq!(fault_of(&tar), ArchiveFault::Truncated);
    }

    #[test]
    fn hostile_archives_are_refused_by_name() {
        let good: Vec<u8> = parts(&Authority::new("main").bundle("alice"))
            .iter()
            .flat_map(|(name, content)| file(name, content))
            .collect();
        for (name, kind, content, expected) in [
            (
                "../evil",
                EntryType::Regular,
                &b"x"[..],
                ArchiveFault::Outside,
            ),
            (
                "/etc/passwd",
                EntryType::Regular,
                b"x",
                ArchiveFault::Outside,
            ),
            (
                "a/../ca.pem",
                EntryType::Regular,
                b"x",
                ArchiveFault::Outside,
            ),
            (
                "tls/docker/../../x",
                EntryType::Regular,
                b"x",
                ArchiveFault::Outside,
            ),
            (
                "tls//docker/ca.pem",
                EntryType::Regular,
                b"x",
                ArchiveFault::Outside,
            ),
            (
                "././ca.pem",
                EntryType::Regular,
                b"x",
                ArchiveFault::Outside,
            ),
            ("..\\evil", EntryType::Regular, b"x", ArchiveFault::Outside),
            (
                "evil.pem",
                EntryType::Regular,
                b"x",
                ArchiveFault::Unexpected,
            ),
            ("CA.PEM", EntryType::Regular, b"x", ArchiveFault::Unexpected),
            (
                "tls/docker/extra.pem",
                EntryType::Regular,
                b"x",
                ArchiveFault::Unexpected,
            ),
            ("dir", EntryType::Directory, b"", ArchiveFault::Unexpected),
            ("..", EntryType::Directory, b"", ArchiveFault::Outside),
            ("ca.pem", EntryType::Regular, b"x", ArchiveFault::Twice),
            ("./ca.pem", EntryType::Regular, b"x", ArchiveFault::Twice),
            (
                "key.pem",
                EntryType::Symlink,
                b"",
                ArchiveFault::NotAPlainFile,
            ),
            ("key.pem", EntryType::Link, b"", ArchiveFault::NotAPlainFile),
            ("key.pem", EntryType::Char, b"", ArchiveFault::NotAPlainFile),
            (
                "key.pem",
                EntryType::Block,
                b"",
                ArchiveFault::NotAPlainFile,
            ),
            ("key.pem", EntryType::Fifo, b"", ArchiveFault::NotAPlainFile),
            ("key.pem", EntryType::GNUSparse, b"", ArchiveFault::NotTar),
            (
                "key.pem",
                EntryType::Continuous,
                b"",
                ArchiveFault::NotAPlainFile,
            ),
        ] {
            let archive = [good.clone(), entry(name, kind, content)].concat();
            assert_eq!(fault_of(&archive), expected, "{name} {kind:?}");
        }
        let hostile = [good.clone(), file("\u{1b}[2Jx", b"x")].concat();
        let error = Bundle::from_archive("x", &hostile).map(|_| ()).unwrap_err();
        assert!(!format!("{error:?}").contains('\u{1b}'));
    }

    #[test]
    fn what_is_no_archive_is_refused() {
        let packed = Authority::new("main").bundle("alice").to_archive(NOW);
        for (bytes, expected) in [
            (&b""[..], ArchiveFault::NotTar),
            (b"hello", ArchiveFault::NotTar),
            (&[0; 1024], ArchiveFault::NotTar),
            (b"\x1f\x8b\x08\0", ArchiveFault::Compressed),
            (b"PK\x03\x04", ArchiveFault::Compressed),
            (&packed.expose()[..700], ArchiveFault::Truncated),
            (&vec![0; super::LARGEST_ARCHIVE + 1], ArchiveFault::TooBig),
        ] {
            assert_eq!(fault_of(bytes), expected);
        }
        // Whatever is cut off, the answer is an error and never a panic or half a bundle.
        for length in (0..packed.expose().len() - 1600).step_by(7) {
            assert!(
                Bundle::from_archive("x", &packed.expose()[..length]).is_err(),
                "{length}"
            );
        }
        let mut liar = file("ca.pem", b"x");
        // A size that is all sevens: 8 GiB by the header.
        liar[124..135].copy_from_slice(b"77777777777");
        let sum: u32 = liar[..512]
            .iter()
            .enumerate()
            .map(|(i, b)| {
                if (148..156).contains(&i) {
                    32
                } else {
                    u32::from(*b)
                }
            })
            .sum();
        liar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert_eq!(fault_of(&liar), ArchiveFault::TooBig);
        let many: Vec<u8> = (0..80)
            .flat_map(|n| file(&format!("tls/k/{n}"), b""))
            .collect();
        assert_eq!(fault_of(&many), ArchiveFault::TooBig);
    }
}
