//! How an error reads, on a terminal and as JSON.

use sealock_diag::{Code, Diagnose};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::table::fold;

/// An error on its way to the user: what [`Diagnose`] knows, plus the state of the host.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) headline: String,
    pub(crate) location: Option<String>,
    pub(crate) cause: Option<String>,
    /// What has become of the host; the heart of the message.
    pub(crate) state: String,
    /// What the error itself knows to do; see [`Failure::advice`].
    pub(crate) help: Option<String>,
    pub(crate) exit: Exit,
}

/// What is left of 80 columns beside the labels.
const HELP_WIDTH: usize = 70;

/// Where a mistake is that came in as a word of the command line.
pub(crate) const COMMAND_LINE: &str = "the command line";

/// The state of everything that failed before it wrote anything.
pub(crate) const NOTHING_CHANGED: &str = "nothing was changed";

impl Failure {
    /// An error that left the host as it was.
    pub(crate) fn new(error: &(dyn Diagnose + '_)) -> Self {
        Self {
            code: error.code(),
            headline: error.to_string(),
            location: error.location(),
            cause: Diagnose::cause(error),
            state: NOTHING_CHANGED.to_owned(),
            help: error.help(),
            exit: Exit::Failed,
        }
    }

    /// An error of the command line's own.
    pub(crate) fn own(code: Code, headline: impl Into<String>) -> Self {
        Self {
            code,
            headline: headline.into(),
            location: None,
            cause: None,
            state: NOTHING_CHANGED.to_owned(),
            help: None,
            exit: Exit::Failed,
        }
    }

    pub(crate) fn at(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    /// A place for an error that has none of its own.
    pub(crate) fn or_at(mut self, location: &str) -> Self {
        self.location.get_or_insert_with(|| location.to_owned());
        self
    }

    pub(crate) fn because(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn state(mut self, state: impl Into<String>, exit: Exit) -> Self {
        self.state = state.into();
        self.exit = exit;
        self
    }

    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// What to do: the error's own help, which knows the values, else the remedy of its code.
    pub(crate) fn advice(&self) -> Option<String> {
        let remedy =
            || crate::catalogue::remedy(self.code).map(|text| fold(&as_help(text), HELP_WIDTH));
        self.help.clone().or_else(remedy)
    }

    /// The same fields for `--json`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "version": 1,
            "error": {
                "code": self.code.0,
                "headline": self.headline,
                "where": self.location,
                "cause": self.cause,
                "state": self.state,
                "help": self.advice(),
                "exit": self.exit.code(),
            }
        })
    }

    /// Everything on one line, for a log.
    pub(crate) fn on_one_line(&self) -> String {
        let mut text = format!("[{}]: {}", self.code, self.headline);
        let advice = self.advice();
        for (label, field) in [
            ("where", self.location.as_ref()),
            ("cause", self.cause.as_ref()),
            ("state", Some(&self.state)),
            ("help", advice.as_ref()),
        ] {
            if let Some(field) = field {
                let words: Vec<&str> = field.lines().map(str::trim).collect();
                text.push_str(&format!("; {label}: {}", words.join(" · ")));
            }
        }
        text
    }

    /// The text for a terminal; colour is the caller's.
    pub(crate) fn lines(&self) -> Vec<(&'static str, String)> {
        let advice = self.advice();
        let mut lines = Vec::new();
        let fields = [
            ("where", self.location.as_ref()),
            ("cause", self.cause.as_ref()),
            ("state", Some(&self.state)),
            ("help", advice.as_ref()),
        ];
        for (label, text) in fields {
            if let Some(text) = text {
                lines.push((label, text.clone()));
            }
        }
        lines.push(("more", format!("sealock explain {}", self.code)));
        lines
    }
}

/// A remedy is written in sentences; in an error it stands where others have a phrase.
pub(crate) fn as_help(text: &str) -> String {
    let mut characters = text.chars();
    let phrase = match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second))
            if first.is_uppercase() && (second.is_lowercase() || second == ' ') =>
        {
            first.to_lowercase().chain(characters).collect()
        }
        _ => text.to_owned(),
    };
    let phrase = phrase.trim_end();
    if phrase.contains('\n') {
        phrase.to_owned()
    } else {
        phrase.trim_end_matches('.').to_owned()
    }
}

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure::new(&error)
    }
}
