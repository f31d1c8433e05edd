//! Where systemd keeps units: the system's for root, the user's own for everybody else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sealock_diag::escape;
use sealock_host::{Invocation, System};

use super::{NO_SYSTEMD, SYSTEMCTL};
use crate::failure::Failure;

pub(crate) const SERVICE: &str = "sealock-agent.service";
pub(crate) const TIMER: &str = "sealock-agent.timer";
/// The transient timer of a look that does not wait for the rhythm.
pub(crate) const SOON: &str = "sealock-agent-soon";

/// The systemd that runs the agent.
#[derive(Clone)]
pub(crate) struct Systemd {
    pub(crate) system: Arc<dyn System>,
    pub(crate) user: bool,
    folder: PathBuf,
}

impl Systemd {
    /// The one of this user, if it runs.
    pub(crate) fn find(system: Arc<dyn System>) -> Result<Self, Failure> {
        let user = system.user().0 != 0;
        let found = if user {
            let runs = system
                .variable("XDG_RUNTIME_DIR")
                .is_some_and(|dir| Path::new(&dir).join("systemd").exists());
            runs.then(|| user_units(&*system)).flatten()
        } else {
            let runs = system.root().at("/run/systemd/system").exists();
            runs.then(|| PathBuf::from("/etc/systemd/system"))
        };
        let folder = found.ok_or_else(|| {
            Failure::own(
                NO_SYSTEMD,
                "there is no systemd here to install the agent in",
            )
            .at("this host")
            .help("sealock agent            looks again and again until it is stopped")
        })?;
        Ok(Self {
            system,
            user,
            folder,
        })
    }

    /// Where a unit of ours lies.
    pub(crate) fn unit(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The link that makes the timer start with the machine; what `systemctl enable` would make.
    pub(crate) fn wants(&self) -> PathBuf {
        self.folder.join("timers.target.wants").join(TIMER)
    }

    /// Every path that an installation touches.
    pub(crate) fn paths(&self) -> [PathBuf; 3] {
        [self.unit(SERVICE), self.unit(TIMER), self.wants()]
    }

    /// Whether our service is installed.
    pub(crate) fn is_installed(&self) -> bool {
        self.system.root().at(self.unit(SERVICE)).exists()
    }

    /// `systemctl WORDS`, which must succeed.
    pub(crate) fn call(&self, words: &[&str]) -> Result<(), Failure> {
        let invocation = self.invocation("systemctl", words);
        let refused = |said: String| {
            Failure::own(SYSTEMCTL, "systemd refused")
                .at(invocation.line())
                .because(escape(said.trim()))
        };
        match self.system.run(&invocation) {
            Ok(outcome) if outcome.success() => Ok(()),
            Ok(outcome) => Err(refused(outcome.stderr)),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// One property of a unit; empty when systemd does not say.
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        let property = format!("--property={name}");
        let asked = self.invocation("systemctl", &["show", unit, &property, "--value"]);
        let said = self.system.run(&asked).unwrap_or_default();
        said.stdout.trim().to_owned()
    }

    /// What the service logged last, youngest line last.
    pub(crate) fn last_words(&self) -> Vec<String> {
        let asked = self.invocation(
            "journalctl",
            &["-u", SERVICE, "-n", "12", "--no-pager", "-o", "cat"],
        );
        let said = self.system.run(&asked).unwrap_or_default();
        said.stdout.lines().map(escape).collect()
    }

    pub(crate) fn invocation(&self, program: &str, words: &[&str]) -> Invocation {
        let mut argv = vec![program.to_owned()];
        argv.extend(self.user.then(|| "--user".to_owned()));
        argv.extend(words.iter().map(|word| (*word).to_owned()));
        // A look may restart dockerd, and its way back may take as long again.
        Invocation::new(argv).within(Duration::from_secs(15 * 60))
    }
}

fn user_units(system: &dyn System) -> Option<PathBuf> {
    let set = system.variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = set.filter(|dir| dir.is_absolute()).or_else(|| {
        let home = system.variable("HOME")?;
        Some(Path::new(&home).join(".config"))
    });
    config.map(|config| config.join("systemd/user"))
}
