//! The steps that are no files: what runs before, what shall run, and that the daemon was left alone.

use std::path::PathBuf;

use sealock_change::{Action, BoxDiagnose, Store};
use sealock_diag::escape;
use sealock_host::{Running, Service as Daemon};
use sealock_probe::Target;

use super::plan::find_systemd;
use super::units::{SERVICE, STEM};
use crate::agent::place::Systemd;
use crate::agent::steps::boxed;
use crate::cloak::proof::{Seen, look};
use crate::commands::gateway::{ask, codes};
use crate::failure::Failure;

/// Looks at what runs and what answers. Its undo is the last of a rollback: the files are back by then, so the old units run
/// again, or none, and every address answers as it did.
pub(crate) struct Before {
    pub(super) systemd: Systemd,
    /// Every unit of ours, before or after.
    pub(super) units: Vec<String>,
    /// Where a gateway that runs is asked.
    pub(super) control: PathBuf,
    /// Whether units are changed, so that who goes on would go on with the new ones.
    pub(super) replaced: bool,
    pub(super) targets: Vec<Target>,
    pub(super) ran: Vec<String>,
    /// The process of the service that ran.
    pub(super) process: String,
    pub(super) seen: Vec<Seen>,
}

impl Action for Before {
    fn describe(&self) -> String {
        "see what listens now".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.ran = running(&self.systemd, &self.units);
        self.process = self.systemd.property(SERVICE, "MainPID");
        self.seen = self.targets.iter().map(look).collect();
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        boxed(self.systemd.call(&["daemon-reload"]))?;
        let run = running(&self.systemd, &self.units);
        let leaves = |unit: &&String| self.replaced || !self.ran.contains(unit);
        stop(&self.systemd, run.iter().filter(leaves))?;
        start(&self.systemd, &self.ran)?;
        if !self.replaced && self.ran.iter().any(|unit| unit == SERVICE) {
            let same = self.systemd.property(SERVICE, "MainPID") == self.process;
            boxed(match same {
                // The old certificates are back; a gateway that could not take the new ones has them still.
                true => ask::reload(&self.control).map(|_| ()),
                // Another process has read the new settings; one more reads the old ones.
                false => ask::upgrade(&self.control).map(|_| ()),
            })?;
        }
        for (target, before) in self.targets.iter().zip(&self.seen) {
            let now = crate::cloak::proof::settle(target, before);
            if &now != before {
                return Err(crate::cloak::proof::not_as_before(target, before, now));
            }
        }
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// Makes everything run that shall, as the files say.
pub(crate) struct Run {
    pub(super) systemd: Systemd,
    pub(super) sockets: Vec<String>,
    /// Where it is asked.
    pub(super) control: PathBuf,
    /// Sockets that are opened in another way than before, or not at all any more.
    pub(super) replaced: Vec<String>,
    pub(super) way: Way,
}

/// How what is written comes into force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// It does not run, or not all of its doors are open.
    Start,
    /// Its unit is another one.
    Restart,
    /// Only its settings are others.
    HandOver,
    /// Only its certificates, lists or policy are others.
    Reload,
}

impl Action for Run {
    fn describe(&self) -> String {
        match self.way {
            Way::Reload => return format!("let {SERVICE} read its certificates, lists and policy"),
            Way::HandOver => {
                return format!("hand {SERVICE} over to a process with the new settings");
            }
            Way::Start | Way::Restart => {}
        }
        let word = match self.way == Way::Restart
            && self.systemd.property(SERVICE, "ActiveState") == "active"
        {
            true => "restart",
            false => "start",
        };
        format!("{word} {} and {SERVICE}", self.sockets.join(", "))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        if self.way == Way::Reload {
            // The files are watched too; asking tells us whether they are good, and that they are in force.
            return boxed(ask::reload(&self.control).map(|_| ()));
        }
        boxed(self.systemd.call(&["daemon-reload"]))?;
        if self.way == Way::HandOver {
            return boxed(ask::upgrade(&self.control).map(|_| ()));
        }
        let open = running(&self.systemd, &self.sockets);
        // systemd opens no door for a service that is inside already.
        if !self.replaced.is_empty() || open.len() < self.sockets.len() {
            let all: Vec<String> = std::iter::once(SERVICE.to_owned())
                .chain(self.replaced.iter().cloned())
                .collect();
            stop(&self.systemd, running(&self.systemd, &all).iter())?;
        }
        start(&self.systemd, &self.sockets)?;
        let word = match self.way {
            Way::Restart => "restart",
            _ => "start",
        };
        boxed(
            self.systemd
                .call(&[word, SERVICE])
                .map_err(|failure| not_started(&self.systemd, failure)),
        )
    }

