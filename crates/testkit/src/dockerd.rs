//! dockerd started by hand: no systemd, no unit, only a process and its files.
//!
//! Each daemon has folders, a socket and a pidfile of its own, no bridge and no firewall rules,
//! so several live side by side and the machine's own Docker, if any, is not touched.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::lab::{Version, lab};
use crate::network::Network;
use crate::process::{self, Outcome, becomes, run};
use crate::scratch::Scratch;

/// The name of the image that [`Dockerd::import_busybox`] makes.
///
/// The address in front is refused at once when something tries to pull it.
pub const IMAGE: &str = "127.0.0.1:1/busybox:1";

/// What a hand-started dockerd is made of.
#[derive(Debug)]
pub struct Builder {
    version: Version,
    config: Option<String>,
    flags: Vec<String>,
    driver: String,
    host_flag: bool,
    network: Option<Network>,
}

impl Builder {
    /// The text of `daemon.json`, written as it is, however broken. `@SOCKET@` in it becomes the
    /// path of the unix socket, `@FOLDER@` that of the daemon's folder.
    ///
    /// 20.10 takes its identity from `/etc/docker/key.json` of this machine unless the text has
    /// `deprecated-key-path`; the default text has.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config = Some(text.to_owned());
        self
    }

    /// One more word of the command line, such as `--debug`.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// No `--host` on the command line: the unix socket stands in `daemon.json` (`hosts`), where
    /// a second one may be added. dockerd refuses to start with both.
    #[must_use]
    pub fn hosts_in_config(mut self) -> Self {
        self.host_flag = false;
        self
    }

    /// Another storage driver than overlay2.
    #[must_use]
    pub fn storage_driver(mut self, driver: &str) -> Self {
        driver.clone_into(&mut self.driver);
        self
    }

    /// In the namespace of a network's switch, whose bridge containers are attached to: listeners on
    /// `127.0.0.1`, networks and ports are that namespace's own.
    #[must_use]
    pub fn network(mut self, network: &Network) -> Self {
        self.network = Some(network.clone());
        self
    }

    /// Lays the folders and writes the scripts, without starting.
    ///
    /// # Panics
    /// When something cannot be written.
    #[must_use]
    pub fn prepare(self) -> Dockerd {
        let scratch = Scratch::new("dockerd");
        let socket = scratch.join("d.sock").display().to_string();
        let folder = scratch.path().display().to_string();
        let text = self.config.unwrap_or_else(|| {
            let mut keys = Vec::new();
            if self.version == Version::V20 {
                keys.push("\"deprecated-key-path\": \"@FOLDER@/key.json\"");
            }
            if !self.host_flag {
                keys.push("\"hosts\": [\"unix://@SOCKET@\"]");
            }
            format!("{{\n    {}\n}}\n", keys.join(",\n    "))
        });
        let text = text
            .replace("@SOCKET@", &socket)
            .replace("@FOLDER@", &folder);
        let mut flags = self.flags;
        if self.host_flag {
            flags.insert(0, format!("--host=unix://{socket}"));
        }
        scratch.write("etc/daemon.json", text);
        let mut command = command_line(&scratch, &self.driver, &flags);
        if let Some(network) = &self.network {
            for word in &mut command {
                if word == "--bridge=none" {
                    *word = format!("--bridge={}", Network::BRIDGE);
                }
            }
            let path = network.namespace_path();
            command.splice(0..0, ["nsenter".to_owned(), format!("--net={path}")]);
        }
        let daemon = Dockerd {
            version: self.version,
            command,
            scratch,
            _network: self.network,
        };
        daemon.write_scripts();
        daemon
    }

    /// Prepares, starts and waits until the daemon answers.
    ///
    /// # Panics
    /// When it does not come up, with the end of its log.
    #[must_use]
    pub fn start(self) -> Dockerd {
        let daemon = self.prepare();
        daemon.start();
        daemon
    }
}

