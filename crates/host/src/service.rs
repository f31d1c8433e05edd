//! The daemon as a service: reload, restart, wait, and put back.

use crate::HostError;
use crate::engine;
use crate::json::DaemonJson;
use crate::system::{Invocation, System};
use sealock_change::fs;
use sealock_diag::escape;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long a restarted daemon may take to answer: dockerd itself sleeps 15 s over an insecure
/// listener, and loading many containers takes as long again.
const READY_WITHIN: Duration = Duration::from_secs(60);

const NAP: Duration = Duration::from_millis(100);

/// Who runs the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manager {
    /// systemd, the system's or the user's.
    Systemd {
        unit: String,
        user: bool,
        reloads: bool,
    },
    /// snapd.
    Snap { unit: String },
    /// An init script.
    Init,
    /// Whoever; this restarts it.
    Command { line: String },
    /// Whoever, and nobody told how to restart it.
    Unknown,
}

/// The daemon's service. Cheap to clone; every method acts at once.
#[derive(Clone)]
pub struct Service {
    pub(crate) system: Arc<dyn System>,
    pub(crate) manager: Manager,
    pub(crate) socket: PathBuf,
    pub(crate) pidfile: Option<PathBuf>,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("manager", &self.manager)
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}

/// One life of the daemon: a process and when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// The process.
    pub pid: u32,
    /// Its start in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub started: u64,
}

/// What the daemon was before a run, for [`Service::restore_running`].
#[derive(Clone, Debug)]
pub struct Before {
    pub(crate) running: Option<Running>,
    pub(crate) active: bool,
    pub(crate) config: PathBuf,
    /// Containers ran, and live-restore was off: a bare restart with the old file would kill them.
    pub(crate) bridge: bool,
    /// The socket unit that listened for the daemon.
    pub(crate) socket: Option<String>,
    /// What lies at `config` for a while when the daemon is put back: see [`Before::loans`].
    pub(crate) loans: Vec<Vec<u8>>,
}

impl Before {
    /// Whether the daemon was on.
    pub fn was_active(&self) -> bool {
        self.active
    }

    /// The file, and the texts that [`Service::restore_running`] may leave in it for a while: a plan has to know
    /// them, so that a kill in that while can be recovered from.
    pub fn loans(&self) -> impl Iterator<Item = (&Path, &[u8])> {
        self.loans
            .iter()
            .map(|bytes| (self.config.as_path(), bytes.as_slice()))
    }
}

impl Service {
    /// The name for people: `docker.service`, `the docker snap`.
    pub fn name(&self) -> String {
        match &self.manager {
            Manager::Systemd { unit, .. } => unit.clone(),
            Manager::Snap { .. } => "the docker snap".into(),
            Manager::Init => "the docker init script".into(),
            Manager::Command { .. } | Manager::Unknown => "dockerd".into(),
        }
    }

    /// Whether somebody told how to restart it.
    pub fn can_restart(&self) -> bool {
        self.manager != Manager::Unknown
    }

    /// The process that runs now.
    pub fn running(&self) -> Option<Running> {
        let pid = match &self.manager {
            // The socket belongs to systemd itself when it is passed, so the manager is asked.
            Manager::Systemd { .. } | Manager::Snap { .. } => {
                self.property("MainPID")?.parse().ok()?
            }
            _ => self
                .pid_from_file()
                .or_else(|| self.system.listener_pid(&self.socket).ok())?,
        };
        self.life(pid)
    }

    fn pid_from_file(&self) -> Option<u32> {
        let file = self.pidfile.as_ref()?;
        let text = std::fs::read_to_string(self.system.root().at(file)).ok()?;
        let pid = text.trim().parse().ok()?;
        self.life(pid).map(|life| life.pid)
    }

