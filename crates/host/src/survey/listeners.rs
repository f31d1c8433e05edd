//! Where the API is to be reached on this host: TCP addresses and unix sockets.

use crate::Listen;
use crate::command::{CommandLine, Endpoint};
use crate::observe::{Observed, Supervisor};
use crate::port::{self, Holder};
use sealock_check::seen::{Config, Listener, ListenerKind, UnixSocket};
use sealock_diag::escape;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::PathBuf;

/// Every TCP address that the flags, `daemon.json` and the socket unit name.
pub(super) fn listeners(
    observed: &Observed,
    command: Option<&CommandLine>,
    origin: &str,
    config: &Config,
) -> Vec<Listener> {
    let mut found = Vec::new();
    let mut take = |host: &str, kind, origin: &str| {
        if let Endpoint::Tcp(address) = Endpoint::parse(host) {
            found.push(Listener {
                taken_by: taken_by(observed, &address, kind),
                address,
                kind,
                origin: escape(origin),
            });
        }
    };
    for host in command.map(CommandLine::hosts).unwrap_or_default() {
        take(&host, ListenerKind::Flag, origin);
    }
    for host in json_hosts(config) {
        take(host, ListenerKind::Json, &config.path.to_string_lossy());
    }
    if let Some(socket) = observed.unit.as_ref().and_then(|unit| unit.socket.as_ref()) {
        for stream in socket.listen.iter().filter(|stream| is_tcp(stream)) {
            let address = match stream.contains(':') {
                true => stream.clone(),
                false => format!("[::]:{stream}"),
            };
            take(
                &format!("tcp://{address}"),
                ListenerKind::Passed,
                &socket.name,
            );
        }
    }
    found
}

fn json_hosts(config: &Config) -> impl Iterator<Item = &str> {
    config
        .keys
        .get("hosts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Whether a `ListenStream` is a TCP address: not a path, not an abstract name, not vsock.
fn is_tcp(stream: &str) -> bool {
    !stream.starts_with(['/', '@', '%']) && !stream.starts_with("vsock:")
}

/// The address that dockerd binds for what stands behind `tcp://`; `None` for a name that only a resolver
/// knows.
pub(super) fn bound(address: &str) -> Option<Listen> {
    let address = address.split('/').next().unwrap_or_default();
    // An IPv6 address in brackets has colons of its own.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (address, ""),
    };
    let port: u16 = match port {
        "" => 2375,
        port => port.parse().ok()?,
    };
    let ip: IpAddr = match host.trim_start_matches('[').trim_end_matches(']') {
        "" | "localhost" => IpAddr::from([127, 0, 0, 1]),
        host => host.parse().ok()?,
    };
    SocketAddr::new(ip, port).to_string().parse().ok()
}

/// Another process on that address, when the daemon does not hold it.
fn taken_by(observed: &Observed, address: &str, kind: ListenerKind) -> Option<String> {
    let socket_unit = observed.unit.as_ref().and_then(|unit| unit.socket.as_ref());
    if kind == ListenerKind::Passed && socket_unit.is_some_and(|socket| socket.active) {
        return None;
    }
    let daemon = observed.service.running().map(|running| running.pid);
    let holders = port::holders(observed.system(), daemon, &bound(address)?);
    let own = |holder: &Holder| match holder {
        // Behind RootlessKit the port is held by another process of the same daemon.
        Holder::Process { .. } if observed.supervisor == Supervisor::Rootless => holder.is_docker(),
        Holder::Process { pid, .. } if daemon.is_some() => Some(*pid) == daemon,
        Holder::Process { .. } => false,
        // Not to be told from the daemon itself; only root sees whose a socket is.
        Holder::Unknown => daemon.is_some() || observed.system().user().0 != 0,
    };
    if holders.iter().any(own) {
        return None;
    }
    holders.first().map(ToString::to_string)
}

/// Whether an address that the daemon was told to open is open to nobody: it was not told so when it
/// started, because it does not start with a listener that it cannot open.
pub(super) fn unopened(observed: &Observed, listeners: &[Listener]) -> bool {
    let Some(daemon) = observed.service.running() else {
        return false;
    };
    // Behind RootlessKit the process that systemd knows sees another network than dockerd.
    observed.supervisor != Supervisor::Rootless
        && listeners
            .iter()
            .filter(|listener| listener.kind != ListenerKind::Passed)
            .filter_map(|listener| bound(&listener.address))
            .any(|address| port::is_open_to(observed.system(), daemon.pid, &address) == Some(false))
}

/// The unix sockets of the API that exist.
pub(super) fn sockets(
    observed: &Observed,
    command: Option<&CommandLine>,
    config: &Config,
) -> Vec<UnixSocket> {
    let system = observed.system();
    let written = command
        .map(CommandLine::hosts)
        .unwrap_or_default()
        .into_iter()
        .chain(json_hosts(config).map(str::to_owned))
        .filter_map(|host| match Endpoint::parse(&host) {
            Endpoint::Unix(path) => Some(PathBuf::from(path)),
            _ => None,
        });
    let passed = observed
        .unit
        .iter()
        .filter_map(|unit| unit.socket.as_ref())
        .flat_map(|socket| &socket.listen)
        .filter(|stream| stream.starts_with('/'))
        .map(PathBuf::from);
    let groups = super::group::names(system);
    let mut real = Vec::new();
    let mut found = Vec::new();
    for path in std::iter::once(observed.socket.clone())
        .chain(written)
        .chain(passed)
    {
        let at = observed.at(&path);
        let Ok(metadata) = std::fs::metadata(&at) else {
            continue;
        };
        let place = std::fs::canonicalize(&at).unwrap_or(at);
        if !metadata.file_type().is_socket() || real.contains(&place) {
            continue;
        }
        real.push(place);
        let gid = metadata.gid();
        found.push(UnixSocket {
            path,
            mode: metadata.mode() & 0o7777,
            group: groups.get(&gid).cloned().unwrap_or(gid.to_string()),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::bound;

    #[test]
    fn what_dockerd_binds() {
        for (written, expected) in [
            ("0.0.0.0:2376", Some("0.0.0.0:2376")),
            ("[::]:2376", Some("[::]:2376")),
            ("[::1]", Some("[::1]:2375")),
            ("10.0.0.5", Some("10.0.0.5:2375")),
            (":2376", Some("127.0.0.1:2376")),
            ("localhost:2376/path", Some("127.0.0.1:2376")),
            ("", Some("127.0.0.1:2375")),
            ("docker.example.org:2376", None),
            ("0.0.0.0:x", None),
            ("0.0.0.0:99999", None),
        ] {
            let found = bound(written).map(|listen| listen.to_string());
            assert_eq!(found.as_deref(), expected, "{written}");
        }
    }
}
