//! Folders and the names in them, within bounds.

use crate::{SEALOCK_DIRECTORY, System};
use std::path::{Path, PathBuf};

/// Levels below the folder that was named: a machine of docker-machine is three below `~/.docker`.
const LEVELS: usize = 4;
/// Folders below one that was named.
const FOLDERS: usize = 512;
/// Names in one folder.
const NAMES: usize = 4_000;

/// Folders that hold somebody else's matter: the contexts of the docker CLI, what a registry is shown, and
/// version control.
const OTHERS: [&str; 6] = [
    "contexts",
    "certs.d",
    ".git",
    "node_modules",
    "buildx",
    "cli-plugins",
];

/// A folder and the names in it, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folder {
    /// As it was reached.
    pub(super) path: PathBuf,
    /// Where it really is.
    pub(super) real: PathBuf,
    /// Files, and links to them.
    pub(super) files: Vec<String>,
    /// Folders.
    pub(super) folders: Vec<String>,
}

impl Folder {
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file == name)
    }

    pub(super) fn has_folder(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| folder == name)
    }
}

/// What was listed.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) folders: Vec<Folder>,
    /// Whether there was more.
    pub(super) too_much: bool,
}

/// Lists a folder and those below it. Links to folders are not followed, and what cannot be listed is empty.
pub(super) fn list(system: &dyn System, top: &Path) -> Listed {
    let mut listed = Listed::default();
    let mut waiting = vec![(top.to_owned(), 0)];
    while let Some((path, level)) = waiting.pop() {
        if listed.folders.len() == FOLDERS {
            listed.too_much = true;
            break;
        }
        let Some(folder) = one(system, &path, &mut listed.too_much) else {
            continue;
        };
        if level < LEVELS {
            let below = folder
                .folders
                .iter()
                .rev()
                .map(|name| (path.join(name), level + 1));
            waiting.extend(below);
        }
        listed.folders.push(folder);
    }
    listed
}

fn one(system: &dyn System, path: &Path, too_much: &mut bool) -> Option<Folder> {
    let at = system.root().at(path);
    let mut folder = Folder {
        path: path.to_owned(),
        real: std::fs::canonicalize(&at).ok()?,
        ..Folder::default()
    };
    for (count, entry) in std::fs::read_dir(&at).ok()?.flatten().enumerate() {
        if count == NAMES {
            *too_much = true;
            break;
        }
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                let ours = name == SEALOCK_DIRECTORY && entry.path().join("live").is_symlink();
                if !ours && !OTHERS.contains(&name.as_str()) {
                    folder.folders.push(name);
                }
            }
            Ok(_) => folder.files.push(name),
            Err(_) => {}
        }
    }
    folder.files.sort();
    folder.folders.sort();
    Some(folder)
}