    fn life(&self, pid: u32) -> Option<Running> {
        if pid == 0 {
            return None;
        }
        let stat =
            std::fs::read_to_string(self.system.root().at(format!("/proc/{pid}/stat"))).ok()?;
        // The name in parentheses may hold spaces and parentheses itself.
        let after = stat.get(stat.rfind(')')? + 1..)?;
        let started = after.split_whitespace().nth(19)?.parse().ok()?;
        Some(Running { pid, started })
    }

    /// Makes systemd read changed unit files. Nothing to do for other managers.
    pub fn daemon_reload(&self) -> Result<(), HostError> {
        match &self.manager {
            Manager::Systemd { user, .. } => self.must(&systemctl(*user, &["daemon-reload"])),
            _ => Ok(()),
        }
    }

    /// Whether systemd has another unit in its memory than lies on the disk: a recovery has put files
    /// back, and a restart would still use those that it took away.
    pub(crate) fn needs_daemon_reload(&self) -> bool {
        self.property("NeedDaemonReload").as_deref() == Some("yes")
    }

    /// Whether the daemon is up: the unit is active, or the socket answers.
    pub fn is_active(&self) -> bool {
        match &self.manager {
            Manager::Systemd { .. } | Manager::Snap { .. } => {
                matches!(
                    self.property("ActiveState").as_deref(),
                    Some("active" | "reloading")
                )
            }
            _ => engine::ping(&*self.system, &self.socket),
        }
    }

    /// SIGHUP: dockerd reads `daemon.json` again, as far as it can without a restart.
    pub fn reload(&self) -> Result<(), HostError> {
        if let Manager::Systemd {
            unit,
            user,
            reloads: true,
        } = &self.manager
        {
            return self.must(&systemctl(*user, &["reload", unit]));
        }
        let running = self.running().ok_or_else(|| HostError::Command {
            command: "kill -HUP".into(),
            said: format!("{} is not running", self.name()),
        })?;
        self.system
            .hang_up(running.pid)
            .map_err(|error| HostError::Command {
                command: format!("kill -HUP {}", running.pid),
                said: error.to_string(),
            })
    }

    /// Reloads and waits until `/info` says `expected` of live-restore.
    pub fn reload_live_restore(&self, expected: bool) -> Result<(), HostError> {
        self.reload()?;
        let mut said = String::new();
        for _ in 0..100 {
            match engine::live_restore(&*self.system, &self.socket) {
                Ok(found) if found == expected => return Ok(()),
                Ok(found) => {
                    said = format!(
                        "expected LiveRestoreEnabled {expected}, /info says {found} after 10 s"
                    )
                }
                Err(error) => said = error.to_string(),
            }
            self.system.pause(NAP);
        }
        if let Some(words) = blame(&self.recent_log()) {
            said = format!("{said}; dockerd says: {words}");
        }
        Err(HostError::LiveRestore { said })
    }

    /// Restarts the daemon (or starts it) and waits until it answers again.
    ///
    /// On failure the error's cause is dockerd's own last complaint.
    pub fn restart(&self) -> Result<(), HostError> {
        let old = self.running();
        if let Err(error) = self.restart_command() {
            use sealock_diag::Diagnose as _;
            // What the command said is the reason; that it failed is seen anyway.
            let said = error.cause().unwrap_or_default();
            return Err(self.not_back(&format!("{error}: {said}")));
        }
        self.wait_ready(old)
    }

    /// Keeps systemd from starting a daemon that has just failed again by itself, while its files are taken back. It would do
    /// so in a moment (Docker's unit has `Restart=always`), from half of them: without live-restore, and over the containers.
    /// The way back starts it; where that fails too, systemd goes on trying as its unit says.
    pub(crate) fn hold(&self) {
        if let (Manager::Systemd { unit, user, .. }, None) = (&self.manager, self.running()) {
            // Nothing runs, so nothing is lost by it; that it is held shows in the rollback.
            let _ = self.must(&systemctl(*user, &["stop", unit]).within(Duration::from_secs(120)));
        }
    }