    // The old files are not back yet; the first step does this once they are.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// Why the service did not start, in its own words.
fn not_started(systemd: &Systemd, failure: Failure) -> Failure {
    let words = systemd.invocation(
        "journalctl",
        &["-u", SERVICE, "-n", "12", "--no-pager", "-o", "cat"],
    );
    let said = systemd.system.run(&words).unwrap_or_default().stdout;
    let ours: Vec<String> = said
        .lines()
        .filter(|line| line.contains("SL-"))
        .map(escape)
        .collect();
    // Of what it says again with every attempt once is enough.
    let last = ours.last().cloned().or_else(|| {
        let lines: Vec<String> = said.lines().rev().take(4).map(escape).collect();
        (!lines.is_empty()).then(|| lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
    });
    Failure::own(codes::NOT_STARTED, "the gateway's service does not start")
        .at(SERVICE)
        .because(last.or(failure.cause).unwrap_or_default())
}

/// The daemon is the process that it was: nothing of it was touched.
pub(crate) struct Untouched {
    pub(super) daemon: Daemon,
    pub(super) running: Option<Running>,
}

impl Action for Untouched {
    fn describe(&self) -> String {
        match self.running {
            Some(running) => format!(
                "see that {} was not restarted: process {}",
                self.daemon.name(),
                running.pid
            ),
            None => format!("see that {} was not started", self.daemon.name()),
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let now = self.daemon.running();
        // One that waits for its socket may have been woken by whoever asked through the gateway: that is what it is for.
        if now == self.running || self.running.is_none() {
            return Ok(());
        }
        let pid = |running: Option<Running>| {
            running.map_or("none".to_owned(), |running| running.pid.to_string())
        };
        boxed(Err(Failure::own(
            codes::DAEMON_TOUCHED,
            "the daemon was restarted meanwhile",
        )
        .at(self.daemon.name())
        .because(format!(
            "its process was {} and is {}",
            pid(self.running),
            pid(now)
        ))))
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// What `down` does with a gateway around the files that it puts back.
pub(crate) struct Farewell {
    /// Before everything: its undo comes last.
    pub(crate) first: Before,
    /// Before the files go.
    pub(crate) stop: Stop,
    /// Once they are gone.
    pub(crate) last: Forget,
}

/// The farewell of the gateway; `None` where neither its files nor its units are there.
pub(crate) fn farewell(store: &Store, targets: &[Target]) -> Result<Option<Farewell>, Failure> {
    let Ok(systemd) = find_systemd() else {
        return Ok(None);
    };
    let is_ours = |path: &std::path::Path| {
        let name = path.file_name().unwrap_or_default();
        path.starts_with("/etc/systemd/system") && name.to_string_lossy().starts_with(STEM)
    };
    let installed = store.originals()?.iter().any(|one| is_ours(&one.path));
    let units = loaded(&systemd);
    if !installed && units.is_empty() {
        return Ok(None);
    }
    Ok(Some(Farewell {
        first: Before {
            systemd: systemd.clone(),
            units: units.clone(),
            // Everything is stopped and started: nobody is asked.
            control: super::place::CONTROL.into(),
            replaced: true,
            targets: targets.to_vec(),
            ran: Vec::new(),
            process: String::new(),
            seen: Vec::new(),
        },
        stop: Stop {
            systemd: systemd.clone(),
            units,
        },
        last: Forget { systemd },
    }))
}

/// Doors and service are closed.
pub(crate) struct Stop {
    systemd: Systemd,
    units: Vec<String>,
}

impl Action for Stop {
    fn describe(&self) -> String {
        format!("stop {}", self.units.join(", "))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        stop(&self.systemd, running(&self.systemd, &self.units).iter())
    }

    // The first step starts them, once their files are back.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// systemd forgets the units whose files are gone.
pub(crate) struct Forget {
    systemd: Systemd,
}

impl Action for Forget {
    fn describe(&self) -> String {
        "make systemd read its units again".to_owned()
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        boxed(self.systemd.call(&["daemon-reload"]))?;
        let _nothing_failed = self.systemd.call(&["reset-failed", SERVICE]);
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// The units of ours that systemd knows, whether or not their files are still there.
pub(super) fn loaded(systemd: &Systemd) -> Vec<String> {
    let pattern = format!("{STEM}*");
    let asked = systemd.invocation(
        "systemctl",
        &["list-units", "--all", "--plain", "--no-legend", &pattern],
    );
    let said = systemd.system.run(&asked).unwrap_or_default().stdout;
    said.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// Those of the units that run, or try to.
pub(super) fn running(systemd: &Systemd, units: &[String]) -> Vec<String> {
    let runs = |unit: &&String| {
        matches!(
            systemd.property(unit, "ActiveState").as_str(),
            "active" | "activating" | "reloading" | "deactivating"
        )
    };
    units.iter().filter(runs).cloned().collect()
}

/// Sockets first, or a visitor would wake the service that is just being stopped.
pub(super) fn stop<'a>(
    systemd: &Systemd,
    units: impl Iterator<Item = &'a String>,
) -> Result<(), BoxDiagnose> {
    let mut units: Vec<&str> = units.map(String::as_str).collect();
    if units.is_empty() {
        return Ok(());
    }
    units.sort_by_key(|unit| !unit.ends_with(".socket"));
    let words: Vec<&str> = std::iter::once("stop").chain(units).collect();
    boxed(systemd.call(&words))
}

pub(super) fn start(systemd: &Systemd, units: &[String]) -> Result<(), BoxDiagnose> {
    if units.is_empty() {
        return Ok(());
    }
    for unit in units {
        // A socket whose service failed has failed with it, and systemd counts starts.
        let _never_failed = systemd.call(&["reset-failed", unit]);
    }
    let mut sorted: Vec<&str> = units.iter().map(String::as_str).collect();
    sorted.sort_by_key(|unit| !unit.ends_with(".socket"));
    let words: Vec<&str> = std::iter::once("start").chain(sorted).collect();
    boxed(systemd.call(&words))
}
