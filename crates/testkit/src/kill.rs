//! Killing a program at every system call that changes something.
//!
//! A first run under strace lists the calls; then the program runs once for each of them and is
//! killed, by strace's injection, as it enters that very call: the calls before it have happened,
//! it and those after it have not. Between two runs the caller puts the world back, after each
//! one the caller judges what is there.
//!
//! Only the program's own main thread is counted and killed: a program that does all its writing
//! there (ours does) is covered at every instant. Children, such as a restart command, run on
//! undisturbed, as they would after a real kill.

use std::fs;
use std::process::Command;

use crate::machine::Machine;
use crate::process::{Outcome, run};
use crate::scratch::{Scratch, unique};

/// Calls that change files, processes or what a peer has been told. `strace` counts each by its
/// own name, so an instant is a name and a number.
const MUTATING: &[&str] = &[
    "openat",
    "creat",
    "write",
    "pwrite64",
    "writev",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "fchown",
    "fchownat",
    "lchown",
    "truncate",
    "ftruncate",
    "fallocate",
    "utimensat",
    "setxattr",
    "fsetxattr",
    "copy_file_range",
    "sendfile",
    "kill",
    "pidfd_send_signal",
    "tgkill",
    "fork",
    "vfork",
    "clone",
    "clone3",
    "connect",
    "sendto",
    "sendmsg",
    "fsync",
    "fdatasync",
];

/// What is killed, and where it runs.
#[derive(Debug)]
pub enum Program<'a> {
    /// On this machine, with the command's arguments, environment and folder.
    Here(Command),
    /// Inside a machine, as root: the program and its arguments.
    Inside(&'a Machine, Vec<String>),
}

impl From<Command> for Program<'_> {
    fn from(command: Command) -> Self {
        Self::Here(command)
    }
}

impl<'a> Program<'a> {
    /// `words` inside `machine`.
    #[must_use]
    pub fn inside(machine: &'a Machine, words: &[&str]) -> Self {
        Self::Inside(
            machine,
            words.iter().map(|word| (*word).to_owned()).collect(),
        )
    }

    /// The program under strace with `options`.
    fn under_strace(&self, options: &[&str]) -> Command {
        match self {
            Self::Here(command) => {
                let mut strace = Command::new("strace");
                strace
                    .args(options)
                    .arg("--")
                    .arg(command.get_program())
                    .args(command.get_args());
                for (name, value) in command.get_envs() {
                    match value {
                        Some(value) => strace.env(name, value),
                        None => strace.env_remove(name),
                    };
                }
                if let Some(folder) = command.get_current_dir() {
                    strace.current_dir(folder);
                }
                strace
            }
            Self::Inside(machine, words) => {
                let mut strace = machine.command("strace");
                strace.args(options).arg("--").args(words);
                strace
            }
        }
    }

    /// Runs it under strace and gives what strace wrote.
    fn trace(&self, options: &[&str]) -> (String, Outcome) {
        let scratch = Scratch::new("strace");
        let inside = format!("/run/{}", unique("trace"));
        let (there, here) = match self {
            Self::Here(_) => {
                let path = scratch.join("trace");
                (path.display().to_string(), path)
            }
            Self::Inside(machine, _) => {
                let path = machine.path(&inside);
                (inside, path)
            }
        };
        let mut all = options.to_vec();
        all.extend(["-o", &there]);
        let outcome = run(&mut self.under_strace(&all));
        let text = fs::read(&here)
            .unwrap_or_else(|error| panic!("strace wrote nothing: {error}: {outcome}"));
        let _ = fs::remove_file(&here);
        (String::from_utf8_lossy(&text).into_owned(), outcome)
    }
}

/// One moment at which a program can be killed: as it enters this call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instant {
    /// The system call's name.
    pub call: String,
    /// Which of the calls of that name it is, from 1.
    pub number: usize,
    /// The call with its arguments, as strace printed it, for messages.
    pub line: String,
    /// The path that it is about, when the number counts the calls about that path only.
    pub path: Option<String>,
}

/// What one killed run was like.
#[derive(Debug)]
pub struct Killed<'a> {
    /// Where it was killed.
    pub instant: &'a Instant,
    /// Whether it was killed; `false` when this run did not get as far and ended by itself.
    pub killed: bool,
    /// What the program said until then.
    pub outcome: Outcome,
}

/// How many instants were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Runs.
    pub tried: usize,
    /// Runs that ended by the kill.
    pub killed: usize,
}

