//! What becomes of services when their files are put back as they were.

use sealock_change::{Action, BoxDiagnose, Original, Snapshot, fs};
use sealock_service::{Holds, Service, TakeUp};

use super::steps::take;
use crate::agent::steps::boxed;

/// Services whose files go back: what they are told, and what a person is.
#[derive(Default)]
pub(crate) struct Farewell {
    /// Before the files: its undo comes behind theirs.
    pub(crate) first: Vec<Return>,
    /// Once they are back.
    pub(crate) last: Vec<Return>,
    pub(crate) notes: Vec<String>,
}

/// Which of these services are told to take up the files that come back. One that had none before has nothing to take up:
/// it is left as it runs.
pub(crate) fn farewell(services: &[Service], originals: &[Original]) -> Farewell {
    let mut farewell = Farewell::default();
    for service in services {
        let Ok(kind) = service.kind() else {
            continue;
        };
        let of = |holds| {
            let file = kind.files().into_iter().find(|file| file.holds == holds)?;
            let path = fs::resolve(&file.path).ok()?;
            originals.iter().find(|original| original.path == path)
        };
        let (Some(cert), key) = (of(Holds::Certificate), of(Holds::Key)) else {
            continue;
        };
        let had = |original: &Original| matches!(original.was, Snapshot::File { .. });
        let name = &service.name;
        // One whose configuration goes back with the files is as it was before, with or without TLS.
        let whole = !kind.configured().is_empty();
        match (kind.take_up(), whole || had(cert) && key.is_none_or(had)) {
            (TakeUp::Hands, _) => farewell.notes.push(format!(
                "{name} goes on with the certificate that it has read, until somebody restarts it"
            )),
            (_, false) => farewell.notes.push(format!(
                "{name} had no certificate before: it goes on with ours until it is restarted, and its configuration then names \
                 files that are gone"
            )),
            (take_up, true) => {
                let step = |forward| Return {
                    name: name.clone(),
                    take_up: take_up.clone(),
                    forward,
                };
                farewell.first.push(step(false));
                farewell.last.push(step(true));
            }
        }
    }
    farewell
}

/// A service takes up what is back.
pub(crate) struct Return {
    name: String,
    take_up: TakeUp,
    /// Whether it is the doing, and not the undoing, that follows the files.
    forward: bool,
}

impl Action for Return {
    fn describe(&self) -> String {
        match self.forward {
            true => format!("let {} take up the files that are back", self.name),
            false => format!("leave {} as it runs until its files are back", self.name),
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        match self.forward {
            true => boxed(take(&self.name, &self.take_up)),
            false => Ok(()),
        }
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        match self.forward {
            true => Ok(()),
            false => boxed(take(&self.name, &self.take_up)),
        }
    }

    fn only_looks(&self) -> bool {
        !self.forward
    }
}
