//! Messages that people paste, and the findings behind them.

use crate::Check;

/// What a pasted message means.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The finding it points to.
    pub check: &'static Check,
    /// Who says it: `dockerd`, `the docker CLI`, `curl`, `OpenSSL`, `Go`, `Python`, `Java`.
    pub speaker: &'static str,
    /// What it says in plain words, with the values of this message, escaped.
    pub says: String,
    /// What to do, with the values of this message, where they allow more than the remedy of the finding.
    pub help: Option<String>,
}

/// Reads a message that a user pasted, a line or a whole log; the most specific reading first. Empty when
/// nothing in it is known.
pub fn read(text: &str) -> Vec<Reading> {
    let _ = text;
    Vec::new()
}
