//! Daemons under systemd: the system's, a user's (rootless), and the snap's.

use super::whole::{folded, text_of};
use super::{Care, Found, Part, Supervisor, is_ours, user_config};
use crate::command::CommandLine;
use crate::service::{Manager, systemctl};
use crate::unit::Effective;
use crate::{DROP_IN, HostError, System};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A unit as its files and its manager describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// `docker.service`.
    pub name: String,
    /// The unit file.
    pub fragment: PathBuf,
    /// Its drop-ins but ours, in systemd's order.
    pub drop_ins: Vec<PathBuf>,
    /// What the files say together, without ours.
    pub effective: Effective,
    /// `Environment` and `EnvironmentFile` together.
    pub environment: BTreeMap<String, String>,
    /// `active`, `inactive`, `failed`, `activating` …
    pub active_state: String,
    /// `enabled`, `disabled`, `static` …
    pub file_state: String,
    /// Why the last run ended: `success`, `exit-code`, `start-limit-hit`.
    pub result: String,
    /// How often systemd restarted it by itself.
    pub restarts: u32,
    /// What ends with the main process: `process`, `mixed`, `control-group`, `none`.
    pub kill_mode: String,
    /// The unit's control group.
    pub control_group: String,
    /// systemd has not read the files since they changed.
    pub needs_reload: bool,
    /// The socket unit beside it.
    pub socket: Option<SocketUnit>,
    /// Where our drop-in belongs.
    pub our_path: PathBuf,
    /// Our drop-in's text, when it is there.
    pub our_text: Option<String>,
}

/// A socket unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SocketUnit {
    /// `docker.socket`.
    pub name: String,
    /// What it listens on.
    pub listen: Vec<String>,
    /// Whether it does.
    pub active: bool,
}

struct Place {
    unit: &'static str,
    supervisor: Supervisor,
    user: bool,
}

/// The first docker unit that systemd knows; `None` without systemd or without such a unit.
pub(super) fn find(system: &dyn System, care: &mut Care) -> Result<Option<Found>, HostError> {
    let rootless = system.user().0 != 0;
    if !system.root().at("/run/systemd/system").exists() {
        return Ok(None);
    }
    let places = [
        Place {
            unit: "docker.service",
            supervisor: if rootless {
                Supervisor::Rootless
            } else {
                Supervisor::Systemd
            },
            user: rootless,
        },
        Place {
            unit: "snap.docker.dockerd.service",
            supervisor: Supervisor::Snap,
            user: false,
        },
    ];
    let mut masked = None;
    for place in places {
        let Some(properties) = show(system, place.unit, place.user)? else {
            continue;
        };
        if property(&properties, "LoadState") == "masked" {
            masked = masked.or(Some(place.unit));
            continue;
        }
        return describe(system, &place, &properties, care).map(Some);
    }
    if let Some(unit) = masked {
        // A daemon that runs beside a masked unit was not started by it.
        let error = HostError::Unit {
            unit: unit.into(),
            path: PathBuf::from(unit),
            problem: "it is masked; `systemctl unmask` gives it back".into(),
        };
        care.refuse(Part::Unit, error)?;
    }
    Ok(None)
}

fn property(properties: &BTreeMap<String, String>, name: &str) -> String {
    properties.get(name).cloned().unwrap_or_default()
}

/// What systemd says of a unit that it knows, be it one that it refuses to run.
fn show(
    system: &dyn System,
    unit: &str,
    user: bool,
) -> Result<Option<BTreeMap<String, String>>, HostError> {
    const WANTED: &str = "LoadState,FragmentPath,DropInPaths,ActiveState,UnitFileState,Result,NRestarts,NeedDaemonReload,KillMode,ControlGroup";
    // A systemd that does not answer (a chroot) is none.
    let Ok(outcome) = system.run(&systemctl(user, &["show", unit, "-p", WANTED])) else {
        return Ok(None);
    };
    let properties: BTreeMap<String, String> = outcome
        .stdout
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let state = property(&properties, "LoadState");
    let known = !state.is_empty() && state != "not-found";
    Ok((outcome.success() && known).then_some(properties))
}