/// The instants of one run of `program`, in order.
///
/// # Panics
/// When strace cannot run the program.
#[must_use]
pub fn instants(program: &Program<'_>) -> (Vec<Instant>, Outcome) {
    let calls = format!("trace={}", names());
    let (text, outcome) = program.trace(&["-y", "-s", "64", "-e", "signal=none", "-e", &calls]);
    (parse(&text), outcome)
}

/// As [`instants`], with numbers that count the calls about one path: a program that waits for others makes other calls of the
/// same name in between, and not always as many. Only for a run in the same place: the paths must be the same again. Paths
/// with a name that is drawn anew in each run count as before.
///
/// # Panics
/// When strace cannot run the program.
#[must_use]
pub fn instants_by_path(program: &Program<'_>) -> (Vec<Instant>, Outcome) {
    let calls = format!("trace={}", names());
    let (text, outcome) = program.trace(&["-y", "-s", "200", "-e", "signal=none", "-e", &calls]);
    let mut found = parse(&text);
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut numbers = Vec::new();
    for line in text.lines() {
        let Some((call, arguments)) = line.split_once('(') else {
            continue;
        };
        if !MUTATING.contains(&call) {
            continue;
        }
        // strace takes no address of a socket for a path.
        let talks = matches!(call, "connect" | "sendto" | "sendmsg");
        let path = path_of(arguments).filter(|_| !talks);
        let about = path.map(|path| (call.to_owned(), path));
        let number = about.clone().map(|about| {
            seen.push(about.clone());
            seen.iter().filter(|other| **other == about).count()
        });
        if changes(call, arguments) {
            numbers.push(about.map(|(_, path)| path).zip(number));
        }
    }
    for (instant, about) in found.iter_mut().zip(numbers) {
        if let Some((path, number)) = about {
            instant.path = Some(path);
            instant.number = number;
        }
    }
    (found, outcome)
}

/// The file that a call is about, unless its name is drawn anew in each run.
fn path_of(arguments: &str) -> Option<String> {
    let mut words = arguments.split(['"', '<', '>']);
    let is_here =
        |word: &&str| word.starts_with('/') && !arguments.contains(&format!("AT_FDCWD<{word}>"));
    let path = words.find(is_here)?;
    let drawn = path.split('/').any(|name| {
        let hex = name
            .split(['.', '-'])
            .map(|part| part.len() >= 16 && part.bytes().all(|b| b.is_ascii_hexdigit()));
        hex.into_iter().any(|drawn| drawn)
    });
    (!drawn && !path.starts_with("/proc/") && !path.starts_with("/dev/")).then(|| path.to_owned())
}

/// The lines of a trace in which another thread of the program than its main one changes a file:
/// instants that killing the main thread's calls would miss. Should be empty.
///
/// # Panics
/// When strace cannot run the program.
#[must_use]
pub fn changes_by_other_threads(program: &Program<'_>) -> Vec<String> {
    let calls = format!("trace={}", names());
    // Children are let go as they become another program: a daemon among them would be waited for.
    let (text, _) = program.trace(&[
        "-f",
        "-b",
        "execve",
        "-y",
        "-s",
        "64",
        "-e",
        "signal=none",
        "-e",
        &calls,
    ]);
    let mut threads: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let Some((pid, rest)) = line.split_once(' ') else {
            continue;
        };
        let rest = rest.trim_start();
        if rest.contains("clone") && rest.contains("CLONE_THREAD") {
            threads.extend(rest.rsplit_once("= ").map(|(_, thread)| thread.trim()));
        }
        let Some((call, arguments)) = rest.split_once('(') else {
            continue;
        };
        let talks = matches!(call, "connect" | "sendto" | "sendmsg") || call.starts_with("clone");
        let to_peer = arguments.contains("<socket:");
        if threads.contains(&pid)
            && MUTATING.contains(&call)
            && changes(call, arguments)
            && !talks
            && !to_peer
        {
            found.push(rest.to_owned());
        }
    }
    found
}

