//! A control group of a machine's own.
//!
//! systemd-nspawn puts what it boots below the control group that it was started in. Two machines that are started in the same
//! one share `payload/system.slice/docker.service`: each systemd then finds processes there that it cannot name, and says
//! "Input/output error" or that resources are unavailable.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::becomes;

/// Where systemd's own hierarchy may be: the old one, the new one beside it, the new one alone.
const HIERARCHIES: &[&str] = &[
    "/sys/fs/cgroup/systemd",
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup",
];

/// The folders of one control group; they go when it is dropped.
#[derive(Debug)]
pub(crate) struct ControlGroup {
    folders: Vec<PathBuf>,
}

impl ControlGroup {
    /// Makes a group of this name in every hierarchy that systemd may use.
    ///
    /// # Panics
    /// When there is no such hierarchy, or it cannot be written.
    pub(crate) fn new(name: &str) -> Self {
        let hierarchies = HIERARCHIES.iter().map(Path::new);
        let folders: Vec<PathBuf> = hierarchies
            .filter(|hierarchy| hierarchy.join("cgroup.procs").exists())
            .map(|hierarchy| hierarchy.join(name))
            .collect();
        assert!(!folders.is_empty(), "no control groups are mounted");
        for folder in &folders {
            fs::create_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        }
        Self { folders }
    }

    /// A line of shell that puts the shell itself into the group.
    pub(crate) fn enter(&self) -> String {
        shell(self.folders.iter().cloned())
    }

    /// A line of shell that puts the shell itself beside the first process of what was booted in the group: from inside,
    /// whoever is further out has no place at all, and logind answers "Protocol driver not attached".
    pub(crate) fn enter_booted(&self) -> String {
        let folders = self.folders.iter();
        let first = folders.map(|folder| folder.join("payload/init.scope"));
        shell(first.filter(|folder| folder.exists()))
    }
}

impl Drop for ControlGroup {
    fn drop(&mut self) {
        for folder in &self.folders {
            // The last process may still be on its way out.
            becomes(Duration::from_secs(10), || remove(folder));
        }
    }
}

fn shell(folders: impl Iterator<Item = PathBuf>) -> String {
    let lines = folders.map(|folder| format!("echo $$ > '{}/cgroup.procs'", folder.display()));
    lines
        .chain(["true".to_owned()])
        .collect::<Vec<_>>()
        .join(" && ")
}

/// Removes a group with those below it; whether it is gone.
fn remove(folder: &Path) -> bool {
    let below = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove(&entry.path());
    }
    let _ = fs::remove_dir(folder);
    !folder.exists()
}
