//! Overwriting a file before it goes.

use super::{Kind, Stat, mutate, not_regular, stat, sync_parent};
use crate::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Bytes that are drawn and written at once.
const PIECE: usize = 64 * 1024;

/// Overwrites a file with bytes from `draw`, makes that durable, and removes it. What is absent is no error, so that
/// a run that was killed in here can do it again.
///
/// On a disk that writes where the old bytes lay, they are gone. Flash memory, and file systems that copy on write or
/// keep snapshots, may still hold them: there only encryption of the whole disk helps, or that the key was sealed.
pub fn shred(path: &Path, draw: &mut dyn FnMut(&mut [u8])) -> Result<(), Error> {
    let size = match stat(path)? {
        None => return Ok(()),
        Some(Stat {
            kind: Kind::File,
            size,
            ..
        }) => size,
        Some(Stat { kind, .. }) => {
            return Err(not_regular(
                path,
                match kind {
                    Kind::Directory => "directory",
                    Kind::Symlink => "symbolic link",
                    Kind::Special(name) => name,
                    Kind::File => "file",
                },
            ));
        }
    };
    overwrite(path, size, draw)
        .and_then(|()| mutate(|| std::fs::remove_file(path)))
        .map_err(|e| Error::io("shred", path, e))?;
    sync_parent(path)
}

fn overwrite(path: &Path, size: u64, draw: &mut dyn FnMut(&mut [u8])) -> io::Result<()> {
    // A key is read-only, even for its owner.
    let closed = |file: &File| {
        let mode = file.metadata()?.permissions().mode();
        Ok::<_, io::Error>(mode & 0o200 == 0)
    };
    let unfollowed = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let reader = OpenOptions::new()
        .read(true)
        .custom_flags(unfollowed)
        .open(path)?;
    if closed(&reader)? {
        mutate(|| reader.set_permissions(std::fs::Permissions::from_mode(0o600)))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .custom_flags(unfollowed)
        .open(path)?;
    let mut left = size;
    let mut piece = vec![0; PIECE];
    while left > 0 {
        let length = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let part = piece.get_mut(..length).unwrap_or_default();
        draw(part);
        mutate(|| file.write_all(part))?;
        left -= length as u64;
    }
    mutate(|| file.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{killer, write_atomic};
    use crate::store::tests::Scratch;
    use std::io::Read;

    fn ones() -> impl FnMut(&mut [u8]) {
        |buffer| buffer.fill(1)
    }

    #[test]
    fn the_old_bytes_are_overwritten_before_the_file_goes() {
        let dir = Scratch::new("shred");
        for size in [0, 10, PIECE, PIECE + 1] {
            let path = dir.path().join("key");
            write_atomic(&path, &vec![7; size], 0o400, None).unwrap();
            // Whoever has the file open sees what becomes of its blocks.
            let mut open = File::open(&path).unwrap();
            shred(&path, &mut ones()).unwrap();
            let mut left = Vec::new();
            open.read_to_end(&mut left).unwrap();
            assert_eq!(left, vec![1; size]);
            assert_eq!(stat(&path).unwrap(), None);
            shred(&path, &mut ones()).unwrap();
        }
    }

    #[test]
    fn a_kill_at_any_change_leaves_something_that_can_be_shredded_again() {
        let dir = Scratch::new("shred-killed");
        let path = dir.path().join("key");
        let mut instants = 0;
        loop {
            write_atomic(&path, &[7; 100], 0o400, None).unwrap();
            killer::arm(instants);
            let outcome = shred(&path, &mut ones());
            let (killed, _) = killer::disarm();
            shred(&path, &mut ones()).unwrap();
            assert_eq!(stat(&path).unwrap(), None);
            if !killed {
                outcome.unwrap();
                break;
            }
            instants += 1;
        }
        assert!(instants >= 5, "{instants}");
    }

    #[test]
    fn only_plain_files_are_shredded() {
        let dir = Scratch::new("shred-else");
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        write_atomic(&file, b"stays", 0o600, None).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for path in [link.as_path(), dir.path()] {
            let error = shred(path, &mut ones()).unwrap_err();
            assert!(matches!(error, Error::NotRegular { .. }), "{error}");
        }
        assert_eq!(super::super::read(&file).unwrap(), b"stays");
    }
}
