//! What is wrong with a SQLPad as it is set up and as it runs.

use std::path::Path;

use sealock_diag::escape;

use super::running::{Holder, Listener, Process, SECRETS, Version};
use crate::kind::Remark;

/// F660: variables of another generation.
const GENERATION: &str = "SL-F660";
/// F661: secrets that everybody knows.
const SECRET: &str = "SL-F661";
/// F662: a header that anybody can write.
const HEADER: &str = "SL-F662";

/// The key's variable and the certificate's. Since 5.1 they have other names, and since 6 the old ones are not read.
pub(super) const OLD: [&str; 2] = ["KEY_PATH", "CERT_PATH"];
pub(super) const NEW: [&str; 2] = ["SQLPAD_HTTPS_KEY_PATH", "SQLPAD_HTTPS_CERT_PATH"];
/// The same as options of the command line, in every generation.
const OPTIONS: [&str; 2] = ["keyPath", "certPath"];
/// Before this one no header was believed.
const FIRST_WITH_HEADER: Version = Version(4, 2, 0);

/// Google's, each with its secret, in both generations.
const GOOGLE: [[&str; 2]; 2] = [
    ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET"],
    ["SQLPAD_GOOGLE_CLIENT_ID", "SQLPAD_GOOGLE_CLIENT_SECRET"],
];
/// Before this one `/api/app` answered everybody with Google's client secret where "yes" was meant.
const FIRST_DISCREET: Version = Version(6, 8, 1);

/// What `sealock.toml` says of it.
#[derive(Debug)]
pub(super) struct Told<'t> {
    /// `3`, `5`, `6` or `7`.
    pub(super) generation: &'t str,
    /// The environment file of ours.
    pub(super) environment: &'t Path,
    /// Whether it is told to believe a header.
    pub(super) believes: bool,
    /// Where it is asked.
    pub(super) address: &'t str,
}

/// Everything that is wrong; `text` is what stands in the environment file.
pub(super) fn all(told: &Told<'_>, text: Option<&str>, listeners: &[Listener]) -> Vec<Remark> {
    let mut all: Vec<Remark> = text
        .and_then(|text| in_the_file(told, text))
        .into_iter()
        .collect();
    let mut seen = Vec::new();
    for listener in listeners {
        if let Some(Holder::Sqlpad(process)) = &listener.holder
            && !seen.contains(&process.pid)
        {
            seen.push(process.pid);
            all.extend(in_the_process(told, process));
            all.extend(secrets(process));
        }
        all.extend(header(told, listener));
    }
    // A name at `address`, and nobody who listens to be seen: it may be elsewhere, so nothing is said of it.
    all
}

/// The pairs that a version reads.
fn read_by(version: Version) -> &'static [[&'static str; 2]] {
    match version {
        Version(..5, _, _) | Version(5, 0, _) => &[OLD],
        Version(5, _, _) => &[NEW, OLD],
        _ => &[NEW],
    }
}

/// The pairs that are read by whatever `generation` stands for.
fn read_by_generation(word: &str) -> &'static [[&'static str; 2]] {
    match word {
        "3" => &[OLD],
        "5" => &[NEW, OLD],
        _ => &[NEW],
    }
}

/// The pair that sealock writes for it.
fn written_for(word: &str) -> [&'static str; 2] {
    match word {
        "3" => OLD,
        _ => NEW,
    }
}

fn in_the_file(told: &Told<'_>, text: &str) -> Option<Remark> {
    let read = read_by_generation(told.generation);
    let has = |name: &str| {
        text.lines().position(|line| {
            let value = line.split_once('=').filter(|(left, _)| *left == name);
            value.is_some_and(|(_, value)| !value.trim().is_empty())
        })
    };
    if read
        .iter()
        .any(|pair| pair.iter().all(|name| has(name).is_some()))
    {
        return None;
    }
    let others = [OLD, NEW].concat();
    let mut others = others
        .iter()
        .filter(|name| !read.iter().any(|pair| pair.contains(*name)));
    let (line, name) = others.find_map(|name| Some((has(name)?, name)))?;
    Some(Remark {
        code: GENERATION,
        place: format!(
            "{}:{}",
            escape(&told.environment.display().to_string()),
            line + 1
        ),
        cause: format!(
            "{name} is not read by generation {}; it reads {} and {}, and serves plain HTTP without them",
            told.generation, read[0][0], read[0][1]
        ),
        help: Some("sealock apply".to_owned()),
    })
}

