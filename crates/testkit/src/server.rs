//! Any server started by hand: a command line, a folder, three scripts.
//!
//! What is under test restarts servers by a command of its own, so starting and stopping are scripts here, and a test
//! calls the very same.

use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::dockerd::quoted;
use crate::network::Network;
use crate::process::{self, Outcome, becomes, run};
use crate::scratch::Scratch;

/// What a server is made of.
#[derive(Debug)]
pub struct Spec<'a> {
    /// What its folder is called after.
    pub name: &'a str,
    /// The words of its command line; `@FOLDER@` in them is the server's folder.
    pub command: Vec<String>,
    /// What it has logged when it serves.
    pub ready: &'a str,
    /// The user that it runs as, when not root.
    pub user: Option<&'a str>,
    /// The network in whose switch it runs, when not on this machine's loopback.
    pub network: Option<&'a Network>,
    /// Where it finds libraries.
    pub libraries: PathBuf,
}

/// A server of our own; dropping it ends it and removes its files.
#[derive(Debug)]
pub struct Server {
    scratch: Scratch,
    address: String,
    // Last: the namespace goes when nobody is in it any more.
    _network: Option<Network>,
}

impl Server {
    /// Makes the folder and the scripts; nothing is started.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn prepare(spec: &Spec<'_>) -> Self {
        let scratch = Scratch::new(spec.name);
        let address = spec.network.map_or_else(
            || Ipv4Addr::LOCALHOST.to_string(),
            |network| network.address().to_owned(),
        );
        let server = Self {
            scratch,
            address,
            _network: spec.network.cloned(),
        };
        server.write_scripts(spec);
        server
    }

    /// The folder of everything that it has.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A path inside of it; nothing is made.
    #[must_use]
    pub fn join(&self, relative: &str) -> PathBuf {
        self.scratch.join(relative)
    }

    /// Writes a file inside of it, with its folders, and gives its path.
    pub fn write(&self, relative: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        self.scratch.write(relative, bytes)
    }

    /// The address that it shall listen on: 127.0.0.1, or the switch's own when it has a network.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.join("pid")).ok()?;
        let pid = text.trim().parse().ok()?;
        // Not every program is told a path of ours, but each is started in our folder.
        let is_ours = process::naming(self.folder()).contains(&pid)
            || fs::read_link(format!("/proc/{pid}/cwd"))
                .is_ok_and(|cwd| cwd.starts_with(self.folder()));
        (process::runs(pid) && is_ours).then_some(pid)
    }

    /// What it has logged, all starts together.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A script that starts it and waits until it serves; exit code 1 and the end of the log when it does not.
    #[must_use]
    pub fn start_script(&self) -> PathBuf {
        self.join("start")
    }

    /// A script that stops it.
    #[must_use]
    pub fn stop_script(&self) -> PathBuf {
        self.join("stop")
    }

    /// A script that does both.
    #[must_use]
    pub fn restart_script(&self) -> PathBuf {
        self.join("restart")
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not come up, with the end of its log.
    pub fn start(&self) {
        let _ = self.try_start().ok();
    }

    /// Tries to start it.
    #[must_use]
    pub fn try_start(&self) -> Outcome {
        run(&mut Command::new(self.start_script()))
    }

    /// Stops it.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self) {
        let _ = run(&mut Command::new(self.stop_script())).ok();
    }

    /// Stops and starts it.
    ///
    /// # Panics
    /// When it does not come up again.
    pub fn restart(&self) {
        let _ = run(&mut Command::new(self.restart_script())).ok();
    }

    /// Sends it `SIGHUP`.
    ///
    /// # Panics
    /// When it does not run.
    pub fn hang_up(&self) {
        let pid = self.pid().expect("the server runs");
        process::signal(pid, rustix::process::Signal::HUP);
    }

    fn write_scripts(&self, spec: &Spec<'_>) {
        let folder = self.folder().display().to_string();
        let mut words: Vec<String> = Vec::new();
        if let Some(network) = spec.network {
            words.push("nsenter".to_owned());
            words.push(format!("--net={}", network.namespace_path()));
        }
        if let Some(user) = spec.user {
            words.push("setpriv".to_owned());
            words.push(format!("--reuid={user}"));
            words.push(format!("--regid={}", group_of(user)));
            words.push("--init-groups".to_owned());
        }
        // After setpriv: the environment is the server's.
        words.push("env".to_owned());
        words.push(format!("LD_LIBRARY_PATH={}", spec.libraries.display()));
        words.extend(
            spec.command
                .iter()
                .map(|word| word.replace("@FOLDER@", &folder)),
        );
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        let head = format!(
            "#!/bin/sh\nset -u\ncd {}\n\
             gone() {{ read -r stat 2>/dev/null <\"/proc/$1/stat\" || return 0; \
             case \"${{stat##*) }}\" in Z*) return 0;; esac; return 1; }}\n",
            quoted(&folder)
        );
        let stop = "if pid=$(cat pid 2>/dev/null) && kill -TERM \"$pid\" 2>/dev/null; then\n  \
                    n=0; until gone \"$pid\"; do sleep 0.05; n=$((n+1)); \
                    if [ $n -gt 1200 ]; then echo \"process $pid does not end\" >&2; exit 1; fi; done\nfi\nrm -f pid\n";
        // env -i: a unit does not inherit a test's environment either.
        let start = format!(
            "touch log; from=$(wc -c <log)\n\
             env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME={folder} setsid {command} >>log 2>&1 </dev/null &\n\
             pid=$!; echo $pid >pid\n\
             n=0; until tail -c +$((from+1)) log | grep -q -F {ready}; do\n  \
             if gone $pid; then tail -n 20 log >&2; exit 1; fi\n  \
             sleep 0.05; n=$((n+1)); if [ $n -gt 1200 ]; then tail -n 20 log >&2; exit 1; fi\ndone\n",
            folder = quoted(&folder),
            command = words.join(" "),
            ready = quoted(spec.ready),
        );
        for (path, text) in [
            (self.stop_script(), format!("{head}{stop}")),
            (self.start_script(), format!("{head}{start}")),
            (self.restart_script(), format!("{head}{stop}{start}")),
        ] {
            fs::write(&path, text).expect("write a script");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod a script");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<String> = log
                .lines()
                .map(|line| line.chars().take(300).collect())
                .collect();
            let tail = &lines[lines.len().saturating_sub(30)..];
            println!(
                "--- the log of {}:\n{}",
                self.folder().display(),
                tail.join("\n")
            );
        }
        if let Some(pid) = self.pid() {
            process::end(pid, Duration::from_secs(15));
        }
        becomes(Duration::from_secs(10), || {
            let left = process::naming(self.folder());
            for pid in &left {
                process::signal(*pid, rustix::process::Signal::KILL);
            }
            left.is_empty()
        });
    }
}

/// The first group of a user, by number.
fn group_of(user: &str) -> String {
    process::call("id", &["-g", user]).ok().trim().to_owned()
}
