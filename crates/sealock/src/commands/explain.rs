//! `sealock explain`: what a code means and what mends it, and what a message that somebody pasted is about.

use std::path::Path;

use serde_json::{Value, json};

use sealock_check::{Check, Severity, checks, messages};
use sealock_diag::{Entry, escape};

use crate::catalogue;
use crate::cli::{Catalogue, Explain};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::printer::{BOLD, paint};
use crate::session::Session;
use crate::table::fold;

/// More than any log that somebody pastes.
const LOG_LIMIT: u64 = 1024 * 1024;

pub(crate) fn run(session: &Session, args: &Explain) -> Result<Exit, Failure> {
    let entries = catalogue::all();
    if let Some(which) = args.markdown {
        session.printer.raw(&match which {
            Catalogue::Errors => errors(&entries),
            Catalogue::Findings => findings(),
        });
        return Ok(Exit::Done);
    }
    let Some(wanted) = &args.what else {
        return Ok(list(session, &entries));
    };
    let wanted = wanted.trim();
    if wanted == "-" {
        let bytes = input::read(Path::new("/dev/stdin"), LOG_LIMIT)?;
        return message(session, &String::from_utf8_lossy(&bytes));
    }
    let code = wanted.to_uppercase();
    match entries.iter().find(|entry| entry.code.0 == code) {
        Some(entry) => Ok(explain(session, entry)),
        None if wanted.contains(char::is_whitespace) || !messages::read(wanted).is_empty() => {
            message(session, wanted)
        }
        None => Err(Failure::own(
            catalogue::UNKNOWN_CODE,
            format!("there is no code `{}`", escape(&code)),
        )
        .help("sealock explain")
        .exit(Exit::Usage)),
    }
}

fn explain(session: &Session, entry: &Entry) -> Exit {
    if session.printer.json {
        session.printer.value(&to_json(entry));
        return Exit::Done;
    }
    let mut text = format!("{} {}\n\n", paint(BOLD, entry.code.0), entry.title);
    if let Some(check) = checks::by_code(entry.code.0) {
        text.push_str(&format!(
            "As a rule {}: {}\n\n",
            check.severity,
            check.severity.meaning()
        ));
    }
    text.push_str(&format!(
        "{}\n\n{}\n{}",
        fold(&squeeze(entry.meaning), 78),
        paint(BOLD, "What to do"),
        indent(&fold(entry.remedy, 76))
    ));
    if let Some(check) = checks::by_code(entry.code.0) {
        text.push_str(&format!(
            "\n\n{}\n{}",
            paint(BOLD, "Where it comes from"),
            indent(&fold(&squeeze(check.source), 76))
        ));
    }
    session.printer.data(&text);
    Exit::Done
}

/// What a pasted message is about, the likeliest first.
fn message(session: &Session, text: &str) -> Result<Exit, Failure> {
    let readings = messages::read(text);
    if readings.is_empty() {
        return Err(Failure::own(
            catalogue::UNKNOWN_MESSAGE,
            "nothing in this message is known",
        )
        .because(shortened(text))
        .exit(Exit::No));
    }
    if session.printer.json {
        let all: Vec<Value> = readings
            .iter()
            .map(|reading| {
                json!({
                    "code": reading.check.code,
                    "title": reading.check.title,
                    "speaker": reading.speaker,
                    "says": reading.says,
                    "help": reading.help.as_deref().unwrap_or(reading.check.remedy),
                })
            })
            .collect();
        session
            .printer
            .value(&json!({ "version": 1, "readings": all }));
        return Ok(Exit::Done);
    }
    let parts: Vec<String> = readings
        .iter()
        .map(|reading| {
            let help = reading.help.as_deref().unwrap_or(reading.check.remedy);
            format!(
                "{} {}\n{}\n{}\n{}",
                paint(BOLD, reading.check.code),
                reading.check.title,
                indent(&fold(
                    &format!("{} says: {}", reading.speaker, reading.says),
                    76
                )),
                paint(BOLD, "  What to do"),
                indent(&indent(&fold(help, 74)))
            )
        })
        .collect();
    session.printer.data(&parts.join("\n\n"));
    Ok(Exit::Done)
}

