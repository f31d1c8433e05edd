//! What a registry's configuration and variables leave open (distribution 2.8 and 3, `registry/registry.go`).
//!
//! Variables stand over `config.yml`, each over the key of its name. Distribution 2.8 passes over one whose name has a
//! number at its end, and so the form that other programs have for lists leaves the list empty: nobody is asked.

use std::path::{Path, PathBuf};

use sealock_change::fs;
use sealock_diag::escape;

use super::config::REQUIRED;
use super::yaml::{self, Entry, Value};
use crate::kind::Remark;

/// Client authorities are missing, or written in the form that fails open.
const OPEN: &str = "SL-F665";
/// It serves plain HTTP.
const PLAIN: &str = "SL-F666";
const PREFIX: &str = "REGISTRY_HTTP";

/// Where a registry has its settings from.
#[derive(Debug)]
pub(super) enum Source<'a> {
    /// `config.yml`.
    File(&'a Path),
    /// A container's image, which has no `http.tls`, and the file of ours.
    Image(&'a Path),
}

/// What is wrong in the settings of a registry whose variables stand in these files, the last one over the others. `ca` is
/// what its clients are to be judged by.
pub(super) fn of(source: &Source<'_>, files: &[PathBuf], ca: &Path) -> Vec<Remark> {
    let variables: Vec<Variable> = files.iter().flat_map(|path| variables(path)).collect();
    let mut settings = match source {
        Source::File(path) => match in_file(path) {
            Some(settings) => settings,
            // What is not understood is told by what would change it.
            None => return Vec::new(),
        },
        // Before there is a file of ours, others say something when they speak of it.
        Source::Image(own) if own.is_file() || !variables.is_empty() => Settings::none(shown(own)),
        Source::Image(_) => return Vec::new(),
    };
    if !settings.take(&variables) {
        return Vec::new();
    }
    let found = [settings.tls(&variables, ca), settings.debug()];
    found.into_iter().flatten().collect()
}

/// A value, and where it stands.
#[derive(Clone, Debug)]
struct Told {
    place: String,
    value: String,
}

impl Told {
    fn is_empty(&self) -> bool {
        matches!(&*self.value, "" | "~" | "null")
    }
}

/// The list of the files with the authorities of clients.
#[derive(Clone, Debug)]
enum Authorities {
    /// It is not there; where it would be.
    Missing(String),
    /// It is there and empty.
    Empty(String),
    /// It names files.
    Some,
}

/// What of `http` says who gets in.
#[derive(Debug)]
struct Settings {
    /// Where `http.tls` stands, or would.
    place: String,
    certificate: Option<Told>,
    authorities: Authorities,
    auth: Option<Told>,
    debug: Option<Told>,
}

impl Settings {
    fn none(place: String) -> Self {
        Self {
            authorities: Authorities::Missing(place.clone()),
            place,
            certificate: None,
            auth: None,
            debug: None,
        }
    }

    /// Takes what variables say; `false` when one of them says more than is understood.
    fn take(&mut self, variables: &[Variable]) -> bool {
        // Distribution goes through them by name, so that what says more precisely what it is comes later.
        let mut sorted: Vec<&Variable> = variables.iter().collect();
        sorted.sort_by(|one, other| one.name.cmp(&other.name));
        for variable in sorted {
            let told = variable.told.clone();
            match variable.name.strip_prefix(PREFIX).unwrap_or_default() {
                "" => return false,
                "_TLS" if told.is_empty() || told.value == "{}" => {
                    let debug = self.debug.take();
                    *self = Self::none(told.place);
                    self.debug = debug;
                }
                "_TLS" => return false,
                "_TLS_CERTIFICATE" => self.certificate = Some(told),
                "_TLS_CLIENTCAS" if told.is_empty() || told.value == "[]" => {
                    self.authorities = Authorities::Empty(told.place);
                }
                "_TLS_CLIENTCAS" => self.authorities = Authorities::Some,
                "_TLS_CLIENTAUTH" => self.auth = Some(told),
                "_DEBUG_ADDR" => self.debug = Some(told),
                _ => {}
            }
        }
        true
    }

    fn tls(&self, variables: &[Variable], ca: &Path) -> Option<Remark> {
        let remark = |code, place: &str, cause: &str, help: String| Remark {
            code,
            place: place.to_owned(),
            cause: cause.to_owned(),
            help: Some(help),
        };
        let ca = shown(ca);
        let certificate = self.certificate.as_ref();
        if certificate.is_none_or(Told::is_empty) {
            let (place, cause) = match certificate {
                Some(told) => (&told.place, "the certificate of `http.tls` is empty"),
                None => (&self.place, "there is no certificate in `http.tls`"),
            };
            let cause = format!("{cause}, and without one the registry serves plain HTTP");
            return Some(remark(PLAIN, place, &cause, "sealock apply".to_owned()));
        }
        let listed = variables.iter().find(|variable| {
            let number = variable.name.strip_prefix("REGISTRY_HTTP_TLS_CLIENTCAS_");
            number.is_some_and(|rest| !rest.is_empty())
        });
        let (place, cause) = match (&self.authorities, listed) {
            (Authorities::Some, _) => {
                let auth = self.auth.as_ref().filter(|auth| auth.value != REQUIRED)?;
                let value: String = auth.value.chars().take(64).collect();
                let cause = format!(
                    "clientauth is {}, so distribution 3 lets clients in without a certificate",
                    escape(&value)
                );
                let help = format!("{REQUIRED}, or no such setting");
                return Some(remark(OPEN, &auth.place, &cause, help));
            }
            (_, Some(variable)) => {
                let cause = format!(
                    "{}: distribution 2.8 passes over a variable with a number at its end, so clients are asked for no certificate",
                    escape(&variable.name)
                );
                let help = format!("REGISTRY_HTTP_TLS_CLIENTCAS='[{ca}]'");
                return Some(remark(OPEN, &variable.told.place, &cause, help));
            }
            (Authorities::Missing(place), None) => (place, "there is no clientcas"),
            (Authorities::Empty(place), None) => (place, "clientcas is empty"),
        };
        let cause = format!("{cause}, so clients are asked for no certificate");
        let help = format!("clientcas, a list with {ca}: sealock apply");
        Some(remark(OPEN, place, &cause, help))
    }

    /// The listener that shows the memory of the process, keys included, to whoever asks.
    fn debug(&self) -> Option<Remark> {
        let told = self.debug.as_ref().filter(|told| !told.is_empty())?;
        let host = told.value.rsplit_once(':')?.0;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let loopback = host
            .parse()
            .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        if loopback || host == "localhost" {
            return None;
        }
        let value: String = told.value.chars().take(64).collect();
        Some(Remark {
            code: PLAIN,
            place: told.place.clone(),
            cause: format!(
                "debug.addr is {}: whoever gets there reads the memory of the process over plain HTTP",
                escape(&value)
            ),
            help: Some("addr: 127.0.0.1:5001, or no `debug`".to_owned()),
        })
    }
}

/// What `config.yml` says; `None` where it is not understood, or not there.
fn in_file(path: &Path) -> Option<Settings> {
    let bytes = fs::read(path).ok()?;
    let root = yaml::read(std::str::from_utf8(&bytes).ok()?).ok()?;
    let file = shown(path);
    let line = |entry: &Entry| format!("{file}, line {}", entry.line + 1);
    let http = root.get("http")?;
    let block = |entry: &Entry| matches!(entry.value, Value::Map(_) | Value::Null);
    if !block(http) {
        return None;
    }
    let mut settings = Settings::none(line(http));
    let debug = http
        .value
        .get("debug")
        .and_then(|debug| debug.value.get("addr"));
    settings.debug = debug.and_then(|entry| told(entry, line(entry)));
    let Some(tls) = http.value.get("tls") else {
        return Some(settings);
    };
    if !block(tls) {
        return None;
    }
    // Certificates that it has made by somebody else.
    if tls.value.get("letsencrypt").is_some() {
        return None;
    }
    settings.place = line(tls);
    let plain = |key: &str| {
        let entry = tls.value.get(key)?;
        told(entry, line(entry))
    };
    settings.certificate = plain("certificate");
    settings.auth = plain("clientauth");
    settings.authorities = match tls.value.get("clientcas") {
        None => Authorities::Missing(line(tls)),
        Some(entry) => match &entry.value {
            Value::Null => Authorities::Empty(line(entry)),
            Value::Plain(text) if matches!(&**text, "[]" | "~" | "null") => {
                Authorities::Empty(line(entry))
            }
            // A single path is refused when it starts.
            _ => Authorities::Some,
        },
    };
    Some(settings)
}

fn told(entry: &Entry, place: String) -> Option<Told> {
    let value = match &entry.value {
        Value::Null => String::new(),
        Value::Plain(text) => yaml::unquoted(text)?.to_owned(),
        _ => return None,
    };
    Some(Told { place, value })
}

/// A variable of the registry's own section `http`.
#[derive(Debug)]
struct Variable {
    name: String,
    told: Told,
}

/// Variables as files of systemd, of a shell and of compose set them, one on a line.
fn variables(path: &Path) -> Vec<Variable> {
    let Ok(bytes) = fs::read(path) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&bytes);
    let place = |at: usize| format!("{}, line {}", shown(path), at + 1);
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(at, line)| {
            let (name, value) = assigned(line)?;
            let told = Told {
                place: place(at),
                value,
            };
            Some(Variable { name, told })
        })
        .collect()
}

