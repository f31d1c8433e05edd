//! The daemon's certificates and keys: which files it would open.

use super::files::look;
use crate::observe::{Observed, Supervisor};
use sealock_check::mode;
use sealock_check::seen::{Config, ConfigState, File, Host, Role};
use serde_json::{Map, Value};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The files that the next start would open, and those that somebody named in vain.
pub(super) fn files(observed: &Observed, host: &Host) -> Vec<File> {
    let Some(tls) = mode::tls(host).or_else(|| mode::tls(&without_config(host))) else {
        return Vec::new();
    };
    let system = observed.system();
    let base = working_directory(observed);
    let uid = rightful_uid(observed);
    let roles = [
        (Role::DaemonAnchors, tls.anchors),
        (Role::ServerCertificate, tls.certificate),
        (Role::ServerKey, tls.key),
    ];
    let mut found = Vec::new();
    for ((role, opened), name) in roles.into_iter().zip(mode::PATHS) {
        let written = written(host, name);
        if let Some(path) = opened.or_else(|| written.clone()) {
            found.push(look(system, &base.join(path), role, written.is_some(), uid));
        }
    }
    found
}

/// The path that a flag or a key of `daemon.json` names.
fn written(host: &Host, name: &str) -> Option<PathBuf> {
    let key = host.config.keys.get(name).and_then(Value::as_str);
    let flag = host.flag(name).and_then(|flag| flag.value.as_deref());
    key.or(flag)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// The same host with a `daemon.json` that says nothing: what the flags alone would open.
fn without_config(host: &Host) -> Host {
    Host {
        config: Config {
            path: host.config.path.clone(),
            state: ConfigState::Absent,
            keys: Map::new(),
            bytes: Vec::new(),
        },
        ..host.clone()
    }
}

/// What relative paths start from.
fn working_directory(observed: &Observed) -> PathBuf {
    if observed.unit.is_none()
        && let Some(running) = observed.service.running()
        && let Ok(folder) =
            std::fs::read_link(observed.at(Path::new(&format!("/proc/{}/cwd", running.pid))))
    {
        return folder;
    }
    PathBuf::from("/")
}

/// Who runs the daemon, and has to own its keys.
pub(super) fn rightful_uid(observed: &Observed) -> u32 {
    match (observed.supervisor, observed.service.running()) {
        (Supervisor::Rootless, _) => observed.system().user().0,
        (Supervisor::Hand, Some(running)) => {
            let process = observed.at(Path::new(&format!("/proc/{}", running.pid)));
            std::fs::metadata(process).map_or(0, |found| found.uid())
        }
        _ => 0,
    }
}
