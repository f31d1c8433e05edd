//! Files that exist in memory only, for as long as this process does.

use std::fs::{File as OpenFile, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, memfd_create, openat};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_reconfigure,
    fsconfig_set_flag, fsmount, fsopen,
};

/// Only the owner may read, and nobody may write.
const MODE: u32 = 0o400;

/// A file to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct File<'a> {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'a [u8],
}

/// Files in memory. They cannot be written to any more, and end with this value or this process, whatever ends it.
#[derive(Debug)]
pub(crate) struct Memory {
    files: Vec<(&'static str, OpenFile)>,
    swappable: bool,
}

impl Memory {
    /// Keeps these files. Who may mount gets memory that is never swapped, everybody else what there is.
    pub(crate) fn keep(files: &[File<'_>]) -> io::Result<Self> {
        if let Ok(files) = on_a_mount_of_our_own(files) {
            return Ok(Self {
                files,
                swappable: false,
            });
        }
        let files = files
            .iter()
            .map(|file| Ok((file.name, sealed(file)?)))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            files,
            swappable: true,
        })
    }

    /// Whether the kernel may write it to a swap area.
    pub(crate) fn is_swappable(&self) -> bool {
        self.swappable
    }

    /// The name of each file, and the path by which another process of this user opens it.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let process = std::process::id();
        self.files.iter().map(move |(name, file)| {
            let path = format!("/proc/{process}/fd/{}", file.as_raw_fd());
            (*name, path.into())
        })
    }

    /// Whether this path leads to the file of that name.
    pub(crate) fn is_reached_by(&self, name: &str, path: &std::path::Path) -> io::Result<bool> {
        let Some((_, file)) = self.files.iter().find(|(known, _)| *known == name) else {
            return Ok(false);
        };
        let (ours, found) = (file.metadata()?, std::fs::metadata(path)?);
        Ok((ours.dev(), ours.ino()) == (found.dev(), found.ino()))
    }
}

/// Files on a ramfs that is mounted nowhere: the kernel never swaps its pages, and no path leads to it. It is read-only
/// from the end of this function, for everybody.
fn on_a_mount_of_our_own(files: &[File<'_>]) -> io::Result<Vec<(&'static str, OpenFile)>> {
    let system = fsopen("ramfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_create(system.as_fd())?;
    let inert = MountAttrFlags::MOUNT_ATTR_NOSUID
        | MountAttrFlags::MOUNT_ATTR_NODEV
        | MountAttrFlags::MOUNT_ATTR_NOEXEC;
    let root = fsmount(system.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, inert)?;
    let mut kept = Vec::new();
    for file in files {
        let new = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let closed = Mode::from_raw_mode(MODE);
        write(openat(&root, file.name, new, closed)?, file.bytes)?;
        let reader = openat(
            &root,
            file.name,
            OFlags::RDONLY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        kept.push((file.name, reader.into()));
    }
    fsconfig_set_flag(system.as_fd(), "ro")?;
    fsconfig_reconfigure(system.as_fd())?;
    Ok(kept)
}

/// A file without a name, sealed against every change.
fn sealed(file: &File<'_>) -> io::Result<OpenFile> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Never executable, since Linux 6.3, and there are hosts that give out no others; older kernels do not know the word.
    let new = match memfd_create(file.name, flags | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => memfd_create(file.name, flags)?,
        other => other?,
    };
    let kept = write(new, file.bytes)?;
    fcntl_add_seals(
        &kept,
        SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE,
    )?;
    Ok(kept)
}

fn write(new: OwnedFd, bytes: &[u8]) -> io::Result<OpenFile> {
    let mut file = OpenFile::from(new);
    // Before the first byte, and whatever the umask has made of it.
    file.set_permissions(Permissions::from_mode(MODE))?;
    file.write_all(bytes)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::unix::fs::MetadataExt;

    use super::{File, Memory, on_a_mount_of_our_own, sealed};

    const FILE: File<'static> = File {
        name: "key.pem",
        bytes: b"the bytes",
    };

    fn check(file: &std::fs::File) {
        use std::os::fd::AsRawFd;
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        let mut text = String::new();
        std::fs::File::open(&path)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "the bytes");
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o400);
        // Root may open anything, so it is the write that has to fail.
        let written = std::fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .and_then(|mut again| again.write_all(b"x"));
        assert!(written.is_err());
        assert!(
            std::fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .and_then(|again| again.set_len(0))
                .is_err()
        );
    }

    #[test]
    fn memory_is_read_through_its_path_and_written_by_nobody() {
        check(&sealed(&FILE).unwrap());
        if rustix::process::geteuid().is_root() {
            check(&on_a_mount_of_our_own(&[FILE]).unwrap()[0].1);
        }
    }

    #[test]
    fn each_path_leads_to_its_own_file() {
        let other = File {
            name: "cert.pem",
            bytes: b"",
        };
        let memory = Memory::keep(&[FILE, other]).unwrap();
        let paths: Vec<_> = memory.paths().collect();
        assert_eq!(paths.len(), 2);
        for (name, path) in &paths {
            assert!(memory.is_reached_by(name, path).unwrap());
            assert_eq!(
                *name == "key.pem",
                memory.is_reached_by("key.pem", path).unwrap()
            );
        }
        drop(memory);
        assert!(std::fs::read(&paths[0].1).is_err());
    }
}
