//! What other tools have left: certificates and keys in the layouts that people have.
//!
//! [`find`] lists folders and reads what looks like certificates and keys, through the same door as a survey.
//! Which tool made a folder is told by its names alone (`layout`), which part a file plays by what is in it
//! (`part`); both know no file system.

mod index;
mod layout;
mod part;
mod places;
mod walk;

pub use index::{Revocation, read_index};
pub use layout::Tool;
pub use part::{Part, key_names, part_of};
pub use places::usual_places;

use crate::System;
use crate::survey::look;
use sealock_check::seen::{File, FileState, Role};
use std::path::{Path, PathBuf};
use walk::Folder;

/// What one tool left in one place.
#[derive(Clone, Debug)]
pub struct Leftover {
    /// Whose layout it is.
    pub tool: Tool,
    /// The top of it.
    pub folder: PathBuf,
    /// Its files, as far as they could be certificates, keys, or what is left of making them.
    pub files: Vec<Item>,
    /// What easy-rsa's `index.txt` (and any `openssl ca`) says was revoked.
    pub revoked: Vec<Revocation>,
}

/// A file of a leftover.
#[derive(Clone, Debug)]
pub struct Item {
    /// As it lies there.
    pub file: File,
    /// What it is, by what is in it.
    pub part: Part,
}

/// What was found below some folders, and whether there was more than is looked at.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By folder, in the order of the paths.
    pub leftovers: Vec<Leftover>,
    /// A folder whose content is more than is looked at.
    pub too_much: Option<PathBuf>,
}

/// Looks below these folders. A path to a file stands for the folder that it is in.
pub fn find(system: &dyn System, paths: &[PathBuf]) -> Found {
    let mut folders: Vec<Folder> = Vec::new();
    let mut found = Found::default();
    for path in paths {
        let is_file = std::fs::metadata(system.root().at(path)).is_ok_and(|found| !found.is_dir());
        let top = match path.parent() {
            Some(folder) if is_file => folder,
            _ => path,
        };
        let listed = walk::list(system, top);
        if listed.too_much {
            found.too_much.get_or_insert_with(|| top.to_owned());
        }
        for folder in listed.folders {
            if !folders.iter().any(|known| known.real == folder.real) {
                folders.push(folder);
            }
        }
    }
    for (top, tool, members) in layout::group(&folders) {
        let mut leftover = Leftover {
            tool,
            folder: top,
            files: Vec::new(),
            revoked: Vec::new(),
        };
        for folder in members {
            read(system, folder, &mut leftover);
        }
        if !leftover.files.is_empty() {
            found.leftovers.push(leftover);
        }
    }
    found
}

fn read(system: &dyn System, folder: &Folder, leftover: &mut Leftover) {
    for name in &folder.files {
        let path = folder.path.join(name);
        if name == "index.txt" {
            let text = sealock_change::fs::read(&system.root().at(&path)).unwrap_or_default();
            leftover
                .revoked
                .extend(read_index(&String::from_utf8_lossy(&text)));
        }
        if !layout::is_telling(name) {
            continue;
        }
        let file = as_it_lies(system, &path);
        let part = part_of(&file);
        if part != Part::Other {
            leftover.files.push(Item { file, part });
        }
    }
}

/// A file as it lies there; whoever has it is its rightful owner.
fn as_it_lies(system: &dyn System, path: &Path) -> File {
    let mut file = look(system, path, Role::Stray, true, 0);
    file.rightful_uid = file.uid;
    file
}

impl Item {
    /// Its name without folders.
    pub fn name(&self) -> String {
        name_of(&self.file.path)
    }

    /// Whether there is something that cannot be read, and why.
    pub fn unreadable(&self) -> Option<&str> {
        match &self.file.state {
            FileState::Unreadable(why) => Some(why),
            _ => None,
        }
    }
}

pub(crate) fn name_of(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
