//! The steps of a plan that are no files.

use crate::HostError;
use crate::service::Service;
use crate::system::{Invocation, Outcome};
use sealock_change::{Action, BoxDiagnose};
use sealock_diag::escape;
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

/// dockerd reads the configuration as it will be, and stops there.
pub(crate) struct Validate {
    pub(crate) service: Service,
    pub(crate) argv: Vec<String>,
    /// Where the daemon looks for its helpers. Ours may lead nowhere: `su` keeps a user's, without `/usr/sbin`, and a
    /// dockerd that finds no docker-proxy refuses every configuration.
    pub(crate) search_path: String,
    pub(crate) how: Check,
}

/// What makes dockerd stop after reading its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// `--validate`, since 23.0.
    Validate,
    /// Before: two labels that exclude each other. dockerd complains of them as the last thing it does
    /// with its configuration and the first after it has accepted all the rest.
    Labels,
}

impl Check {
    /// The flags that are added to the command.
    pub(crate) fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Validate => &["--validate"],
            Self::Labels => &["--label=sealock=a", "--label=sealock=b"],
        }
    }

    /// What dockerd has against the configuration; `None` when nothing.
    fn refusal(self, outcome: &Outcome) -> Option<String> {
        let lines = || outcome.stderr.lines().chain(outcome.stdout.lines());
        if self == Self::Labels {
            let line = lines().find(|line| line.contains("unable to configure the Docker daemon"));
            // Labels of its own in the file stand against ours, and that is no fault of the file.
            let ours = |line: &str| {
                line.matches("(from flag: [").count() == 1
                    && line.contains("in the configuration file: labels: (")
            };
            let usage = lines().find(|line| outcome.status == Some(125) && !line.trim().is_empty());
            return line.filter(|line| !ours(line)).or(usage).map(escape);
        }
        if outcome.success() {
            return None;
        }
        let said = lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        Some(match outcome.status {
            Some(status) => format!("exit status {status}: {}", escape(said.trim())),
            None => format!("killed, or not done in time: {}", escape(said.trim())),
        })
    }
}

impl Action for Validate {
    fn describe(&self) -> String {
        "let dockerd check the new configuration".into()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let mut invocation = Invocation::new(self.argv.clone()).within(Duration::from_secs(20));
        invocation.variables = vec![("PATH".to_owned(), self.search_path.clone())];
        let command = escape(&invocation.line());
        let refusal = match self.service.system.run(&invocation) {
            Ok(outcome) => self.how.refusal(&outcome),
            Err(error) => Some(error.to_string()),
        };
        match refusal {
            None => Ok(()),
            Some(said) => Err(boxed(HostError::Validate { command, said })),
        }
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
        self.service.restart().map_err(|error| {
            self.service.hold();
            boxed(error)
        })
    }

    // The old files are not back yet; the baseline step restarts once they are.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Check;
    use crate::system::Outcome;

    #[test]
    fn what_dockerd_20_has_against_a_configuration_and_what_it_has_not() {
        // As 20.10.24 says it.
        let file = "unable to configure the Docker daemon with file /etc/docker/daemon.json: the following directives";
        let both = format!("{file} are specified both as a flag and in the configuration file:");
        for (status, said, refused) in [
            (
                1,
                "conflict labels for sealock=b and sealock=a".to_owned(),
                false,
            ),
            (
                1,
                format!("{both} labels: (from flag: [sealock=a sealock=b], from file: [x=y])"),
                false,
            ),
            (
                1,
                format!("{file} don't match any configuration option: no-such-key"),
                true,
            ),
            (
                1,
                format!(
                    "{both} hosts: (from flag: [fd://], from file: [fd://]), labels: (from flag: [a], from file: [])"
                ),
                true,
            ),
            (
                1,
                format!("{both} hosts: (from flag: [fd://], from file: [fd://])"),
                true,
            ),
            (125, "unknown flag: --no-such".to_owned(), true),
        ] {
            let outcome = Outcome {
                status: Some(status),
                stdout: String::new(),
                stderr: format!("\n{said}\n"),
            };
            assert_eq!(Check::Labels.refusal(&outcome).is_some(), refused, "{said}");
        }
    }
}
