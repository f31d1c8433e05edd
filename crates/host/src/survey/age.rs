//! Whether the daemon runs since before something changed that it reads only when it starts.

use crate::drift::{outdated, started_at};
use crate::json::TLS_KEYS;
use crate::observe::Observed;
use sealock_check::seen::{Config, File};
use std::path::Path;

/// Whether a certificate, a key or the TLS part of `daemon.json` is younger than the daemon.
pub(super) fn stale(observed: &Observed, files: &[File], config: &Config) -> bool {
    if outdated(observed) {
        return true;
    }
    let Some(started) = observed
        .service
        .running()
        .and_then(|running| started_at(observed, running.started))
    else {
        return false;
    };
    // Links and what they lead to: either may have been exchanged.
    let younger = |path: &Path| {
        let at = observed.at(path);
        [std::fs::symlink_metadata(&at), std::fs::metadata(&at)]
            .into_iter()
            .flatten()
            .filter_map(|metadata| metadata.modified().ok())
            .filter_map(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
            .any(|since| since.as_secs_f64() > started + 0.02)
    };
    let ours = |path: &Path| path.starts_with(&observed.directory);
    files
        .iter()
        .any(|file| !ours(&file.path) && younger(&file.path))
        || (concerns_tls(config) && !names_ours(observed, config) && younger(&config.path))
}

fn concerns_tls(config: &Config) -> bool {
    TLS_KEYS
        .iter()
        .chain(&["hosts"])
        .any(|key| config.keys.contains_key(*key))
}

/// A file that we wrote is written again after the restart, when live-restore is taken back from it.
fn names_ours(observed: &Observed, config: &Config) -> bool {
    config
        .keys
        .get("tlscacert")
        .and_then(serde_json::Value::as_str)
        .is_some_and(|path| Path::new(path).starts_with(&observed.directory))
}
