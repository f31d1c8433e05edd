//! The steps of a plan that are no files.

use crate::HostError;
use crate::service::{Service, run};
use crate::system::Invocation;
use sealock_change::{Action, BoxDiagnose};
use sealock_diag::{Diagnose as _, escape};
use std::time::Duration;

fn boxed(error: HostError) -> BoxDiagnose {
    Box::new(error)
}

/// systemd reads changed unit files.
pub(crate) struct DaemonReload(pub(crate) Service);

impl Action for DaemonReload {
    fn describe(&self) -> String {
        "make systemd read its units again".into()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.0.daemon_reload().map_err(boxed)
    }

    // The files are not back yet when this is called; `Service::restore_running` reloads once they are.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// `dockerd --validate` with the command as it will be.
pub(crate) struct Validate {
    pub(crate) service: Service,
    pub(crate) argv: Vec<String>,
}

impl Action for Validate {
    fn describe(&self) -> String {
        "let dockerd check the new configuration".into()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let invocation = Invocation::new(self.argv.clone()).within(Duration::from_secs(20));
        let line = escape(&invocation.line());
        let verdict = run(&*self.service.system, &invocation);
        verdict.map(|_| ()).map_err(|error| {
            let said = error.cause().unwrap_or_default();
            boxed(HostError::Validate {
                command: line,
                said,
            })
        })
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// live-restore by SIGHUP, verified.
pub(crate) struct LiveRestore {
    pub(crate) service: Service,
    pub(crate) on: bool,
}

impl Action for LiveRestore {
    fn describe(&self) -> String {
        let word = if self.on { "on" } else { "off" };
        format!("switch live-restore {word} in the running daemon (SIGHUP)")
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.service.reload_live_restore(self.on).map_err(boxed)
    }

    // `Service::restore_running` takes it back, after the files.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// Restart (or start), and wait until the daemon answers.
pub(crate) struct Restart {
    pub(crate) service: Service,
    pub(crate) start: bool,
}

impl Action for Restart {
    fn describe(&self) -> String {
        format!(
            "{} {}",
            if self.start { "start" } else { "restart" },
            self.service.name()
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.service.restart().map_err(boxed)
    }

    // The old files are not back yet; the baseline step restarts once they are.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}
