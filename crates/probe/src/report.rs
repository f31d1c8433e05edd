//! What leaves the process as JSON. The shape is versioned: fields are added, never changed.

use crate::matrix::Matrix;
use crate::{Answer, ClientKind, Observation, Proof};
use sealock_tls::Version;
use serde::Serialize;

/// The version of [`ProofReport`] and [`MatrixReport`].
const SCHEMA: u32 = 1;

/// A proof as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofReport {
    /// The version of this shape: 1.
    pub schema: u32,
    /// Whether the proof holds.
    pub holds: bool,
    /// One per endpoint, kind of client and version of TLS.
    pub rows: Vec<RowReport>,
}

/// A row of a proof as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowReport {
    /// The endpoint, such as `tcp://127.0.0.1:2376`.
    pub target: String,
    /// The kind of client, such as `no-certificate`.
    pub client: &'static str,
    /// `1.2` or `1.3`; null for plain HTTP.
    pub tls: Option<&'static str>,
    /// `in` or `out`.
    pub expected: &'static str,
    /// `in`, `out` or `unclear`.
    pub got: &'static str,
    /// Whether the row holds.
    pub holds: bool,
    /// The finding, when it does not.
    pub code: Option<String>,
    /// What came back: `answered`, `alert`, `closed` and so on.
    pub answer: &'static str,
    /// The alert, if one came.
    pub alert: Option<AlertReport>,
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// Whether the server asked for a client certificate; null without TLS.
    pub certificate_requested: Option<bool>,
    /// The cipher suite, if one was agreed on.
    pub suite: Option<String>,
    /// The key exchange group, if one was agreed on.
    pub group: Option<String>,
    /// How long the exchange took.
    pub milliseconds: u128,
    /// One line of why, in English, for a person.
    pub why: String,
}

/// A TLS alert as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AlertReport {
    /// Its number.
    pub number: u8,
    /// Its name in the RFC.
    pub name: &'static str,
}

impl Proof {
    /// The proof as JSON.
    pub fn report(&self) -> ProofReport {
        let rows = self
            .rows()
            .iter()
            .map(|row| RowReport {
                target: row.target.clone(),
                client: row.kind.slug(),
                tls: row.version.map(slug),
                expected: row.expected.slug(),
                got: row.observed.verdict().slug(),
                holds: row.holds(),
                code: row.code().map(|code| code.to_string()),
                answer: row.observed.answer.slug(),
                alert: alert(&row.observed),
                status: status(&row.observed),
                certificate_requested: row
                    .observed
                    .seen
                    .as_ref()
                    .map(|seen| seen.certificate_requested),
                suite: row
                    .observed
                    .seen
                    .as_ref()
                    .and_then(|seen| seen.suite.clone()),
                group: row
                    .observed
                    .seen
                    .as_ref()
                    .and_then(|seen| seen.group.clone()),
                milliseconds: row.observed.took.as_millis(),
                why: row.why(),
            })
            .collect();
        ProofReport {
            schema: SCHEMA,
            holds: self.holds(),
            rows,
        }
    }
}

/// A matrix as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixReport {
    /// The version of this shape: 1.
    pub schema: u32,
    /// One per mode and kind of client.
    pub cells: Vec<CellReport>,
}

/// A cell of a matrix as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CellReport {
    /// The label of the mode.
    pub mode: String,
    /// The kind of client.
    pub client: &'static str,
    /// `in`, `out` or `unclear`, over all versions of TLS.
    pub got: &'static str,
    /// One line of why, in English, for a person.
    pub why: String,
    /// Every alert that came, older TLS first.
    pub alerts: Vec<AlertReport>,
}

impl Matrix {
    /// The matrix as JSON.
    pub fn report(&self) -> MatrixReport {
        let cells = self
            .columns()
            .iter()
            .enumerate()
            .flat_map(|(index, head)| {
                ClientKind::ALL.into_iter().filter_map(move |kind| {
                    let cell = self.cell(kind, index)?;
                    Some(CellReport {
                        mode: head.label.clone(),
                        client: kind.slug(),
                        got: cell.verdict().slug(),
                        why: cell.why(),
                        alerts: cell
                            .visits()
                            .iter()
                            .filter_map(|(_, observed)| alert(observed))
                            .collect(),
                    })
                })
            })
            .collect();
        MatrixReport {
            schema: SCHEMA,
            cells,
        }
    }
}

fn slug(version: Version) -> &'static str {
    match version {
        Version::Tls12 => "1.2",
        Version::Tls13 => "1.3",
    }
}

fn alert(observed: &Observation) -> Option<AlertReport> {
    match &observed.answer {
        Answer::Refused { alert } => Some(AlertReport {
            number: alert.number(),
            name: alert.name(),
        }),
        _ => None,
    }
}

fn status(observed: &Observation) -> Option<u16> {
    match &observed.answer {
        Answer::Answered(reply) => Some(reply.status),
        _ => None,
    }
}
