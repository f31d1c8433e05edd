//! Processes that are measured: started in the foreground, on a core of their own, ended by their id.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Done;
use crate::run::{at, quiet};

/// Which core a process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Core {
    /// The proxies'.
    First,
    /// Everybody else's: client and service.
    Second,
    /// Any: only the time until a first answer is measured, with as little as possible in between.
    Any,
}

/// What is started: words, and what is added to the environment.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) words: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
}

/// A running process and those that it started.
pub(super) struct Running {
    child: Child,
    name: String,
}

/// Memory of a process tree in KiB.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// Pages that it alone has, and its share of those that it does not have alone.
    pub(super) proportional: f64,
    /// All its pages.
    pub(super) resident: f64,
}

impl Launch {
    pub(super) fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            environment: Vec::new(),
        }
    }

    /// Starts it with as many open files as the machine allows; what it says goes to `log`.
    pub(super) fn start(&self, name: &str, core: Core, log: &Path) -> Done<Running> {
        let mut command = self.command(core);
        let out = at(log, fs::File::create(log))?;
        let errors = at(log, out.try_clone())?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Running {
            child,
            name: name.to_owned(),
        })
    }

    fn command(&self, core: Core) -> Command {
        let words = self.words.iter();
        let mut command = match core {
            Core::Any => {
                let mut command = Command::new("nice");
                command.args(["-n", "-15"]);
                command
            }
            Core::First | Core::Second => {
                // `sh` becomes the program, so the child's id is the program's. Before the machine's other
                // work, whose traces in the caches would be counted as ours.
                let line = "ulimit -n \"$(ulimit -Hn)\"; exec nice -n -15 taskset -c \"$0\" \"$@\"";
                let mut command = Command::new("sh");
                command
                    .args(["-c", line])
                    .arg(if core == Core::First { "0" } else { "1" });
                command
            }
        };
        command.args(words);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Running {
    /// The CPU seconds of the whole tree so far, those of its ended processes included.
    pub(super) fn cpu(&self) -> Done<f64> {
        let mut ticks = 0.0;
        for id in tree(self.child.id())? {
            // A process that has just ended is in its parent's account.
            let Ok(text) = fs::read_to_string(format!("/proc/{id}/stat")) else {
                continue;
            };
            // Behind the name, which may hold anything: the state, then the numbers from the fourth on.
            let after = text.rsplit_once(')').map_or("", |(_, after)| after);
            ticks += after
                .split_whitespace()
                .skip(11)
                .take(4)
                .filter_map(|number| number.parse::<f64>().ok())
                .sum::<f64>();
        }
        // USER_HZ is 100 on every Linux that Rust knows.
        Ok(ticks / 100.0)
    }

    /// The memory of the whole tree.
    pub(super) fn memory(&self) -> Done<Memory> {
        let (mut proportional, mut resident) = (0.0, 0.0);
        for id in tree(self.child.id())? {
            let Ok(text) = fs::read_to_string(format!("/proc/{id}/smaps_rollup")) else {
                continue;
            };
            let number = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name))
                    .and_then(|rest| rest.trim().strip_suffix("kB"))
                    .and_then(|number| number.trim().parse::<f64>().ok())
                    .unwrap_or_default()
            };
            proportional += number("Pss:");
            resident += number("Rss:");
        }
        Ok(Memory {
            proportional,
            resident,
        })
    }

    /// An error with the end of the log when it runs no more.
    pub(super) fn still_runs(&mut self, log: &Path) -> Done {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            _ => Err(format!("{} does not run: {}", self.name, end_of(log))),
        }
    }

    /// Ends it and everything that it started.
    pub(super) fn end(mut self) -> Done {
        let all = tree(self.child.id())?;
        let root = self.child.id().to_string();
        let _ = quiet(Command::new("kill").args(["-TERM", &root]));
        let until = Instant::now() + Duration::from_secs(10);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let others: Vec<u32> = all
            .into_iter()
            .filter(|id| *id != self.child.id())
            .collect();
        for id in others.iter().filter(|id| !is_gone(**id)) {
            let _ = quiet(Command::new("kill").args(["-KILL", &id.to_string()]));
        }
        while !others.iter().all(|id| is_gone(*id)) {
            if Instant::now() > until + Duration::from_secs(5) {
                return Err(format!("processes of {} do not end", self.name));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

/// Whether a process has ended, also when nobody has asked how yet.
fn is_gone(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

/// The process and its descendants.
fn tree(root: u32) -> Done<Vec<u32>> {
    let mut parents: Vec<(u32, u32)> = Vec::new();
    let proc = Path::new("/proc");
    for entry in at(proc, fs::read_dir(proc))?.flatten() {
        let Some(id) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, after)| after.split_whitespace().nth(1))
            .and_then(|parent| parent.parse().ok());
        if let Some(parent) = parent {
            parents.push((id, parent));
        }
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        found.extend(children.map(|(id, _)| *id));
        next += 1;
    }
    Ok(found)
}

/// The last lines of a log.
pub(super) fn end_of(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(8)..].join("\n")
}

/// A load: a process that says when it is ready, waits for a word, and gives numbers.
pub(super) struct Load {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Load {
    /// Starts it and waits until it is ready.
    pub(super) fn start(launch: &Launch) -> Done<Self> {
        let mut child = launch
            .command(Core::Second)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the load: {error}"))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the load has no pipes".to_owned());
        };
        let mut load = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        let said = load.line()?;
        if said == "ready" {
            Ok(load)
        } else {
            Err(format!("the load said `{said}`"))
        }
    }

    /// Lets it go on.
    pub(super) fn go(&mut self) -> Done {
        self.input
            .write_all(b"go\n")
            .map_err(|error| format!("the load: {error}"))
    }

    /// Waits for the next numbers.
    pub(super) fn numbers(&mut self) -> Done<Value> {
        let said = self.line()?;
        serde_json::from_str(&said).map_err(|error| format!("the load said `{said}`: {error}"))
    }

    fn line(&mut self) -> Done<String> {
        let mut said = String::new();
        let read = self.output.read_line(&mut said);
        if matches!(read, Ok(read) if read > 0) {
            return Ok(said.trim().to_owned());
        }
        let mut reason = String::new();
        if let Some(errors) = self.child.stderr.take() {
            let mut lines = BufReader::new(errors).lines();
            while let Some(Ok(line)) = lines.next() {
                reason.push_str(&line);
            }
        }
        Err(format!("the load stopped: {reason}"))
    }

    /// Waits until it has ended.
    pub(super) fn finish(mut self) -> Done {
        drop(self.input);
        let _ = self.child.wait();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_counted_with_its_children_and_ended_with_them() {
        let log = std::env::temp_dir().join(format!("sealock-bench-tree-{}", std::process::id()));
        let line = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done & sleep 100 & wait";
        let launch = Launch::new(&["sh", "-c", line]);
        let running = launch.start("sh", Core::First, &log).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while running.cpu().unwrap() < 0.05 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(running.cpu().unwrap() >= 0.05);
        assert!(running.memory().unwrap().proportional > 0.0);
        let all = tree(running.child.id()).unwrap();
        assert!(all.len() >= 2, "{all:?}");
        running.end().unwrap();
        assert!(all.iter().all(|id| is_gone(*id)), "{all:?}");
        fs::remove_file(&log).unwrap();
    }
}
