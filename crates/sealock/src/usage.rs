//! A command line that cannot be understood, in the shape of every other error.

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use sealock_diag::{Diagnose, escape};
use sealock_pki::{KeyError, TimestampError};

use crate::catalogue;
use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::{COMMAND_LINE, Failure, as_help};

/// Options whose value may be a secret that was typed where its source belongs: never repeated.
const UNSPEAKABLE: [&str; 2] = ["--passphrase", "--p12-passphrase"];

/// Whether this is a question (`--help`, `--version`) and no mistake.
pub(crate) fn is_question(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
}

/// Whether nothing was said at all: the answer is the help, and not a mistake with a code.
pub(crate) fn is_silence(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// The mistake as an error of ours; `words` is the command line after the program's name.
pub(crate) fn failure(error: &clap::Error, words: &[String]) -> Failure {
    let (headline, cause) = describe(error);
    let failure = Failure::own(catalogue::USAGE, headline)
        .at(COMMAND_LINE)
        .help(help(error, &command(words)))
        .exit(Exit::Usage);
    match cause {
        Some(cause) => failure.because(cause),
        None => failure,
    }
}

fn describe(error: &clap::Error) -> (String, Option<String>) {
    let option = text(error, ContextKind::InvalidArg).unwrap_or_default();
    let bare = option.split([' ', '=']).next().unwrap_or_default();
    let value = text(error, ContextKind::InvalidValue).filter(|_| !UNSPEAKABLE.contains(&bare));
    let shown = value.map_or_else(
        || "this value".to_owned(),
        |value| match value.is_empty() {
            true => "an empty text".to_owned(),
            false => format!("`{value}`"),
        },
    );
    let reason = std::error::Error::source(error).map(|source| escape(&source.to_string()));
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
            (format!("there is no command `{word}`"), None)
        }
        ErrorKind::UnknownArgument if option.starts_with('-') => {
            (format!("there is no option `{option}` here"), None)
        }
        ErrorKind::UnknownArgument => (format!("`{option}` is one word too many"), None),
        ErrorKind::InvalidValue if value_is_missing(error) => {
            (format!("{option} needs a value"), values(error))
        }
        ErrorKind::InvalidValue => (
            format!("{shown} is nothing that {option} takes"),
            values(error),
        ),
        ErrorKind::ValueValidation => (format!("{shown} is nothing that {option} takes"), reason),
        ErrorKind::MissingRequiredArgument => (format!("this command needs {}", list(error)), None),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            ("a command is missing".to_owned(), values(error))
        }
        ErrorKind::ArgumentConflict => {
            let other = text(error, ContextKind::PriorArg)
                .unwrap_or_else(|| list_of(error, ContextKind::PriorArg));
            if other == option {
                (format!("{option} was given twice"), None)
            } else {
                (format!("{option} and {other} exclude each other"), None)
            }
        }
        ErrorKind::InvalidUtf8 => ("an argument is not UTF-8 text".to_owned(), None),
        _ => ("the command line cannot be understood".to_owned(), reason),
    }
}

fn value_is_missing(error: &clap::Error) -> bool {
    text(error, ContextKind::InvalidValue).is_none_or(|value| value.is_empty())
}

/// What may be written instead.
fn values(error: &clap::Error) -> Option<String> {
    let known = [ContextKind::ValidValue, ContextKind::ValidSubcommand]
        .map(|kind| list_of(error, kind))
        .into_iter()
        .find(|list| !list.is_empty())?;
    Some(format!("it takes one of {known}"))
}

/// What was probably meant, else where all of it is told.
fn help(error: &clap::Error, command: &str) -> String {
    let mut lines = Vec::new();
    for kind in [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
    ] {
        let meant = text(error, kind).unwrap_or_else(|| list_of(error, kind));
        if !meant.is_empty() {
            lines.push(format!("did you mean {meant}?"));
        }
    }
    lines.extend(remedy(error));
    lines.push(format!("{command} --help"));
    lines.join("\n")
}

/// The command that was understood so far.
fn command(words: &[String]) -> String {
    let mut known = &Cli::command();
    let mut line = "sealock".to_owned();
    for word in words {
        if let Some(next) = known.find_subcommand(word) {
            line.push_str(&format!(" {}", next.get_name()));
            known = next;
        }
    }
    line
}

/// What a value of this kind looks like, when it is one of ours.
fn remedy(error: &clap::Error) -> Option<String> {
    let source = std::error::Error::source(error)?;
    let code = match (
        source.downcast_ref::<KeyError>(),
        source.downcast_ref::<TimestampError>(),
    ) {
        (Some(error), _) => error.code(),
        (_, Some(error)) => error.code(),
        _ => return None,
    };
    catalogue::remedy(code).map(as_help)
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(escape(text)),
        _ => None,
    }
}

fn list_of(error: &clap::Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::Strings(all)) => all
            .iter()
            .map(|one| escape(one))
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    }
}

fn list(error: &clap::Error) -> String {
    let missing = list_of(error, ContextKind::InvalidArg);
    if missing.is_empty() {
        "more arguments".to_owned()
    } else {
        missing
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::failure;
    use crate::cli::Cli;
    use crate::failure::Failure;

    fn mistake(line: &[&str]) -> Failure {
        let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let all = std::iter::once("sealock").chain(line.iter().copied());
        failure(&Cli::try_parse_from(all).unwrap_err(), &words)
    }

    #[test]
    fn a_secret_in_the_wrong_place_is_not_repeated() {
        for option in ["--passphrase", "--passphrase=hunter2"] {
            let failure = mistake(&["status", option, "hunter2"]);
            assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
        }
        let issue = [
            "cert",
            "issue",
            "a",
            "--profile=client",
            "--cert=c",
            "--key=k",
        ];
        let failure = mistake(&[&issue[..], &["--p12-passphrase", "hunter2"]].concat());
        assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    }

    #[test]
    fn mistakes_are_named_with_what_was_meant() {
        let cases: [(&[&str], &str, &str); 6] = [
            (
                &["statsu"],
                "there is no command `statsu`",
                "did you mean status?\nsealock --help",
            ),
            (
                &["up", "--clinet", "a"],
                "there is no option `--clinet` here",
                "did you mean --client?\nsealock up --help",
            ),
            (
                &["client", "add"],
                "this command needs <NAME>",
                "sealock client add --help",
            ),
            (
                &["status", "x"],
                "`x` is one word too many",
                "sealock status --help",
            ),
            (
                &["--color", "pink", "status"],
                "`pink` is nothing that --color <WHEN> takes",
                "sealock status --help",
            ),
            (
                &["\u{1b}[2J"],
                "there is no command `\\u{1b}[2J`",
                "sealock --help",
            ),
        ];
        for (line, headline, help) in cases {
            let failure = mistake(line);
            assert_eq!(failure.headline, headline);
            assert_eq!(failure.help.as_deref(), Some(help));
        }
    }
}
