//! The SQLPad that listens at an address, as `/proc` shows it: which version it is, and what its environment says.
//!
//! An environment holds secrets. What is kept of it is the names of variables, and of each secret whether everybody
//! knows it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use sealock_change::fs;
use sealock_diag::Sensitive;

/// The secrets, each with the value that it has when nobody sets it: 3.1.0 and 7.5.6, `config-items.js`.
pub(super) const SECRETS: [(&str, &str, &str); 2] = [
    (
        "SQLPAD_COOKIE_SECRET",
        "cookieSecret",
        "secret-used-to-sign-cookies-please-set-and-make-strong",
    ),
    (
        "SQLPAD_PASSPHRASE",
        "passphrase",
        "At least the sensitive bits won't be plain text?",
    ),
];
/// Its switch for the belief in a header.
const BELIEVES: &str = "SQLPAD_AUTH_PROXY_ENABLED";
/// What stands in front of a published port of a container.
const PROXY: &str = "docker-proxy";

/// A listening socket that takes what is sent to the address.
#[derive(Debug)]
pub(super) struct Listener {
    /// Where it listens: an address of this host, or all of them.
    pub(super) local: SocketAddr,
    /// Who has it; `None` when that is not for us to see.
    pub(super) holder: Option<Holder>,
}

/// The process that has a socket.
#[derive(Debug)]
pub(super) enum Holder {
    /// SQLPad.
    Sqlpad(Process),
    /// It passes connections on into a container.
    Proxy,
    /// Something else.
    Other,
}

/// A running SQLPad.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// By the `package.json` beside its program.
    pub version: Option<Version>,
    /// The variables that have a value.
    pub names: BTreeSet<String>,
    /// The options of its command line, without dashes and values.
    pub options: BTreeSet<String>,
    /// Whether the cookie secret and the passphrase are the ones that everybody knows.
    pub public: [bool; SECRETS.len()],
    /// Whether a header tells it who somebody is.
    pub believes: bool,
}

impl Process {
    /// Whether settings may come from a file that is not looked at.
    pub(super) fn has_file(&self) -> bool {
        self.options.contains("config") || self.names.contains("SQLPAD_CONFIG")
    }
}

/// `3.1.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Who listens at `address`, which is `HOST:PORT`. A name that is not `localhost` is not looked up: whoever listens on
/// that port is meant.
pub(super) fn at(address: &str) -> Vec<Listener> {
    let Some((host, port)) = address.rsplit_once(':') else {
        return Vec::new();
    };
    let Ok(port) = port.parse::<u16>() else {
        return Vec::new();
    };
    let ip = match host {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .ok(),
    };
    let takes = |local: SocketAddr| {
        local.port() == port
            && ip.is_none_or(|ip| local.ip() == ip || local.ip().to_canonical().is_unspecified())
    };
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let tables = tables.map(|table| text(Path::new(table)).unwrap_or_default());
    tables
        .iter()
        .flat_map(|table| table.lines().skip(1).filter_map(listening))
        .filter(|(local, _)| takes(*local))
        .map(|(local, inode)| Listener {
            local,
            holder: holder(inode),
        })
        .collect()
}

/// Address and inode of a line of `/proc/net/tcp{,6}`; `None` unless it listens (proc(5)).
pub fn listening(line: &str) -> Option<(SocketAddr, u64)> {
    const LISTEN: &str = "0A";
    let mut words = line.split_whitespace();
    let local = words.nth(1)?;
    let state = words.nth(1)?;
    let inode = words.nth(5)?.parse().ok()?;
    let (address, port) = local.split_once(':')?;
    // Words of 32 bits in the machine's byte order.
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let bytes = [word(0)?, word(1)?, word(2)?, word(3)?].concat();
            IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))
        }
        _ => return None,
    };
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == LISTEN).then_some((SocketAddr::new(ip, port), inode))
}

fn holder(inode: u64) -> Option<Holder> {
    let wanted = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let has = descriptors.flatten().any(|one| {
            std::fs::read_link(one.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str())
        });
        if has {
            return look(pid, &process.path());
        }
    }
    None
}

fn look(pid: u32, folder: &Path) -> Option<Holder> {
    if text(&folder.join("comm"))?.trim() == PROXY {
        return Some(Holder::Proxy);
    }
    let words = text(&folder.join("cmdline"))?;
    let words: Vec<&str> = words.split('\0').filter(|word| !word.is_empty()).collect();
    let environment = Sensitive::new(fs::read(&folder.join("environ")).ok()?);
    let version = words
        .iter()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .find_map(|word| version_of(&text(&manifest(folder, Path::new(word)))?));
    let process = told(pid, version, &words, environment.expose());
    let is_sqlpad =
        version.is_some() || process.names.iter().any(|name| name.starts_with("SQLPAD_"));
    Some(match is_sqlpad {
        true => Holder::Sqlpad(process),
        false => Holder::Other,
    })
}

/// Where the `package.json` of a program is, as that process sees it. What npm puts on the path is a link.
fn manifest(folder: &Path, program: &Path) -> PathBuf {
    let seen = |path: &Path| match path.strip_prefix("/") {
        Ok(inside) => folder.join("root").join(inside),
        Err(_) => folder.join("cwd").join(path),
    };
    let program = match std::fs::read_link(seen(program)) {
        Ok(target) => program.parent().unwrap_or(Path::new("/")).join(target),
        Err(_) => program.to_path_buf(),
    };
    seen(&program).with_file_name("package.json")
}

fn text(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What command line and environment say, and of the secrets no more than whether they are some.
pub fn told(pid: u32, version: Option<Version>, words: &[&str], environment: &[u8]) -> Process {
    let mut process = Process {
        pid,
        version,
        ..Process::default()
    };
    let options = words.iter().filter_map(|word| word.strip_prefix("--"));
    process.options = options
        .map(|option| option.split('=').next().unwrap_or(option).to_owned())
        .collect();
    for variable in environment.split(|byte| *byte == 0) {
        let mut halves = variable.splitn(2, |byte| *byte == b'=');
        let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
            continue;
        };
        // An empty value is none, to SQLPad too.
        let Ok(name) = std::str::from_utf8(name) else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        process.names.insert(name.to_owned());
        if name == BELIEVES {
            process.believes = value.trim_ascii().eq_ignore_ascii_case(b"true");
        }
        for (at, (secret, _, known)) in SECRETS.iter().enumerate() {
            if name == *secret {
                process.public[at] = value == known.as_bytes();
            }
        }
    }
    for (at, (secret, option, _)) in SECRETS.iter().enumerate() {
        if !process.names.contains(*secret) {
            process.public[at] = !process.options.contains(*option);
        }
    }
    process
}

/// The version in SQLPad's `package.json`; `None` when it is another's.
pub fn version_of(manifest: &str) -> Option<Version> {
    let value = |key: &str| {
        let (_, rest) = manifest.split_once(&format!("\"{key}\""))?;
        let rest = rest.trim_start().strip_prefix(':')?.trim_start();
        Some(
            rest.strip_prefix('"')?
                .split('"')
                .next()
                .unwrap_or_default(),
        )
    };
    if value("name")? != "sqlpad" {
        return None;
    }
    let mut numbers = value("version")?.splitn(3, '.');
    let mut number = || {
        let text = numbers.next()?;
        let end = text.find(|c: char| !c.is_ascii_digit());
        text[..end.unwrap_or(text.len())].parse().ok()
    };
    Some(Version(number()?, number()?, number()?))
}

#[cfg(test)]
mod tests;
