//! Our drop-in: one line that carries listeners and TLS together.
//!
//! A daemon that starts with this line demands certificates on every listener of it, or does not
//! start at all. The command it was made from stands beside it in a comment, so that a package that
//! changes its own is noticed.

use crate::observe::{Observed, Supervisor};
use crate::unit::quote;
use crate::{Desired, Listen, OURS};

const BASE: &str = "# base: ";

/// The command line with our listeners and TLS flags, ready to be written or run.
pub(crate) fn cloaked(
    observed: &Observed,
    desired: &Desired,
) -> (crate::command::CommandLine, Vec<String>) {
    let (quiet, inlined) = quiet(observed, false);
    let live = observed.directory.join("live");
    let file = |name: &str| live.join(name).display().to_string();
    let mut words = Vec::new();
    for listen in &desired.daemon.listen {
        words.extend(["-H".to_owned(), listen.host()]);
    }
    words.push("--tlsverify".to_owned());
    words.push(format!("--tlscacert={}", file("ca.pem")));
    words.push(format!("--tlscert={}", file("server-cert.pem")));
    words.push(format!("--tlskey={}", file("server-key.pem")));
    (quiet.and(words), inlined)
}

/// The base command without TCP listeners and TLS flags. It keeps a unix socket; `own_socket` makes
/// dockerd open it itself instead of taking what systemd passes.
pub(crate) fn quiet(
    observed: &Observed,
    own_socket: bool,
) -> (crate::command::CommandLine, Vec<String>) {
    let base = observed
        .command
        .clone()
        .unwrap_or_else(|| crate::command::CommandLine::of_process(&["dockerd".to_owned()]));
    let had_hosts = !base.hosts().is_empty();
    let (mut quiet, inlined) = base.quiet();
    if own_socket {
        quiet = quiet.without_passed_sockets();
    }
    if had_hosts && quiet.hosts().is_empty() {
        quiet = quiet.and([
            "-H".to_owned(),
            format!("unix://{}", observed.socket.display()),
        ]);
    }
    (quiet, inlined)
}

/// The drop-in for a command.
pub(crate) fn text(observed: &Observed, command: &crate::command::CommandLine) -> String {
    format!(
        "{OURS}; `sealock down` removes it. Do not edit: changes belong in sealock.toml.\n\
         # Listeners and TLS stand in one line: dockerd starts with both or not at all.\n\
         # The command is the one below with ours added; `sealock status` tells when it changes.\n\
         {BASE}{}\n\
         [Service]\n\
         ExecStart=\n\
         ExecStart={}\n",
        base(observed),
        command.raw()
    )
}

/// What our command is made from, on one line: the unit's command and the variables written out.
pub(crate) fn base(observed: &Observed) -> String {
    let Some(command) = &observed.command else {
        return String::new();
    };
    let mut line = command.raw();
    let environment = observed.environment();
    for variable in command.quiet().1 {
        let value = environment
            .get(variable.trim_start_matches('$'))
            .map_or("", String::as_str);
        line.push_str(&format!(" ; {variable}={}", quote(value)));
    }
    line.replace(['\n', '\r'], " ")
}

/// The base that a drop-in was made from.
pub(crate) fn base_of(text: &str) -> Option<&str> {
    text.lines().find_map(|line| line.strip_prefix(BASE))
}

/// Whether RootlessKit stands between the host's ports and the daemon: a rootless daemon before 29
/// lives in a network namespace of its own; from 29 on it has the host's network.
fn forwarded(observed: &Observed) -> bool {
    observed.supervisor == Supervisor::Rootless
        && observed
            .version
            .as_ref()
            .is_none_or(|version| version.major < 29)
}

/// The entries of `hosts` for the desired listeners.
///
/// Behind RootlessKit the host's addresses do not exist: it holds them, and hands what comes in to the
/// same port of the daemon's own namespace.
pub(crate) fn hosts(observed: &Observed, desired: &Desired) -> Vec<String> {
    let listen = &desired.daemon.listen;
    if !forwarded(observed) {
        return listen.iter().map(Listen::host).collect();
    }
    let any = if listen.iter().any(|listen| listen.address().is_ipv6()) {
        "[::]"
    } else {
        "0.0.0.0"
    };
    let mut ports: Vec<u16> = listen
        .iter()
        .map(|listen| listen.address().port())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
        .into_iter()
        .map(|port| format!("tcp://{any}:{port}"))
        .collect()
}

/// The drop-in that makes RootlessKit forward the desired ports; `None` where nothing is forwarded.
pub(crate) fn rootless(observed: &Observed, desired: &Desired) -> Option<String> {
    const VARIABLE: &str = "DOCKERD_ROOTLESS_ROOTLESSKIT_FLAGS";
    if !forwarded(observed) {
        return None;
    }
    let existing = observed
        .environment()
        .get(VARIABLE)
        .cloned()
        .unwrap_or_default();
    let mut flags: Vec<String> = existing.split_whitespace().map(str::to_owned).collect();
    for listen in &desired.daemon.listen {
        let port = listen.address().port();
        let address = match listen.address() {
            std::net::SocketAddr::V4(v4) => v4.ip().to_string(),
            std::net::SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
        };
        let forward = format!("{address}:{port}:{port}/tcp");
        if !flags.contains(&forward) {
            flags.extend(["-p".to_owned(), forward]);
        }
    }
    let assignment = format!("{VARIABLE}={}", flags.join(" "))
        .replace('%', "%%")
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    Some(format!(
        "{OURS}; `sealock down` removes it. Do not edit: changes belong in sealock.toml.\n\
         # RootlessKit forwards these ports into the daemon's network namespace.\n\
         {BASE}{VARIABLE}={}\n\
         [Service]\n\
         Environment=\"{assignment}\"\n",
        existing.replace(['\n', '\r'], " ")
    ))
}
