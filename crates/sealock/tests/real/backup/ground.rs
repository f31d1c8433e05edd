//! What these tests stand on: homes compared, age keys, and a terminal.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use sealock_host::client::Bundle;
use sealock_testkit::Scratch;
use sealock_testkit::process::{Outcome, call, run};

/// The files of a home by their names: bytes and modes. Without what belongs to the machine and the moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Home(BTreeMap<PathBuf, (u32, Vec<u8>)>);

impl Home {
    pub(super) fn of(home: &Path) -> Self {
        let mut files = BTreeMap::new();
        walk(home, home, &mut files);
        Self(files)
    }

    #[track_caller]
    pub(super) fn expect_same(&self, before: &Self) {
        let names = |home: &Self| home.0.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(self), names(before));
        for (name, (mode, bytes)) in &self.0 {
            let (was, held) = &before.0[name];
            assert_eq!((mode, bytes == held), (was, true), "{}", name.display());
        }
    }
}

fn walk(home: &Path, at: &Path, files: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    let name = at.strip_prefix(home).unwrap();
    // The lock and the ledger are of the machine; SQLite's own journal is empty between transactions.
    if name.starts_with("changes") || name == Path::new("vault.db-journal") {
        return;
    }
    if at.is_dir() {
        files.insert(name.to_owned(), (mode(at), Vec::new()));
        for entry in fs::read_dir(at).unwrap() {
            walk(home, &entry.unwrap().path(), files);
        }
    } else {
        files.insert(name.to_owned(), (mode(at), fs::read(at).unwrap()));
    }
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// How many clients a home has; each of their bundles must be whole.
pub(super) fn clients_are_whole(home: &Path) -> usize {
    let folders = fs::read_dir(home.join("clients")).unwrap();
    let mut count = 0;
    for folder in folders {
        let path = folder.unwrap().path();
        Bundle::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        count += 1;
    }
    count
}

/// Somebody's pair of age keys, made by the real age-keygen.
pub(super) struct Keys {
    pub(super) name: &'static str,
    pub(super) file: String,
    pub(super) recipient: String,
}

impl Keys {
    pub(super) fn new(scratch: &Scratch, name: &'static str) -> Self {
        let file = scratch.join(&format!("{name}.txt")).display().to_string();
        let _ = call("age-keygen", &["-o", &file]).ok();
        let recipient = call("age-keygen", &["-y", &file]).ok();
        Self {
            name,
            file,
            recipient: recipient.trim().to_owned(),
        }
    }

    /// Opens an archive with the real age and hands it to tar.
    pub(super) fn tar(&self, archive: &str, what: &str) -> Outcome {
        let script = "set -o pipefail; age -d -i \"$0\" \"$1\" | tar \"$2\" -f -";
        run(Command::new("bash").args(["-c", script, &self.file, archive, what]))
    }

    /// Seals a file for these keys with the real age.
    pub(super) fn seal(&self, from: &Path, to: &Path) {
        let paths = [from, to].map(|path| path.display().to_string());
        let _ = call("age", &["-r", &self.recipient, "-o", &paths[1], &paths[0]]).ok();
    }
}

/// A terminal on which questions are answered.
pub(super) struct Terminal;

impl Terminal {
    /// Runs a command there, gives one answer to each question, and returns all that was to be seen.
    pub(super) fn run(command: &Command, answers: &[&str]) -> String {
        const SCRIPT: &str = r#"
import os, pty, select, sys
count = int(sys.argv[1])
answers, words = sys.argv[2:2 + count], sys.argv[2 + count:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(words[0], words)
seen, asked = b"", b""
while True:
    try:
        got = os.read(terminal, 4096)
    except OSError:
        break
    if not got:
        break
    seen, asked = seen + got, asked + got
    if answers and asked.rstrip().endswith((b":", b"[y/N]")) and not select.select([terminal], [], [], 0.3)[0]:
        os.write(terminal, answers.pop(0).encode() + b"\n")
        asked = b""
os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
"#;
        let mut python = Command::new("timeout");
        python.args(["60", "python3", "-c", SCRIPT, &answers.len().to_string()]);
        python
            .args(answers)
            .arg(command.get_program())
            .args(command.get_args());
        python.env_clear();
        for (name, value) in command.get_envs() {
            python.env(name, value.unwrap_or_default());
        }
        run(&mut python).ok()
    }
}

/// Every file that a command opens to write or makes, by its path.
pub(super) fn files_written(command: &Command) -> Vec<String> {
    let scratch = Scratch::new("written");
    let trace = scratch.join("trace");
    let mut strace = Command::new("strace");
    strace
        .args([
            "-f",
            "-y",
            "-e",
            "signal=none",
            "-e",
            "trace=openat,creat",
            "-o",
        ])
        .arg(&trace)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        strace.env(name, value.unwrap_or_default());
    }
    let _ = run(&mut strace).expect_code(0);
    let text = fs::read_to_string(&trace).unwrap();
    let writes = |line: &&str| {
        ["O_WRONLY", "O_RDWR", "O_CREAT"]
            .iter()
            .any(|flag| line.contains(flag))
    };
    let path = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let mut paths: Vec<String> = text.lines().filter(writes).filter_map(path).collect();
    paths.retain(|path| !path.starts_with("/dev/") && !path.starts_with("/proc/"));
    paths.sort();
    paths.dedup();
    paths
}

/// The same command where the kernel gives another host name.
pub(super) fn on_another_host(command: &Command) -> Command {
    let mut unshare = Command::new("unshare");
    let script = "echo elsewhere > /proc/sys/kernel/hostname && exec \"$0\" \"$@\"";
    unshare
        .args(["--uts", "sh", "-c", script])
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        unshare.env(name, value.unwrap_or_default());
    }
    unshare
}
