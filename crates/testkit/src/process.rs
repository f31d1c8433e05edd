//! Running programs, waiting for things, and ending processes by their id.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// What a program said and how it ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub command: String,
    /// The exit code, or 128 plus the signal that ended it.
    pub code: i32,
    /// Standard output, lossily UTF-8.
    pub stdout: String,
    /// Standard error, lossily UTF-8.
    pub stderr: String,
}

impl Outcome {
    /// Insists on exit code 0 and gives the standard output.
    ///
    /// # Panics
    /// On any other code, with everything the program said.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> String {
        assert!(self.code == 0, "{self}");
        self.stdout
    }

    /// Insists on exit code `code`.
    ///
    /// # Panics
    /// On any other code, with everything the program said.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert!(self.code == code, "wanted exit code {code}: {self}");
        self
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "`{}` ended with {}\n--- stdout\n{}--- stderr\n{}---",
            self.command, self.code, self.stdout, self.stderr
        )
    }
}

/// Runs `command` to its end with no standard input.
///
/// Output goes through files, not pipes: a daemon that the program leaves behind may keep a pipe
/// open for ever.
///
/// # Panics
/// When the program cannot be started.
pub fn run(command: &mut Command) -> Outcome {
    let said = [temporary(), temporary()];
    let copy = |file: &fs::File| Stdio::from(file.try_clone().expect("duplicate a descriptor"));
    let what = describe(command);
    let command = command
        .stdin(Stdio::null())
        .stdout(copy(&said[0]))
        .stderr(copy(&said[1]));
    let mut patience = 100;
    let status = loop {
        match command.status() {
            // A script of ours was just written, and a program that another test starts at this moment still has the
            // descriptor: until it runs, the script cannot.
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && patience > 0 => {
                patience -= 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            status => break status.unwrap_or_else(|error| panic!("cannot run `{what}`: {error}")),
        }
    };
    let [stdout, stderr] = said.map(|mut file| {
        use std::io::{Read, Seek};
        let mut bytes = Vec::new();
        file.rewind()
            .and_then(|()| file.read_to_end(&mut bytes))
            .expect("read what a program said");
        String::from_utf8_lossy(&bytes).into_owned()
    });
    Outcome {
        command: what,
        code: status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)),
        stdout,
        stderr,
    }
}

/// Runs `program` with `arguments`; a shorthand for [`run`].
pub fn call(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Outcome {
    run(Command::new(program).args(arguments))
}

/// An unnamed file in memory.
fn temporary() -> fs::File {
    let flags = rustix::fs::MemfdFlags::CLOEXEC;
    rustix::fs::memfd_create("said", flags)
        .expect("memfd_create")
        .into()
}

pub(crate) fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(std::ffi::OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// What a command cost: the time from start to end, and the CPU of it and of every child that it
/// waited for (a daemon that it leaves behind costs it nothing).
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// From start to end.
    pub wall: Duration,
    /// CPU, in the program and in the kernel on its behalf; exact to a millisecond.
    pub cpu: Duration,
}

/// Runs `command` as [`run`] does and gives what it cost too.
///
/// # Panics
/// When it cannot be started.
pub fn cost(command: &Command) -> (Cost, Outcome) {
    // bash's `time` is the nearest door to the kernel's own account of children.
    let script = "TIMEFORMAT='%3R %3U %3S'; exec 3>&2; { time \"$@\" 2>&3; } 2>/proc/self/fd/9";
    let times = temporary();
    let mut bash = Command::new("bash");
    let path = format!(
        "/proc/{}/fd/{}",
        std::process::id(),
        std::os::fd::AsRawFd::as_raw_fd(&times)
    );
    bash.args(["-c", &script.replace("/proc/self/fd/9", &path), "bash"])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bash.env(name, value),
            None => bash.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        bash.current_dir(folder);
    }
    let outcome = run(&mut bash);
    let said = fs::read_to_string(&path).expect("what bash measured");
    let seconds: Vec<f64> = said
        .split_whitespace()
        .filter_map(|number| number.parse().ok())
        .collect();
    let [wall, user, system] = seconds.as_slice() else {
        panic!("bash said no times: {said}: {outcome}");
    };
    let cost = Cost {
        wall: Duration::from_secs_f64(*wall),
        cpu: Duration::from_secs_f64(user + system),
    };
    (cost, outcome)
}

/// Asks `ready` again and again until it says yes.
///
/// # Panics
/// When it still says no after `limit`; `what` completes "waited … for".
#[track_caller]
pub fn wait_for(what: &str, limit: Duration, mut ready: impl FnMut() -> bool) {
    assert!(
        becomes(limit, &mut ready),
        "waited {} s for {what}",
        limit.as_secs()
    );
}

