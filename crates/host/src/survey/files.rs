//! A file of certificates or keys, as it lies there.

use super::repository;
use crate::System;
use sealock_check::material::Contents;
use sealock_check::seen::{File, FileState, Role};
use sealock_diag::Sensitive;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// The largest file that is read. A bundle of every public authority has a quarter of it.
const LARGEST: u64 = 1024 * 1024;

/// Looks at a file, whatever is there. Never waits for the writer of a pipe, never opens a device, reads at
/// most 1 MiB.
pub fn look(system: &dyn System, path: &Path, role: Role, named: bool, rightful_uid: u32) -> File {
    let root = system.root();
    let at = root.at(path);
    // Where it really lies: bits of folders on the way of a link do not count, those of its end do.
    let real = std::fs::canonicalize(&at).ok();
    let place = real.clone().or_else(|| {
        let parent = std::fs::canonicalize(at.parent()?).ok()?;
        Some(parent.join(at.file_name()?))
    });
    let metadata = std::fs::metadata(&at).ok();
    let folder = place
        .as_deref()
        .and_then(Path::parent)
        .and_then(|folder| std::fs::metadata(folder).ok());
    let top = root.at("/");
    File {
        path: path.to_path_buf(),
        role,
        named,
        state: state(&at),
        mode: metadata.as_ref().map_or(0, |found| found.mode() & 0o7777),
        uid: metadata.as_ref().map_or(0, |found| found.uid()),
        gid: metadata.as_ref().map_or(0, |found| found.gid()),
        folder_mode: folder.as_ref().map_or(0, |found| found.mode() & 0o7777),
        folder_uid: folder.as_ref().map_or(0, |found| found.uid()),
        reachable_by_others: place
            .as_deref()
            .is_some_and(|place| lets_others_pass(place, &top)),
        rightful_uid,
        repository: real
            .as_deref()
            .and_then(|real| repository::around(real, &top))
            .map(|mut found| {
                found.root = root.seen(&found.root);
                found
            }),
    }
}

/// Whether every folder above `place`, up to the root of the file system, lets others pass.
pub(super) fn lets_others_pass(place: &Path, top: &Path) -> bool {
    place
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != top)
        .all(|folder| std::fs::metadata(folder).is_ok_and(|found| found.mode() & 0o001 != 0))
}

fn state(at: &Path) -> FileState {
    let entry = match std::fs::symlink_metadata(at) {
        Ok(entry) => entry,
        Err(error) if is_absence(&error) => return FileState::Absent,
        Err(error) => return FileState::Unreadable(words(&error)),
    };
    let found = match std::fs::metadata(at) {
        Ok(found) => found,
        Err(error) if is_absence(&error) && entry.is_symlink() => {
            return FileState::Dangling(std::fs::read_link(at).unwrap_or_else(|_| PathBuf::new()));
        }
        Err(error) => return FileState::Unreadable(words(&error)),
    };
    let kind = found.file_type();
    if kind.is_dir() {
        return FileState::Directory;
    }
    if !kind.is_file() {
        let what = match () {
            () if kind.is_fifo() => "a named pipe",
            () if kind.is_socket() => "a socket",
            () => "a device",
        };
        return FileState::Unreadable(format!("{what}, not a file"));
    }
    if found.len() > LARGEST {
        return FileState::Unreadable(format!(
            "{} bytes, more than the {LARGEST} that are read",
            found.len()
        ));
    }
    match sealock_change::fs::read(at) {
        Ok(bytes) => FileState::Read(Contents::read(Sensitive::new(bytes).expose())),
        Err(error) => {
            use sealock_diag::Diagnose as _;
            FileState::Unreadable(error.cause().unwrap_or_else(|| error.to_string()))
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Whether it could not be read for want of rights.
pub(super) fn is_forbidden(file: &File) -> bool {
    let denied = words(&io::Error::from_raw_os_error(
        rustix::io::Errno::ACCESS.raw_os_error(),
    ));
    matches!(&file.state, FileState::Unreadable(why) if why.contains(&denied))
}

/// The operating system's words, without its number.
pub(super) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::look;
    use crate::System as _;
    use crate::testing::Fake;
    use sealock_check::seen::{File, FileState, Role};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;
    use std::sync::Arc;

    fn seen(host: &Arc<Fake>, path: &str) -> File {
        look(&**host, Path::new(path), Role::Stray, true, 0)
    }

    fn chmod(host: &Fake, path: &str, mode: u32) {
        let path = host.root().at(path);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn every_kind_of_thing_is_told() {
        let host = Fake::new("files-kinds");
        host.write("/etc/docker/ca.pem", "nothing\n");
        let at = |path: &str| host.root().at(path);
        std::fs::create_dir(at("/etc/docker/dir.pem")).unwrap();
        symlink("gone.pem", at("/etc/docker/link.pem")).unwrap();
        symlink("loop.pem", at("/etc/docker/loop.pem")).unwrap();
        symlink("/dev/zero", at("/etc/docker/zero.pem")).unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            at("/etc/docker/pipe.pem"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        host.write("/etc/docker/big.pem", &"x".repeat(1024 * 1024 + 1));
        let state = |name: &str| match seen(&host, &format!("/etc/docker/{name}.pem")).state {
            FileState::Absent => "absent".to_owned(),
            FileState::Dangling(to) => format!("dangling {}", to.display()),
            FileState::Directory => "directory".to_owned(),
            FileState::Unreadable(why) => why,
            FileState::Read(contents) => format!("{} bytes", contents.length),
        };
        for (name, expected) in [
            ("ca", "8 bytes"),
            ("none", "absent"),
            ("ca.pem/x", "absent"),
            ("dir", "directory"),
            ("link", "dangling gone.pem"),
            ("zero", "a device, not a file"),
            ("pipe", "a named pipe, not a file"),
            ("big", "1048577 bytes, more than the 1048576 that are read"),
        ] {
            assert_eq!(state(name), expected, "{name}");
        }
        assert!(
            state("loop").contains("symbolic links"),
            "{}",
            state("loop")
        );
    }

    #[test]
    fn bits_are_those_of_the_place_a_link_leads_to() {
        let host = Fake::new("files-bits");
        host.write("/srv/keys/key.pem", "k");
        host.write("/etc/docker/other", "");
        symlink(
            "../../srv/keys/key.pem",
            host.root().at("/etc/docker/key.pem"),
        )
        .unwrap();
        chmod(&host, "/srv/keys/key.pem", 0o644);
        chmod(&host, "/srv/keys", 0o750);
        chmod(&host, "/srv", 0o755);
        let file = seen(&host, "/etc/docker/key.pem");
        assert_eq!((file.mode, file.folder_mode), (0o644, 0o750));
        assert!(!file.reachable_by_others);
        chmod(&host, "/srv/keys", 0o751);
        assert!(seen(&host, "/etc/docker/key.pem").reachable_by_others);
        let absent = seen(&host, "/srv/keys/none.pem");
        assert_eq!((absent.mode, absent.folder_mode), (0, 0o751));
    }
}
