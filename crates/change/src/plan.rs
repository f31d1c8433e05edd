//! The immutable list of changes.

use crate::diff::FileDiff;
use crate::digest::Digest;
use crate::edit::Edit;
use crate::error::Error;
use crate::snapshot::Snapshot;
use sealock_diag::{Diagnose, escape};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

/// Any error that can explain itself.
pub type BoxDiagnose = Box<dyn Diagnose + Send + Sync>;

/// Something that is done to the host and is no file: a restart, a proof.
pub trait Action {
    /// One line for people, such as "restart docker.service".
    fn describe(&self) -> String;

    /// Does it, and verifies that it took effect.
    fn apply(&mut self) -> Result<(), BoxDiagnose>;

    /// Takes it back. Called in reverse order of the steps, for this step's own failed `apply` too,
    /// and perhaps twice.
    fn undo(&mut self) -> Result<(), BoxDiagnose>;

    /// Whether `apply` only looks at the host. A run that fails when it has only looked undoes
    /// nothing (a daemon is not restarted for nothing), and a plan that only looks is empty.
    fn only_looks(&self) -> bool {
        false
    }
}

/// One step of a plan.
pub enum Step {
    /// A change of one path.
    File(Edit),
    /// Something else.
    Action(Box<dyn Action>),
}

