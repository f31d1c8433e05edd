//! Files of keys and certificates that are not as they must be: the daemon's, clients', and what lies beside them.
//!
//! What stops a daemon is tried on the daemon itself, which says so in its own words.

mod beside;
mod clients;
mod modes;
mod stops;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_testkit::process::run;

/// A file that is another for a while; it is put back as it was, times and all.
struct Instead {
    path: PathBuf,
    away: PathBuf,
}

impl Instead {
    /// Takes the file away.
    fn nothing(path: &Path, away: &Path) -> Self {
        let name = path.file_name().expect("a file's path");
        let instead = Self {
            path: path.to_owned(),
            away: away.join(name),
        };
        fs::rename(&instead.path, &instead.away).unwrap();
        instead
    }

    /// Puts other bytes in its place, with the same mode.
    fn bytes(path: &Path, away: &Path, bytes: impl AsRef<[u8]>) -> Self {
        let mode = fs::metadata(path).unwrap().permissions();
        let instead = Self::nothing(path, away);
        fs::write(path, bytes).unwrap();
        fs::set_permissions(path, mode).unwrap();
        instead
    }
}

impl Drop for Instead {
    fn drop(&mut self) {
        match fs::symlink_metadata(&self.path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&self.path).unwrap(),
            Ok(_) => fs::remove_file(&self.path).unwrap(),
            Err(_) => {}
        }
        fs::rename(&self.away, &self.path).unwrap();
    }
}

/// What openssl prints.
#[track_caller]
pub(super) fn openssl(words: &[&str]) -> Vec<u8> {
    let output = Command::new("openssl").args(words).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {words:?}: {said}");
    output.stdout
}

/// A path for a command line.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A file in UTF-16 with its mark, as Windows writes text.
pub(super) fn utf16(text: &[u8]) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.iter().map(|byte| u16::from(*byte)));
    units.flat_map(u16::to_le_bytes).collect()
}

/// The same certificate with a byte of its DER changed so that it does not parse.
fn garbled(certificate: &Path) -> Vec<u8> {
    let mut lines: Vec<String> = fs::read_to_string(certificate)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    let middle = lines.len() / 2;
    lines.remove(middle);
    (lines.join("\n") + "\n").into_bytes()
}

/// A program with its words, which has to end well.
#[track_caller]
pub(super) fn do_run(program: &str, words: &[&str]) {
    let _ = run(Command::new(program).args(words)).ok();
}
