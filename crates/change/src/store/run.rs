//! Running a plan, and taking it back.

use super::journal::{self, Entry, Journal, Undone};
use super::ledger::{Ledger, RunSummary};
use super::{Guard, Store, sync_parents, together};
use crate::edit::Edit;
use crate::error::Error;
use crate::fs;
use crate::plan::{BoxDiagnose, Forgets, Plan, Step};
use crate::snapshot::{self, Identity, Snapshot};
use sealock_diag::{Code, Diagnose, escape};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// A step as a watcher sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInfo {
    /// Counts from 1.
    pub index: usize,
    /// How many steps the plan has.
    pub total: usize,
    /// One line for people.
    pub description: String,
}

/// Is told how a run goes.
pub trait Watch {
    /// A step begins.
    fn started(&mut self, _step: &StepInfo) {}
    /// A step is done and verified.
    fn done(&mut self, _step: &StepInfo) {}
    /// A step failed; what was done is undone next.
    fn failed(&mut self, _step: &StepInfo, _cause: &dyn Diagnose) {}
    /// A step was undone.
    fn undone(&mut self, _step: &StepInfo) {}
    /// A step could not be undone, for the reason given.
    fn not_undone(&mut self, _step: &StepInfo, _reason: &str) {}
    /// Asked before each step: whether the user wants to stop. The run is undone then.
    fn wants_to_stop(&mut self) -> bool {
        false
    }
}

/// A watcher that looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Watch for Silent {}

/// A run that reached its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The run as it stands in the history; `None` when no file was to be changed, so that there
    /// was nothing to remember.
    pub run: Option<RunSummary>,
    /// How many steps changed something.
    pub changes: usize,
}

/// What the host is like after a failed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// No step had changed anything yet.
    NothingChanged,
    /// Everything that was done was undone.
    RolledBack,
    /// This is how it differs from before.
    Partly(Vec<String>),
}

/// A run that did not reach its end.
pub struct Failure {
    /// The step that failed; `None` when it was the bookkeeping before or after the steps.
    pub step: Option<StepInfo>,
    /// Why.
    pub cause: BoxDiagnose,
    /// What the host is like now.
    pub state: State,
}

