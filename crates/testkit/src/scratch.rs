//! Folders that belong to one test and go away with it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::lab::lab;
use crate::process;

/// A folder of one test's own, on a real filesystem (overlay mounts need one), removed on drop
/// together with whatever is still mounted in it.
///
/// Its name begins with the id of this process, so that the next `cargo xtask test` can clear
/// away what a killed run left.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a folder whose name ends in `name` (short, for people who look).
    ///
    /// # Panics
    /// When the folder cannot be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let path = lab().root().join("run").join(unique(name));
        fs::create_dir_all(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path inside; nothing is made.
    #[must_use]
    pub fn join(&self, relative: &str) -> PathBuf {
        self.path.join(relative)
    }

    /// Writes a file inside, with its folders, and gives its path.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(relative);
        let folder = path.parent().expect("a path inside the scratch folder");
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        process::unmount_below(&self.path);
        if let Err(error) = fs::remove_dir_all(&self.path) {
            // A second panic while one is under way would hide the first.
            assert!(
                std::thread::panicking(),
                "cannot remove {}: {error}",
                self.path.display()
            );
        }
    }
}

/// A name no other test of this or another process has: `PID-N-name`.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{number}-{name}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_never_given_twice() {
        assert_ne!(unique("a"), unique("a"));
        assert!(unique("a").starts_with(&std::process::id().to_string()));
    }
}
