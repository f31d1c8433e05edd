//! Where a plan leads beyond `sealock.toml`: who is renewed, and what becomes of the anchors on the way.

use sealock_change::{Action, BoxDiagnose};
use sealock_pki::{AuthorityName, Purpose, Timestamp};
use sealock_vault::{AnchorState, Operation, OperationKind, Phase, Vault};

/// Who gets a new certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Whoever is due, and whoever's certificate is not good.
    #[default]
    Due,
    /// Everybody.
    All,
    /// These as well, due or not.
    Names(Vec<String>),
}

impl Renewal {
    /// Whether this identity was named, so that it gets a new certificate although it was revoked.
    pub(crate) fn names(&self, identity: &str) -> bool {
        matches!(self, Self::Names(_)) && self.asks_for(identity)
    }

    /// Whether this identity gets a new certificate although its own is good.
    pub(crate) fn asks_for(&self, identity: &str) -> bool {
        match self {
            Self::Due => false,
            Self::All => true,
            Self::Names(names) => names.iter().any(|name| name == identity),
        }
    }
}

/// The next phase of a rotation or rekey.
#[derive(Clone, Debug)]
pub(crate) struct Transition {
    pub(crate) operation: Operation,
    pub(crate) phase: Phase,
}

impl Transition {
    /// What the anchors are good for in that phase.
    pub(crate) fn states(&self) -> Vec<(Purpose, u32, AnchorState)> {
        use AnchorState::{Active, Next, Prepared, Superseded, Withdrawn};
        self.operation
            .successions
            .iter()
            .flat_map(|one| {
                let (from, to) = match (self.phase, one.purpose) {
                    (Phase::Prepared, _) => (Active, Prepared),
                    // What has signed and is to be replaced again stays trusted on its way back.
                    (Phase::Trusted, _) | (Phase::Issued, Purpose::Server) => (Active, Next),
                    (Phase::Issued, Purpose::Client) | (Phase::Swapped, _) => (Superseded, Active),
                    (Phase::Dropped, _) => (Withdrawn, Active),
                };
                [(one.purpose, one.from, from), (one.purpose, one.to, to)]
            })
            .collect()
    }

    /// Whether it leads back to the older generation.
    pub(crate) fn is_undo(&self) -> bool {
        is_undo(&self.operation)
    }

    /// The title of the plan.
    pub(crate) fn title(&self) -> String {
        let anchors = anchors(&self.operation);
        match (self.operation.kind, self.phase) {
            (OperationKind::Rekey, _) => format!("rekey: everything new, and {anchors} refused"),
            (_, Phase::Prepared) => format!("prepare {anchors}"),
            (_, Phase::Trusted) => format!("trust both generations of {anchors}"),
            (_, Phase::Issued) => "issue from the new client anchor".to_owned(),
            (_, Phase::Swapped) if self.is_undo() => format!("go back to the old {anchors}"),
            (_, Phase::Swapped) => "swap the daemon's certificate".to_owned(),
            (_, Phase::Dropped) if self.is_undo() => format!("drop the new {anchors}"),
            (_, Phase::Dropped) => format!("drop the old {anchors}"),
        }
    }
}

/// Whether an operation leads back to an older generation.
pub(crate) fn is_undo(operation: &Operation) -> bool {
    operation.successions.iter().any(|one| one.from > one.to)
}

/// The anchors of an operation, in words.
pub(crate) fn anchors(operation: &Operation) -> String {
    let names: Vec<String> = operation
        .successions
        .iter()
        .map(|one| format!("{} anchor", one.purpose))
        .collect();
    names.join(" and ")
}

/// A plan's way: the default renews what is due and leaves the anchors as they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Course {
    pub(crate) renewal: Renewal,
    pub(crate) transition: Option<Transition>,
    /// Who gets no certificate in this run: they are revoked.
    pub(crate) without: Vec<String>,
}

