//! What was found and what comes next, in words and as JSON.

use std::borrow::Cow;

use serde_json::{Value, json};

use sealock_check::Finding;
use sealock_diag::escape;
use sealock_host::leftover::{Item, Part};
use sealock_pki::Timestamp;

use super::choice::Choice;
use super::lot::{KeyAt, Lot};
use crate::check::text;
use crate::printer::{BOLD, GOOD, WARN, paint};
use crate::table::{self, Cell};

/// Everything that was found, by folder, and what is wrong with it.
pub(crate) fn text(lot: &Lot, findings: &[Finding], verbose: bool, now: Timestamp) -> String {
    let mut out = String::new();
    for leftover in &lot.leftovers {
        out.push_str(&format!(
            "{}  {}\n",
            paint(BOLD, &escape(&leftover.folder.to_string_lossy())),
            leftover.tool.sentence()
        ));
        let rows: Vec<Vec<Cell>> = leftover
            .files
            .iter()
            .filter(|item| verbose || item.part != Part::Litter)
            .map(|item| row(lot, item, &leftover.folder, now))
            .collect();
        out.push_str(&table::render(&["file", "is", "of", "until"], &rows));
        let litter = leftover
            .files
            .iter()
            .filter(|item| item.part == Part::Litter)
            .count();
        if litter > 0 && !verbose {
            out.push_str(&format!(
                "and {litter} left of making them; -v lists them\n"
            ));
        }
        out.push('\n');
    }
    if let Some(folder) = &lot.too_much {
        out.push_str(&format!(
            "{} {} holds more than is looked at\n\n",
            paint(WARN, "note:"),
            escape(&folder.to_string_lossy())
        ));
    }
    match findings.len() {
        0 => out.push_str(&format!(
            "{}\n",
            paint(GOOD, "nothing is wrong with these files")
        )),
        count => {
            let parts: Vec<String> = findings
                .iter()
                .enumerate()
                .map(|(index, one)| text::finding(index + 1, one, verbose))
                .collect();
            let closing = match count {
                1 => "1 finding".to_owned(),
                _ => format!("{count} findings"),
            };
            out.push_str(&format!(
                "{}\n{}\n",
                parts.join("\n"),
                paint(WARN, &closing)
            ));
        }
    }
    out
}

fn row(lot: &Lot, item: &Item, folder: &std::path::Path, now: Timestamp) -> Vec<Cell> {
    let path = item
        .file
        .path
        .strip_prefix(folder)
        .unwrap_or(&item.file.path);
    let certificate = item
        .file
        .contents()
        .and_then(|contents| contents.certificates().next());
    let (of, until) = match certificate {
        Some(certificate) => {
            let over = if now > certificate.not_after() {
                " (over)"
            } else {
                ""
            };
            (
                certificate.subject(),
                format!("{}{over}", certificate.not_after()),
            )
        }
        None => (
            whose(lot, item).unwrap_or_else(|| item.unreadable().map(escape).unwrap_or_default()),
            String::new(),
        ),
    };
    let revoked = certificate.is_some_and(|certificate| {
        lot.leaves
            .iter()
            .any(|leaf| leaf.certificate() == certificate && leaf.revoked.is_some())
    });
    let is = match revoked {
        true => format!("{}, revoked", item.part.word()),
        false => item.part.word().to_owned(),
    };
    vec![
        Cell::new(escape(&path.to_string_lossy())),
        Cell::new(is),
        Cell::new(of),
        Cell::new(until),
    ]
}

/// The subject of the certificate that a key belongs to.
fn whose(lot: &Lot, item: &Item) -> Option<String> {
    let is_key = |key: &KeyAt| match key {
        KeyAt::Plain(path) => *path == item.file.path,
        KeyAt::Sealed(paths) => paths.contains(&item.file.path),
        KeyAt::Other(_) | KeyAt::Missing => false,
    };
    let ca = lot.cas.iter().find(|ca| is_key(&ca.key));
    let leaf = lot.leaves.iter().find(|leaf| is_key(&leaf.key));
    ca.map(|ca| ca.certificate.subject())
        .or_else(|| leaf.map(|leaf| leaf.certificate().subject()))
}

