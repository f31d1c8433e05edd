//! A place where `sealock` runs: a hand-started daemon, or a machine.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use sealock_testkit::Outcome;
use sealock_testkit::kill::Program;

/// What the sweeps need of a place.
pub(super) trait Site: Sync {
    /// The arguments of `sealock`, with home and configuration of this place.
    fn words(&self, verb: &[&str]) -> Vec<String>;
    /// The arguments of an `up` from nothing.
    fn up_words(&self) -> Vec<String>;
    /// `sealock` with these arguments, to be traced.
    fn program(&self, words: &[String]) -> Program<'_>;
    /// Runs it.
    fn run(&self, words: &[String]) -> Outcome;
    /// Runs curl where the daemon's port is reached.
    fn curl(&self, words: &[&str]) -> Outcome;
    /// `host:port` of the listener.
    fn address(&self) -> String;
    /// The vault's home, as this test reaches it.
    fn home(&self) -> PathBuf;
    /// `sealock.toml`, as this test reaches it.
    fn config(&self) -> PathBuf;
    /// A path of the vault's home, as curl reaches it.
    fn for_curl(&self, path: &Path) -> String;
    /// Certificate and key of a stranger, as curl reaches them.
    fn foreign(&self) -> [String; 2];
    /// The host's files: everything that somebody else reads.
    fn host_files(&self) -> Files;
    /// Waits until what a killed run started has ended: a restart goes on without it.
    fn wait_for_children(&self);
    /// Asks dockerd whether it would start from the files as they lie.
    fn validate(&self) -> Outcome;
    /// Ends the daemon and starts it from the files as they lie, as a power cut would.
    fn power_cut(&self) -> Outcome;
    /// The container's process, while it runs.
    fn container(&self) -> Option<u32>;
    /// The container's process as it was when it was made.
    fn container_at_first(&self) -> u32;
    /// Makes another container, for after a power cut that ended it as it always would.
    fn new_container(&self);
    /// Whether a restart would use the files as they lie, and no others that somebody has in memory.
    fn restarts_from_files(&self) -> bool {
        true
    }
    /// Whether live-restore is on in the running daemon.
    fn live_restore(&self) -> bool;
}

/// Files by their path, with all that `down` must put back.
pub(super) type Files = BTreeMap<PathBuf, File>;

/// One of them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) mode: u32,
    pub(super) owner: (u32, u32),
    pub(super) modified: Option<(i64, i64)>,
    pub(super) content: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown: String = String::from_utf8_lossy(&self.content)
            .chars()
            .take(60)
            .collect();
        write!(
            out,
            "{:o} {:?} {:?} {shown:?}",
            self.mode, self.owner, self.modified
        )
    }
}

/// Everything below a folder.
pub(super) fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    collect(folder, folder, &mut found);
    found
}

fn collect(base: &Path, folder: &Path, found: &mut Files) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(metadata) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let content = if metadata.is_symlink() {
            std::fs::read_link(&path)
                .unwrap_or_default()
                .into_os_string()
                .into_encoded_bytes()
        } else if metadata.is_file() {
            std::fs::read(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        let file = File {
            mode: metadata.mode(),
            owner: (metadata.uid(), metadata.gid()),
            modified: metadata
                .is_file()
                .then(|| (metadata.mtime(), metadata.mtime_nsec())),
            content,
        };
        found.insert(path.strip_prefix(base).unwrap_or(&path).to_owned(), file);
        if metadata.is_dir() {
            collect(base, &path, found);
        }
    }
}

/// What differs, for a message.
pub(super) fn difference(before: &Files, now: &Files) -> Vec<String> {
    let paths: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let changed = paths
        .into_iter()
        .filter(|path| before.get(*path) != now.get(*path));
    changed
        .map(|path| {
            format!(
                "{}: {:?} -> {:?}",
                path.display(),
                before.get(path),
                now.get(path)
            )
        })
        .collect()
}
