//! What the daemon would do at its next start, from its flags, `daemon.json` and environment.
//!
//! dockerd resolves these in an order of its own: TLS that is switched on by a flag brings default paths
//! with it, TLS that is switched on by `daemon.json` alone brings none, and drops the paths that stand as
//! flags. Everything in here is a prediction about one start; what runs now may differ.

mod conflict;
mod hosts;
mod keys;

pub use conflict::{Conflict, conflicts};
pub use hosts::{HostEntry, Source, Target, hosts};
pub use keys::{Shape, flattened, is_ever_known, is_known, shape_problem, similar, since};

use crate::seen::{ConfigState, Host, Supervisor};
use sealock_diag::escape;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::PathBuf;

/// What a TCP listener of the daemon asks of its visitors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No TLS.
    Plain,
    /// TLS; nobody is asked for a certificate.
    ServerOnly,
    /// TLS; a certificate of one of these anchors is demanded.
    Mutual {
        /// The file of the anchors.
        anchors: PathBuf,
    },
    /// TLS; a certificate of any authority that the operating system believes is demanded.
    MutualSystemRoots,
    /// The daemon would end instead, in its own words, escaped.
    WouldNotStart(String),
}

/// What the settings say of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// What a listener would ask for; never [`Mode::WouldNotStart`] but for a certificate that no setting names.
    pub mode: Mode,
    /// Whether flags or the environment switch TLS on: then the paths of flags count, and defaults do.
    pub by_flags: bool,
    /// Whether anybody wrote `tls` or `tlsverify`.
    pub mentioned: bool,
    /// The file of the anchors.
    pub anchors: Option<PathBuf>,
    /// The file of the certificate.
    pub certificate: Option<PathBuf>,
    /// The file of its key.
    pub key: Option<PathBuf>,
}

/// The flags and keys that name TLS files.
pub const PATHS: [&str; 3] = ["tlscacert", "tlscert", "tlskey"];

/// What the settings say of TLS; `None` when `daemon.json` cannot be read or has a value
/// of a wrong type there, so that nobody can tell.
pub fn tls(host: &Host) -> Option<Tls> {
    let json = members(host)?;
    // A value that dockerd cannot take ends it before it comes to TLS.
    let wrong = |name: &&str| {
        json.get(*name)
            .is_some_and(|value| shape_problem(name, value).is_some())
    };
    if ["hosts", "tls", "tlsverify"]
        .iter()
        .chain(&PATHS)
        .any(wrong)
    {
        return None;
    }
    let (flag_tls, flag_verify) = (switch(host, "tls"), switch(host, "tlsverify"));
    let key = |name: &str| json.get(name).and_then(Value::as_bool);
    let variable = variable(host, "DOCKER_TLS_VERIFY").is_some();
    let by_flags = flag_verify.is_some() || flag_tls == Some(true) || variable;
    // A flag and a key of one name are a conflict; the order between them never matters.
    let verify = key("tlsverify").or(flag_verify);
    let switched = key("tls").or(flag_tls);
    let on = verify.is_some() || switched == Some(true);
    let path = |name: &str, default: &str| {
        let written = json
            .get(name)
            .and_then(Value::as_str)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        written.or_else(|| {
            let flag = host.flag(name).and_then(|flag| flag.value.clone());
            by_flags.then(|| match flag {
                Some(path) => PathBuf::from(path),
                None => default_directory(host).join(default),
            })
        })
    };
    let (anchors, certificate, private) = (
        path("tlscacert", "ca.pem"),
        path("tlscert", "cert.pem"),
        path("tlskey", "key.pem"),
    );
    let mode = if !on {
        Mode::Plain
    } else if certificate.is_none() || private.is_none() {
        let shown = |path: &Option<PathBuf>| {
            let path = path.as_ref().map(|path| path.to_string_lossy());
            escape(&path.unwrap_or_default())
        };
        // Since 29 it begins with a small letter.
        let begin = if host.at_least(29) { "could" } else { "Could" };
        Mode::WouldNotStart(format!(
            "{begin} not load X509 key pair (cert: \"{}\", key: \"{}\"): open : no such file or directory",
            shown(&certificate),
            shown(&private)
        ))
    } else if verify == Some(false) {
        Mode::ServerOnly
    } else {
        match &anchors {
            Some(anchors) => Mode::Mutual {
                anchors: anchors.clone(),
            },
            None => Mode::MutualSystemRoots,
        }
    };
    Some(Tls {
        mode,
        by_flags,
        mentioned: verify.is_some() || switched.is_some(),
        anchors,
        certificate,
        key: private,
    })
}