impl Failure {
    fn before(error: Error) -> Self {
        Self {
            step: None,
            cause: Box::new(error),
            state: State::NothingChanged,
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("step", &self.step)
            .field("code", &self.cause.code())
            .field("cause", &self.cause.to_string())
            .field("state", &self.state)
            .finish()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

impl Diagnose for Failure {
    fn code(&self) -> Code {
        self.cause.code()
    }

    fn location(&self) -> Option<String> {
        match (&self.step, self.cause.location()) {
            (Some(s), _) => Some(format!(
                "step {} of {}, {}",
                s.index, s.total, s.description
            )),
            (None, location) => location,
        }
    }

    fn cause(&self) -> Option<String> {
        Diagnose::cause(&*self.cause)
    }

    fn help(&self) -> Option<String> {
        self.cause.help()
    }
}

/// What was done by a step, for taking it back.
pub(super) enum Applied {
    Nothing,
    File {
        path: PathBuf,
        before: Snapshot,
        ours: Identity,
    },
    Action,
}

/// What was done so far, and what every path was before: asked for each of thousands of steps.
pub(super) struct Log<'a> {
    before: HashMap<&'a Path, &'a Snapshot>,
    applied: Vec<Applied>,
    ours: HashMap<PathBuf, Identity>,
}

impl<'a> Log<'a> {
    fn new(journal: Option<&'a Journal>, steps: usize) -> Self {
        let entries = journal.iter().flat_map(|journal| &journal.entries);
        Self {
            before: entries
                .map(|entry| (entry.path.as_path(), &entry.before))
                .collect(),
            applied: Vec::with_capacity(steps),
            ours: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, applied: Applied) {
        if let Applied::File { path, ours, .. } = &applied {
            self.ours.insert(path.clone(), ours.clone());
        }
        self.applied.push(applied);
    }

    /// Checks that a path is what the journal, or an earlier step, says it is.
    pub(super) fn untouched(&self, path: &Path, now: &Snapshot) -> Result<(), Error> {
        let agrees = match self.ours.get(path) {
            Some(ours) => now.identity() == *ours,
            None => self
                .before
                .get(path)
                .is_some_and(|before| now.satisfies(before)),
        };
        match agrees {
            true => Ok(()),
            false => Err(Error::ChangedMeanwhile {
                path: path.to_path_buf(),
            }),
        }
    }
}

impl Store {
    /// Runs a plan: journal, steps, commit. A step that fails is followed by the undoing of it and
    /// of all before it, in reverse. `now` is in Unix seconds and only remembered.
    pub fn run(
        &self,
        guard: &Guard,
        mut plan: Plan,
        now: i64,
        watch: &mut dyn Watch,
    ) -> Result<Done, Failure> {
        self.check_guard(guard);
        let changes = plan.changes();
        let begun = self.begin(&plan, now).map_err(Failure::before)?;
        let total = plan.steps.len();
        let infos: Vec<_> = plan
            .steps
            .iter()
            .enumerate()
            .map(|(i, step)| StepInfo {
                index: i + 1,
                total,
                description: step.describe(),
            })
            .collect();
        let mut log = Log::new(begun.as_ref(), total);
        let mut failed = None;
        let mut steps = plan.steps.as_mut_slice();
        let mut left = infos.as_slice();
        while let Some(first) = left.first() {
            let count = together::neighbours(steps);
            let (now, later) = std::mem::take(&mut steps).split_at_mut(count);
            let (told, rest) = left.split_at(count);
            (steps, left) = (later, rest);
            if let Some(info) = told.iter().find(|_| watch.wants_to_stop()) {
                failed = Some((Some(info.clone()), Box::new(Error::Stopped) as BoxDiagnose));
                break;
            }
            told.iter().for_each(|info| watch.started(info));
            let outcome = match now {
                [step] => apply(step, &mut log).map_err(|cause| (0, cause)),
                files => together::apply(&edits(files), &mut log),
            };
            if let Err((index, cause)) = outcome {
                let info = told.get(index).unwrap_or(first);
                watch.failed(info, &*cause);
                failed = Some((Some(info.clone()), cause));
                break;
            }
            told.iter().for_each(|info| watch.done(info));
        }
        let applied = log.applied;
        let run = begun.as_ref().map(|journal| journal.run.clone());
        if failed.is_none()
            && let Err(e) = self.commit(begun, &plan.forgets)
        {
            failed = Some((None, Box::new(e)));
        }
        let Some((step, cause)) = failed else {
            return Ok(Done { run, changes });
        };
        let state = self.undo(&mut plan, &applied, &infos, run.is_some(), watch);
        Err(Failure { step, cause, state })
    }

    /// Looks at everything the plan will touch, and journals it. `None` when the plan has nothing
    /// that needs a way back on the disk.
    fn begin(&self, plan: &Plan, now: i64) -> Result<Option<Journal>, Error> {
        let journal_path = self.journal_path();
        if let Some(journal) = Journal::load(&journal_path)? {
            return Err(Error::Unrecovered {
                path: journal_path,
                title: escape(&journal.run.title),
            });
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut known: HashMap<PathBuf, (usize, Snapshot)> = HashMap::new();
        for step in &plan.steps {
            let Step::File(edit) = step else { continue };
            let path = edit.lands_at()?;
            if let Some((index, now)) = known.get_mut(&path) {
                let wanted = edit.wanted(&path, now)?;
                if let Some(entry) = entries.get_mut(*index) {
                    entry.ours.push(wanted.identity());
                }
                *now = wanted;
            } else {
                let before = Snapshot::take(&path)?;
                let wanted = edit.wanted(&path, &before)?;
                known.insert(path.clone(), (entries.len(), wanted.clone()));
                entries.push(Entry {
                    path,
                    before,
                    ours: vec![wanted.identity()],
                    lent: Vec::new(),
                });
            }
        }
        if entries.is_empty() && plan.forgets == Forgets::Nothing {
            return Ok(None);
        }
        for (path, digest) in &plan.loans {
            let path = fs::resolve(path)?;
            let lent = Identity::File(*digest);
            match entries.iter_mut().find(|entry| entry.path == path) {
                Some(entry) => entry.lent.push(lent),
                None => entries.push(Entry {
                    before: Snapshot::take(&path)?,
                    ours: Vec::new(),
                    lent: vec![lent],
                    path,
                }),
            }
        }
        let last = Ledger::load(&self.ledger_path())?.last_run;
        let journal = Journal {
            run: RunSummary {
                id: last + 1,
                title: plan.title.clone(),
                at: now,
                changes: plan.changes(),
            },
            steps: plan.steps.iter().map(Step::describe).collect(),
            entries,
        };
        if let Err(e) = journal.save(&journal_path) {
            // Nothing has been edited, so nothing is worth recovering.
            let _ = fs::remove(&journal_path);
            return Err(e);
        }
        Ok(Some(journal))
    }

    fn commit(&self, journal: Option<Journal>, forgets: &Forgets) -> Result<(), Error> {
        let Some(journal) = journal else {
            return Ok(());
        };
        sync_parents(journal.entries.iter().map(|e| e.path.as_path()))?;
        let mut ledger = Ledger::load(&self.ledger_path())?;
        ledger.take_in(journal, forgets);
        ledger.save(&self.ledger_path())?;
        // The rename has committed the run. Only when it is durable may the way back go: were the
        // ledger lost in a power cut and the journal not there, half of a run could stand. If
        // either of the two fails, the next recovery finds a committed run and removes the journal.
        if fs::sync_dir(&self.dir).is_ok() {
            let _ = fs::remove(&self.journal_path());
        }
        Ok(())
    }

    fn undo(
        &self,
        plan: &mut Plan,
        applied: &[Applied],
        infos: &[StepInfo],
        journalled: bool,
        watch: &mut dyn Watch,
    ) -> State {
        let changed =
            applied
                .iter()
                .zip(&plan.steps)
                .any(|(applied, step)| match (applied, step) {
                    (Applied::Nothing, _) => false,
                    (Applied::File { .. }, _) => true,
                    (Applied::Action, Step::Action(action)) => !action.only_looks(),
                    (Applied::Action, Step::File(_)) => false,
                });
        let mut left = Vec::new();
        let mut files_failed = false;
        if changed {
            let done = applied.iter().zip(plan.steps.iter_mut()).zip(infos);
            for ((applied, step), info) in done.rev() {
                let outcome = match (applied, step) {
                    (Applied::File { path, before, ours }, _) => {
                        undo_file(path, before, ours, &mut files_failed)
                    }
                    (Applied::Action, Step::Action(action)) => {
                        action.undo().map_err(|e| headline(&*e))
                    }
                    _ => continue,
                };
                match outcome {
                    Ok(()) => watch.undone(info),
                    Err(reason) => {
                        watch.not_undone(info, &reason);
                        left.push(format!("{}: {reason}", info.description));
                    }
                }
            }
        }
        if journalled {
            let paths = applied.iter().filter_map(|a| match a {
                Applied::File { path, .. } => Some(path.as_path()),
                _ => None,
            });
            // While a file is not back, the journal stays, and the next command tries again.
            if !files_failed
                && let Err(e) = sync_parents(paths).and_then(|()| fs::remove(&self.journal_path()))
            {
                left.push(format!(
                    "{}: {}",
                    self.journal_path().display(),
                    headline(&e)
                ));
            }
        }
        if !left.is_empty() {
            State::Partly(left)
        } else if changed {
            State::RolledBack
        } else {
            State::NothingChanged
        }
    }
}

fn edits(steps: &[Step]) -> Vec<&Edit> {
    let mut edits = Vec::with_capacity(steps.len());
    for step in steps {
        if let Step::File(edit) = step {
            edits.push(edit);
        }
    }
    edits
}

/// Does one step and says in the log what must be taken back, whether or not it succeeded.
fn apply(step: &mut Step, log: &mut Log<'_>) -> Result<(), BoxDiagnose> {
    match step {
        Step::Action(action) => {
            // Before it is tried: what fails half-way has to be taken back as well.
            log.push(Applied::Action);
            action.apply()
        }
        Step::File(edit) => {
            let path = edit.lands_at()?;
            let before = Snapshot::take(&path)?;
            log.untouched(&path, &before)?;
            let wanted = edit.wanted(&path, &before)?;
            let outcome = snapshot::put(&path, &before, &wanted);
            // Taken back when it failed, too: a directory may be made and not have its owner yet.
            log.push(match &outcome {
                Ok(snapshot::Put::Already | snapshot::Put::NotEmpty) => Applied::Nothing,
                Err(_) if Snapshot::take(&path).is_ok_and(|now| now.satisfies(&before)) => {
                    Applied::Nothing
                }
                _ => Applied::File {
                    path: path.clone(),
                    before,
                    ours: wanted.identity(),
                },
            });
            let outcome = outcome?;
            edit.accepts(outcome, &path)?;
            let now = Snapshot::take(&path)?;
            if !now.satisfies(&wanted) && outcome != snapshot::Put::NotEmpty {
                return Err(Error::ChangedMeanwhile { path }.into());
            }
            Ok(())
        }
    }
}

fn undo_file(
    path: &Path,
    before: &Snapshot,
    ours: &Identity,
    failed: &mut bool,
) -> Result<(), String> {
    match journal::undo(path, before, std::slice::from_ref(ours)) {
        Ok(Undone::Already | Undone::PutBack) => Ok(()),
        Ok(Undone::Kept) => Err("changed by somebody else since, left as it is".into()),
        Err(e) => {
            *failed = true;
            Err(headline(&e))
        }
    }
}

fn headline(error: &dyn Diagnose) -> String {
    match Diagnose::cause(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

impl From<Error> for BoxDiagnose {
    fn from(error: Error) -> Self {
        Box::new(error)
    }
}
