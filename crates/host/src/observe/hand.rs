//! Daemons without systemd: init scripts, and those started by hand.

use super::{Found, Supervisor};
use crate::command::CommandLine;
use crate::service::{Manager, read_optional};
use crate::unit::{environment_file, words};
use crate::{HostError, Options, System};
use std::path::{Path, PathBuf};

/// `/etc/init.d/docker` of Debian and its children.
pub(super) fn sysvinit(system: &dyn System) -> Result<Option<Found>, HostError> {
    let root = system.root();
    if !root.at("/etc/init.d/docker").exists() || root.at("/run/systemd/system").exists() {
        return Ok(None);
    }
    let pidfile = ["/var/run/docker.pid", "/var/run/docker-ssd.pid"]
        .map(PathBuf::from)
        .into_iter()
        .find(|path| root.at(path).exists());
    let running = pidfile
        .as_ref()
        .and_then(|path| pid_in(system, path))
        .and_then(|pid| process(system, pid));
    // A daemon whose parameters the init script does not know was started by hand.
    let next = init_flags(system)?;
    let command = running.unwrap_or(next);
    let by_script = command
        .value("pidfile")
        .is_none_or(|path| path.contains("/run/docker"));
    if !by_script {
        return Ok(None);
    }
    Ok(Some(Found {
        supervisor: Supervisor::Sysvinit,
        unit: None,
        command: Some(command),
        manager: Manager::Init,
        pidfile,
    }))
}

/// What an init script starts: `DOCKER_OPTS` of its defaults.
pub(crate) fn init_flags(system: &dyn System) -> Result<CommandLine, HostError> {
    let options = read_optional(&system.root().at("/etc/default/docker"))?.unwrap_or_default();
    let environment = environment_file(&String::from_utf8_lossy(&options));
    let mut argv = vec!["dockerd".to_owned()];
    argv.extend(
        words(environment.get("DOCKER_OPTS").map_or("", String::as_str))
            .into_iter()
            .map(|word| word.value),
    );
    Ok(CommandLine::of_process(&argv))
}

/// The process behind the socket or the pid file, whoever started it.
pub(super) fn find(system: &dyn System, options: &Options) -> Result<Found, HostError> {
    let socket = options
        .docker_socket
        .clone()
        .unwrap_or_else(|| PathBuf::from("/var/run/docker.sock"));
    let pid = system
        .listener_pid(&system.root().at(&socket))
        .ok()
        .filter(|pid| *pid > 1);
    // A socket that systemd passes is systemd's own; the daemon behind it leaves its number in a file.
    let usual = Path::new("/var/run/docker.pid");
    let noted = pid_in(system, usual).filter(|_| pid.is_none() && options.docker_socket.is_none());
    let command = pid.or(noted).and_then(|pid| process(system, pid));
    let manager = match &options.restart_command {
        Some(line) => Manager::Command { line: line.clone() },
        None => Manager::Unknown,
    };
    let pidfile = command
        .as_ref()
        .and_then(|command| command.value("pidfile"))
        .map(PathBuf::from)
        .or_else(|| (noted.is_some() && command.is_some()).then(|| usual.to_path_buf()));
    Ok(Found {
        supervisor: Supervisor::Hand,
        unit: None,
        command,
        manager,
        pidfile,
    })
}

fn pid_in(system: &dyn System, path: &Path) -> Option<u32> {
    std::fs::read_to_string(system.root().at(path))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// The command line of a process, if it is a dockerd.
pub(crate) fn process(system: &dyn System, pid: u32) -> Option<CommandLine> {
    let bytes = std::fs::read(system.root().at(format!("/proc/{pid}/cmdline"))).ok()?;
    let mut argv: Vec<String> = bytes
        .split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    // The last word ends with a zero byte too.
    argv.pop();
    let program = argv.first_mut()?;
    if program.rsplit('/').next()? != "dockerd" {
        return None;
    }
    // Found on the PATH of whoever started it, which need not be ours: another dockerd may be there.
    if let Some(running) = executable(system, pid) {
        *program = running;
    }
    Some(CommandLine::of_process(&argv))
}

/// The program file of a dockerd; `None` when we cannot see it under that name.
fn executable(system: &dyn System, pid: u32) -> Option<String> {
    let link = std::fs::read_link(system.root().at(format!("/proc/{pid}/exe"))).ok()?;
    let path = link.to_str()?;
    // After an upgrade the new one lies in the place of the one that still runs, and starts next.
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    (path.ends_with("/dockerd") && system.root().at(path).exists()).then(|| path.to_owned())
}