    fn restart_command(&self) -> Result<(), HostError> {
        match &self.manager {
            Manager::Systemd { unit, user, .. } => {
                // Always: a recovery puts units back that systemd has forgotten, and NeedDaemonReload does not tell of a
                // drop-in folder that went and came again within the age of systemd's cache of paths.
                self.daemon_reload()?;
                // systemd counts starts, good ones too, and refuses the one too many (on Debian 12 the
                // fourth in a minute) until told to forget them; a socket that woke a failing service
                // fails with it. Whether there was anything to forget shows in the restart.
                for forget in [unit.as_str(), "docker.socket"] {
                    let _ = self.must(&systemctl(*user, &["reset-failed", forget]));
                }
                self.must(&systemctl(*user, &["restart", unit]).within(Duration::from_secs(180)))
            }
            Manager::Snap { .. } => self.must(
                &Invocation::new(["snap", "restart", "docker"]).within(Duration::from_secs(180)),
            ),
            Manager::Init => self.must(
                &Invocation::new(["service", "docker", "restart"]).within(Duration::from_secs(120)),
            ),
            Manager::Command { line } => self.must(&Invocation::shell(line)),
            Manager::Unknown => Err(HostError::Command {
                command: "restart dockerd".into(),
                said: "it was started by hand and no --restart-command was given".into(),
            }),
        }
    }

    /// Stops the daemon: for one that was off before.
    pub fn stop(&self) -> Result<(), HostError> {
        match &self.manager {
            Manager::Systemd { unit, user, .. } => {
                // The socket, if there is one, stays as it was: it was listening before too.
                self.must(&systemctl(*user, &["stop", unit]).within(Duration::from_secs(120)))
            }
            Manager::Snap { .. } => self.must(
                &Invocation::new(["snap", "stop", "docker"]).within(Duration::from_secs(120)),
            ),
            Manager::Init => self.must(
                &Invocation::new(["service", "docker", "stop"]).within(Duration::from_secs(120)),
            ),
            Manager::Command { .. } | Manager::Unknown => Ok(()),
        }
    }

    /// Waits until the unix socket answers `/_ping` from another life than `old`.
    pub fn wait_ready(&self, old: Option<Running>) -> Result<(), HostError> {
        let attempts = READY_WITHIN.as_millis() / NAP.as_millis();
        for _ in 0..attempts {
            let now = self.running();
            if now.is_some() && now != old && engine::ping(&*self.system, &self.socket) {
                return Ok(());
            }
            if matches!(self.property("ActiveState").as_deref(), Some("failed")) {
                break;
            }
            self.system.pause(NAP);
        }
        Err(self.not_back(&format!("no answer within {} s", READY_WITHIN.as_secs())))
    }

    fn not_back(&self, fallback: &dyn fmt::Display) -> HostError {
        let said = blame(&self.recent_log()).unwrap_or_else(|| escape(&fallback.to_string()));
        HostError::NotBack {
            waited: format!("{} and {}", self.name(), self.socket.display()),
            said,
        }
    }

    /// Why the last start failed, in the daemon's own words, where its log tells.
    pub(crate) fn last_words(&self) -> Option<String> {
        blame(&self.recent_log())
    }

    /// Whether systemd has given up starting it. The unit's result keeps the reason of the last failure, so only the log
    /// says this.
    pub(crate) fn is_given_up(&self) -> bool {
        let too_often = |line: &&String| line.contains("Start request repeated too quickly");
        let log = self.recent_log();
        let last = log
            .iter()
            .rev()
            .find(|line| too_often(line) || line.starts_with("Starting "));
        last.is_some_and(|line| too_often(&line))
    }

    /// The last lines of the daemon's log, where the manager keeps one; empty otherwise.
    pub fn recent_log(&self) -> Vec<String> {
        let mut argv: Vec<String> = vec!["journalctl".into()];
        match &self.manager {
            Manager::Systemd { unit, user, .. } => {
                argv.extend(user.then(|| "--user".to_owned()));
                argv.extend(["-u".to_owned(), unit.clone()]);
            }
            Manager::Snap { unit } => argv.extend(["-u".to_owned(), unit.clone()]),
            _ => return Vec::new(),
        }
        argv.extend(["-n", "40", "--no-pager", "-o", "cat"].map(str::to_owned));
        self.system
            .run(&Invocation::new(argv))
            .map(|outcome| outcome.stdout.lines().map(escape).collect())
            .unwrap_or_default()
    }