fn command_line(scratch: &Scratch, driver: &str, flags: &[String]) -> Vec<String> {
    let path = |relative: &str| scratch.join(relative).display().to_string();
    let mut words = vec![
        "dockerd".to_owned(),
        format!("--config-file={}", path("etc/daemon.json")),
        format!("--data-root={}", path("data")),
        format!("--exec-root={}", path("exec")),
        format!("--pidfile={}", path("pid")),
        "--bridge=none".into(),
        "--iptables=false".into(),
        "--ip6tables=false".into(),
        "--ip-forward=false".into(),
        "--ip-masq=false".into(),
        "--exec-opt=native.cgroupdriver=cgroupfs".into(),
        format!("--storage-driver={driver}"),
    ];
    words.extend(flags.iter().cloned());
    words
}

/// A dockerd of our own; dropping it kills its containers, ends it and removes its files.
#[derive(Debug)]
pub struct Dockerd {
    version: Version,
    command: Vec<String>,
    scratch: Scratch,
    // Last: the namespace goes when nobody is in it any more.
    _network: Option<Network>,
}

/// A running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The full id.
    pub id: String,
    /// The process id of its first process, as its host sees it.
    pub pid: u32,
}

impl Dockerd {
    /// Begins a daemon of `version`.
    #[must_use]
    pub fn builder(version: Version) -> Builder {
        Builder {
            version,
            config: None,
            flags: Vec::new(),
            driver: "overlay2".to_owned(),
            host_flag: true,
            network: None,
        }
    }

