//! What has changed since it was right.

use crate::json::TLS_KEYS;
use crate::observe::{Observed, Way};
use crate::{Desired, dropin};
use std::path::{Path, PathBuf};

/// One difference between the host and what was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Where.
    pub place: PathBuf,
    /// What, in a sentence without a full stop.
    pub what: String,
}

/// Everything on the host's disk and in its daemon that is not as `desired` has it.
///
/// Empty also on a host that was never cloaked: then [`Observed::installed`] is `None`.
pub fn drift(observed: &Observed, desired: &Desired) -> Vec<Drift> {
    let mut found = Vec::new();
    let live = observed.directory.join("live");
    if std::fs::symlink_metadata(observed.at(&observed.directory)).is_err() {
        return found;
    }
    files(observed, &live, &mut found);
    match observed.way() {
        Way::Flags => unit(observed, desired, &mut found),
        Way::Json => keys(observed, desired, &live, &mut found),
    }
    let wanted: Vec<String> = desired
        .daemon
        .listen
        .iter()
        .map(ToString::to_string)
        .collect();
    let hidden = observed.drop_in().is_some();
    for listener in observed
        .listeners
        .iter()
        .filter(|listener| listener.plain && !wanted.contains(&listener.address))
    {
        // Our drop-in replaces the unit's listeners, and its TLS covers what the socket unit passes.
        let replaced = hidden
            && (listener.origin.ends_with(".service") || listener.origin.ends_with(".socket"));
        if !replaced {
            found.push(Drift {
                place: listener.origin.clone().into(),
                what: format!("{} listens without TLS", listener.address),
            });
        }
    }
    for warning in observed
        .engine
        .facts()
        .map(|facts| facts.warnings.as_slice())
        .unwrap_or_default()
    {
        // dockerd's own words about a listener that gives root away.
        if warning.contains("API is accessible on http") {
            found.push(Drift {
                place: observed.service.name().into(),
                what: format!("dockerd says: {warning}"),
            });
        }
    }
    if outdated(observed) {
        found.push(Drift {
            place: observed.config.path().to_path_buf(),
            what: format!(
                "{} runs since before its configuration or certificate was changed",
                observed.service.name()
            ),
        });
    }
    if let Some(unit) = observed.unit.as_ref().filter(|unit| unit.needs_reload) {
        found.push(Drift {
            place: unit.fragment.clone(),
            what: format!("systemd has not read the changed files of {}", unit.name),
        });
    }
    found
}

fn files(observed: &Observed, live: &Path, found: &mut Vec<Drift>) {
    let owner = observed.owner();
    let mut check = |path: &Path, mode: u32| {
        let mut say = |what: String| {
            found.push(Drift {
                place: path.to_path_buf(),
                what,
            })
        };
        // Through the link: what dockerd would open.
        let Ok(metadata) = std::fs::metadata(observed.at(path)) else {
            return say("missing".into());
        };
        let (uid, gid, bits) = {
            use std::os::unix::fs::MetadataExt as _;
            (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
        };
        if bits != mode {
            say(format!("mode {bits:04o}, expected {mode:04o}"));
        }
        if (uid, gid) != (owner.uid, owner.gid) {
            say(format!(
                "owner {uid}:{gid}, expected {}:{}",
                owner.uid, owner.gid
            ));
        }
    };
    check(&observed.directory, 0o700);
    if std::fs::read_link(observed.at(live)).is_err() {
        found.push(Drift {
            place: live.to_path_buf(),
            what: "the link to the certificate in force is missing".into(),
        });
        return;
    }
    check(live, 0o700);
    check(&live.join("ca.pem"), 0o444);
    check(&live.join("server-cert.pem"), 0o444);
    check(&live.join("server-key.pem"), 0o400);
}

fn unit(observed: &Observed, desired: &Desired, found: &mut Vec<Drift>) {
    let Some(unit) = &observed.unit else { return };
    let mut say = |what: String| {
        found.push(Drift {
            place: unit.our_path.clone(),
            what,
        })
    };
    let Some(text) = observed.drop_in() else {
        return say("missing".into());
    };
    let base = dropin::base(observed);
    match dropin::base_of(text) {
        Some(known) if known == base => {
            let (command, _) = dropin::cloaked(observed, desired);
            if text != dropin::text(observed, &command) {
                say("differs from what sealock.toml asks for".into());
            }
        }
        known => say(format!(
            "made from `{}`, and the unit now says `{}`",
            sealock_diag::escape(known.unwrap_or("an unknown command")),
            sealock_diag::escape(&base)
        )),
    }
    for key in TLS_KEYS
        .iter()
        .chain(&["hosts"])
        .filter(|key| observed.config.has(key))
    {
        found.push(Drift {
            place: observed.config.path().to_path_buf(),
            what: format!("`{key}` is set beside the same flag: dockerd would not start again"),
        });
    }
}

fn keys(observed: &Observed, desired: &Desired, live: &Path, found: &mut Vec<Drift>) {
    let mut say = |what: String| {
        found.push(Drift {
            place: observed.config.path().to_path_buf(),
            what,
        })
    };
    for key in ["tls", "tlsverify"] {
        if observed.config.flag(key) != Some(true) {
            say(format!("`{key}` is not true"));
        }
    }
    for (key, file) in [
        ("tlscacert", "ca.pem"),
        ("tlscert", "server-cert.pem"),
        ("tlskey", "server-key.pem"),
    ] {
        let expected = live.join(file);
        if observed.config.string(key).map(Path::new) != Some(&expected) {
            say(format!("`{key}` is not {}", expected.display()));
        }
    }
    let hosts = observed.config.hosts().unwrap_or_default();
    for host in dropin::hosts(observed, desired) {
        if !hosts.contains(&host) {
            say(format!("`hosts` does not have {host}"));
        }
    }
    if let Some(expected) = (observed.supervisor == crate::Supervisor::Rootless)
        .then(|| dropin::rootless(observed, desired))
        .flatten()
        && observed.drop_in() != Some(expected.as_str())
        && let Some(unit) = &observed.unit
    {
        found.push(Drift {
            place: unit.our_path.clone(),
            what: "differs from what sealock.toml asks for".into(),
        });
    }
}

/// Whether the daemon was started before one of its files was last changed: it still runs with what it
/// read then. Only our own files count, and only when we have some.
pub(crate) fn outdated(observed: &Observed) -> bool {
    let Some(running) = observed.service.running() else {
        return false;
    };
    let Some(started) = started_at(observed, running.started) else {
        return false;
    };
    let link = observed.directory.join("live");
    let unit = observed.unit.as_ref().map(|unit| unit.our_path.clone());
    std::iter::once(link).chain(unit).any(|path| {
        let changed =
            std::fs::symlink_metadata(observed.at(&path)).and_then(|metadata| metadata.modified());
        let since = changed
            .ok()
            .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        // The start is known to a hundredth of a second.
        since.is_some_and(|since| since.as_secs_f64() > started + 0.02)
    })
}

/// Unix seconds of a process start given in clock ticks since boot (100 a second on every Linux that
/// runs Docker), cut to a tick.
pub(crate) fn started_at(observed: &Observed, ticks: u64) -> Option<f64> {
    let since = f64::from(u32::try_from(ticks / 100).ok()?)
        + f64::from(u32::try_from(ticks % 100).ok()?) / 100.0;
    Some(observed.system().booted_at() + since)
}