impl Course {
    /// What it means for certificates of other scopes: an anchor that is replaced is not theirs.
    pub(crate) fn of_other_scopes(&self) -> Self {
        Self {
            renewal: match (&self.renewal, &self.transition) {
                (Renewal::All, Some(_)) => Renewal::Due,
                (renewal, _) => renewal.clone(),
            },
            transition: None,
            without: self.without.clone(),
        }
    }
}

/// Notes in the vault that a phase was reached. The last step but the bookkeeping: until here the vault says what was
/// true before, so that a run which is killed is undone to what the vault says.
pub(crate) struct Advance {
    pub(crate) home: std::path::PathBuf,
    pub(crate) name: AuthorityName,
    pub(crate) transition: Transition,
    pub(crate) before: Vec<(Purpose, u32, AnchorState)>,
    pub(crate) now: Timestamp,
}

impl Action for Advance {
    fn describe(&self) -> String {
        match self.transition.phase {
            Phase::Dropped => "note in the vault that the generation is withdrawn".to_owned(),
            phase => format!("note in the vault: {}", phase.as_str()),
        }
    }

    fn apply(&mut self) -> Result<(), BoxDiagnose> {
        let Transition { operation, phase } = &self.transition;
        self.note(*phase, &self.transition.states(), operation)
    }

    fn undo(&mut self) -> Result<(), BoxDiagnose> {
        let operation = &self.transition.operation;
        self.note(operation.phase, &self.before, operation)
    }
}

impl Advance {
    fn note(
        &self,
        phase: Phase,
        states: &[(Purpose, u32, AnchorState)],
        operation: &Operation,
    ) -> Result<(), BoxDiagnose> {
        Vault::open(&self.home)
            .and_then(|mut vault| {
                vault.advance_operation(&self.name, operation, phase, states, self.now)
            })
            .map_err(|error| Box::new(error) as BoxDiagnose)
    }
}

#[cfg(test)]
mod tests {
    use super::{Renewal, Transition};
    use sealock_pki::{Purpose, Timestamp};
    use sealock_vault::{AnchorState, Operation, OperationKind, Phase, Scope, Succession};

    fn both(phase: Phase) -> Transition {
        let of = |purpose| Succession {
            purpose,
            from: 1,
            to: 2,
        };
        let now = Timestamp::from_unix(0);
        Transition {
            operation: Operation {
                id: 1,
                kind: OperationKind::Rotation,
                scope: Scope::own().clone(),
                successions: vec![of(Purpose::Server), of(Purpose::Client)],
                phase: Phase::Prepared,
                phase_at: now,
                started_at: now,
            },
            phase,
        }
    }

    /// Whatever the phase, exactly one generation signs, and what signs is trusted.
    #[test]
    fn in_every_phase_one_generation_signs() {
        for phase in Phase::ALL {
            let states = both(phase).states();
            for purpose in [Purpose::Server, Purpose::Client] {
                let signs = states
                    .iter()
                    .filter(|(of, _, state)| *of == purpose && *state == AnchorState::Active);
                assert_eq!(signs.count(), 1, "{phase:?} {purpose}");
            }
        }
    }

    /// From one phase to the next nobody loses trust in what signed until then, but in the last.
    #[test]
    fn the_old_generation_is_trusted_until_it_is_dropped() {
        for phase in Phase::ALL {
            let old = both(phase).states().into_iter().filter(|one| one.1 == 1);
            let trusted = old.filter(|one| one.2.is_trusted()).count();
            assert_eq!(
                trusted,
                if phase == Phase::Dropped { 0 } else { 2 },
                "{phase:?}"
            );
        }
    }

    #[test]
    fn renewals() {
        assert!(!Renewal::Due.asks_for("alice"));
        assert!(Renewal::All.asks_for("alice"));
        let names = Renewal::Names(vec!["bob".to_owned()]);
        assert!(names.asks_for("bob") && !names.asks_for("alice"));
        assert!(names.names("bob") && !Renewal::All.names("bob"));
    }
}