fn shortened(text: &str) -> String {
    let line: String = text.trim().chars().take(120).collect();
    format!("`{}`", escape(&line))
}

fn list(session: &Session, entries: &[&Entry]) -> Exit {
    if session.printer.json {
        session.printer.value(&json!({ "version": 1, "codes": entries.iter().map(|e| to_json(e)).collect::<Vec<_>>() }));
    } else {
        for entry in entries {
            session
                .printer
                .data(&format!("{}  {}", entry.code, entry.title));
        }
    }
    Exit::Done
}

fn to_json(entry: &Entry) -> Value {
    let mut value = json!({ "code": entry.code.0, "title": entry.title, "meaning": squeeze(entry.meaning), "remedy": entry.remedy });
    if let Some(check) = checks::by_code(entry.code.0) {
        value["severity"] = json!(check.severity.word());
        value["source"] = json!(squeeze(check.source));
    }
    value
}

/// The errors as the page in docs/; `xtask tidy` holds the two against each other.
fn errors(entries: &[&Entry]) -> String {
    let mut page = String::from(
        "# Error codes\n\nThis page is printed by `sealock explain --markdown`. What `sealock check` finds stands in [findings.md](findings.md).\n",
    );
    let errors = entries
        .iter()
        .filter(|entry| checks::by_code(entry.code.0).is_none());
    for entry in errors {
        page.push_str(&section(entry, ""));
    }
    page
}

/// The findings as the page in docs/.
fn findings() -> String {
    let mut page = format!(
        "# Findings\n\nThis page is printed by `sealock explain --markdown findings`: the {} things that `sealock check` can find. \
         Each is told with one of these words, and in this order; the word \
         under a heading is how it bites as a rule, and a look says where it is otherwise:\n\n| word | what it means |\n|---|---|\n",
        checks::all().len()
    );
    for severity in Severity::ALL {
        page.push_str(&format!("| {severity} | {} |\n", severity.meaning()));
    }
    for (letter, about) in GROUPS {
        page.push_str(&format!("\n# {about}\n"));
        let group = checks::all()
            .iter()
            .filter(|check| check.code.as_bytes().get(4) == Some(letter));
        for check in group {
            page.push_str(&section(&check.entry(), &facts(check)));
        }
    }
    page
}

const GROUPS: [(&u8, &str); 9] = [
    (&b'1', "Open doors"),
    (&b'2', "The daemon's configuration"),
    (&b'3', "Certificates and chains"),
    (&b'4', "Files"),
    (&b'5', "Clients"),
    (&b'6', "Registries"),
    (&b'7', "On the wire"),
    (&b'8', "The vault, clocks, drift"),
    (&b'9', "Endpoints"),
];

fn facts(check: &Check) -> String {
    format!(
        "*{}.* Source: {}.\n\n",
        check.severity,
        squeeze(check.source)
    )
}

fn section(entry: &Entry, facts: &str) -> String {
    format!(
        "\n## {}: {}\n\n{facts}{}\n\n```\n{}\n```\n",
        entry.code,
        entry.title,
        squeeze(entry.meaning),
        entry.remedy.trim_end()
    )
}

/// Source text is wrapped where the code wraps; readers get single spaces.
fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::{errors, findings, squeeze};
    use sealock_check::checks;
    use sealock_diag::{Code, Entry};

    const ENTRY: Entry = Entry {
        code: Code("SL-U001"),
        title: "there is no such code",
        meaning: "Wrapped    where the\n   code wraps.",
        remedy: "sealock explain\n",
    };

    #[test]
    fn a_page_of_the_catalogue() {
        let page = errors(&[&ENTRY]);
        let section = "\n## SL-U001: there is no such code\n\nWrapped where the code wraps.\n\n```\nsealock explain\n```\n";
        assert!(
            page.starts_with("# Error codes\n") && page.ends_with(section),
            "{page}"
        );
    }

    #[test]
    fn every_finding_has_a_section_of_its_page() {
        let page = findings();
        for check in checks::all() {
            let section = format!("\n## {}: {}\n", check.code, check.title);
            assert!(page.contains(&section), "{}", check.code);
        }
    }

    #[test]
    fn white_space_of_the_source_is_not_shown() {
        assert_eq!(squeeze("  a\n   b\tc "), "a b c");
    }
}
