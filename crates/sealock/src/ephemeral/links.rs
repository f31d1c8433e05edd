//! The directory that a Docker client is pointed to: links to memory, and nothing else.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs::File, io};

use rustix::fs::{Mode, OFlags};
use sealock_change::{Error, fs};
use sealock_pki::Serial;

use super::memory::Memory;

const PREFIX: &str = "sealock-session-";

/// How often a directory is made anew when another session, which is clearing away, takes it for a dead one's.
const ATTEMPTS: u32 = 8;

/// A directory of links, locked while this lives, and gone afterwards.
#[derive(Debug)]
pub(crate) struct Links {
    directory: PathBuf,
    names: Vec<&'static str>,
    /// Held, and never read: the kernel lets go of it however this process ends.
    _lock: File,
}

impl Links {
    /// Makes the directory in the first of these places that takes it. The error tells what each of them has said.
    pub(crate) fn make(
        places: &[PathBuf],
        serial: &Serial,
        memory: &Memory,
    ) -> Result<Self, Vec<(PathBuf, io::Error)>> {
        let mut refused = Vec::new();
        for place in places {
            match Self::make_in(place, serial, memory) {
                Ok(links) => return Ok(links),
                Err(error) => refused.push((place.clone(), error)),
            }
        }
        Err(refused)
    }

    /// Where it is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The first link that does not lead to its file, and why.
    pub(crate) fn broken(&self, memory: &Memory) -> Option<(PathBuf, String)> {
        self.names.iter().find_map(|name| {
            let path = self.directory.join(name);
            match memory.is_reached_by(name, &path) {
                Ok(true) => None,
                Ok(false) => Some((path, "it leads to another file".to_owned())),
                Err(error) => Some((path, error.to_string())),
            }
        })
    }

    fn make_in(place: &Path, serial: &Serial, memory: &Memory) -> io::Result<Self> {
        let directory = place.join(format!("{PREFIX}{serial}"));
        let mut links = Self {
            _lock: locked(&directory)?,
            directory,
            names: Vec::new(),
        };
        for (name, target) in memory.paths() {
            // Before it is made: what is half made goes as well.
            links.names.push(name);
            fs::symlink_atomic(&links.directory.join(name), &target, None).map_err(as_io)?;
        }
        Ok(links)
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        for name in &self.names {
            let _left_for_the_next = fs::remove(&self.directory.join(name));
        }
        let _left_for_the_next = fs::remove(&self.directory);
    }
}

/// Where a directory of links may lie, the best place first. It holds no secret, but whoever could put another in its place
/// could choose the server: so no place in which others may rename what is ours.
pub(crate) fn places() -> Vec<PathBuf> {
    let me = rustix::process::geteuid();
    let of_the_login = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let of_the_system = me.is_root().then(|| PathBuf::from("/run"));
    let mut places: Vec<PathBuf> = Vec::new();
    let candidates = of_the_login
        .into_iter()
        .chain(of_the_system)
        .chain([PathBuf::from("/dev/shm"), std::env::temp_dir()]);
    for place in candidates {
        if is_ours_to_use(&place, me.as_raw()) && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn is_ours_to_use(place: &Path, me: u32) -> bool {
    const STICKY: u32 = 0o1000;
    const OTHERS_WRITE: u32 = 0o022;
    let Ok(found) = std::fs::metadata(place) else {
        return false;
    };
    let kept = [0, me].contains(&found.uid())
        && (found.mode() & OTHERS_WRITE == 0 || found.mode() & STICKY != 0);
    place.is_absolute() && found.is_dir() && kept
}

/// Removes what killed sessions of this user have left in these places, and says which certificates were theirs.
pub(crate) fn clear_away(places: &[PathBuf]) -> Vec<Serial> {
    let entries = places
        .iter()
        .filter_map(|place| std::fs::read_dir(place).ok());
    entries
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let serial = entry.file_name().to_str()?.strip_prefix(PREFIX)?.parse();
            remove_dead(&entry.path()).ok()?;
            serial.ok()
        })
        .collect()
}

fn remove_dead(directory: &Path) -> io::Result<()> {
    // Held until the end: whoever makes one of this name waits for it, and sees that it is gone.
    let lock = open(directory)?;
    lock.try_lock()?;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_symlink() {
            fs::remove(&entry.path()).map_err(as_io)?;
        }
    }
    let removed = fs::remove(directory).map_err(as_io);
    drop(lock);
    removed
}

