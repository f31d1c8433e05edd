//! The daemon as it runs, and as it would start again.

use super::{config, files, group, listeners, material, strays};
use crate::command::CommandLine;
use crate::engine::{Engine, Swarm};
use crate::json::TLS_KEYS;
use crate::observe::{Observed, Part, Supervisor, Whole, daemon_environment, init_flags, process};
use crate::{Desired, HostError};
use sealock_check::seen;
use sealock_check::seen::{Config, Flag, Host};
use sealock_diag::escape;
use std::collections::BTreeMap;

/// Puts together what was observed, with everything that was noted on the way.
pub(super) fn host(
    observed: &Observed,
    noted: &[(Part, HostError)],
    desired: Option<&Desired>,
) -> Host {
    let system = observed.system();
    let config = config::read(system, observed.config.path());
    let whole = observed.unit.as_ref().map(|unit| Whole::of(system, unit));
    let next = next_start(observed, whole.as_ref());
    let origin = match &whole {
        Some(whole) => whole.origin.to_string_lossy().into_owned(),
        None => observed.service.name(),
    };
    let mut host = Host {
        names: observed.hostnames.clone(),
        addresses: observed.addresses.clone(),
        // What cannot be a name is told of when sealock.toml is read.
        wanted_names: desired
            .iter()
            .flat_map(|desired| &desired.daemon.names)
            .filter_map(|name| name.parse().ok())
            .collect(),
        supervisor: supervisor(observed.supervisor),
        unit: whole.as_ref().and_then(|whole| unit(observed, whole)),
        version: observed.version.as_ref().map(|version| seen::Version {
            major: version.major,
            minor: version.minor,
            text: version.text.clone(),
        }),
        daemon: daemon(observed, noted),
        flags: next.as_ref().map(as_seen).unwrap_or_default(),
        running_flags: running_command(observed).as_ref().map(as_seen),
        environment: environment(observed),
        listeners: listeners::listeners(observed, next.as_ref(), &origin, &config),
        sockets: listeners::sockets(observed, next.as_ref(), &config),
        group_members: group_members(observed, next.as_ref(), &config),
        files: Vec::new(),
        stale: false,
        cloaked: observed.drop_in().is_some()
            || std::fs::symlink_metadata(observed.at(&observed.directory)).is_ok(),
        drift: drift(observed, noted, desired),
        config,
    };
    let mut files = material::files(observed, &host);
    host.stale = host.is_on()
        && (super::age::stale(observed, &files, &host.config)
            || differ(&host.flags, host.running_flags.as_deref())
            || listeners::unopened(observed, &host.listeners));
    files.extend(strays::around(observed, &files));
    host.files = readable(observed, files);
    host
}

/// What the daemon's environment says of Docker, and where its home is.
fn environment(observed: &Observed) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = daemon_environment(observed)
        .into_iter()
        .filter(|(name, _)| name.starts_with("DOCKER_") || name == "HOME")
        .collect();
    if observed.supervisor == Supervisor::Rootless
        && let Some(home) = observed.system().variable("HOME")
    {
        found.entry("HOME".into()).or_insert(home);
    }
    found
}

fn supervisor(supervisor: Supervisor) -> seen::Supervisor {
    match supervisor {
        Supervisor::Systemd => seen::Supervisor::Systemd,
        Supervisor::Rootless => seen::Supervisor::Rootless,
        Supervisor::Snap => seen::Supervisor::Snap,
        Supervisor::Sysvinit => seen::Supervisor::Sysvinit,
        Supervisor::Hand => seen::Supervisor::Hand,
    }
}

fn unit(observed: &Observed, whole: &Whole) -> Option<seen::Unit> {
    let unit = observed.unit.as_ref()?;
    let given_up = unit.active_state == "failed" && observed.service.is_given_up();
    Some(seen::Unit {
        name: unit.name.clone(),
        active_state: unit.active_state.clone(),
        result: match given_up {
            true => "start-limit-hit".to_owned(),
            false => unit.result.clone(),
        },
        restarts: unit.restarts,
        needs_reload: unit.needs_reload,
        files: whole.files.clone(),
        exec_start: escape(&whole.exec_start),
        socket: unit.socket.as_ref().map(|socket| seen::SocketUnit {
            name: socket.name.clone(),
            listen: socket.listen.clone(),
            active: socket.active,
        }),
    })
}

/// The command of the next start, with our drop-in and everybody else's.
fn next_start(observed: &Observed, whole: Option<&Whole>) -> Option<CommandLine> {
    match (whole, observed.supervisor) {
        (Some(whole), _) => Some(whole.command.clone()),
        // What runs now may have been given other parameters.
        (None, Supervisor::Sysvinit) => init_flags(observed.system())
            .ok()
            .or_else(|| observed.command.clone()),
        (None, _) => observed.command.clone(),
    }
}

fn running_command(observed: &Observed) -> Option<CommandLine> {
    let running = observed.service.running()?;
    process(observed.system(), running.pid)
}

