//! A command that this process stands behind: it gets the signals, and what it says at its end is what we say.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, getpgid, kill_process, kill_process_group, waitid,
};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// How a child has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

impl Ended {
    /// The exit code that a shell would give for it.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(number) => 128 | number,
        }
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        let number = |value: i32| u8::try_from(value).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(number(code)),
            (None, signal) => Self::Signal(number(signal.unwrap_or_default())),
        }
    }
}

/// From here on no signal ends this process before its child has ended.
///
/// Ctrl-C and Ctrl-\ reach the child from the terminal, as they reach every command, so here they do nothing. SIGTERM and
/// SIGHUP are meant for the command too, but reach only us: they are passed on. Handlers, unlike ignored signals, are not
/// inherited; and a signal that is ignored already, as under nohup, stays so for both.
#[derive(Debug)]
pub(crate) struct Signals {
    woken: UnixStream,
    passed_on: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Begins to listen; before the child is started, so that nothing is missed.
    pub(crate) fn listen() -> io::Result<Self> {
        let (woken, waker) = UnixStream::pair()?;
        let ignored = ignored(&std::fs::read_to_string("/proc/self/status").unwrap_or_default());
        let heeded = |signal: &i32| ignored >> (signal - 1) & 1 == 0;
        for signal in [SIGINT, SIGQUIT].into_iter().filter(heeded) {
            signal_hook::flag::register(signal, Arc::default())?;
        }
        let mut passed_on = Vec::new();
        for (signal, number) in [(Signal::TERM, SIGTERM), (Signal::HUP, SIGHUP)] {
            if heeded(&number) {
                let came = Arc::<AtomicBool>::default();
                // In this order: whoever is woken by it finds the flag raised.
                signal_hook::flag::register(number, Arc::clone(&came))?;
                signal_hook::low_level::pipe::register(number, waker.try_clone()?)?;
                passed_on.push((signal, came));
            }
        }
        for signal in [SIGCHLD, SIGCONT] {
            signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        Ok(Self { woken, passed_on })
    }

    /// Stays with the child until it has ended.
    pub(crate) fn accompany(mut self, child: &mut Child) -> io::Result<Ended> {
        let process = Pid::from_child(child);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status.into());
            }
            // Only this thread waits for the child, so its number is still its own.
            for (signal, came) in &self.passed_on {
                if came.swap(false, Ordering::Relaxed) {
                    let _just_ended = kill_process(process, *signal);
                }
            }
            rest_with(process);
            let mut bytes = [0; 64];
            match self.woken.read(&mut bytes) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
    }
}

/// A shell that suspends itself has a process group of its own: the terminal would be left to nobody if we did not stop
/// as well. Ctrl-Z needs nothing: it stops the whole group, this process among it.
fn rest_with(child: Pid) {
    let stops = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG;
    let has_stopped = waitid(WaitId::Pid(child), stops).is_ok_and(|change| change.is_some());
    let (Ok(theirs), Ok(ours)) = (getpgid(Some(child)), getpgid(None)) else {
        return;
    };
    if has_stopped && theirs != ours {
        let _stopped = kill_process(rustix::process::getpid(), Signal::STOP);
        // Somebody has brought us back.
        let _back = kill_process_group(theirs, Signal::CONT);
    }
}

/// The mask of ignored signals in `/proc/self/status`.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}

/// Keeps an inherited descriptor from the child, and no other. In the place of a standard one it gets an empty one.
pub(crate) fn withhold(command: &mut Command, descriptor: i32) {
    match descriptor {
        0 => command.stdin(Stdio::null()),
        1 => command.stdout(Stdio::null()),
        2 => command.stderr(Stdio::null()),
        number => {
            let others: Vec<i32> = std::fs::read_dir("/proc/self/fd")
                .into_iter()
                .flatten()
                .flatten()
                .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
                .filter(|other| *other != number)
                .collect();
            close_fds::set_fds_cloexec(number, &others);
            command
        }
    };
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::{Ended, ignored};

    #[test]
    fn the_end_of_a_child_is_a_number_as_in_a_shell() {
        for (status, code) in [(0, 0), (1 << 8, 1), (255 << 8, 255), (9, 137), (15, 143)] {
            let ended = Ended::from(ExitStatus::from_raw(status));
            assert_eq!(ended.code(), code, "{status}");
        }
        assert_eq!(Ended::from(ExitStatus::from_raw(2)), Ended::Signal(2));
    }

    #[test]
    fn ignored_signals_are_read_from_the_status() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t1\n";
        assert_eq!(ignored(status), 0x1001);
        assert_eq!(ignored(""), 0);
    }
}