fn describe(
    system: &dyn System,
    place: &Place,
    properties: &BTreeMap<String, String>,
    care: &mut Care,
) -> Result<Found, HostError> {
    let property = |name: &str| property(properties, name);
    let fragment = PathBuf::from(property("FragmentPath"));
    let directory = unit_directory(system, place.user);
    let our_path = directory.join(format!("{}.d/{DROP_IN}", place.unit));
    let our_text = care.or(Part::Unit, text_of(system, &our_path), |_| None)?;
    let our_text = match our_text {
        Some(text) if !is_ours(&text) => {
            let path = our_path.clone();
            care.refuse(Part::Unit, HostError::NotOurs { path })?;
            None
        }
        other => other,
    };
    let drop_ins = drop_ins(system, place, &property("DropInPaths"));
    let files = std::iter::once(&fragment).chain(&drop_ins);
    let (effective, environment) = folded(system, files, care)?;
    let problem = match effective.exec_start.as_slice() {
        [_] => None,
        [] => Some("no ExecStart".to_owned()),
        more => Some(format!("{} ExecStart lines", more.len())),
    };
    let refused = matches!(property("LoadState").as_str(), "bad-setting" | "error");
    let problem = problem.or(refused.then(|| {
        format!(
            "systemd does not accept it; `systemctl status {}` says why",
            place.unit
        )
    }));
    if let Some(problem) = problem {
        let error = HostError::Unit {
            unit: place.unit.into(),
            path: fragment.clone(),
            problem,
        };
        care.refuse(Part::Unit, error)?;
    }
    let exec_start = effective.exec_start.first().map_or("", String::as_str);
    let command = CommandLine::of_unit(exec_start, &environment);
    let manager = match place.supervisor {
        Supervisor::Snap => Manager::Snap {
            unit: place.unit.into(),
        },
        _ => Manager::Systemd {
            unit: place.unit.into(),
            user: place.user,
            reloads: effective.reloads,
        },
    };
    let unit = Unit {
        name: place.unit.into(),
        fragment,
        drop_ins,
        environment,
        active_state: property("ActiveState"),
        file_state: property("UnitFileState"),
        result: property("Result"),
        restarts: property("NRestarts").parse().unwrap_or(0),
        kill_mode: property("KillMode"),
        control_group: property("ControlGroup"),
        needs_reload: property("NeedDaemonReload") == "yes",
        socket: if place.supervisor == Supervisor::Systemd {
            care.or(Part::Unit, socket(system), |_| None)?
        } else {
            None
        },
        effective,
        our_path,
        our_text,
    };
    Ok(Found {
        supervisor: place.supervisor,
        unit: Some(unit),
        command: Some(command),
        manager,
        pidfile: None,
    })
}

fn unit_directory(system: &dyn System, user: bool) -> PathBuf {
    if user {
        user_config(system).join("systemd/user")
    } else {
        PathBuf::from("/etc/systemd/system")
    }
}

/// The drop-ins on the disk, by systemd's rules: sorted by file name, and of two with one name the
/// one from the stronger directory. systemd's own list may be older than the files.
fn drop_ins(system: &dyn System, place: &Place, listed: &str) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = if place.user {
        let data = system.variable("HOME").map_or_else(PathBuf::new, |home| {
            PathBuf::from(home).join(".local/share")
        });
        vec![
            unit_directory(system, true),
            PathBuf::from("/etc/systemd/user"),
            data.join("systemd/user"),
            PathBuf::from("/usr/lib/systemd/user"),
        ]
    } else {
        [
            "/etc/systemd/system",
            "/run/systemd/system",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ]
        .map(PathBuf::from)
        .to_vec()
    };
    directories.dedup();
    let mut by_name: BTreeMap<String, PathBuf> = BTreeMap::new();
    for directory in directories
        .iter()
        .map(|directory| directory.join(format!("{}.d", place.unit)))
    {
        let Ok(entries) = std::fs::read_dir(system.root().at(&directory)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".conf") {
                by_name
                    .entry(name.clone())
                    .or_insert_with(|| directory.join(name));
            }
        }
    }
    let seen: BTreeSet<PathBuf> = by_name.values().cloned().collect();
    for path in listed
        .split_whitespace()
        .map(PathBuf::from)
        .filter(|path| !seen.contains(path))
    {
        if let Some(name) = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            && system.root().at(&path).exists()
        {
            by_name.entry(name).or_insert(path);
        }
    }
    by_name.remove(DROP_IN);
    by_name.into_values().collect()
}

fn socket(system: &dyn System) -> Result<Option<SocketUnit>, HostError> {
    let Some(properties) = show(system, "docker.socket", false)? else {
        return Ok(None);
    };
    let fragment = properties.get("FragmentPath").cloned().unwrap_or_default();
    let place = Place {
        unit: "docker.socket",
        supervisor: Supervisor::Systemd,
        user: false,
    };
    let mut texts = Vec::new();
    for path in std::iter::once(PathBuf::from(fragment)).chain(drop_ins(system, &place, "")) {
        texts.extend(text_of(system, &path)?);
    }
    Ok(Some(SocketUnit {
        name: "docker.socket".into(),
        listen: Effective::of(texts.iter().map(String::as_str)).listen_streams,
        active: properties
            .get("ActiveState")
            .is_some_and(|state| state == "active"),
    }))
}