/// Makes a directory that is closed to others, and locks it.
fn locked(directory: &Path) -> io::Result<File> {
    let mut attempt = 1;
    loop {
        let made = fs::create_dir(directory, 0o700, None).map_err(as_io);
        match made.and_then(|()| lock(directory)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => {
                let _nothing_in_it = fs::remove(directory);
                return Err(error);
            }
            locked => return locked,
        }
    }
}

fn lock(directory: &Path) -> io::Result<File> {
    let lock = open(directory)?;
    lock.lock()?;
    // Until here nothing told it from a dead one: it may have been cleared away.
    let (ours, there) = (lock.metadata()?, std::fs::metadata(directory)?);
    if (ours.dev(), ours.ino()) == (there.dev(), there.ino()) {
        Ok(lock)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// Opens a directory of this user's, and nothing that a link leads to.
fn open(directory: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = File::from(rustix::fs::open(directory, flags, Mode::empty())?);
    match opened.metadata()?.uid() == rustix::process::geteuid().as_raw() {
        true => Ok(opened),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}

/// The kernel's own answer, where there is one.
fn as_io(error: Error) -> io::Error {
    match error {
        Error::Io { source, .. } => source,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;

    use sealock_pki::Serial;

    use super::{Links, clear_away, is_ours_to_use};
    use crate::ephemeral::folder::Folder;
    use crate::ephemeral::memory::{File, Memory};

    fn memory() -> Memory {
        let file = |name| File {
            name,
            bytes: b"text",
        };
        Memory::keep(&[file("ca.pem"), file("key.pem")]).unwrap()
    }

    fn serial(text: &str) -> Serial {
        text.parse().unwrap()
    }

    #[test]
    fn links_lead_to_memory_and_go_with_their_value() {
        let scratch = Folder::new();
        let memory = memory();
        let absent = scratch.join("absent");
        let places = [absent, scratch.path().to_owned()];
        let links = Links::make(&places, &serial("4a01"), &memory).unwrap();
        let directory = scratch.join("sealock-session-4a01");
        assert_eq!(links.directory(), directory);
        assert_eq!(std::fs::read(directory.join("key.pem")).unwrap(), b"text");
        assert_eq!(links.broken(&memory), None);
        std::fs::remove_file(directory.join("key.pem")).unwrap();
        assert_eq!(links.broken(&memory).unwrap().0, directory.join("key.pem"));
        drop(links);
        assert!(!directory.exists());
    }

    #[test]
    fn what_each_place_says_is_told() {
        let scratch = Folder::new();
        let places: Vec<PathBuf> = ["a", "b"].map(|name| scratch.join(name)).into();
        let refused = Links::make(&places, &serial("4a01"), &memory()).unwrap_err();
        let told: Vec<_> = refused.into_iter().map(|(place, _)| place).collect();
        assert_eq!(told, places);
    }

    #[test]
    fn only_dead_sessions_are_cleared_away() {
        let scratch = Folder::new();
        let places = [scratch.path().to_owned()];
        let memory = memory();
        let alive = Links::make(&places, &serial("4a01"), &memory).unwrap();
        let dead = scratch.join("sealock-session-4a02");
        std::fs::create_dir(&dead).unwrap();
        symlink("/proc/1/fd/1000", dead.join("key.pem")).unwrap();
        // What is not ours to judge stays: another name, a link, a file among the links.
        std::fs::create_dir(scratch.join("other")).unwrap();
        symlink("other", scratch.join("sealock-session-4a03")).unwrap();
        scratch.write("sealock-session-4a04/file", "");
        assert_eq!(clear_away(&places), [serial("4a02")]);
        assert!(!dead.exists() && alive.directory().exists());
        for stays in ["other", "sealock-session-4a03", "sealock-session-4a04/file"] {
            assert!(scratch.join(stays).exists(), "{stays}");
        }
    }

    #[test]
    fn a_place_in_which_others_may_rename_is_none() {
        let scratch = Folder::new();
        let me = rustix::process::geteuid().as_raw();
        let place = scratch.path();
        for (mode, good) in [
            (0o700, true),
            (0o755, true),
            (0o1777, true),
            (0o777, false),
            (0o770, false),
        ] {
            std::fs::set_permissions(place, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_ours_to_use(place, me), good, "{mode:o}");
            // Somebody else's, unless it is root's.
            assert_eq!(is_ours_to_use(place, me + 1), good && me == 0, "{mode:o}");
        }
        std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!is_ours_to_use(std::path::Path::new("relative"), me));
        assert!(!is_ours_to_use(&scratch.join("absent"), me));
    }
}
