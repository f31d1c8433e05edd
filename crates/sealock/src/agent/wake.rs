//! A look before its time: systemd is asked for one by a timer that lives in its memory only.
//!
//! The installed timer has a rhythm of hours. What is due in minutes, and what failed and is tried again, cannot wait for
//! it. A transient timer needs no file, and is gone with the reboot, after which the installed timer looks by itself.

use std::time::Duration;

use sealock_pki::Timestamp;

use super::place::{SERVICE, SOON, Systemd};
use crate::failure::Failure;

/// Asks for a look in this long, instead of one that was asked for before.
pub(crate) fn ask(systemd: &Systemd, wait: Duration) -> Result<(), Failure> {
    forget(systemd);
    let (unit, active) = (
        format!("--unit={SOON}"),
        format!("--on-active={}s", wait.as_secs().max(1)),
    );
    let words = [
        unit.as_str(),
        &active,
        "--collect",
        "--quiet",
        "--timer-property=AccuracySec=1s",
        "--description=sealock looks again before its time",
        "systemctl",
    ];
    let user: &[&str] = if systemd.user { &["--user"] } else { &[] };
    let start = ["--no-block", "start", SERVICE];
    let words: Vec<&str> = words.iter().chain(user).chain(&start).copied().collect();
    let asked = systemd.invocation("systemd-run", &words);
    let refused = |said: String| {
        Failure::own(super::SYSTEMCTL, "systemd refused")
            .at(asked.line())
            .because(sealock_diag::escape(said.trim()))
    };
    match systemd.system.run(&asked) {
        Ok(outcome) if outcome.success() => Ok(()),
        Ok(outcome) => Err(refused(outcome.stderr)),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// Takes back what was asked for. That there is none is what is wanted.
pub(crate) fn forget(systemd: &Systemd) {
    let timer = format!("{SOON}.timer");
    let _none = systemd.call(&["stop", "--quiet", &timer]);
}

/// Whether a look at this time would come before the rhythm brings one.
pub(crate) fn is_soon(next: Timestamp, now: Timestamp, every: Duration) -> bool {
    next.since(now) < every
}
