//! The one door to the operating system: commands, the daemon's socket, processes, interfaces.
//!
//! Everything that observes or acts takes a [`System`]; [`Local`] is the real one, and tests script
//! theirs. Files are reached through [`Root`], so that a temporary directory can play `/`.

use crate::Root;
use rustix::time::ClockId;
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The largest answer of an engine, or output of a command, that is read.
const ANSWER_LIMIT: u64 = 16 * 1024 * 1024;

/// A command to run: an argument vector, never a shell line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// How long it may take before it is killed.
    pub timeout: Duration,
    /// Variables added to the clean environment (`PATH`, `HOME`, `XDG_RUNTIME_DIR`, `LC_ALL=C`).
    pub variables: Vec<(String, String)>,
}

impl Invocation {
    /// A command with 30 seconds to live.
    pub fn new<I, S>(argv: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            timeout: Duration::from_secs(30),
            variables: Vec::new(),
        }
    }

    /// The user's own restart command: the only text that ever reaches a shell.
    pub fn shell(line: &str) -> Self {
        Self::new(["/bin/sh", "-c", line]).within(Duration::from_secs(120))
    }

    /// Sets the time it may take.
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        self.argv
            .iter()
            .map(|word| shlex::try_quote(word).map_or_else(|_| word.clone(), |w| w.into_owned()))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Exit status; `None` when it was killed, by us (too slow) or by others.
    pub status: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

impl Outcome {
    /// Exit status 0.
    pub fn success(&self) -> bool {
        self.status == Some(0)
    }
}

/// A network interface's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The interface's name, such as `eth0`.
    pub name: String,
    /// One address of it.
    pub address: IpAddr,
}

/// The operating system, as far as this crate needs it.
pub trait System: Send + Sync {
    /// Where `/` is.
    fn root(&self) -> &Root;
    /// Runs a command in a clean environment and waits for it.
    fn run(&self, invocation: &Invocation) -> io::Result<Outcome>;
    /// Sends bytes to a unix socket and reads the answer to its end.
    fn exchange(&self, socket: &Path, request: &[u8], timeout: Duration) -> io::Result<Vec<u8>>;
    /// The process that listens on a unix socket (its credentials at the time of `listen`).
    fn listener_pid(&self, socket: &Path) -> io::Result<u32>;
    /// Sends SIGHUP.
    fn hang_up(&self, pid: u32) -> io::Result<()>;
    /// Effective user and group.
    fn user(&self) -> (u32, u32);
    /// A variable of our own environment.
    fn variable(&self, name: &str) -> Option<String>;
    /// This host's name.
    fn hostname(&self) -> String;
    /// The addresses of all interfaces.
    fn interfaces(&self) -> Vec<Interface>;
    /// When this machine was booted, in Unix seconds, as its clock has it now. The kernel's own figure (`btime` in
    /// `/proc/stat`) is cut to whole seconds, too much for telling what came first.
    fn booted_at(&self) -> f64;
    /// Waits. A scripted system returns at once.
    fn pause(&self, duration: Duration);
}

/// The machine we run on.
#[derive(Debug)]
pub struct Local {
    root: Root,
}

impl Local {
    /// The machine with its own `/`.
    pub fn new() -> Self {
        Self { root: Root::host() }
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl System for Local {
    fn root(&self) -> &Root {
        &self.root
    }

    fn run(&self, invocation: &Invocation) -> io::Result<Outcome> {
        let Some((program, arguments)) = invocation.argv.split_first() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "empty command"));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", search_path())
            .envs(invocation.variables.iter().map(|(k, v)| (k, v)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // What `systemctl --user` needs to find its manager, and dockerd its home.
        for name in [
            "HOME",
            "XDG_RUNTIME_DIR",
            "DBUS_SESSION_BUS_ADDRESS",
            "XDG_CONFIG_HOME",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let mut child = command.spawn()?;
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        let deadline = Instant::now() + invocation.timeout;
        let mut nap = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status.code();
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(nap);
            nap = (nap * 2).min(Duration::from_millis(50));
        };
        Ok(Outcome {
            status,
            stdout: collect(stdout),
            stderr: collect(stderr),
        })
    }

    fn exchange(&self, socket: &Path, request: &[u8], timeout: Duration) -> io::Result<Vec<u8>> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        stream.write_all(request)?;
        let mut answer = Vec::new();
        stream.take(ANSWER_LIMIT).read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn listener_pid(&self, socket: &Path) -> io::Result<u32> {
        let stream = UnixStream::connect(socket)?;
        let credentials = rustix::net::sockopt::socket_peercred(&stream)?;
        u32::try_from(credentials.pid.as_raw_nonzero().get()).map_err(io::Error::other)
    }

    fn hang_up(&self, pid: u32) -> io::Result<()> {
        let raw = i32::try_from(pid).map_err(io::Error::other)?;
        let pid = rustix::process::Pid::from_raw(raw)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "process 0"))?;
        Ok(rustix::process::kill_process(
            pid,
            rustix::process::Signal::HUP,
        )?)
    }

