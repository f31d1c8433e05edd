//! Plans and proofs as people read them.

use sealock_change::{Body, FileDiff, LineKind, Plan};
use sealock_probe::{ClientKind, Expected, Proof, Verdict};

use crate::printer::{BAD, BOLD, DIM, GOOD, HUNK, Printer, paint};
use crate::table::{self, Cell};

/// Steps, diffs and notes.
pub(crate) fn plan(printer: &Printer, plan: &Plan) -> Result<(), sealock_change::Error> {
    printer.say(&paint(BOLD, &plan.title));
    let width = plan.steps.len().to_string().len();
    for (index, step) in plan.steps.iter().enumerate() {
        printer.say(&format!("  {:>width$}. {}", index + 1, step.describe()));
    }
    for file in plan
        .diff()?
        .iter()
        .filter(|file| printer.verbose || is_worth_reading(file))
    {
        printer.say("");
        printer.say(&diff(file));
    }
    if !plan.notes.is_empty() {
        printer.say("");
    }
    for note in &plan.notes {
        printer.warn(note);
    }
    Ok(())
}

/// Folders, links, keys, certificates and lists are named in the steps; what a person reads is configuration.
fn is_worth_reading(file: &FileDiff) -> bool {
    let (_, name) = file.labels();
    if name.ends_with(".pem") {
        return false;
    }
    match &file.body {
        Body::Summary { .. } => false,
        Body::Text(hunks) => !hunks
            .iter()
            .flat_map(|hunk| &hunk.lines)
            .any(|line| line.text.starts_with("-----BEGIN ")),
    }
}

/// One file's difference, unified and coloured.
fn diff(file: &FileDiff) -> String {
    let (old, new) = file.labels();
    let mut text = format!(
        "{}\n{}",
        paint(BOLD, &format!("--- {old}")),
        paint(BOLD, &format!("+++ {new}"))
    );
    for attribute in file.attributes() {
        text.push_str(&format!("\n{}", paint(DIM, &attribute)));
    }
    match &file.body {
        Body::Text(hunks) => {
            for hunk in hunks {
                text.push_str(&format!("\n{}", paint(HUNK, &hunk.header)));
                for line in &hunk.lines {
                    let written = format!("{}{}", line.kind.sign(), line.text);
                    text.push('\n');
                    text.push_str(&match line.kind {
                        LineKind::Added => paint(GOOD, &written),
                        LineKind::Removed => paint(BAD, &written),
                        _ => written,
                    });
                }
            }
        }
        Body::Summary { before, after } => {
            for (sign, summary, style) in [('-', before, BAD), ('+', after, GOOD)] {
                if let Some(summary) = summary {
                    text.push_str(&format!("\n{}", paint(style, &format!("{sign}{summary}"))));
                }
            }
        }
    }
    text
}

/// One row for each address and version, one column for each kind of client.
pub(crate) fn proof(proof: &Proof) -> String {
    let head = [
        "who asks:",
        "TLS",
        "rightful",
        "none",
        "foreign",
        "expired",
        "server's",
        "plain",
    ];
    const COLUMNS: [ClientKind; 6] = [
        ClientKind::Rightful,
        ClientKind::NoCertificate,
        ClientKind::Foreign,
        ClientKind::Expired,
        ClientKind::ServerAsClient,
        ClientKind::PlainHttp,
    ];
    let mut keys = Vec::new();
    for row in proof.rows() {
        if let Some(version) = row.version {
            let key = (row.target.clone(), version);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    let rows: Vec<Vec<Cell>> = keys
        .iter()
        .map(|(target, version)| {
            let short = target.strip_prefix("tcp://").unwrap_or(target);
            let cells = COLUMNS.iter().map(|kind| {
                proof
                    .rows()
                    .iter()
                    .find(|row| {
                        &row.target == target
                            && row.kind == *kind
                            && row.version.is_none_or(|spoken| spoken == *version)
                    })
                    .map_or_else(
                        || Cell::new(""),
                        |row| cell(row.expected, row.observed.verdict(), row.holds()),
                    )
            });
            [
                Cell::new(short),
                Cell::new(version.to_string().trim_start_matches("TLS ")),
            ]
            .into_iter()
            .chain(cells)
            .collect()
        })
        .collect();
    table::render(&head, &rows)
}

fn cell(expected: Expected, verdict: Verdict, holds: bool) -> Cell {
    let word = match (expected, verdict) {
        (_, Verdict::In) => "in",
        (Expected::In, Verdict::Out) if holds => "n/a",
        (_, Verdict::Out) => "refused",
        // The reason stands below the table.
        (_, Verdict::Unclear) => "?",
    };
    if holds {
        Cell::styled(word, GOOD)
    } else {
        Cell::styled(format!("{word} !"), BAD)
    }
}
