//! The daemon's certificates and keys: which files it would open.

use super::files::look;
use crate::observe::{Observed, Supervisor};
use sealock_check::mode;
use sealock_check::seen::{Config, ConfigState, File, Host, Role};
use serde_json::{Map, Value};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The files that the next start would open, and those that somebody named in vain. With a `daemon.json`
/// that does not read: those that it would name once it is mended.
pub(super) fn files(observed: &Observed, host: &Host) -> Vec<File> {
    let mended;
    let (host, tls) = match mode::tls(host) {
        Some(tls) => (host, tls),
        None => {
            mended = with_salvaged_config(observed, host);
            match mode::tls(&mended) {
                Some(tls) => (&mended, tls),
                None => return Vec::new(),
            }
        }
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
        // Without TLS nothing is opened, defaults least of all.
        let opened = opened.filter(|_| tls.mode != mode::Mode::Plain);
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

/// The same host with what can still be told of the paths in a `daemon.json` that does not read: those that
/// stand in it, else ours, where we have put some and no flag names others.
fn with_salvaged_config(observed: &Observed, host: &Host) -> Host {
    let live = observed.directory.join("live");
    let ours =
        host.flag("tlscert").is_none() && std::fs::symlink_metadata(observed.at(&live)).is_ok();
    let text = String::from_utf8_lossy(&host.config.bytes);
    let mut keys = Map::new();
    for (name, file) in mode::PATHS
        .into_iter()
        .zip(["ca.pem", "server-cert.pem", "server-key.pem"])
    {
        let path = salvaged(&text, name)
            .or_else(|| ours.then(|| live.join(file).to_string_lossy().into_owned()));
        keys.extend(path.map(|path| (name.to_owned(), Value::from(path))));
    }
    Host {
        config: Config {
            path: host.config.path.clone(),
            state: ConfigState::Sound,
            keys,
            bytes: Vec::new(),
        },
        ..host.clone()
    }
}

/// The text of a member in what is no JSON as a whole.
fn salvaged(text: &str, key: &str) -> Option<String> {
    let (_, behind) = text.split_once(&format!("\"{key}\""))?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start();
    let mut escaped = false;
    let end = value.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    })?;
    serde_json::from_str(value.get(..=end.0)?).ok()
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

#[cfg(test)]
mod tests {
    use super::salvaged;

    #[test]
    fn a_path_is_found_in_broken_json() {
        for (text, expected) in [
            ("{ \"tlskey\" : \"/k\", }", Some("/k")),
            ("{,\"tlskey\":\"/a\\\\\\\"b\"", Some("/a\\\"b")),
            ("\"tlskey\": true", None),
            ("\"tlskey\": \"/k", None),
            ("\"tlskey\"", None),
            ("\"tlskey\": é\"", None),
            ("", None),
        ] {
            assert_eq!(salvaged(text, "tlskey").as_deref(), expected, "{text}");
        }
    }
}
