//! After a run was killed: its files are back, and what it had started goes back with them.

use std::path::{Path, PathBuf};

use sealock_change::Recovery;

use super::plan::find_systemd;
use super::steps::{loaded, running, start, stop};
use super::units::{SERVICE, STEM, wants};
use crate::agent::place::Systemd;
use crate::commands::gateway::ask;
use crate::session::Session;

/// Stops the units whose files are gone again, and starts the service anew where its old files are back. Gives what was done,
/// in words.
pub(crate) fn settle(session: &Session, recovery: &Recovery) {
    let is_unit = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.starts_with("/etc/systemd/system") && name.starts_with(STEM)
    };
    if recovery.committed || !recovery.restored.iter().any(|path| is_unit(path)) {
        return;
    }
    let Ok(systemd) = find_systemd() else {
        return;
    };
    let done = systemd
        .call(&["daemon-reload"])
        .map_err(|failure| failure.headline)
        .and_then(|()| put_back(&systemd, recovery));
    if let Err(why) = done {
        // The next apply or down looks again.
        session
            .printer
            .warn(&format!("the gateway's units could not be put back: {why}"));
    }
}

fn put_back(systemd: &Systemd, recovery: &Recovery) -> Result<(), String> {
    let all = loaded(systemd);
    let runs = running(systemd, &all);
    let gone = |unit: &&String| !systemd.unit(unit).exists();
    stop(systemd, runs.iter().filter(gone)).map_err(|error| error.to_string())?;
    if !systemd.unit(SERVICE).exists() {
        return Ok(());
    }
    let is_door = |path: &PathBuf| path.extension().is_some_and(|word| word == "socket");
    let doors_stayed = !recovery.restored.iter().any(is_door);
    // Whichever settings are in force: the next process reads the old ones, and nobody is cut.
    if doors_stayed
        && runs.iter().any(|unit| unit == SERVICE)
        && ask::upgrade(Path::new(super::place::CONTROL)).is_ok()
    {
        return Ok(());
    }
    let stays = |unit: &&String| systemd.unit(unit).exists();
    stop(systemd, runs.iter().filter(stays)).map_err(|error| error.to_string())?;
    // Killed between a stop and a start it runs no more, and shall: what is enabled did run.
    let enabled = |unit: &&String| wants(&systemd.unit(""), unit).is_symlink();
    let units: Vec<String> = all.iter().filter(stays).filter(enabled).cloned().collect();
    start(systemd, &units).map_err(|error| error.to_string())
}
