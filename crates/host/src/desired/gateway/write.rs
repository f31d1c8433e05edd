//! Writing `[gateway]`.

use super::{Audit, Gateway, Kind, Service};
use crate::desired::edit::{list, text};
use crate::desired::format_life;
use std::fmt::Write as _;
use std::path::Path;

/// The commented table, to stand behind the others.
pub(in crate::desired) fn write(gateway: &Gateway) -> String {
    let path = |path: &Path| text(&path.display().to_string());
    let mut out = String::from(
        "\n# The daemon stays on its unix socket; a gateway listens in front of it.\n[gateway]\n",
    );
    // Writing to a String cannot fail.
    let mut line = |key: &str, value: String| {
        let _ = writeln!(out, "{key} = {value}");
    };
    if !gateway.listen.is_empty() {
        let listen = gateway.listen.iter().map(ToString::to_string);
        line("listen", list(listen));
    }
    if let Some(policy) = &gateway.policy {
        line(
            "# Who may do what: `sealock policy check`.\npolicy",
            path(policy),
        );
    }
    if !gateway.local.is_empty() {
        let sockets = gateway
            .local
            .iter()
            .map(|socket| socket.display().to_string());
        line(
            "# Unix sockets for callers on this host.\nlocal",
            list(sockets),
        );
    }
    if let Some(docker) = &gateway.docker {
        line("docker", text(&docker.to_string()));
    }
    if let Some(prefix) = &gateway.prefix {
        line("prefix", text(prefix));
    }
    if let Some(folder) = &gateway.certificates {
        line("certificates", path(folder));
    }
    if !gateway.lists.is_empty() {
        let lists = gateway.lists.iter().map(|one| one.display().to_string());
        line("crl", list(lists));
    }
    if let Some(deny) = &gateway.deny {
        line("deny", path(deny));
    }
    if let Some(metrics) = &gateway.metrics {
        line("metrics", text(&metrics.to_string()));
    }
    if let Some(control) = &gateway.control {
        line("control", path(control));
    }
    if let Some(workers) = gateway.workers {
        line("workers", workers.to_string());
    }
    if let Some(audit) = &gateway.audit {
        out.push_str(&of_audit(audit));
    }
    out.push_str(&of_limits(gateway));
    for service in &gateway.services {
        out.push_str(&of_service(service));
    }
    out
}

fn of_audit(audit: &Audit) -> String {
    let default = Audit::to(&audit.path);
    let mut out = format!(
        "\n[gateway.audit]\npath = {}\n",
        text(&audit.path.display().to_string())
    );
    if audit.chain {
        out.push_str("chain = true\n");
    }
    if audit.rotate_at != default.rotate_at {
        let _ = writeln!(out, "rotate-at = {}", audit.rotate_at);
    }
    if audit.keep != default.keep {
        let _ = writeln!(out, "keep = {}", audit.keep);
    }
    if audit.required {
        out.push_str("required = true\n");
    }
    out
}

fn of_limits(gateway: &Gateway) -> String {
    let limits = &gateway.limits;
    let counts = [
        ("connections", limits.connections),
        ("per-caller", limits.per_caller),
        ("handshakes", limits.handshakes),
        ("handshakes-per-address", limits.handshakes_per_address),
        ("head-bytes", limits.head_bytes),
        ("body-bytes", limits.body_bytes),
    ];
    let times = [
        ("handshake-time", limits.handshake_time),
        ("head-time", limits.head_time),
        ("idle-time", limits.idle_time),
        ("drain-time", limits.drain_time),
    ];
    let counts = counts
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}\n", (*value)?)));
    let times = times
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}\n", text(&format_life((*value)?)))));
    let expired = limits.end_expired;
    let expired = expired.map(|end| format!("end-expired = {end}\n"));
    let lines: String = counts.chain(times).chain(expired).collect();
    match lines.is_empty() {
        true => lines,
        false => format!("\n[gateway.limits]\n{lines}"),
    }
}

fn of_service(service: &Service) -> String {
    let (table, last) = match &service.kind {
        Kind::Tcp { proxy_header: true } => ("tcp", "proxy-header = true\n".to_owned()),
        Kind::Tcp { .. } => ("tcp", String::new()),
        Kind::Web { header } => ("web", format!("header = {}\n", text(header))),
    };
    format!(
        "\n[[gateway.{table}]]\nname = {}\nlisten = {}\nupstream = {}\nallow = {}\n{last}",
        text(&service.name),
        text(&service.listen.to_string()),
        text(&service.upstream.to_string()),
        list(service.allow.iter().cloned()),
    )
}
