//! The steps of an installation that are no files.

use sealock_change::{Action, BoxDiagnose};
use sealock_diag::{Code, Diagnose};

use super::place::{SERVICE, Systemd, TIMER};
use super::wake;
use crate::failure::Failure;

/// systemd reads its units again, once the files are there, or once they are gone again.
pub(crate) struct Reload {
    systemd: Systemd,
    /// Whether it is the doing, and not the undoing, that follows the files.
    forward: bool,
}

impl Reload {
    /// Behind the files.
    pub(super) fn first(systemd: &Systemd) -> Self {
        Self {
            systemd: systemd.clone(),
            forward: true,
        }
    }

    /// Before the files, so that its undo comes last.
    pub(super) fn last(systemd: &Systemd) -> Self {
        Self {
            systemd: systemd.clone(),
            forward: false,
        }
    }

    fn call(&self) -> Result<(), BoxDiagnose> {
        boxed(self.systemd.call(&["daemon-reload"]))
    }
}

impl Action for Reload {
    fn describe(&self) -> String {
        if self.forward {
            "make systemd read its units again".to_owned()
        } else {
            "see that systemd answers".to_owned()
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        if self.forward {
            return self.call();
        }
        boxed(self.systemd.call(&["show", "--property=Version"]))
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        if self.forward { Ok(()) } else { self.call() }
    }

    fn only_looks(&self) -> bool {
        !self.forward
    }
}

/// Timer and service stop, and what systemd remembers of the timer goes with them.
pub(crate) struct Stop {
    systemd: Systemd,
    /// Whether the timer was on.
    ran: bool,
}

impl Stop {
    pub(super) fn new(systemd: &Systemd) -> Self {
        Self {
            systemd: systemd.clone(),
            ran: false,
        }
    }
}

impl Action for Stop {
    fn describe(&self) -> String {
        format!("stop {TIMER} and {SERVICE}")
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.ran = self.systemd.property(TIMER, "ActiveState") == "active";
        wake::forget(&self.systemd);
        boxed(self.systemd.call(&["stop", TIMER, SERVICE]))?;
        // The stamp of its last run. A systemd that cannot do this leaves an empty file of its own.
        let _kept = self.systemd.call(&["clean", "--what=state", TIMER]);
        let _none = self.systemd.call(&["reset-failed", SERVICE]);
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        if self.ran {
            boxed(self.systemd.call(&["start", TIMER]))
        } else {
            Ok(())
        }
    }
}

/// What a step makes of a failure.
pub(crate) fn boxed(outcome: Result<(), Failure>) -> Result<(), BoxDiagnose> {
    outcome.map_err(|failure| Box::new(Refused(failure)) as BoxDiagnose)
}

/// A failure as a step's error.
#[derive(Debug)]
struct Refused(Failure);

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.headline)
    }
}

impl std::error::Error for Refused {}

impl Diagnose for Refused {
    fn code(&self) -> Code {
        self.0.code
    }

    fn location(&self) -> Option<String> {
        self.0.location.clone()
    }

    fn cause(&self) -> Option<String> {
        self.0.cause.clone()
    }

    fn help(&self) -> Option<String> {
        self.0.help.clone()
    }
}
