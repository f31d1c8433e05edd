//! The Engine API over the daemon's unix socket: what a running daemon says of itself.

use crate::{HostError, System};
use sealock_diag::escape;
use serde::Deserialize;
use std::fmt;
use std::path::Path;
use std::time::Duration;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// A version of dockerd, as far as decisions depend on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number: 28 of `28.5.2`.
    pub major: u32,
    /// The second number.
    pub minor: u32,
    /// The whole text, escaped.
    pub text: String,
}

impl Version {
    /// Reads `20.10.24+dfsg1`, `28.5.2`, or the line of `dockerd --version`.
    pub fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let word = text.get(start..)?.split([' ', ',']).next()?;
        let mut numbers = word.split(['.', '-', '+', '~']);
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        Some(Self {
            major,
            minor,
            text: escape(word),
        })
    }

    /// Whether `dockerd --validate` exists (23.0 and later).
    pub fn validates(&self) -> bool {
        self.major >= 23
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A running container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its id, 64 hex digits.
    pub id: String,
    /// Its name without the slash, escaped.
    pub name: String,
    /// Its first process, as the host numbers it.
    pub pid: u32,
}

/// The daemon's part in a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swarm {
    /// None.
    Inactive,
    /// A worker.
    Worker,
    /// A manager.
    Manager {
        /// A restart locks it until the unlock key is given.
        autolock: bool,
    },
    /// A manager that waits for its unlock key.
    Locked,
}

/// What a running daemon says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// dockerd's version.
    pub version: Version,
    /// The API version.
    pub api: String,
    /// The daemon's id.
    pub id: String,
    /// Whether containers outlive a restart.
    pub live_restore: bool,
    /// Its part in a swarm.
    pub swarm: Swarm,
    /// What is running.
    pub containers: Vec<Container>,
    /// Its warnings, escaped.
    pub warnings: Vec<String>,
    /// The cgroup driver and version, such as `systemd 2`.
    pub cgroup: String,
}

/// The daemon: on, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// It answers.
    On(Box<EngineFacts>),
    /// It does not.
    Off {
        /// Why, in words.
        why: String,
    },
}

impl Engine {
    /// The facts of a running daemon.
    pub fn facts(&self) -> Option<&EngineFacts> {
        match self {
            Self::On(facts) => Some(facts),
            Self::Off { .. } => None,
        }
    }