/// The variable that a line sets: `NAME=VALUE`, `Environment="NAME=VALUE"`, `- NAME=VALUE`, `NAME: VALUE`.
pub fn assigned(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return None;
    }
    let start = line.find(PREFIX)?;
    let before = line[..start].trim_end();
    let unit = before.starts_with("Environment=");
    let word = before.trim_end_matches(['"', '\'']).trim_end();
    if !unit && !["", "export", "-"].contains(&word) {
        return None;
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = &line[start..];
    let end = rest.find(|c| !legal(c))?;
    let (name, rest) = rest.split_at(end);
    let rest = rest.trim_start_matches(['"', '\'']).trim_start();
    let value = rest.strip_prefix('=').or_else(|| rest.strip_prefix(':'))?;
    let value = match (unit, before.ends_with(['"', '\''])) {
        // More of them can stand behind it.
        (true, true) => value.split(['"', '\'']).next()?,
        (true, false) => value.split_whitespace().next().unwrap_or_default(),
        (false, _) => value.split_once(" #").map_or(value, |(value, _)| value),
    };
    let value = value.trim().trim_matches(['"', '\'']).trim();
    Some((name.to_owned(), value.to_owned()))
}

fn shown(path: &Path) -> String {
    escape(&path.to_string_lossy())
}

#[cfg(test)]
mod tests;
