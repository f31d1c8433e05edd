//! Looking for secrets where none may be: arguments and environments of children, logs, files
//! that others can read.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::process::{Outcome, run};
use crate::scratch::Scratch;

/// How every private key in PEM begins, whatever its kind.
const MARKERS: &[&str] = &[
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN ENCRYPTED PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN EC PRIVATE KEY-----",
];

/// What must not be seen: private keys in PEM, and the words given.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    words: Vec<String>,
}

/// A place where a secret was seen; the secret itself is not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// The file, or what was looked through.
    pub place: String,
    /// Which kind of secret.
    pub what: String,
}

impl Secrets {
    /// Private keys in PEM only.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also `word`: a passphrase, or a line out of a private key's base64.
    #[must_use]
    pub fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// Also every line of base64 of the PEM file at `path`: catches a key without its marker.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn key_file(mut self, path: &Path) -> Self {
        let text =
            fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let lines = text
            .lines()
            .filter(|line| line.len() >= 32 && !line.starts_with('-'));
        self.words.extend(lines.map(str::to_owned));
        self
    }

    /// Looks through one text, such as a log or what a program printed.
    #[must_use]
    pub fn in_text(&self, place: &str, text: &[u8]) -> Vec<Leak> {
        let mut leaks = Vec::new();
        let mut look = |needle: &str, what: &str| {
            if contains(text, needle.as_bytes()) {
                leaks.push(Leak {
                    place: place.to_owned(),
                    what: what.to_owned(),
                });
            }
        };
        for marker in MARKERS {
            look(marker, "a private key");
        }
        for (number, word) in self.words.iter().enumerate() {
            look(word, &format!("secret word {}", number + 1));
        }
        leaks
    }

    /// Looks through all files under `folder` that group or others can read.
    #[must_use]
    pub fn in_readable_files(&self, folder: &Path) -> Vec<Leak> {
        self.in_files(folder, &|mode| mode & 0o044 != 0)
    }

    /// Looks through all files under `folder`, whoever can read them.
    #[must_use]
    pub fn in_all_files(&self, folder: &Path) -> Vec<Leak> {
        self.in_files(folder, &|_| true)
    }

    fn in_files(&self, folder: &Path, readable: &dyn Fn(u32) -> bool) -> Vec<Leak> {
        let mut leaks = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = fs::symlink_metadata(&path) else {
                continue;
            };
            if metadata.is_dir() {
                leaks.extend(self.in_files(&path, readable));
            } else if metadata.is_file() && readable(metadata.mode()) {
                let bytes = fs::read(&path).unwrap_or_default();
                leaks.extend(self.in_text(&path.display().to_string(), &bytes));
            }
        }
        leaks
    }

    /// Runs `command` and looks through the arguments and environments of every process that it
    /// starts, itself included, and through what it printed.
    ///
    /// # Panics
    /// When strace cannot run the command.
    #[must_use]
    pub fn in_run(&self, command: &Command) -> (Vec<Leak>, Outcome) {
        let scratch = Scratch::new("leak");
        let trace = scratch.join("trace");
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-v", "-s", "1000000", "-e", "trace=execve,execveat"])
            .args(["-e", "signal=none", "-o"])
            .arg(&trace)
            .arg("--")
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => strace.env(name, value),
                None => strace.env_remove(name),
            };
        }
        let outcome = run(&mut strace);
        let started = fs::read(&trace).expect("what strace wrote");
        let mut leaks = self.in_text("arguments and environments", &started);
        leaks.extend(self.in_text("standard output", outcome.stdout.as_bytes()));
        leaks.extend(self.in_text("standard error", outcome.stderr.as_bytes()));
        (leaks, outcome)
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && text.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_text_is_found_and_not_repeated() {
        let secrets = Secrets::new().word("hunter2");
        assert!(secrets.in_text("log", b"nothing here").is_empty());
        let leaks = secrets.in_text("log", b"the word is hunter2");
        assert_eq!(leaks.len(), 1);
        assert!(!format!("{leaks:?}").contains("hunter2"));
        let key = b"x\n-----BEGIN PRIVATE KEY-----\nMIG";
        assert_eq!(secrets.in_text("log", key).len(), 1);
    }
}
