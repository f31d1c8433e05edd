//! What lies beside the daemon's keys and is none of them: leftovers of making certificates, copies,
//! archives.

use super::files::look;
use super::{archive, material};
use crate::observe::Observed;
use sealock_check::seen::{File, FileState, Role};
use std::path::{Path, PathBuf};

/// Strays that are told of.
const MOST: usize = 200;

/// Names that are looked at in one folder.
const NAMES: usize = 2_000;

/// Folders that are looked at.
const FOLDERS: usize = 64;

/// Levels of folders, the first included.
const LEVELS: usize = 2;

/// The strays in the folders of `daemon.json` and of `files`, and in copies of the former.
pub(super) fn around(observed: &Observed, files: &[File]) -> Vec<File> {
    let config = observed.config.path();
    let mut walk = Walk {
        observed,
        uid: material::rightful_uid(observed),
        known: files
            .iter()
            .map(|file| real(observed, &file.path))
            .collect(),
        visited: Vec::new(),
        found: Vec::new(),
    };
    let folders = config
        .parent()
        .into_iter()
        .chain(files.iter().filter_map(|file| file.path.parent()))
        .chain([Path::new("/etc/docker")]);
    for folder in folders {
        walk.folder(folder, LEVELS);
    }
    if let Some(folder) = config.parent() {
        walk.copies_of(folder);
    }
    walk.found
}

struct Walk<'o> {
    observed: &'o Observed,
    uid: u32,
    /// Files that have a role of their own, and strays that were found.
    known: Vec<PathBuf>,
    visited: Vec<PathBuf>,
    found: Vec<File>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, levels: usize) {
        let place = real(self.observed, folder);
        if levels == 0 || self.visited.len() == FOLDERS || self.visited.contains(&place) {
            return;
        }
        self.visited.push(place);
        for (name, is_folder) in entries(self.observed, folder) {
            let path = folder.join(&name);
            if !is_folder {
                self.file(&path, &name);
            } else if name != "certs.d" && name != "contexts" {
                // Registries' folders and a client's contexts are looked at for themselves.
                self.folder(&path, levels - 1);
            }
        }
    }

    /// `/etc/docker.bak`, `/etc/docker.tar.gz`: copies of a whole folder, beside it.
    fn copies_of(&mut self, folder: &Path) {
        let (Some(above), Some(own)) = (folder.parent(), folder.file_name()) else {
            return;
        };
        let own = own.to_string_lossy();
        for (name, is_folder) in entries(self.observed, above) {
            let Some(rest) = name.strip_prefix(&*own).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            let path = above.join(&name);
            if !is_folder && archive::is_archive(&name) {
                self.file(&path, &name);
            } else if is_folder && is_copy(rest) {
                self.folder(&path, LEVELS);
            }
        }
    }

    fn file(&mut self, path: &Path, name: &str) {
        let name = name.to_lowercase();
        let leftover = [".csr", ".srl", ".cnf"]
            .iter()
            .any(|ending| name.ends_with(ending));
        let packed = archive::is_archive(&name);
        // dockerd makes a `key.json` of its own.
        let telling = (name.contains("pem") || name.contains("key")) && name != "key.json";
        if !(leftover || packed || telling) || self.found.len() == MOST {
            return;
        }
        let place = real(self.observed, path);
        // A set of ours that is no longer in force waits for a way back.
        let kept = name == "server-key.pem" && path.starts_with(&self.observed.directory);
        if kept || self.known.contains(&place) || is_a_clients(path) {
            return;
        }
        let mut file = look(self.observed.system(), path, Role::Stray, false, self.uid);
        if packed {
            // Nobody else can open it: then it is as good a place as any.
            let open = file.mode & 0o004 != 0 && file.reachable_by_others;
            match archive::key_in(self.observed.system(), path).filter(|_| open) {
                Some(contents) => file.state = FileState::Read(contents),
                None => return,
            }
        }
        let holds_key = file
            .contents()
            .is_some_and(|contents| contents.key().is_some());
        if leftover || holds_key {
            self.known.push(place);
            self.found.push(file);
        }
    }
}

/// Names in a folder, in order, and whether they are folders. Links to folders are not followed.
fn entries(observed: &Observed, folder: &Path) -> Vec<(String, bool)> {
    let Ok(list) = std::fs::read_dir(observed.at(folder)) else {
        return Vec::new();
    };
    let mut found: Vec<(String, bool)> = list
        .take(NAMES)
        .flatten()
        .filter_map(|entry| {
            let is_folder = entry.file_type().ok()?.is_dir();
            Some((entry.file_name().to_str()?.to_owned(), is_folder))
        })
        .collect();
    found.sort();
    found
}

fn real(observed: &Observed, path: &Path) -> PathBuf {
    let at = observed.at(path);
    std::fs::canonicalize(&at).unwrap_or(at)
}

/// Whether what follows a folder's name makes it a copy.
fn is_copy(rest: &str) -> bool {
    let rest = rest.to_lowercase();
    rest.ends_with('~')
        || ["bak", "back", "old", "orig", "save", "copy", ".1"]
            .iter()
            .any(|mark| rest.contains(mark))
}

/// A folder of defaults is a client's too.
fn is_a_clients(path: &Path) -> bool {
    path.parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == ".docker")
        && path
            .file_name()
            .is_some_and(|name| name == "ca.pem" || name == "cert.pem" || name == "key.pem")
}