fn in_the_process(told: &Told<'_>, process: &Process) -> Option<Remark> {
    let has = |pair: &[&'static str; 2]| pair.iter().all(|name| process.names.contains(*name));
    let by_options = OPTIONS
        .iter()
        .all(|option| process.options.contains(*option));
    let known =
        |read: &[[&'static str; 2]]| by_options || process.has_file() || read.iter().any(has);
    let written = written_for(told.generation);
    if let Some(version) = process.version
        && !read_by(version).contains(&written)
    {
        let read = read_by(version);
        let effect = match known(read) {
            true => "",
            false => ": it serves plain HTTP",
        };
        return Some(Remark {
            code: GENERATION,
            place: format!("process {} at {}", process.pid, escape(told.address)),
            cause: format!(
                "it is SQLPad {version} and reads {} and {}, but for generation {} {} and {} are written{effect}",
                read[0][0], read[0][1], told.generation, written[0], written[1]
            ),
            help: Some(format!(
                "in sealock.toml: generation = \"{}\"",
                match version {
                    Version(..5, _, _) | Version(5, 0, _) => "3".to_owned(),
                    Version(major, ..) => major.min(7).to_string(),
                }
            )),
        });
    }
    let read = process
        .version
        .map_or_else(|| read_by_generation(told.generation), read_by);
    if known(read) {
        return None;
    }
    let others = [OLD, NEW].concat();
    let others: Vec<&str> = others
        .into_iter()
        .filter(|name| process.names.contains(*name) && !read[0].contains(name))
        .collect();
    (!others.is_empty()).then(|| Remark {
        code: GENERATION,
        place: format!("environment of process {}", process.pid),
        cause: format!(
            "{} there, which it does not read; it reads {} and {}, and serves plain HTTP without them",
            match others.as_slice() {
                [one] => format!("{one} is"),
                several => format!("{} are", several.join(" and ")),
            },
            read[0][0],
            read[0][1]
        ),
        help: Some("sealock apply".to_owned()),
    })
}

fn secrets(process: &Process) -> Vec<Remark> {
    let remark = |cause, help| Remark {
        code: SECRET,
        place: format!("environment of process {}", process.pid),
        cause,
        help: Some(help),
    };
    let has = |name: &&str| process.names.contains(*name);
    let known = SECRETS.iter().zip(process.public);
    let known = known.filter(|(_, public)| *public && !process.has_file());
    let mut all: Vec<Remark> = known
        .map(|((name, _, _), _)| {
            let cause = match has(name) {
                true => format!("{name} has the value that SQLPad is published with"),
                false => format!(
                    "{name} is not set, and SQLPad takes the value that it is published with"
                ),
            };
            let help = format!("set {name} in an environment file of yours with mode 0600");
            remark(cause, help)
        })
        .collect();
    if let Some(version) = process.version
        && version < FIRST_DISCREET
        && has(&"PUBLIC_URL")
        && let Some([_, secret]) = GOOGLE.iter().find(|pair| pair.iter().all(has))
    {
        let cause =
            format!("SQLPad {version} tells everybody who asks for /api/app what {secret} is");
        let help = format!("run SQLPad {FIRST_DISCREET} or later, and have Google make another");
        all.push(remark(cause, help));
    }
    all
}

fn header(told: &Told<'_>, listener: &Listener) -> Option<Remark> {
    if listener.local.ip().to_canonical().is_loopback() {
        return None;
    }
    let believes = match &listener.holder {
        Some(Holder::Sqlpad(process)) => {
            let knows = |version| version >= FIRST_WITH_HEADER;
            (process.believes || told.believes) && process.version.is_none_or(knows)
        }
        Some(Holder::Other) => false,
        Some(Holder::Proxy) | None => told.believes,
    };
    let container = matches!(listener.holder, Some(Holder::Proxy));
    believes.then(|| Remark {
        code: HEADER,
        place: listener.local.to_string(),
        cause: "whoever reaches it there says in a header who he is".to_owned(),
        help: Some(match container {
            true => format!(
                "publish it on loopback: 127.0.0.1:{}:…",
                listener.local.port()
            ),
            false => "SQLPAD_IP=127.0.0.1, and a gateway in front".to_owned(),
        }),
    })
}

#[cfg(test)]
mod tests;