impl Step {
    /// One line for people.
    pub fn describe(&self) -> String {
        match self {
            Self::File(edit) => edit.describe(),
            Self::Action(action) => action.describe(),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// What a committed plan does to the memory of what files were originally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Forgets {
    #[default]
    Nothing,
    Everything,
    Paths(Vec<PathBuf>),
}

/// An immutable list of changes, shown before it runs.
#[derive(Debug, Default)]
pub struct Plan {
    /// What it is about, for people and for the history: "cloak docker.service".
    pub title: String,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What the user is told beside the steps.
    pub notes: Vec<String>,
    pub(crate) forgets: Forgets,
    pub(crate) loans: Vec<(PathBuf, Digest)>,
    ahead: Ahead,
}

/// What paths are after the steps that were looked at: a plan of thousands of files must not be read again for each.
#[derive(Debug, Default)]
struct Ahead {
    paths: HashMap<PathBuf, Snapshot>,
    steps: usize,
}

impl Plan {
    /// A plan without steps.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Adds a step as it is.
    pub fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Adds an action.
    pub fn push_action(&mut self, action: impl Action + 'static) {
        self.steps.push(Step::Action(Box::new(action)));
    }

    /// Adds an edit unless the disk (after the steps before it) agrees with it already. Says
    /// whether it was added.
    pub fn push_edit(&mut self, edit: Edit) -> Result<bool, Error> {
        let at = edit.lands_at()?;
        let now = self.after_the_steps(&at)?;
        let needed = !now.satisfies(&edit.wanted(&at, &now)?);
        if needed {
            self.steps.push(Step::File(edit));
        }
        Ok(needed)
    }

    /// Adds something the user is told beside the steps.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Says that an action's undo may leave these bytes at a path for a while. Recovery after a kill in that
    /// while then knows them as ours, and puts back what was there before the run.
    pub fn lends(&mut self, path: impl Into<PathBuf>, bytes: &[u8]) {
        self.loans.push((path.into(), Digest::of(bytes)));
    }

    /// Once committed, all originals are forgotten: for a plan that puts everything back.
    pub fn forgets_originals(&mut self) {
        self.forgets = Forgets::Everything;
    }

    /// Once committed, the originals of these paths are forgotten (see `Original::path`).
    pub fn forgets_originals_of(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        self.forgets = Forgets::Paths(paths.into_iter().collect());
    }

    /// Whether no step would change anything.
    pub fn is_empty(&self) -> bool {
        self.changes() == 0
    }

    /// How many steps change something: edits, and actions that do more than look.
    pub fn changes(&self) -> usize {
        self.steps
            .iter()
            .filter(|step| match step {
                Step::File(_) => true,
                Step::Action(action) => !action.only_looks(),
            })
            .count()
    }

    /// What every edit would change, in the order of the steps.
    pub fn diff(&self) -> Result<Vec<FileDiff>, Error> {
        let mut known: HashMap<PathBuf, Snapshot> = HashMap::new();
        let mut diffs = Vec::new();
        for step in &self.steps {
            let Step::File(edit) = step else { continue };
            let at = edit.lands_at()?;
            let now = match known.remove(&at) {
                Some(now) => now,
                None => Snapshot::take(&at)?,
            };
            let wanted = edit.wanted(&at, &now)?;
            diffs.push(FileDiff::between(&at, &now, &wanted, edit.is_secret()));
            known.insert(at, wanted);
        }
        Ok(diffs)
    }

    /// The plan as versioned JSON: `{"version": 1, "title", "steps": […], "notes": […]}`. Secrets
    /// appear as their length only.
    pub fn to_json(&self) -> Result<serde_json::Value, Error> {
        let mut diffs = self.diff()?.into_iter();
        let steps: Vec<_> = self
            .steps
            .iter()
            .enumerate()
            .map(|(index, step)| match step {
                Step::File(edit) => serde_json::json!({
                    "index": index + 1,
                    "kind": edit.kind(),
                    "path": escape(&edit.path().to_string_lossy()),
                    "description": step.describe(),
                    "diff": diffs.next().map(|d| d.to_json()),
                }),
                Step::Action(action) => serde_json::json!({
                    "index": index + 1,
                    "kind": if action.only_looks() { "look" } else { "action" },
                    "description": step.describe(),
                }),
            })
            .collect();
        Ok(serde_json::json!({
            "version": 1,
            "title": self.title,
            "changes": self.changes(),
            "steps": steps,
            "notes": self.notes,
        }))
    }

    /// What a path is after the steps so far.
    fn after_the_steps(&mut self, at: &PathBuf) -> Result<Snapshot, Error> {
        let Ahead { paths, steps } = &mut self.ahead;
        for step in self.steps.iter().skip(*steps) {
            if let Step::File(edit) = step {
                let path = edit.lands_at()?;
                let now = match paths.remove(&path) {
                    Some(now) => now,
                    None => Snapshot::take(&path)?,
                };
                let wanted = edit.wanted(&path, &now)?;
                paths.insert(path, wanted);
            }
        }
        *steps = self.steps.len();
        match paths.get(at) {
            Some(now) => Ok(now.clone()),
            None => Snapshot::take(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    struct Look;
    impl Action for Look {
        fn describe(&self) -> String {
            "look".into()
        }
        fn apply(&mut self) -> Result<(), BoxDiagnose> {
            Ok(())
        }
        fn undo(&mut self) -> Result<(), BoxDiagnose> {
            Ok(())
        }
        fn only_looks(&self) -> bool {
            true
        }
    }

    fn write(path: &std::path::Path, text: &str) -> Edit {
        Edit::Write {
            path: path.into(),
            content: Content::Public(text.into()),
            mode: 0o644,
            owner: None,
        }
    }

    #[test]
    fn what_the_disk_or_an_earlier_step_agrees_with_is_dropped() {
        let dir = crate::store::tests::Scratch::new("plan");
        let file = dir.path().join("a");
        crate::fs::write_atomic(&file, b"x", 0o644, None).unwrap();
        let mut plan = Plan::new("t");
        plan.push_action(Look);
        assert!(!plan.push_edit(write(&file, "x")).unwrap());
        assert!(plan.is_empty());
        assert!(plan.push_edit(write(&file, "y")).unwrap());
        assert!(!plan.push_edit(write(&file, "y")).unwrap());
        assert!(plan.push_edit(write(&file, "x")).unwrap());
        assert_eq!(plan.changes(), 2);
        let json = plan.to_json().unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["steps"].as_array().unwrap().len(), 3);
    }
}
