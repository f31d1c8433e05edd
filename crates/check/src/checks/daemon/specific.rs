//! Whether something says more than "it is not as it was": what is generic keeps quiet then.

use crate::checks::by_code;
use crate::{Check, Seen, Severity, Spot};

/// Checks that see the settings of the daemon. Those that see a consequence, or the wire, do not count.
const SETTINGS: [&str; 20] = [
    "SL-F104", "SL-F108", "SL-F109", "SL-F110", "SL-F111", "SL-F112", "SL-F201", "SL-F202",
    "SL-F203", "SL-F204", "SL-F205", "SL-F208", "SL-F209", "SL-F213", "SL-F214", "SL-F216",
    "SL-F218", "SL-F219", "SL-F220", "SL-F223",
];

/// Checks that read files of the daemon, by the beginning of their codes.
const FILES: [&str; 2] = ["SL-F3", "SL-F4"];

/// Whether something in the daemon's settings is told by itself.
pub(in crate::checks) fn config_is_told(seen: &Seen) -> bool {
    SETTINGS
        .iter()
        .filter_map(|code| by_code(code))
        .any(|check| bites(check, seen).next().is_some())
}

/// Whether something in one of the daemon's files is told by itself.
pub(in crate::checks) fn files_are_told(seen: &Seen) -> bool {
    let Some(host) = &seen.host else {
        return false;
    };
    places(seen).any(|place| {
        host.files
            .iter()
            .any(|file| place.starts_with(&file.shown()))
    })
}

/// Where something in a file is told.
pub(in crate::checks) fn places(seen: &Seen) -> impl Iterator<Item = String> {
    in_files(seen).map(|spot| spot.place)
}

/// What is told of files and of the certificates in them.
pub(in crate::checks) fn in_files(seen: &Seen) -> impl Iterator<Item = Spot> {
    crate::checks::all()
        .iter()
        .filter(|check| FILES.iter().any(|group| check.code.starts_with(group)))
        .flat_map(|check| bites(check, seen))
}

fn bites(check: &'static Check, seen: &Seen) -> impl Iterator<Item = Spot> {
    let worst = check.severity;
    (check.look)(seen)
        .into_iter()
        .filter(move |spot| spot.severity.unwrap_or(worst) < Severity::Soon)
}