    /// Which Docker it is.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The folder of everything it has.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Its `daemon.json`.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.scratch.join("etc/daemon.json")
    }

    /// Its unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.scratch.join("d.sock")
    }

    /// The words of its command line.
    #[must_use]
    pub fn command_line(&self) -> &[String] {
        &self.command
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.scratch.join("pid")).ok()?;
        text.trim()
            .parse()
            .ok()
            .filter(|pid| process::runs(*pid) && process::naming(self.folder()).contains(pid))
    }

    /// What it has logged, all starts together.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(self.scratch.join("log"))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// A script that stops the daemon, starts it again with the same flags and waits until it
    /// answers; exit code 1 and the end of the log when it does not. What `--restart-command` of
    /// a daemon without a supervisor takes.
    ///
    /// Containers live through it only under `live-restore`, as anywhere.
    #[must_use]
    pub fn restart_script(&self) -> PathBuf {
        self.scratch.join("restart")
    }

    /// A script that only starts it.
    #[must_use]
    pub fn start_script(&self) -> PathBuf {
        self.scratch.join("start")
    }

    /// A script that only stops it.
    #[must_use]
    pub fn stop_script(&self) -> PathBuf {
        self.scratch.join("stop")
    }

    /// Starts it and gives how long it took until it answered.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(&self) -> Duration {
        let start = Instant::now();
        let _ = run(&mut Command::new(self.start_script())).ok();
        start.elapsed()
    }

    /// Tries to start it.
    #[must_use]
    pub fn try_start(&self) -> Outcome {
        run(&mut Command::new(self.start_script()))
    }

    /// Stops it (`SIGTERM`); containers end too unless `live-restore` is on.
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

    /// Makes it read its configuration again (`SIGHUP`).
    ///
    /// # Panics
    /// When it does not run.
    pub fn reload(&self) {
        let pid = self.pid().expect("the daemon runs");
        process::signal(pid, rustix::process::Signal::HUP);
    }

    /// Whether `/_ping` answers on the unix socket.
    #[must_use]
    pub fn answers(&self) -> bool {
        let socket = self.socket().display().to_string();
        process::call(
            "curl",
            &["-sf", "-m", "5", "--unix-socket", &socket, "http://d/_ping"],
        )
        .code
            == 0
    }

    /// The docker client of the same version, over the unix socket, with a configuration of its
    /// own.
    #[must_use]
    pub fn docker(&self, arguments: &[&str]) -> Outcome {
        run(Command::new(lab().docker_cli(self.version))
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.folder())
            .env("DOCKER_CONFIG", self.scratch.join("client"))
            .arg("--host")
            .arg(format!("unix://{}", self.socket().display()))
            .args(arguments))
    }

    /// Imports the lab's image as [`IMAGE`].
    ///
    /// # Panics
    /// When the daemon refuses it.
    pub fn import_busybox(&self) {
        let _ = self
            .docker(&import_arguments(&lab().image().display().to_string()))
            .ok();
    }

    /// Runs a container that does nothing for an hour; imports the image when it is missing.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn run_container(&self, name: &str) -> Container {
        if self.docker(&["image", "inspect", IMAGE]).code != 0 {
            self.import_busybox();
        }
        let id = self.docker(&run_arguments(name)).ok().trim().to_owned();
        let pid = self.container_pid(&id).expect("a container that runs");
        Container { id, pid }
    }

    /// The process id of a container's first process, while it runs.
    #[must_use]
    pub fn container_pid(&self, id: &str) -> Option<u32> {
        container_pid(&self.docker(&["inspect", "-f", "{{.State.Pid}}", id]))
    }

    fn write_scripts(&self) {
        let command: Vec<String> = self.command.iter().map(|word| quoted(word)).collect();
        let folder = quoted(&self.folder().display().to_string());
        let mut head = String::new();
        let _ = write!(
            head,
            "#!/bin/sh\nset -u\ncd {folder}\n\
             gone() {{ read -r stat 2>/dev/null <\"/proc/$1/stat\" || return 0; \
             case \"${{stat##*) }}\" in Z*) return 0;; esac; return 1; }}\n"
        );
        let stop = "if pid=$(cat pid 2>/dev/null) && kill -TERM \"$pid\" 2>/dev/null; then\n  \
                    n=0; until gone \"$pid\"; do sleep 0.05; n=$((n+1)); \
                    if [ $n -gt 600 ]; then echo \"dockerd $pid does not end\" >&2; exit 1; fi; done\nfi\n";
        // env -i: a unit does not inherit a test's environment either.
        let start = format!(
            "rm -f d.sock\n\
             env -i PATH={path} HOME=/root setsid {command} >>log 2>&1 </dev/null &\npid=$!\n\
             n=0; until curl -sf -m 5 --unix-socket d.sock http://d/_ping >/dev/null; do\n  \
             if gone $pid; then tail -n 5 log >&2; exit 1; fi\n  \
             sleep 0.05; n=$((n+1)); if [ $n -gt 600 ]; then tail -n 20 log >&2; exit 1; fi\ndone\n",
            path = quoted(&lab().docker_path(self.version)),
            command = command.join(" "),
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

impl Drop for Dockerd {
    fn drop(&mut self) {
        if self.answers() {
            let listed = self.docker(&["ps", "-aq"]);
            for id in listed.stdout.split_whitespace() {
                let _ = self.docker(&["rm", "-f", id]);
            }
        }
        if let Some(pid) = self.pid() {
            process::end(pid, Duration::from_secs(15));
        }
        // Shims of containers that outlived their daemon, and a containerd that lost its parent.
        becomes(Duration::from_secs(10), || {
            let left = process::naming(self.folder());
            for pid in &left {
                process::signal(*pid, rustix::process::Signal::KILL);
            }
            left.is_empty()
        });
        process::remove_control_groups(&self.scratch.join("data/containers"));
    }
}

/// The words after `docker` that import the image at `path`.
pub(crate) fn import_arguments(path: &str) -> [&str; 7] {
    [
        "import",
        "-c",
        "ENV PATH=/bin",
        "-c",
        "CMD [\"/bin/sh\"]",
        path,
        IMAGE,
    ]
}

/// The words after `docker` that run a container which does nothing for an hour.
pub(crate) fn run_arguments(name: &str) -> [&str; 9] {
    [
        "run",
        "-d",
        "--network=none",
        "--stop-timeout=1",
        "--name",
        name,
        IMAGE,
        "sleep",
        "3600",
    ]
}

/// Reads the answer to `docker inspect -f {{.State.Pid}}`.
pub(crate) fn container_pid(inspected: &Outcome) -> Option<u32> {
    let pid = inspected.stdout.trim().parse().ok()?;
    (inspected.code == 0 && pid != 0).then_some(pid)
}

/// A word for the shell, whatever it contains.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_words_survive_the_shell() {
        for word in ["plain", "it's", "$HOME `x` \"y\"", ""] {
            let said = process::call("sh", &["-c", &format!("printf %s {}", quoted(word))]);
            assert_eq!(said.ok(), word);
        }
    }
}
