//! What every test of this folder needs: a look, and what it found.

use serde_json::Value;

use sealock_testkit::process::Outcome;

use crate::common::Sealock;

/// What one look found, as `--json` tells it.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) json: Value,
    pub(crate) outcome: Outcome,
}

impl Found {
    /// Reads a run of `sealock check … --json`; its exit code must say what its findings say.
    #[track_caller]
    pub(crate) fn of(outcome: Outcome) -> Self {
        let json: Value = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {outcome}"));
        let found = Self { json, outcome };
        let expected = if found.codes().is_empty() { 0 } else { 3 };
        assert_eq!(found.outcome.code, expected, "{}", found.outcome);
        found
    }

    /// The codes of all findings of all reports, in the order in which they are told.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.findings()
            .map(|finding| text(&finding["code"]))
            .collect()
    }

    /// The findings of all reports.
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Value> {
        let reports = self.json["reports"].as_array().into_iter().flatten();
        reports.flat_map(|report| report["findings"].as_array().into_iter().flatten())
    }

    /// The finding with this code.
    #[track_caller]
    pub(crate) fn finding(&self, code: &str) -> &Value {
        self.findings()
            .find(|finding| finding["code"] == code)
            .unwrap_or_else(|| panic!("{code} was not found:\n{self}"))
    }

    /// Insists that this is told first.
    #[track_caller]
    pub(crate) fn expect_first(&self, code: &str) -> &Self {
        let first = self.codes().into_iter().next();
        assert_eq!(first.as_deref(), Some(code), "\n{self}");
        self
    }

    /// Insists that this is told, in whatever place.
    #[track_caller]
    pub(crate) fn expect(&self, code: &str) -> &Self {
        let _ = self.finding(code);
        self
    }

    /// Insists that nothing was found.
    #[track_caller]
    pub(crate) fn expect_nothing(&self) -> &Self {
        assert!(self.codes().is_empty(), "\n{self}");
        self
    }
}

impl std::fmt::Display for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for finding in self.findings() {
            writeln!(
                f,
                "{} {} {}",
                text(&finding["severity"]),
                text(&finding["code"]),
                text(&finding["title"])
            )?;
            for spot in finding["spots"].as_array().into_iter().flatten() {
                writeln!(f, "    {}: {}", text(&spot["where"]), text(&spot["cause"]))?;
            }
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Sealock {
    /// `sealock check --json` with more words.
    #[track_caller]
    pub(crate) fn check(&self, more: &[&str]) -> Found {
        let mut words = vec!["--json", "check"];
        words.extend(more);
        Found::of(self.run(&words))
    }
}
