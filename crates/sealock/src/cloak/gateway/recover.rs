//! After a run was killed: its files are back, and what it had started goes back with them.

use std::path::Path;

use sealock_change::Recovery;

use super::plan::find_systemd;
use super::steps::{loaded, running, stop};
use super::units::{SERVICE, STEM};
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
        .and_then(|()| {
            let units = running(&systemd, &loaded(&systemd));
            let gone = |unit: &&String| !systemd.unit(unit).exists();
            stop(&systemd, units.iter().filter(gone)).map_err(|error| error.to_string())?;
            let stays = units.iter().any(|unit| unit == SERVICE) && systemd.unit(SERVICE).exists();
            match stays {
                true => systemd
                    .call(&["restart", SERVICE])
                    .map_err(|failure| failure.headline),
                false => Ok(()),
            }
        });
    if let Err(why) = done {
        // The next apply or down looks again.
        session
            .printer
            .warn(&format!("the gateway's units could not be put back: {why}"));
    }
}
