//! What one session has and nobody keeps: three files in memory, a directory of links that leads to them, and a child.
//!
//! ```text
//! DOCKER_CERT_PATH ─► sealock-session-<serial>/  0700, locked while the session lives
//!                       key.pem ─► /proc/<pid of sealock>/fd/<n> ─► memory without a name, mode 0400
//! ```
//!
//! No secret has a name on a file system that anybody could reach, and the memory belongs to this process: whatever ends
//! it, SIGKILL included, ends the key. What a killed session leaves is a directory of links that lead nowhere, with the
//! serial of a certificate in its name; the next session clears it away.

mod birth;
mod child;
mod links;
mod memory;
mod privacy;
mod swap;

pub(crate) use birth::{Born, give_birth, record, withdraw};
pub(crate) use child::{Signals, withhold};
pub(crate) use links::{Links, clear_away, places};
pub(crate) use memory::Memory;
pub(crate) use privacy::Privacy;
pub(crate) use swap::on_disk;

#[cfg(test)]
mod folder {
    use std::path::{Path, PathBuf};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of one test's own, which goes with the value.
    pub(super) struct Folder(PathBuf);

    impl Folder {
        pub(super) fn new() -> Self {
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("sealock-test-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }

        pub(super) fn join(&self, relative: &str) -> PathBuf {
            self.0.join(relative)
        }

        /// Writes a file with its folders.
        pub(super) fn write(&self, relative: &str, text: &str) {
            let path = self.join(relative);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }
}
