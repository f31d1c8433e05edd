//! What of a gateway is not as it shall be.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sealock_host::desired::gateway::Gateway;
use sealock_host::{Desired, Drift, Observed};
use sealock_policy::Policy;

use super::place;
use super::plan::{find_systemd, told, units};
use super::policy;
use super::units::{SERVICE, sockets, wants};
use crate::session::Session;

/// Every difference, in sentences. `observed` is the daemon as it is.
pub(crate) fn drift(
    session: &Session,
    desired: &Desired,
    gateway: &Gateway,
    observed: &Observed,
) -> Vec<Drift> {
    let mut found = Vec::new();
    match place::group(&observed.socket) {
        Ok(group) => {
            certificates(session, group.gid, &mut found);
            of_units(session, desired, gateway, &group.name, &mut found);
        }
        Err(failure) => found.push(Drift {
            place: observed.socket.clone(),
            what: failure.cause.unwrap_or(failure.headline),
        }),
    }
    of_policy(session, desired, gateway, &mut found);
    of_daemon(observed, &mut found);
    found
}

fn certificates(session: &Session, group: u32, found: &mut Vec<Drift>) {
    let mut say = |place: PathBuf, what: String| found.push(Drift { place, what });
    let live = place::live(&session.home);
    if std::fs::read_link(&live).is_err() {
        return say(
            live,
            "the link to the certificate in force is missing".to_owned(),
        );
    }
    for (path, mode, gid) in [
        (place::folder(&session.home), 0o750, group),
        (live.clone(), 0o750, group),
        (live.join("ca.pem"), 0o444, group),
        (live.join("server-ca.pem"), 0o444, group),
        (live.join("server-cert.pem"), 0o444, group),
        (live.join("server-key.pem"), 0o440, group),
    ] {
        let Ok(metadata) = std::fs::metadata(&path) else {
            say(path, "missing".to_owned());
            continue;
        };
        let bits = metadata.mode() & 0o7777;
        if bits != mode {
            say(
                path.clone(),
                format!("mode {bits:04o}, expected {mode:04o}"),
            );
        }
        if (metadata.uid(), metadata.gid()) != (0, gid) {
            say(
                path,
                format!(
                    "owner {}:{}, expected 0:{gid}",
                    metadata.uid(),
                    metadata.gid()
                ),
            );
        }
    }
}

fn of_units(
    session: &Session,
    desired: &Desired,
    gateway: &Gateway,
    group: &str,
    found: &mut Vec<Drift>,
) {
    let mut say = |place: &Path, what: String| {
        found.push(Drift {
            place: place.to_path_buf(),
            what,
        });
    };
    let systemd = match find_systemd() {
        Ok(systemd) => systemd,
        Err(failure) => return say(Path::new(SERVICE), failure.cause.unwrap_or_default()),
    };
    let sockets = sockets(desired, gateway);
    let told = told(session, desired, gateway);
    let settings = place::settings(&session.home);
    match std::fs::read_to_string(&settings) {
        Err(error) => say(&settings, format!("cannot be read: {error}")),
        Ok(there) if there != told => say(
            &settings,
            "differs from what sealock.toml asks for".to_owned(),
        ),
        Ok(_) => {}
    }
    let Ok(texts) = units(session, gateway, &told, group, &sockets) else {
        return;
    };
    for (unit, text) in &texts {
        let path = systemd.unit(unit);
        match std::fs::read_to_string(&path) {
            Err(_) => {
                say(&path, "missing".to_owned());
                continue;
            }
            Ok(there) if there != *text => {
                say(&path, "differs from what sealock.toml asks for".to_owned());
            }
            Ok(_) => {}
        }
        let link = wants(&systemd.unit(""), unit);
        if std::fs::symlink_metadata(&link).is_err() {
            say(
                &link,
                "missing: it would not start with the machine".to_owned(),
            );
        }
        let state = systemd.property(unit, "ActiveState");
        if state != "active" && state != "reloading" {
            say(Path::new(unit), format!("is {state}"));
        }
        if systemd.property(unit, "NeedDaemonReload") == "yes" {
            say(&path, "systemd has not read the changed file".to_owned());
        }
    }
}

fn of_policy(session: &Session, desired: &Desired, gateway: &Gateway, found: &mut Vec<Drift>) {
    let path = policy::path(session, gateway);
    let mut say = |what: String| {
        found.push(Drift {
            place: path.clone(),
            what,
        });
    };
    match policy::load(&path) {
        Ok(None) => say("missing".to_owned()),
        Err(failure) => say(failure.headline),
        Ok(Some(text)) => match Policy::parse(&text) {
            Err(error) => say(format!("the gateway does not take it over: {error}")),
            Ok(policy) => {
                for client in policy::without_grant(desired, &policy) {
                    say(format!("{client} has no grant: every request is refused"));
                }
            }
        },
    }
}

/// A daemon that listens without TLS beside its gateway has a door that nobody guards.
fn of_daemon(observed: &Observed, found: &mut Vec<Drift>) {
    let mut plain: Vec<Drift> = observed
        .listeners
        .iter()
        .filter(|listener| listener.plain)
        .map(|listener| Drift {
            place: listener.origin.clone().into(),
            what: format!("{} listens without TLS", listener.address),
        })
        .collect();
    let warnings = observed
        .engine
        .facts()
        .map(|facts| facts.warnings.as_slice());
    plain.extend(
        warnings
            .unwrap_or_default()
            .iter()
            .filter(|warning| warning.contains("API is accessible on http"))
            .map(|warning| Drift {
                place: observed.service.name().into(),
                what: format!("dockerd says: {warning}"),
            }),
    );
    found.extend(plain);
}
