//! Endpoints side by side: what each of them does to every kind of client.
//!
//! ```no_run
//! # fn columns() -> Vec<sealock_probe::matrix::Column<'static>> { Vec::new() }
//! let matrix = sealock_probe::matrix::run(&columns());
//! for kind in sealock_probe::ClientKind::ALL {
//!     for column in 0..matrix.columns().len() {
//!         let cell = matrix.cell(kind, column);
//!         let _ = cell.map(|cell| (cell.label(), cell.why()));
//!     }
//! }
//! ```

use crate::proof::{all_at_once, visits};
use crate::why::why;
use crate::{ClientKind, Observation, ProofKit, Target, Verdict, ask};
use sealock_tls::Version;

/// An endpoint in a certain mode.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// The mode in a few words, for the head of the table.
    pub label: String,
    /// What the mode is, in one sentence.
    pub meaning: String,
    /// Where it is.
    pub target: Target,
    /// Who comes; see [`ProofKit::with_foreign`] for a stranger of this column's own.
    pub kit: &'a ProofKit,
}

/// What the head of a column said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The mode in a few words.
    pub label: String,
    /// What the mode is, in one sentence.
    pub meaning: String,
}

/// What happened to one kind of client at one endpoint, in every version of TLS.
#[derive(Clone, Debug)]
pub struct Cell {
    kind: ClientKind,
    visits: Vec<(Option<Version>, Observation)>,
}

impl Cell {
    /// Whether this kind of client gets in: "in" as soon as one version lets it in, "refused" when
    /// every version does.
    pub fn verdict(&self) -> Verdict {
        let all = |wanted| self.verdicts().all(|verdict| verdict == wanted);
        if self.verdicts().any(|verdict| verdict == Verdict::In) {
            Verdict::In
        } else if all(Verdict::Out) && !self.visits.is_empty() {
            Verdict::Out
        } else {
            Verdict::Unclear
        }
    }

    /// One or two words for the table: [`Answer::label`] of the telling visit.
    ///
    /// [`Answer::label`]: crate::Answer::label
    pub fn label(&self) -> &'static str {
        self.telling()
            .map_or("unclear", |(_, observed)| observed.answer.label())
    }

    /// What happened and why, in one line: of the newest version that shows the verdict.
    pub fn why(&self) -> String {
        self.telling()
            .map(|(version, observed)| why(self.kind, *version, observed))
            .unwrap_or_default()
    }

    fn telling(&self) -> Option<&(Option<Version>, Observation)> {
        let wanted = self.verdict();
        let shows = |observed: &Observation| observed.verdict() == wanted;
        self.visits
            .iter()
            .rev()
            .find(|(_, observed)| shows(observed))
    }

    /// The single visits, older TLS first; plain HTTP has one without a version.
    pub fn visits(&self) -> &[(Option<Version>, Observation)] {
        &self.visits
    }

    fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.visits.iter().map(|(_, observed)| observed.verdict())
    }
}

/// The table: kinds of clients by endpoints.
#[derive(Clone, Debug)]
pub struct Matrix {
    heads: Vec<Head>,
    /// By column, then in the order of [`ClientKind::ALL`].
    cells: Vec<Vec<Cell>>,
}

impl Matrix {
    /// The heads of the columns, in the order they were given.
    pub fn columns(&self) -> &[Head] {
        &self.heads
    }

    /// What happened to this kind of client in this column.
    pub fn cell(&self, kind: ClientKind, column: usize) -> Option<&Cell> {
        self.cells
            .get(column)?
            .iter()
            .find(|cell| cell.kind == kind)
    }

    /// Whether a column is as it should be: the rightful client gets in and nobody else.
    pub fn holds(&self, column: usize) -> bool {
        ClientKind::ALL.into_iter().all(|kind| {
            let wanted = match crate::Expected::of(kind) {
                crate::Expected::In => Verdict::In,
                crate::Expected::Out => Verdict::Out,
            };
            self.cell(kind, column)
                .is_some_and(|cell| cell.verdict() == wanted)
        })
    }
}

/// Asks every endpoint as every kind of client, over TLS 1.2 and 1.3 and once over plain HTTP.
pub fn run(columns: &[Column<'_>]) -> Matrix {
    let jobs: Vec<_> = columns
        .iter()
        .enumerate()
        .flat_map(|(index, column)| {
            visits().map(move |(kind, version)| (index, column, kind, version))
        })
        .collect();
    let observations = all_at_once(&jobs, |(_, column, kind, version)| {
        ask(&column.target, &column.kit.dress(*kind, *version))
    });
    let mut cells: Vec<Vec<Cell>> = columns.iter().map(|_| Vec::new()).collect();
    for ((index, _, kind, version), observed) in jobs.into_iter().zip(observations) {
        let column = &mut cells[index];
        match column.iter_mut().find(|cell| cell.kind == kind) {
            Some(cell) => cell.visits.push((version, observed)),
            None => column.push(Cell {
                kind,
                visits: vec![(version, observed)],
            }),
        }
    }
    let heads = columns
        .iter()
        .map(|column| Head {
            label: column.label.clone(),
            meaning: column.meaning.clone(),
        })
        .collect();
    Matrix { heads, cells }
}
