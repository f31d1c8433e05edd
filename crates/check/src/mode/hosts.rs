//! Where the next start would listen, read as dockerd reads it.

use crate::mode::members;
use crate::seen::Host;
use serde_json::Value;
use std::path::PathBuf;

/// One host of the next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// As written.
    pub written: String,
    /// Where it is written.
    pub source: Source,
    /// What it means.
    pub target: Target,
}

/// Where a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag,
    /// In `daemon.json`.
    Json,
}

/// What a host means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// TCP.
    Tcp {
        /// Name or address, without brackets; empty when none is written.
        host: String,
        /// Port; without one dockerd takes 2375.
        port: Option<u16>,
    },
    /// A unix socket.
    Unix(PathBuf),
    /// Sockets that systemd passes.
    Passed,
    /// A pipe of Windows.
    Pipe,
    /// Nothing that dockerd can listen on; why.
    Invalid(String),
}

/// The hosts of the next start, flags first; none when nobody wrote one.
pub fn hosts(host: &Host) -> Vec<HostEntry> {
    let flags = host
        .flags
        .iter()
        .filter(|flag| flag.name == "host")
        .filter_map(|flag| flag.value.as_deref())
        .map(|written| entry(written, Source::Flag));
    let json = members(host)
        .and_then(|json| json.get("hosts").and_then(Value::as_array).cloned())
        .unwrap_or_default();
    let json = json
        .iter()
        .filter_map(Value::as_str)
        .map(|written| entry(written, Source::Json));
    flags.chain(json).collect()
}

fn entry(written: &str, source: Source) -> HostEntry {
    HostEntry {
        written: written.to_owned(),
        source,
        target: target(written.trim()),
    }
}

fn target(text: &str) -> Target {
    let (scheme, rest) = text.split_once("://").unwrap_or(("tcp", text));
    match scheme {
        "unix" => Target::Unix(PathBuf::from(if rest.is_empty() {
            "/var/run/docker.sock"
        } else {
            rest
        })),
        "fd" => Target::Passed,
        "npipe" => Target::Pipe,
        "tcp" => tcp(rest),
        other => Target::Invalid(format!("unsupported proto '{other}'")),
    }
}

fn tcp(rest: &str) -> Target {
    if rest.contains('/') {
        return Target::Invalid("should not contain a path element".into());
    }
    let unbracketed = |text: &str| {
        text.trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned()
    };
    // `[::1]` and a bare IPv6 address have colons and no port.
    let bare = rest.ends_with(']') || rest.parse::<std::net::Ipv6Addr>().is_ok();
    match rest.rsplit_once(':').filter(|_| !bare) {
        None => Target::Tcp {
            host: unbracketed(rest),
            port: None,
        },
        Some((host, "")) => Target::Tcp {
            host: unbracketed(host),
            port: None,
        },
        Some((host, port)) => match port.parse() {
            Ok(port) => Target::Tcp {
                host: unbracketed(host),
                port: Some(port),
            },
            Err(_) => Target::Invalid(format!("invalid port '{port}'")),
        },
    }
}