/// Kills `command()` at every instant of a run of it.
///
/// `reset` puts the world into the state from which a run begins; `command` gives the program,
/// the same each time (a `Command`, or a [`Program`] inside a machine); `check_after` judges what a killed run left. The first run, which lists the
/// instants, is not killed and not judged; its exit code must be 0.
///
/// # Panics
/// When the first run fails, and wherever `reset` or `check_after` panic.
pub fn at_every_instant<'a, P: Into<Program<'a>>>(
    reset: impl FnMut(),
    command: impl FnMut() -> P,
    check_after: impl FnMut(&Killed<'_>),
) -> Count {
    at_instants(|_| true, reset, command, check_after)
}

/// As [`at_every_instant`], at those instants only that `wanted` picks.
///
/// # Panics
/// As [`at_every_instant`].
pub fn at_instants<'a, P: Into<Program<'a>>>(
    mut wanted: impl FnMut(&Instant) -> bool,
    mut reset: impl FnMut(),
    mut command: impl FnMut() -> P,
    mut check_after: impl FnMut(&Killed<'_>),
) -> Count {
    reset();
    let (all, outcome) = instants(&command().into());
    assert!(
        outcome.code == 0,
        "the run that is not killed fails: {outcome}"
    );
    let mut count = Count {
        tried: 0,
        killed: 0,
    };
    for instant in all.iter().filter(|instant| wanted(instant)) {
        reset();
        let outcome = kill_at(&command().into(), instant);
        let killed = outcome.code == 128 + 9;
        count.tried += 1;
        count.killed += usize::from(killed);
        check_after(&Killed {
            instant,
            killed,
            outcome,
        });
    }
    count
}

/// Runs `program` and kills it as it enters `instant`; the exit code is 137 when that came.
#[must_use]
pub fn kill_at(program: &Program<'_>, instant: &Instant) -> Outcome {
    kill_and_see(program, instant).0
}

/// As [`kill_at`], and gives the call that it was killed at, as strace printed it: a program that
/// waits for others may come there by another number than the run that was listed. Empty when it
/// ended by itself.
///
/// # Panics
/// When strace cannot run the program.
#[must_use]
pub fn kill_and_see(program: &Program<'_>, instant: &Instant) -> (Outcome, String) {
    let trace = format!("trace={}", instant.call);
    let inject = format!(
        "inject={}:signal=KILL:when={}",
        instant.call, instant.number
    );
    let mut options = vec![
        "-y",
        "-s",
        "64",
        "-e",
        "signal=none",
        "-e",
        &trace,
        "-e",
        &inject,
    ];
    if let Some(path) = &instant.path {
        options.extend(["-P", path]);
    }
    let (text, outcome) = program.trace(&options);
    let mut calls = text.lines().rev().filter(|line| line.contains('('));
    let last = calls.next().filter(|_| outcome.code == 128 + 9);
    (outcome, last.unwrap_or_default().to_owned())
}

/// The names for strace; `?` lets it pass over those this kernel does not know.
fn names() -> String {
    let names: Vec<String> = MUTATING.iter().map(|name| format!("?{name}")).collect();
    names.join(",")
}

/// Counts every call by its name, and keeps those that change something.
fn parse(trace: &str) -> Vec<Instant> {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let Some((call, arguments)) = line.split_once('(') else {
            continue;
        };
        if !MUTATING.contains(&call) {
            continue;
        }
        let number = match seen.iter_mut().find(|(name, _)| *name == call) {
            Some((_, number)) => {
                *number += 1;
                *number
            }
            None => {
                seen.push((call, 1));
                1
            }
        };
        if changes(call, arguments) {
            found.push(Instant {
                call: call.to_owned(),
                number,
                line: line.chars().take(600).collect(),
                path: None,
            });
        }
    }
    found
}

/// Whether a call changes what outlives the process.
fn changes(call: &str, arguments: &str) -> bool {
    match call {
        "openat" => ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"]
            .iter()
            .any(|flag| arguments.contains(flag)),
        // A file, as opposed to a pipe or a terminal: `4</path>`. Sockets count: a peer reads it.
        "write" | "pwrite64" | "writev" => {
            let target = arguments.split(['<', '>']).nth(1).unwrap_or_default();
            let device = target.starts_with("/dev/") || target.starts_with("/memfd:");
            (target.starts_with('/') && !device) || target.starts_with("socket:")
        }
        // A thread is no change; a process is.
        "clone" | "clone3" => !arguments.contains("CLONE_THREAD"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name_and_only_changes_are_kept() {
        let trace = "\
openat(AT_FDCWD</tmp>, \"/etc/ld.so.cache\", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
openat(AT_FDCWD</tmp>, \"a\", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</tmp/a>
write(1<pipe:[7]>, \"x\", 1) = 1
write(3</tmp/a>, \"x\", 1) = 1
write(2</dev/null>, \"x\", 1) = 1
clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD}, 88) = 12
clone3({flags=CLONE_VM|CLONE_VFORK}, 88) = 13
rename(\"a\", \"b\") = 0
+++ exited with 0 +++
";
        let kept: Vec<(String, usize)> = parse(trace)
            .into_iter()
            .map(|instant| (instant.call, instant.number))
            .collect();
        let wanted = [("openat", 2), ("write", 2), ("clone3", 2), ("rename", 1)];
        assert_eq!(kept, wanted.map(|(call, number)| (call.to_owned(), number)));
    }
}
