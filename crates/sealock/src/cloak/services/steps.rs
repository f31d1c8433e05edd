//! The steps of a service that are no files: what it showed before, how it takes its files up, and the proof.

use std::cell::Cell;
use std::rc::Rc;

use sealock_change::{Action, BoxDiagnose};
use sealock_diag::escape;
use sealock_host::{Invocation, Local, System as _};
use sealock_pki::Fingerprint;
use sealock_service::{Clients, Door, TakeUp};

use super::kit::Kit;
use super::part::{Proofs, with_name, words};
use super::proof::{Shown, settle};
use crate::agent::steps::boxed;
use crate::commands::service::codes;
use crate::failure::Failure;

/// Looks at what a service shows. Its undo comes behind that of the files: the service takes the old ones up, and must
/// show what it showed.
pub(crate) struct Before {
    name: String,
    doors: Vec<Door>,
    take_up: TakeUp,
    kit: Rc<Kit>,
    seen: Vec<Shown>,
    /// Whether it was told to take up the new ones.
    tried: Rc<Cell<bool>>,
}

impl Before {
    pub(super) fn new(
        name: &str,
        doors: &[Door],
        take_up: &TakeUp,
        kit: &Rc<Kit>,
        tried: &Rc<Cell<bool>>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            doors: doors.to_vec(),
            take_up: take_up.clone(),
            kit: Rc::clone(kit),
            seen: Vec::new(),
            tried: Rc::clone(tried),
        }
    }
}

impl Action for Before {
    fn describe(&self) -> String {
        format!("see what {} shows now: {}", self.name, words(&self.doors))
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let doors = self.doors.iter();
        self.seen = doors.map(|door| Shown::at(door, &self.kit)).collect();
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        if !self.tried.get() {
            return Ok(());
        }
        // A service that was not there before need not come back; what it shows decides.
        let told = take(&self.name, &self.take_up);
        for (door, before) in self.doors.iter().zip(&self.seen) {
            if let Err(why) = before.again(door, &self.kit, &self.take_up) {
                let said = told
                    .as_ref()
                    .err()
                    .and_then(|failure| failure.cause.clone());
                let why = match said {
                    Some(said) => format!("{why}\n{said}"),
                    None => why,
                };
                return boxed(Err(Failure::own(
                    codes::AS_BEFORE,
                    format!("the service {} does not answer as it did before", self.name),
                )
                .at(escape(&door.address))
                .because(why)));
            }
        }
        self.tried.set(false);
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

/// Makes a service take its files up.
pub(crate) struct Take {
    name: String,
    take_up: TakeUp,
    tried: Rc<Cell<bool>>,
}

impl Take {
    pub(super) fn new(name: &str, take_up: &TakeUp, tried: &Rc<Cell<bool>>) -> Self {
        Self {
            name: name.to_owned(),
            take_up: take_up.clone(),
            tried: Rc::clone(tried),
        }
    }
}

impl Action for Take {
    fn describe(&self) -> String {
        match &self.take_up {
            TakeUp::Reload(line) => format!("reload {}: {}", self.name, escape(line)),
            TakeUp::Restart(line) => format!("restart {}: {}", self.name, escape(line)),
            TakeUp::Hands => format!("leave {} to whoever runs it", self.name),
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        self.tried.set(true);
        boxed(take(&self.name, &self.take_up))
    }

    // The old files are not back yet; the first step does this once they are.
    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }
}

/// Runs the command of a service.
pub(super) fn take(name: &str, take_up: &TakeUp) -> Result<(), Failure> {
    let (word, line) = match take_up {
        TakeUp::Reload(line) => ("reload", line),
        TakeUp::Restart(line) => ("restart", line),
        TakeUp::Hands => return Ok(()),
    };
    let failed = |why: String| {
        Failure::own(
            codes::NOT_TAKEN_UP,
            format!("the {word} of the service {name} fails"),
        )
        .at(escape(line))
        .because(why)
    };
    let outcome = Local::new()
        .run(&Invocation::shell(line))
        .map_err(|error| failed(error.to_string()))?;
    if outcome.success() {
        return Ok(());
    }
    let status = match outcome.status {
        Some(status) => format!("exit code {status}"),
        None => "it was killed, or took longer than 120 s".to_owned(),
    };
    let said = [outcome.stderr.trim(), outcome.stdout.trim()]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    let lines: Vec<String> = said.lines().rev().take(4).map(escape).collect();
    let lines: Vec<String> = lines.into_iter().rev().collect();
    Err(failed(match lines.is_empty() {
        true => status,
        false => format!("{status}: {}", lines.join("\n")),
    }))
}

/// Asks a service from outside, as everybody who must get in and everybody who must not.
pub(crate) struct Prove {
    name: String,
    doors: Vec<Door>,
    leaf: Fingerprint,
    take_up: TakeUp,
    kit: Rc<Kit>,
    proofs: Proofs,
}

impl Prove {
    pub(super) fn new(
        name: &str,
        doors: Vec<Door>,
        leaf: Fingerprint,
        take_up: TakeUp,
        kit: &Rc<Kit>,
        proofs: &Proofs,
    ) -> Self {
        Self {
            name: name.to_owned(),
            doors,
            leaf,
            take_up,
            kit: Rc::clone(kit),
            proofs: Rc::clone(proofs),
        }
    }
}

impl Action for Prove {
    fn describe(&self) -> String {
        let required = |door: &Door| door.clients == Clients::Required;
        let who = match self.doors.iter().any(required) {
            true => {
                let who = 2 + self.kit.also.len() + self.kit.strangers.len();
                format!("clear text and {who} kinds of client")
            }
            false => "clear text, with and without a certificate".to_owned(),
        };
        format!(
            "prove {} from outside: {}, {who}",
            self.name,
            words(&self.doors)
        )
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let found = settle(&self.doors, self.leaf, &self.kit, &self.take_up);
        if !found.failures.is_empty() {
            return boxed(Err(not_proved(&self.name, &found.failures)));
        }
        let lines = with_name(&self.name, &found.held);
        self.proofs.borrow_mut().extend(lines);
        Ok(())
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        Ok(())
    }

    fn only_looks(&self) -> bool {
        true
    }
}

fn not_proved(name: &str, failures: &[String]) -> Failure {
    Failure::own(
        codes::NOT_PROVED,
        format!("the proof of the service {name} does not hold"),
    )
    .because(failures.join("\n"))
}