    /// The running containers.
    pub fn containers(&self) -> &[Container] {
        self.facts().map_or(&[], |facts| &facts.containers)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionWire {
    version: String,
    #[serde(default)]
    api_version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InfoWire {
    #[serde(default, rename = "ID")]
    id: String,
    #[serde(default)]
    live_restore_enabled: bool,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    #[serde(default)]
    cgroup_driver: String,
    #[serde(default)]
    cgroup_version: String,
    #[serde(default)]
    swarm: SwarmWire,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct SwarmWire {
    #[serde(default)]
    local_node_state: String,
    #[serde(default)]
    control_available: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerWire {
    id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
}

/// Whether the daemon answers `/_ping`.
pub(crate) fn ping(system: &dyn System, socket: &Path) -> bool {
    get(system, socket, "/_ping").is_ok_and(|(status, _)| status == 200)
}

/// Whether a daemon answers: `false` when nobody listens. Whoever listens and is no daemon, or keeps silent, is an
/// error: a daemon that hangs may have containers that nobody can count.
pub(crate) fn knock(
    system: &dyn System,
    socket: &Path,
    patience: Duration,
) -> Result<bool, HostError> {
    use std::io::ErrorKind as K;
    match system.exchange(socket, &request("/_ping"), patience) {
        Ok(answer) => match parse(&answer) {
            Some((200, _)) => Ok(true),
            Some((status, _)) => Err(unusable(socket, "/_ping", &format!("status {status}"))),
            None => Err(unusable(socket, "/_ping", "no HTTP answer")),
        },
        Err(error) => match error.kind() {
            K::WouldBlock | K::TimedOut => {
                let said = format!("no answer within {} s", patience.as_secs());
                Err(unusable(socket, "/_ping", &said))
            }
            K::PermissionDenied => Err(HostError::Rights {
                task: format!("ask the daemon at {}", socket.display()),
                uid: system.user().0,
            }),
            _ => Ok(false),
        },
    }
}

/// Whether `/info` says that live-restore is on.
pub(crate) fn live_restore(system: &dyn System, socket: &Path) -> Result<bool, HostError> {
    read::<InfoWire>(system, socket, "/info").map(|info| info.live_restore_enabled)
}

/// Asks a running daemon about itself.
pub(crate) fn facts(system: &dyn System, socket: &Path) -> Result<EngineFacts, HostError> {
    let version: VersionWire = read(system, socket, "/version")?;
    let info: InfoWire = read(system, socket, "/info")?;
    let listed: Vec<ContainerWire> = read(system, socket, "/containers/json")?;
    let mut containers = Vec::new();
    for container in listed {
        if !container.id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(unusable(
                socket,
                "/containers/json",
                "a container id that is not hexadecimal",
            ));
        }
        // One that ended since the list was made is none to worry about.
        let Ok((200, body)) = get(
            system,
            socket,
            &format!("/containers/{}/json", container.id),
        ) else {
            continue;
        };
        let pid = serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|value| {
                value
                    .pointer("/State/Pid")
                    .and_then(serde_json::Value::as_u64)
            })
            .and_then(|pid| u32::try_from(pid).ok())
            .unwrap_or(0);
        let names = container.names.unwrap_or_default();
        let name = names
            .first()
            .map_or(container.id.as_str(), |name| name.trim_start_matches('/'));
        containers.push(Container {
            name: escape(name),
            id: container.id,
            pid,
        });
    }
    let parsed = Version::parse(&version.version).ok_or_else(|| {
        unusable(
            socket,
            "/version",
            &format!("version `{}`", escape(&version.version)),
        )
    })?;
    Ok(EngineFacts {
        version: parsed,
        api: escape(&version.api_version),
        id: escape(&info.id),
        live_restore: info.live_restore_enabled,
        swarm: swarm(system, socket, &info.swarm),
        containers,
        warnings: info
            .warnings
            .unwrap_or_default()
            .iter()
            .map(|w| escape(w))
            .collect(),
        cgroup: escape(format!("{} {}", info.cgroup_driver, info.cgroup_version).trim()),
    })
}

fn swarm(system: &dyn System, socket: &Path, wire: &SwarmWire) -> Swarm {
    match (wire.local_node_state.as_str(), wire.control_available) {
        ("" | "inactive", _) => Swarm::Inactive,
        ("locked", _) => Swarm::Locked,
        (_, false) => Swarm::Worker,
        (_, true) => {
            let autolock = get(system, socket, "/swarm")
                .ok()
                .and_then(|(_, body)| serde_json::from_slice::<serde_json::Value>(&body).ok())
                .and_then(|value| {
                    value
                        .pointer("/Spec/EncryptionConfig/AutoLockManagers")?
                        .as_bool()
                });
            // Not knowing is asked about as if it were locked: the question is cheap, a lock is not.
            Swarm::Manager {
                autolock: autolock.unwrap_or(true),
            }
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(
    system: &dyn System,
    socket: &Path,
    path: &str,
) -> Result<T, HostError> {
    let (status, body) = get(system, socket, path)?;
    if status != 200 {
        let said = String::from_utf8_lossy(body.get(..body.len().min(300)).unwrap_or_default())
            .into_owned();
        return Err(unusable(
            socket,
            path,
            &format!("status {status}: {}", escape(said.trim())),
        ));
    }
    serde_json::from_slice(&body).map_err(|error| unusable(socket, path, &error.to_string()))
}

fn unusable(socket: &Path, path: &str, said: &str) -> HostError {
    HostError::Engine {
        request: format!("GET {path} on {}", socket.display()),
        said: said.to_owned(),
    }
}

/// One request, one connection; status and body.
fn get(system: &dyn System, socket: &Path, path: &str) -> Result<(u16, Vec<u8>), HostError> {
    let answer = system
        .exchange(socket, &request(path), TIMEOUT)
        .map_err(|error| unusable(socket, path, &error.to_string()))?;
    parse(&answer).ok_or_else(|| unusable(socket, path, "no HTTP answer"))
}

fn request(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: docker\r\nUser-Agent: sealock\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = response.parse(answer).ok()? else {
        return None;
    };
    let body = answer.get(start..)?;
    let chunked = response.headers.iter().any(|h| {
        h.name.eq_ignore_ascii_case("transfer-encoding") && h.value.eq_ignore_ascii_case(b"chunked")
    });
    let body = if chunked {
        joined(body)?
    } else {
        body.to_vec()
    };
    Some((response.code?, body))
}

fn joined(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let httparse::Status::Complete((start, length)) = httparse::parse_chunk_size(rest).ok()?
        else {
            return None;
        };
        let length = usize::try_from(length).ok()?;
        if length == 0 {
            return Some(out);
        }
        let end = start.checked_add(length)?;
        out.extend_from_slice(rest.get(start..end)?);
        rest = rest.get(end..)?.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::{Version, parse};

    #[test]
    fn versions() {
        for (text, major, minor) in [
            ("20.10.24+dfsg1", 20, 10),
            ("28.5.2", 28, 5),
            ("Docker version 26.1.5+dfsg1, build 411e817", 26, 1),
            ("29.0.0-rc.1", 29, 0),
            ("dev 1", 1, 0),
        ] {
            let version = Version::parse(text).unwrap();
            assert_eq!((version.major, version.minor), (major, minor));
        }
        assert_eq!(Version::parse("none"), None);
    }

    #[test]
    fn answers_with_and_without_chunks() {
        assert_eq!(
            parse(b"HTTP/1.1 200 OK\r\n\r\nOK"),
            Some((200, b"OK".to_vec()))
        );
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked), Some((200, b"abcde".to_vec())));
        for broken in [
            &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"[..],
            b"",
            b"HTTP",
            b"x\r\n\r\n",
        ] {
            assert_eq!(parse(broken), None);
        }
    }
}