    /// Puts the daemon back after the files are back: the last part of a rollback.
    ///
    /// One that was off is stopped. One that was never restarted only forgets the `live-restore` it
    /// was told. One that was restarted is restarted with the old files; when containers have to live
    /// through it, `live-restore` is lent to the old file for the time of the restart, because a
    /// daemon that starts without it kills what its predecessor left running.
    pub fn restore_running(&self, before: &Before) -> Result<(), HostError> {
        self.daemon_reload()?;
        if !before.active {
            return self.off_again(before);
        }
        let same = before.running.is_some() && self.running() == before.running;
        if !before.bridge {
            return if same { Ok(()) } else { self.restart() };
        }
        if same && !engine::live_restore(&*self.system, &self.socket)? {
            return Ok(());
        }
        self.bridged(&before.config, !same)
    }

    /// Stops what was off, a failed start that systemd is about to repeat too. Its socket waits for it again if it did.
    fn off_again(&self, before: &Before) -> Result<(), HostError> {
        let off = match self.property("ActiveState").as_deref() {
            Some(state) => state == "inactive",
            None => !self.is_active(),
        };
        if !off {
            self.stop()?;
        }
        let Manager::Systemd { unit, user, .. } = &self.manager else {
            return Ok(());
        };
        // A socket whose service failed to start has failed with it.
        if let Some(socket) = &before.socket {
            for forget in [unit, socket] {
                let _ = self.must(&systemctl(*user, &["reset-failed", forget]));
            }
            self.must(&systemctl(*user, &["start", socket]))?;
        }
        Ok(())
    }

    /// Lends `live-restore` to the configuration at `path` while the daemon restarts, takes it back
    /// in memory too, and leaves the file byte for byte as it is now.
    fn bridged(&self, path: &Path, restart: bool) -> Result<(), HostError> {
        // A linked file stays linked: what it leads to is written.
        let file = fs::resolve(&self.system.root().at(path)).map_err(changed)?;
        let original = read_optional(&file)?;
        let text = original
            .as_deref()
            .map(String::from_utf8_lossy)
            .unwrap_or_default()
            .into_owned();
        let json = DaemonJson::parse(path, &text)?;
        let stat = fs::stat(&file).map_err(changed)?;
        let mode = stat.as_ref().map_or(0o644, |stat| stat.mode);
        let owner = stat.as_ref().map(|stat| stat.owner);
        let modified = std::fs::metadata(&file)
            .and_then(|metadata| metadata.modified())
            .ok();
        let write = |bytes: &[u8]| fs::write_atomic(&file, bytes, mode, owner).map_err(changed);
        // The run may have made the directory too, and it went with the files.
        let missing: Vec<&Path> = file
            .ancestors()
            .skip(1)
            .take_while(|directory| !directory.exists())
            .collect();
        let result = (|| {
            for directory in missing.iter().rev() {
                fs::create_dir(directory, 0o755, None).map_err(changed)?;
            }
            if restart {
                write(json.with("live-restore", &true.into())?.text().as_bytes())?;
                self.restart()?;
            }
            write(json.with("live-restore", &false.into())?.text().as_bytes())?;
            self.reload_live_restore(false)
        })();
        match original {
            Some(bytes) => {
                write(&bytes)?;
                // The time belongs to "as it was" too; failing to set it is no reason to stop here.
                if let (Some(time), Ok(handle)) = (modified, std::fs::File::open(&file)) {
                    let _ = handle.set_modified(time);
                }
            }
            None => fs::remove(&file).map_err(changed)?,
        }
        for directory in missing {
            // dockerd may have put something of its own there by now; then it stays.
            let _ = fs::remove(directory);
        }
        result
    }