    fn user(&self) -> (u32, u32) {
        (
            rustix::process::geteuid().as_raw(),
            rustix::process::getegid().as_raw(),
        )
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }

    fn hostname(&self) -> String {
        rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned()
    }

    fn interfaces(&self) -> Vec<Interface> {
        // No interface list is no reason to stop: names can be given by hand.
        if_addrs::get_if_addrs()
            .unwrap_or_default()
            .into_iter()
            .map(|found| Interface {
                address: found.ip(),
                name: found.name,
            })
            .collect()
    }

    fn booted_at(&self) -> f64 {
        let seconds = |clock| {
            let time = rustix::time::clock_gettime(clock);
            Duration::try_from(time).map_or(0.0, |time| time.as_secs_f64())
        };
        seconds(ClockId::Realtime) - seconds(ClockId::Boottime)
    }

    fn pause(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// Our own search path, or the system's when there is none.
fn search_path() -> PathBuf {
    std::env::var_os("PATH").map_or_else(
        || PathBuf::from("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        PathBuf::from,
    )
}

/// What has come out of a pipe so far, and whether it has ended.
type Drain = Option<Arc<(Mutex<(Vec<u8>, bool)>, Condvar)>>;

/// Reads a pipe beside us, so that a talkative child cannot block on it.
fn drain(pipe: Option<impl Read + Send + 'static>) -> Drain {
    let mut pipe = pipe?.take(ANSWER_LIMIT);
    let shared = Arc::new((Mutex::new((Vec::new(), false)), Condvar::new()));
    let writer = Arc::clone(&shared);
    std::thread::spawn(move || {
        let mut chunk = [0; 8192];
        loop {
            // A pipe that breaks half-way still gives what came before.
            let count = pipe.read(&mut chunk).unwrap_or(0);
            let Ok(mut state) = writer.0.lock() else {
                return;
            };
            state
                .0
                .extend_from_slice(chunk.get(..count).unwrap_or_default());
            if count == 0 {
                state.1 = true;
                writer.1.notify_all();
                return;
            }
        }
    });
    Some(shared)
}

/// What was drained. A grandchild (a daemon started by the restart command) may hold the pipe open
/// for ever, so the wait ends soon after the command itself did.
fn collect(drain: Drain) -> String {
    let Some(shared) = drain else {
        return String::new();
    };
    let Ok(state) = shared.0.lock() else {
        return String::new();
    };
    let waited = shared
        .1
        .wait_timeout_while(state, Duration::from_millis(500), |state| !state.1);
    waited
        .map(|(state, _)| String::from_utf8_lossy(&state.0).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Invocation, Local, System};
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[test]
    fn a_command_runs_in_a_clean_environment() {
        let out = Local::new()
            .run(&Invocation::new(["/usr/bin/env"]))
            .unwrap();
        assert!(out.success());
        assert!(out.stdout.contains("LC_ALL=C\n"), "{}", out.stdout);
        assert!(!out.stdout.contains("CARGO"), "{}", out.stdout);
    }

    #[test]
    fn a_command_that_hangs_is_killed() {
        let slow = Invocation::new(["/bin/sleep", "60"]).within(Duration::from_millis(50));
        assert_eq!(Local::new().run(&slow).unwrap().status, None);
    }

    #[test]
    fn a_daemon_that_inherits_the_pipe_does_not_hold_us() {
        let out = Local::new()
            .run(&Invocation::shell("sleep 3 & echo started"))
            .unwrap();
        assert!(out.success());
        assert_eq!(out.stdout, "started\n");
    }

    /// By `btime` a daemon could have been started up to a second after a file that was changed behind its back.
    #[test]
    fn the_time_of_the_start_is_known_to_a_few_hundredths_of_a_second() {
        let before = SystemTime::now();
        let mut child = std::process::Command::new("sleep")
            .arg("9")
            .spawn()
            .unwrap();
        let after = SystemTime::now();
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let ticks: f64 = stat.split(' ').nth(21).unwrap().parse().unwrap();
        let started = Local::new().booted_at() + ticks / 100.0;
        let [before, after] =
            [before, after].map(|time| time.duration_since(UNIX_EPOCH).unwrap().as_secs_f64());
        assert!(
            before - 0.02 <= started && started <= after + 0.02,
            "{before} {started} {after}"
        );
    }
}
