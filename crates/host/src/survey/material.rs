//! The daemon's certificates and keys: which files it would open.

use super::files::look;
use crate::observe::{Observed, Supervisor};
use sealock_check::seen::{Config, File, Flag, Role};
use serde_json::Value;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Key, role, and the name in the folder of defaults.
const PARTS: [(&str, Role, &str); 3] = [
    ("tlscacert", Role::DaemonAnchors, "ca.pem"),
    ("tlscert", Role::ServerCertificate, "cert.pem"),
    ("tlskey", Role::ServerKey, "key.pem"),
];

/// The three files, as far as the next start would look for them.
///
/// Flags have defaults, but only when a flag switches TLS on; keys of `daemon.json` have none.
pub(super) fn files(
    observed: &Observed,
    flags: &[Flag],
    config: &Config,
    environment: &BTreeMap<String, String>,
) -> Vec<File> {
    let system = observed.system();
    let flag = |name: &str| flags.iter().rev().find(|flag| flag.name == name);
    let by_flag = flag("tlsverify").is_some()
        || flag("tls").is_some_and(|flag| flag.value.as_deref() != Some("false"));
    let base = working_directory(observed);
    let uid = rightful_uid(observed);
    let mut found = Vec::new();
    for (key, role, default) in PARTS {
        let written = flag(key)
            .and_then(|flag| flag.value.clone())
            .or_else(|| Some(config.keys.get(key).and_then(Value::as_str)?.to_owned()))
            .filter(|path| !path.is_empty());
        let (path, named) = match written {
            Some(path) => (base.join(path), true),
            None if by_flag => (defaults(observed, environment).join(default), false),
            None => continue,
        };
        found.push(look(system, &path, role, named, uid));
    }
    found
}

/// Where flags look when they say nothing.
fn defaults(observed: &Observed, environment: &BTreeMap<String, String>) -> PathBuf {
    let set = |name: &str| environment.get(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("DOCKER_CERT_PATH").or_else(|| set("DOCKER_CONFIG")) {
        return PathBuf::from(folder);
    }
    let home = match (set("HOME"), observed.supervisor) {
        (Some(home), _) => home.clone(),
        (None, Supervisor::Rootless) => observed.system().variable("HOME").unwrap_or_default(),
        // systemd gives no home to root's services; dockerd then asks the user database.
        (None, _) => "/root".into(),
    };
    Path::new(&home).join(".docker")
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