/// The same as JSON, without its version.
pub(crate) fn to_json(lot: &Lot, findings: &[Finding]) -> (Value, Value) {
    let leftovers = lot.leftovers.iter().map(|leftover| {
        let files: Vec<Value> = leftover
            .files
            .iter()
            .map(|item| file_to_json(lot, item))
            .collect();
        json!({
            "tool": leftover.tool.word(),
            "folder": leftover.folder.to_string_lossy(),
            "files": files,
            "revoked": leftover.revoked.iter().map(|one| one.serial.to_string()).collect::<Vec<_>>(),
        })
    });
    let findings = findings.iter().map(|finding| {
        let spots: Vec<Value> = finding
            .spots
            .iter()
            .map(|spot| json!({ "where": spot.place, "cause": spot.cause }))
            .collect();
        json!({
            "code": finding.check.code,
            "title": finding.check.title,
            "severity": finding.severity.word(),
            "spots": spots,
        })
    });
    (leftovers.collect(), findings.collect())
}

fn file_to_json(lot: &Lot, item: &Item) -> Value {
    let certificate = item
        .file
        .contents()
        .and_then(|contents| contents.certificates().next());
    json!({
        "path": item.file.path.to_string_lossy(),
        "part": item.part.word(),
        "subject": certificate.map(sealock_pki::Certificate::subject),
        "serial": certificate.map(|certificate| certificate.serial().to_string()),
        "notAfter": certificate.map(|certificate| certificate.not_after().to_string()),
        "keyOf": whose(lot, item),
    })
}

/// Where an import leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// `sealock.toml` names the authority: it is applied here.
    Apply,
    /// `sealock.toml` names another one.
    OtherAuthority,
    /// There is no daemon to configure here.
    Elsewhere,
}

/// What comes next, and what can go then.
pub(crate) fn closing(lot: &Lot, choice: &Choice<'_>, next: Next) -> String {
    let mut out = match next {
        Next::Apply => {
            "Next:  sealock apply          the daemon keeps its certificate where it can, every client gets in as before\n"
        }
        Next::OtherAuthority => "It signs for nobody until sealock.toml names it: [authority] name\n",
        Next::Elsewhere => {
            "Next:  `sealock ca import` on the host of the daemon; from here, `sealock cert issue` signs with it\n"
        }
    }
    .to_owned();
    if next == Next::Apply && choice.is_one() {
        out.push_str("Then:  sealock ca rotate      two anchors in the place of one, nobody locked out on the way\n");
    }
    let mut keys: Vec<Cow<'_, str>> = Vec::new();
    for ca in choice.all() {
        match &ca.key {
            KeyAt::Plain(path) => keys.push(path.to_string_lossy()),
            KeyAt::Sealed(paths) => keys.extend(paths.iter().map(|path| path.to_string_lossy())),
            KeyAt::Other(_) | KeyAt::Missing => {}
        }
    }
    let keys: Vec<String> = keys.iter().map(|path| quoted(path)).collect();
    if !keys.is_empty() {
        out.push_str(&format!(
            "\nThe key of the authority is in the vault now, and still where it was: who reads it there can sign (SL-F417).\n\
             When `sealock apply` has proved the host, and you have a backup of the vault:\n  shred -u {}\n",
            keys.join(" ")
        ));
    }
    let litter: Vec<String> = lot
        .leftovers
        .iter()
        .flat_map(|leftover| &leftover.files)
        .filter(|item| item.part == Part::Litter)
        .map(|item| quoted(&item.file.path.to_string_lossy()))
        .collect();
    if !litter.is_empty() {
        out.push_str(&format!(
            "Requests, serials and settings are of no use any more:\n  rm {}\n",
            litter.join(" ")
        ));
    }
    if next == Next::Apply {
        out.push_str(
            "The old server files stay until you are sure: `sealock down` puts back a configuration that names them.\n",
        );
    }
    out
}

/// A path as a word for a shell.
pub(crate) fn quoted(path: &str) -> String {
    let plain = !path.is_empty()
        && path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c));
    match plain {
        true => path.to_owned(),
        false => format!("'{}'", escape(path).replace('\'', "'\\''")),
    }
}
