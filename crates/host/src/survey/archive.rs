//! Whether an archive holds a private key. Nothing is unpacked to the disk.

use crate::System;
use crate::system::Invocation;
use sealock_check::material::{Block, Contents, Form, Key};
use sealock_diag::Sensitive;
use std::io::{Read, SeekFrom};
use std::path::Path;
use std::time::Duration;

/// Entries of an archive that are looked at.
const ENTRIES: usize = 1_000;

/// Bytes of an archive that are read on the way to its entries.
const READ_LIMIT: u64 = 64 * 1024 * 1024;

/// Bytes of an entry that are read: a key has a few thousand.
const KEY_LIMIT: u64 = 64 * 1024;

/// Bytes of a zip's list of names that are read.
const LIST_LIMIT: u64 = 1024 * 1024;

const COMPRESSED: [&str; 8] = [
    ".tgz",
    ".tar.gz",
    ".txz",
    ".tar.xz",
    ".tbz2",
    ".tar.bz2",
    ".tar.zst",
    ".tar.lzma",
];

/// Whether a name is that of an archive.
pub(super) fn is_archive(name: &str) -> bool {
    let name = name.to_lowercase();
    name.ends_with(".tar") || name.ends_with(".zip") || is_compressed(&name)
}

fn is_compressed(name: &str) -> bool {
    COMPRESSED.iter().any(|ending| name.ends_with(ending))
}

/// The first private key in an archive: itself, where it lies there in clear, else what its name says.
pub(super) fn key_in(system: &dyn System, path: &Path) -> Option<Contents> {
    let name = path.file_name()?.to_str()?.to_lowercase();
    let at = system.root().at(path);
    let metadata = std::fs::metadata(&at)
        .ok()
        .filter(|found| found.is_file())?;
    let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if name.ends_with(".tar") {
        return in_tar(std::fs::File::open(&at).ok()?, length);
    }
    let names = if is_compressed(&name) {
        names_in_compressed(system, &at)
    } else {
        names_in_zip(std::fs::File::open(&at).ok()?).unwrap_or_default()
    };
    names
        .iter()
        .any(|name| is_key(name))
        .then(|| by_name(length))
}

/// Whether an entry's name is that of a key.
fn is_key(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    name.ends_with(".key") || (name.contains("key") && name.ends_with(".pem"))
}

fn by_name(length: usize) -> Contents {
    Contents {
        form: Form::Unknown,
        blocks: vec![Block::Key(Key {
            encrypted: false,
            kind: None,
            spki: None,
            problem: None,
            label: "PRIVATE KEY".into(),
        })],
        length,
    }
}

fn in_tar(file: impl Read, length: usize) -> Option<Contents> {
    let mut archive = tar::Archive::new(file.take(READ_LIMIT));
    for entry in archive.entries().ok()?.take(ENTRIES) {
        // Behind a broken header nothing can be found.
        let Ok(entry) = entry else { return None };
        let name = String::from_utf8_lossy(&entry.path_bytes()).to_lowercase();
        if !(name.ends_with(".pem") || name.ends_with(".key")) {
            continue;
        }
        let mut bytes = Vec::new();
        // What could be read of it may do.
        let _ = entry.take(KEY_LIMIT).read_to_end(&mut bytes);
        let contents = Contents::read(Sensitive::new(bytes).expose());
        if contents.key().is_some() {
            return Some(Contents {
                form: Form::Unknown,
                length,
                ..contents
            });
        }
    }
    None
}

/// The names in a compressed tar, from `tar` itself: at most ten seconds of it.
fn names_in_compressed(system: &dyn System, at: &Path) -> Vec<String> {
    let Some(path) = at.to_str() else {
        return Vec::new();
    };
    let list =
        Invocation::new(["tar", "--force-local", "-tf", path]).within(Duration::from_secs(10));
    match system.run(&list) {
        Ok(outcome) => outcome
            .stdout
            .lines()
            .take(ENTRIES)
            .map(str::to_owned)
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// The names in the central directory of a zip.
fn names_in_zip(mut file: impl Read + std::io::Seek) -> Option<Vec<String>> {
    const END: [u8; 4] = *b"PK\x05\x06";
    const ENTRY: [u8; 4] = *b"PK\x01\x02";
    let length = file.seek(SeekFrom::End(0)).ok()?;
    // The record at the end has 22 bytes and a comment of up to 65,535.
    let tail = part(&mut file, length.saturating_sub(22 + 65_535), 22 + 65_535)?;
    let end = tail.windows(4).rposition(|window| window == END)?;
    let start = number(&tail, end + 16, 4)?;
    let list = part(&mut file, start, LIST_LIMIT)?;
    let mut names = Vec::new();
    let mut at = 0;
    while names.len() < ENTRIES && list.get(at..at + 4) == Some(&ENTRY) {
        let size = |offset| number(&list, at + offset, 2).and_then(|n| usize::try_from(n).ok());
        let (name, extra, comment) = (size(28)?, size(30)?, size(32)?);
        let Some(bytes) = list.get(at + 46..at + 46 + name) else {
            break;
        };
        names.push(String::from_utf8_lossy(bytes).into_owned());
        at += 46 + name + extra + comment;
    }
    Some(names)
}

fn part(file: &mut (impl Read + std::io::Seek), from: u64, length: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// A number in little-endian order.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + length)?;
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use super::{is_archive, is_key, names_in_zip};
    use std::io::Cursor;

    #[test]
    fn names() {
        for name in ["a.tar", "A.TGZ", "docker.tar.gz", "x.zip"] {
            assert!(is_archive(name), "{name}");
        }
        assert!(!is_archive("tar"));
        for (name, key) in [
            ("docker/key.pem", true),
            ("server-key.pem", true),
            ("domain.key", true),
            ("keys/ca.pem", false),
            ("key.json", false),
        ] {
            assert_eq!(is_key(name), key, "{name}");
        }
    }

    #[test]
    fn a_zip_tells_its_names_and_rubbish_tells_none() {
        let mut zip = b"data".to_vec();
        let mut entry = b"PK\x01\x02".to_vec();
        entry.resize(46, 0);
        entry[28] = 7;
        entry.extend(b"key.pem");
        zip.extend(&entry);
        let mut end = b"PK\x05\x06".to_vec();
        end.resize(22, 0);
        end[16] = 4;
        zip.extend(&end);
        assert_eq!(names_in_zip(Cursor::new(&zip)).unwrap(), ["key.pem"]);
        for cut in 0..zip.len() {
            let _ = names_in_zip(Cursor::new(&zip[..cut]));
            let mut bent = zip.clone();
            bent[cut] = 0xff;
            let _ = names_in_zip(Cursor::new(&bent));
        }
    }
}