    /// A property of the unit, as `systemctl show` prints it.
    pub(crate) fn property(&self, name: &str) -> Option<String> {
        let (unit, user) = match &self.manager {
            Manager::Systemd { unit, user, .. } => (unit, *user),
            Manager::Snap { unit } => (unit, false),
            _ => return None,
        };
        let outcome = self
            .system
            .run(&systemctl(user, &["show", unit, "-p", name]))
            .ok()?;
        outcome.stdout.lines().find_map(|line| {
            line.strip_prefix(name)?
                .strip_prefix('=')
                .map(str::to_owned)
        })
    }

    pub(crate) fn must(&self, invocation: &Invocation) -> Result<(), HostError> {
        run(&*self.system, invocation).map(|_| ())
    }
}

/// Runs a command that has to succeed.
pub(crate) fn run(system: &dyn System, invocation: &Invocation) -> Result<String, HostError> {
    let failed = |said: String| HostError::Command {
        command: escape(&invocation.line()),
        said,
    };
    let outcome = system
        .run(invocation)
        .map_err(|error| failed(error.to_string()))?;
    if outcome.success() {
        return Ok(outcome.stdout);
    }
    let said = outcome
        .stderr
        .lines()
        .chain(outcome.stdout.lines())
        .find(|line| !line.trim().is_empty())
        .unwrap_or("");
    Err(failed(match outcome.status {
        Some(status) => format!("exit status {status}: {}", escape(said.trim())),
        None => format!(
            "killed, or not done within {} s: {}",
            invocation.timeout.as_secs(),
            escape(said.trim())
        ),
    }))
}

pub(crate) fn systemctl(user: bool, arguments: &[&str]) -> Invocation {
    let manager = user.then_some("--user");
    Invocation::new(
        ["systemctl"]
            .into_iter()
            .chain(manager)
            .chain(arguments.iter().copied()),
    )
}

/// A file's bytes; `None` when there is no file.
pub(crate) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, HostError> {
    use sealock_change::Fault;
    // Through the door, which neither waits for the writer of a pipe nor reads without end.
    match sealock_change::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(sealock_change::Error::Io {
            fault: Fault::Missing,
            ..
        }) => Ok(None),
        Err(error) => Err(HostError::Disk(Box::new(error))),
    }
}

fn changed(error: sealock_change::Error) -> HostError {
    use sealock_diag::Diagnose as _;
    HostError::Command {
        command: error.to_string(),
        said: error.cause().unwrap_or_default(),
    }
}

/// dockerd's own reason among log lines: the last line of an error, without time and level.
fn blame(lines: &[String]) -> Option<String> {
    const SIGNS: [&str; 10] = [
        "unable to configure the Docker daemon",
        "failed to load listeners",
        "failed to create API server",
        "invalid TLS configuration",
        "failed to start daemon",
        "failed to start containerd",
        "failed to start cluster component",
        "unknown flag",
        "merged configuration validation",
        "level=fatal",
    ];
    let line = lines
        .iter()
        .rev()
        .find(|line| SIGNS.iter().any(|sign| line.contains(sign)))?;
    let message = line
        .split_once("msg=\"")
        .map_or(line.as_str(), |(_, rest)| rest.trim_end_matches('"'));
    Some(message.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::blame;

    #[test]
    fn dockerds_own_words_are_found_in_the_log() {
        let log = [
            "time=\"x\" level=info msg=\"Starting up\"",
            "failed to load listeners: listen tcp 127.0.0.1:23770: bind: address already in use",
            "docker.service: Main process exited, code=exited, status=1/FAILURE",
        ]
        .map(str::to_owned);
        assert_eq!(
            blame(&log).unwrap(),
            "failed to load listeners: listen tcp 127.0.0.1:23770: bind: address already in use"
        );
        assert_eq!(blame(&[]), None);
    }
}