/// What the daemon would do at its next start.
pub fn resolve(host: &Host) -> Mode {
    let unable = |words: &str| {
        Mode::WouldNotStart(format!(
            "unable to configure the Docker daemon with file {}: {words}",
            escape(&host.config.path.to_string_lossy())
        ))
    };
    match &host.config.state {
        ConfigState::Unreadable(why) => return unable(&escape(why)),
        ConfigState::Broken(problem) if problem.duplicate.is_none() => {
            return unable(&problem.words);
        }
        _ => {}
    }
    let Some(json) = members(host) else {
        return unable("invalid JSON");
    };
    let unknown: Vec<String> = unknown_keys(host, &json);
    if !unknown.is_empty() {
        return unable(&format!(
            "the following directives don't match any configuration option: {}",
            unknown.join(", ")
        ));
    }
    let conflicts = conflicts(host, &json);
    if !conflicts.is_empty() {
        return unable(&conflict::words(&conflicts));
    }
    if let Some((host, why)) = hosts(host)
        .into_iter()
        .find_map(|entry| match entry.target {
            Target::Invalid(why) => Some((entry.written, why)),
            _ => None,
        })
    {
        return Mode::WouldNotStart(format!("invalid bind address ({}): {why}", escape(&host)));
    }
    tls(host).map_or_else(|| unable("invalid JSON"), |tls| tls.mode)
}

/// The top-level members as dockerd takes them: of a key that is there twice, the last. `None` when there
/// is a file and it does not read.
pub fn members(host: &Host) -> Option<Cow<'_, Map<String, Value>>> {
    match &host.config.state {
        ConfigState::Absent | ConfigState::Sound => Some(Cow::Borrowed(&host.config.keys)),
        ConfigState::Unreadable(_) => None,
        ConfigState::Broken(_) => {
            let bytes = host.config.bytes.as_slice();
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            serde_json::from_slice(bytes).ok().map(Cow::Owned)
        }
    }
}

/// Keys that the installed version does not know, escaped; when the version is not known, those that none knows.
pub fn unknown_keys(host: &Host, json: &Map<String, Value>) -> Vec<String> {
    let is_known = |key: &str| match &host.version {
        Some(version) => is_known(key, version.major),
        None => is_ever_known(key),
    };
    flattened(json)
        .filter(|(key, _)| !is_known(key))
        .map(|(key, _)| escape(key))
        .collect()
}

/// A boolean flag, as Go reads it.
pub fn switch(host: &Host, name: &str) -> Option<bool> {
    let flag = host.flag(name)?;
    match flag.value.as_deref() {
        None | Some("1" | "t" | "T" | "TRUE" | "true" | "True") => Some(true),
        Some("0" | "f" | "F" | "FALSE" | "false" | "False") => Some(false),
        Some(_) => None,
    }
}

/// A boolean setting, wherever it stands.
pub fn setting(host: &Host, name: &str) -> Option<bool> {
    let key = host.config.keys.get(name).and_then(Value::as_bool);
    key.or_else(|| switch(host, name))
}

/// A variable of the daemon's environment that is set and not empty.
pub fn variable<'h>(host: &'h Host, name: &str) -> Option<&'h str> {
    host.environment
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// Where a setting is written, for a message: `daemon.json`, or the unit or command line with its flag.
pub fn place(host: &Host, name: &str) -> String {
    let json = members(host).is_some_and(|json| flattened(&json).any(|(key, _)| key == name));
    match &host.unit {
        _ if json || host.flag(name).is_none() => escape(&host.config.path.to_string_lossy()),
        Some(unit) => format!("{}, --{name}", escape(&unit.name)),
        None => format!("the command line of dockerd, --{name}"),
    }
}

fn default_directory(host: &Host) -> PathBuf {
    let named = ["DOCKER_CERT_PATH", "DOCKER_CONFIG"]
        .into_iter()
        .find_map(|name| variable(host, name));
    if let Some(named) = named {
        return PathBuf::from(named);
    }
    let home = match (variable(host, "HOME"), host.supervisor) {
        (Some(home), _) => home,
        (None, Supervisor::Rootless | Supervisor::Hand) => "~",
        (None, _) => "/root",
    };
    PathBuf::from(home).join(".docker")
}

#[cfg(test)]
mod tests;