fn as_seen(command: &CommandLine) -> Vec<Flag> {
    command
        .flags()
        .into_iter()
        .map(|flag| Flag {
            name: flag.name,
            value: flag.value,
        })
        .collect()
}

/// Whether the running daemon was given other listeners or TLS flags than the next one would be.
fn differ(next: &[Flag], running: Option<&[Flag]>) -> bool {
    let of = |flags: &[Flag]| -> Vec<(String, Option<String>)> {
        flags
            .iter()
            .filter(|flag| flag.name == "host" || TLS_KEYS.contains(&flag.name.as_str()))
            .map(|flag| (flag.name.clone(), flag.value.clone()))
            .collect()
    };
    let next = of(next);
    // What systemd writes for `%h` and its like, only systemd knows.
    let specifier = next
        .iter()
        .any(|(_, value)| value.as_deref().is_some_and(|value| value.contains('%')));
    !specifier && running.is_some_and(|running| of(running) != next)
}

fn daemon(observed: &Observed, noted: &[(Part, HostError)]) -> seen::Daemon {
    match &observed.engine {
        Engine::On(facts) => seen::Daemon::On {
            warnings: facts.warnings.clone(),
            live_restore: facts.live_restore,
            swarm: facts.swarm != Swarm::Inactive,
            containers: facts.containers.len(),
        },
        // It is there, and we may not ask it. Nothing is claimed of it.
        Engine::Off { .. } if forbidden(noted) && alive(observed) => seen::Daemon::On {
            warnings: Vec::new(),
            live_restore: true,
            swarm: false,
            containers: 0,
        },
        Engine::Off { .. } if forbidden(noted) => seen::Daemon::Off {
            why: escape(&format!(
                "{} may not be asked by user {}, and no dockerd is to be seen",
                observed.socket.display(),
                observed.system().user().0
            )),
        },
        Engine::Off { why } => {
            let unit = noted.iter().find_map(|(_, error)| match error {
                HostError::Unit { unit, problem, .. } => Some(format!("; {unit}: {problem}")),
                _ => None,
            });
            let mut why = escape(&format!("{why}{}", unit.unwrap_or_default()));
            if let Some(words) = last_words(observed) {
                why.push_str(": ");
                why.push_str(&words);
            }
            seen::Daemon::Off { why }
        }
    }
}

/// What the daemon said when it did not start. One that was stopped said nothing of its settings.
fn last_words(observed: &Observed) -> Option<String> {
    let unit = observed.unit.as_ref()?;
    matches!(unit.active_state.as_str(), "failed" | "activating")
        .then(|| observed.service.last_words())
        .flatten()
}

fn forbidden(noted: &[(Part, HostError)]) -> bool {
    noted
        .iter()
        .any(|(part, error)| *part == Part::Engine && matches!(error, HostError::Rights { .. }))
}

fn alive(observed: &Observed) -> bool {
    observed.service.running().is_some()
        || (observed.supervisor == Supervisor::Hand && observed.command.is_some())
}

/// Members of the group `docker`, where that group opens the daemon's socket.
fn group_members(observed: &Observed, next: Option<&CommandLine>, config: &Config) -> Vec<String> {
    let configured = next
        .and_then(|command| command.value("group"))
        .or_else(|| Some(config.keys.get("group")?.as_str()?.to_owned()));
    let usual = configured.is_none_or(|group| group == "docker");
    if observed.supervisor == Supervisor::Rootless || !usual {
        return Vec::new();
    }
    group::members(observed.system(), "docker")
}

/// Differences from what `sealock.toml` asks for. What the files' own findings tell better is left out.
fn drift(
    observed: &Observed,
    noted: &[(Part, HostError)],
    desired: Option<&Desired>,
) -> Vec<seen::Drift> {
    let Some(desired) = desired.filter(|_| sees_all(observed)) else {
        return Vec::new();
    };
    let noted = |wanted| noted.iter().any(|(part, _)| *part == wanted);
    // Of a unit that cannot be used nobody knows what it should look like.
    if noted(Part::Unit) {
        return Vec::new();
    }
    let broken = noted(Part::Config);
    crate::drift(observed, desired)
        .into_iter()
        .filter(|drift| !(broken && drift.place == observed.config.path()))
        .map(|drift| seen::Drift {
            place: escape(&drift.place.to_string_lossy()),
            what: escape(&drift.what),
        })
        .collect()
}

/// Whether we may read what the daemon may.
fn sees_all(observed: &Observed) -> bool {
    observed.supervisor == Supervisor::Rootless || observed.system().user().0 == 0
}

/// Without files that only the daemon's own user may read: to us that says nothing.
fn readable(observed: &Observed, found: Vec<seen::File>) -> Vec<seen::File> {
    if sees_all(observed) {
        return found;
    }
    found
        .into_iter()
        .filter(|file| !files::is_forbidden(file))
        .collect()
}
