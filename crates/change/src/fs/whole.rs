//! A whole directory, put in place by one rename.

use super::{create_dir, mutate, stat, sync_dir, sync_parent, temporary_of};
use crate::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A directory that is being made beside its place, closed to others, and is put there whole.
///
/// Dropped before [`Whole::put`], it is gone; after a kill, [`Whole::clear_up`] removes it. While it is being made it is
/// locked, so that nobody clears it up under us.
#[derive(Debug)]
pub struct Whole {
    made: PathBuf,
    place: PathBuf,
    lock: File,
}

impl Whole {
    /// Begins a directory that will be at `place`, whose parent exists. What a killed process left of the same is removed;
    /// one that is being made by a process that lives is an error.
    pub fn begin(place: &Path) -> Result<Self, Error> {
        Self::clear_up(place)?;
        let made = temporary_of(place)?;
        if stat(&made)?.is_some() {
            return Err(Error::Locked {
                path: made,
                pid: None,
            });
        }
        create_dir(&made, 0o700, None)?;
        let lock = File::open(&made).map_err(|e| Error::io("open", &made, e))?;
        let this = Self {
            made,
            place: place.to_path_buf(),
            lock,
        };
        match this.lock.try_lock() {
            Ok(()) => Ok(this),
            Err(e) => Err(Error::io("lock", &this.made, e.into())),
        }
    }

    /// Where it is being made.
    pub fn path(&self) -> &Path {
        &self.made
    }

    /// Makes a directory inside; its parent was made before.
    pub fn directory(&self, inside: &Path, mode: u32) -> Result<(), Error> {
        create_dir(&self.made.join(inside), mode, None)
    }

    /// Makes a file inside, with exactly this mode. Durable with all others when it is put in place.
    pub fn file(&self, inside: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
        let path = self.made.join(inside);
        let write = || -> io::Result<()> {
            let mut file = mutate(|| {
                OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(mode & 0o777)
                    .open(&path)
            })?;
            // The umask may have taken something away.
            if file.metadata()?.permissions().mode() & 0o7777 != mode {
                mutate(|| file.set_permissions(std::fs::Permissions::from_mode(mode)))?;
            }
            super::write_all(&mut file, bytes)?;
            file.flush()
        };
        write().map_err(|e| Error::io("write", &path, e))
    }

    /// Puts it in place, durably: where nothing is, or an empty directory.
    pub fn put(self) -> Result<(), Error> {
        self.sync()?;
        mutate(|| std::fs::rename(&self.made, &self.place))
            .map_err(|e| Error::io("put a directory at", &self.place, e))?;
        sync_parent(&self.place)
    }

    /// Puts it in place of a directory that has something in it, by one exchange, and removes the other.
    pub fn exchange(self) -> Result<(), Error> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        self.sync()?;
        mutate(|| {
            renameat_with(CWD, &self.made, CWD, &self.place, RenameFlags::EXCHANGE)
                .map_err(io::Error::from)
        })
        .map_err(|e| Error::io("put a directory at", &self.place, e))?;
        sync_parent(&self.place)?;
        remove_tree(&self.made)
    }

    /// Removes what a killed process left beside `place`; says whether there was something. What a living process is
    /// making stays.
    pub fn clear_up(place: &Path) -> Result<bool, Error> {
        let made = temporary_of(place)?;
        if stat(&made)?.is_none_or(|stat| stat.kind != super::Kind::Directory) {
            return Ok(false);
        }
        let directory = File::open(&made).map_err(|e| Error::io("open", &made, e))?;
        if directory.try_lock().is_err() {
            return Ok(false);
        }
        remove_tree(&made)?;
        Ok(true)
    }

    /// One call for the whole file system: thousands of files would each wait for the disk.
    fn sync(&self) -> Result<(), Error> {
        mutate(|| rustix::fs::syncfs(&self.lock).map_err(io::Error::from))
            .map_err(|e| Error::io("sync", &self.made, e))?;
        sync_dir(&self.made)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // After it was put in place nothing is here. What cannot be removed now, the next one removes.
        let _gone = remove_tree(&self.made);
    }
}

/// Removes a directory with all that is in it, durably; none there is as good.
pub fn remove_tree(path: &Path) -> Result<(), Error> {
    match mutate(|| std::fs::remove_dir_all(path)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|e| Error::io("remove", path, e)),
    }?;
    sync_parent(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::{killer, read};
    use crate::store::tests::Scratch;

    fn make(place: &Path) -> Result<Whole, Error> {
        let whole = Whole::begin(place)?;
        whole.directory(Path::new("keys"), 0o700)?;
        whole.file(Path::new("keys/one"), b"secret", 0o400)?;
        whole.file(Path::new("two"), b"", 0o600)?;
        Ok(whole)
    }

    #[track_caller]
    fn is_whole(place: &Path) {
        assert_eq!(read(&place.join("keys/one")).unwrap(), b"secret");
        let mode = |path: &Path| stat(path).unwrap().unwrap().mode;
        assert_eq!(mode(place), 0o700);
        assert_eq!(mode(&place.join("keys/one")), 0o400);
        assert_eq!(mode(&place.join("two")), 0o600);
    }

    #[test]
    fn a_kill_at_any_change_leaves_all_of_it_or_nothing() {
        let dir = Scratch::new("whole");
        let place = dir.path().join("home");
        let mut instants = 0;
        loop {
            killer::arm(instants);
            let outcome = make(&place).and_then(Whole::put);
            let (killed, _) = killer::disarm();
            if stat(&place).unwrap().is_some() {
                is_whole(&place);
            }
            if !killed {
                outcome.unwrap();
                break;
            }
            Whole::clear_up(&place).unwrap();
            assert_eq!(stat(&temporary_of(&place).unwrap()).unwrap(), None);
            let _gone = std::fs::remove_dir_all(&place);
            instants += 1;
        }
        assert!(instants >= 8, "{instants}");
        is_whole(&place);
    }

    #[test]
    fn what_is_not_put_in_place_leaves_nothing_and_two_do_not_meet() {
        let dir = Scratch::new("whole-dropped");
        let place = dir.path().join("home");
        let first = make(&place).unwrap();
        assert!(matches!(make(&place), Err(Error::Locked { .. })));
        assert!(!Whole::clear_up(&place).unwrap(), "it is being made");
        drop(first);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn something_in_the_way_is_replaced_only_when_asked() {
        let dir = Scratch::new("whole-there");
        let place = dir.path().join("home");
        std::fs::create_dir(&place).unwrap();
        make(&place).unwrap().put().unwrap();
        is_whole(&place);
        assert!(make(&place).unwrap().put().is_err());
        std::fs::write(place.join("more"), "").unwrap();
        make(&place).unwrap().exchange().unwrap();
        is_whole(&place);
        assert_eq!(stat(&place.join("more")).unwrap(), None);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
