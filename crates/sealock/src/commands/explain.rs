//! `sealock explain`: what a code means and what mends it.

use serde_json::json;

use sealock_diag::{Entry, escape};

use crate::catalogue;
use crate::cli::Explain;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BOLD, paint};
use crate::session::Session;
use crate::table::fold;

pub(crate) fn run(session: &Session, args: &Explain) -> Result<Exit, Failure> {
    let entries = catalogue::all();
    if args.markdown {
        session.printer.raw(&markdown(&entries));
        return Ok(Exit::Done);
    }
    let Some(wanted) = &args.code else {
        return Ok(list(session, &entries));
    };
    let wanted = wanted.trim().to_uppercase();
    let entry = entries
        .iter()
        .find(|entry| entry.code.0 == wanted)
        .ok_or_else(|| {
            Failure::own(
                catalogue::UNKNOWN_CODE,
                format!("there is no code `{}`", escape(&wanted)),
            )
            .help("sealock explain")
            .exit(Exit::Usage)
        })?;
    if session.printer.json {
        session.printer.value(&to_json(entry));
    } else {
        session.printer.data(&format!(
            "{} {}\n\n{}\n\n{}\n{}",
            paint(BOLD, entry.code.0),
            entry.title,
            fold(&squeeze(entry.meaning), 78),
            paint(BOLD, "What to do"),
            indent(entry.remedy)
        ));
    }
    Ok(Exit::Done)
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

fn to_json(entry: &Entry) -> serde_json::Value {
    json!({ "code": entry.code.0, "title": entry.title, "meaning": squeeze(entry.meaning), "remedy": entry.remedy })
}

/// The catalogue as the page in docs/; `xtask tidy` holds the two against each other.
fn markdown(entries: &[&Entry]) -> String {
    let mut page =
        String::from("# Error codes\n\nThis page is printed by `sealock explain --markdown`.\n");
    for entry in entries {
        page.push_str(&format!(
            "\n## {}: {}\n\n{}\n\n```\n{}\n```\n",
            entry.code,
            entry.title,
            squeeze(entry.meaning),
            entry.remedy.trim_end()
        ));
    }
    page
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
    use super::{markdown, squeeze};
    use sealock_diag::{Code, Entry};

    const ENTRY: Entry = Entry {
        code: Code("SL-U001"),
        title: "there is no such code",
        meaning: "Wrapped    where the\n   code wraps.",
        remedy: "sealock explain\n",
    };

    #[test]
    fn a_page_of_the_catalogue() {
        let page = markdown(&[&ENTRY]);
        let section = "\n## SL-U001: there is no such code\n\nWrapped where the code wraps.\n\n```\nsealock explain\n```\n";
        assert!(
            page.starts_with("# Error codes\n") && page.ends_with(section),
            "{page}"
        );
    }

    #[test]
    fn white_space_of_the_source_is_not_shown() {
        assert_eq!(squeeze("  a\n   b\tc "), "a b c");
    }
}