/// Whether `ready` says yes within `limit`.
pub fn becomes(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + limit;
    loop {
        if ready() {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A TCP port on which nobody listens, another one each time.
///
/// Below those that the kernel gives to whoever connects (from 32768): one of those could become the near end of some
/// other test's connection while a daemon restarts, and the daemon would not get it back.
///
/// # Panics
/// When the machine has none.
#[must_use]
pub fn free_port() -> u16 {
    const LOWEST: u32 = 12_000;
    const COUNT: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    // Each process has its own beginning, so that two of them do not follow each other.
    let first = std::process::id().wrapping_mul(7919);
    (0..COUNT)
        .map(|_| first.wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed)))
        .filter_map(|number| u16::try_from(LOWEST + number % COUNT).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_ok())
        .expect("a free port")
}

/// Whether process `pid` runs (a zombie does not).
#[must_use]
pub fn runs(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// Ends `pid` by `SIGTERM`, or by `SIGKILL` when it is still there after `patience`.
pub fn end(pid: u32, patience: Duration) {
    signal(pid, Signal::TERM);
    if !becomes(patience, || !runs(pid)) {
        signal(pid, Signal::KILL);
        becomes(Duration::from_secs(5), || !runs(pid));
    }
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let Some(id) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return;
    };
    if test_kill_process(id).is_ok() {
        // It may have ended since; that is what was wanted.
        let _ = kill_process(id, signal);
    }
}

fn state(pid: u32) -> Option<char> {
    stat(pid)?.chars().next()
}

/// The fields of `/proc/PID/stat` after the name: state, parent, …
fn stat(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.to_owned())
}

/// Every process with its parent.
fn all() -> Vec<(u32, u32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| runs(*pid))
        .filter_map(|pid| {
            let parent = stat(pid)?.split(' ').nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect()
}

/// The children of `pid`.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let all = all().into_iter();
    all.filter(|(_, parent)| *parent == pid)
        .map(|(pid, _)| pid)
        .collect()
}

/// Processes whose command line names `path`, and everything below them (the processes of a
/// container name nothing, but hang below a shim that does). Never this process.
#[must_use]
pub fn naming(path: &Path) -> Vec<u32> {
    let needle = path.display().to_string();
    let all = all();
    let mut found: Vec<u32> = Vec::new();
    for (pid, _) in &all {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if *pid != std::process::id() && String::from_utf8_lossy(&words).contains(&needle) {
            found.push(*pid);
        }
    }
    loop {
        let below: Vec<u32> = all
            .iter()
            .filter(|(pid, parent)| found.contains(parent) && !found.contains(pid))
            .map(|(pid, _)| *pid)
            .collect();
        if below.is_empty() {
            return found;
        }
        found.extend(below);
    }
}

/// Mount points below `path`, deepest first.
#[must_use]
pub fn mounts_below(path: &Path) -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut points: Vec<String> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .filter(|point| Path::new(point).starts_with(path))
        .map(str::to_owned)
        .collect();
    points.sort_by_key(|point| std::cmp::Reverse(point.len()));
    points
}

/// Takes away every mount below `path`.
pub(crate) fn unmount_below(path: &Path) {
    for point in mounts_below(path) {
        if call("umount", &[&point]).code != 0 {
            let _ = call("umount", &["-l", &point]);
        }
    }
}

/// Removes the control groups of containers that are gone: whoever killed them instead of asking
/// their daemon has to. `containers` is the daemon's folder of that name; control groups carry the
/// containers' ids.
pub(crate) fn remove_control_groups(containers: &Path) {
    for container in fs::read_dir(containers).into_iter().flatten().flatten() {
        let id = container.file_name();
        for hierarchy in fs::read_dir("/sys/fs/cgroup")
            .into_iter()
            .flatten()
            .flatten()
        {
            for parent in ["docker", "payload/docker"] {
                // A control group that still has a process cannot be removed; that is as it should be.
                let _ = fs::remove_dir(hierarchy.path().join(parent).join(&id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_has_code_and_both_outputs() {
        let outcome = call("sh", &["-c", "echo out; echo err >&2; exit 3"]);
        assert_eq!(outcome.code, 3);
        assert_eq!(outcome.stdout, "out\n");
        assert_eq!(outcome.stderr, "err\n");
        assert_eq!(call("sh", &["-c", "kill -KILL $$"]).code, 137);
    }

    #[test]
    fn a_busy_command_costs_cpu_and_a_sleeping_one_only_time() {
        let shell = |line: &str| {
            let mut command = Command::new("bash");
            command.args(["-c", line]);
            cost(&command)
        };
        let (busy, outcome) =
            shell("for ((i=0;i<50000;i++)); do :; done; echo out; echo err >&2; exit 3");
        assert!(busy.cpu > Duration::from_millis(5), "{busy:?}");
        assert_eq!(outcome.code, 3);
        assert_eq!(
            (outcome.stdout.as_str(), outcome.stderr.as_str()),
            ("out\n", "err\n")
        );
        let (asleep, _) = shell("sleep 0.3");
        assert!(asleep.wall >= Duration::from_millis(290), "{asleep:?}");
        assert!(asleep.cpu < Duration::from_millis(200), "{asleep:?}");
    }

    #[test]
    fn a_child_left_behind_does_not_hold_us_up() {
        let start = Instant::now();
        let outcome = call("sh", &["-c", "sleep 5 & echo $!"]);
        assert!(start.elapsed() < Duration::from_secs(4));
        end(outcome.ok().trim().parse().unwrap(), Duration::from_secs(1));
    }

    #[test]
    fn a_process_is_found_by_the_path_it_names_and_ended() {
        let path = std::env::temp_dir().join(crate::scratch::unique("named"));
        let mut child = Command::new("sh")
            .args(["-c", "sleep 60; :", "sh"])
            .arg(&path)
            .spawn()
            .unwrap();
        wait_for("the child's own child", Duration::from_secs(5), || {
            naming(&path).len() == 2
        });
        for pid in naming(&path) {
            end(pid, Duration::from_secs(1));
        }
        assert!(naming(&path).is_empty());
        child.wait().unwrap();
    }
}
