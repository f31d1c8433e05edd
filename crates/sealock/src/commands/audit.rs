//! `sealock audit`: whether the gateway's records are whole, and what they say.

use std::path::{Path, PathBuf};

use sealock_diag::escape;
use sealock_gateway::audit::{self, Fields, Place, Report, Wanted};
use sealock_host::desired::gateway::AUDIT;
use serde_json::{Value, json};

use crate::cli::{Audit, AuditShow, AuditVerify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::printer::{BAD, DIM, GOOD, WARN, paint};
use crate::session::Session;

pub(crate) fn run(session: &Session, verb: &Audit) -> Result<Exit, Failure> {
    match verb {
        Audit::Verify(args) => verify(session, args),
        Audit::Show(args) => show(session, args),
    }
}

fn files(file: Option<&Path>) -> Vec<PathBuf> {
    audit::files(file.unwrap_or(Path::new(AUDIT)))
}

fn verify(session: &Session, args: &AuditVerify) -> Result<Exit, Failure> {
    let files = files(args.file.as_deref());
    let report =
        audit::verify(&files, args.noted.as_deref()).map_err(|error| Failure::new(&error))?;
    if session.printer.json {
        session.printer.value(&to_json(&report, &files));
    } else {
        session.printer.data(&text(&report, &files));
    }
    match report.is_whole() {
        true => Ok(Exit::Done),
        false => Ok(Exit::No),
    }
}

fn text(report: &Report, files: &[PathBuf]) -> String {
    let mut lines = Vec::new();
    let verdict = match report.is_whole() {
        true => paint(GOOD, "whole"),
        false => paint(BAD, "not whole"),
    };
    let numbers = match (report.first, report.last) {
        (Some(first), Some(last)) => format!(", number {first} to {last}"),
        _ => String::new(),
    };
    lines.push(format!(
        "{verdict}: {} in {}{numbers}, {} chained",
        counted(report.records, "record"),
        counted(files.len() as u64, "file"),
        report.chained
    ));
    for broken in &report.broken {
        lines.push(format!(
            "{}  {}: {}",
            paint(BAD, "broken"),
            at(&broken.place),
            broken.what
        ));
    }
    if report.noted == Some(false) {
        lines.push(format!(
            "{}  no line has the digest that was noted: what followed it was cut off, or the files were written anew",
            paint(BAD, "broken")
        ));
    }
    for place in &report.torn {
        lines.push(format!(
            "{}    {}: the writer was stopped in the middle of the line, and has said so in the next",
            paint(WARN, "torn"),
            at(place)
        ));
    }
    for place in &report.lost {
        lines.push(format!(
            "{}    {}: {} could not be written",
            paint(WARN, "lost"),
            at(place),
            escape(&place.detail)
        ));
    }
    if report.records > report.chained {
        lines.push(format!(
            "{}    records that are not chained can be changed without a trace: audit-chain",
            paint(WARN, "note")
        ));
    }
    if let Some(tip) = &report.tip {
        lines.push(format!("tip     {tip}"));
    }
    lines.join("\n")
}

fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn at(place: &Place) -> String {
    format!("{}:{}", escape(&place.file.to_string_lossy()), place.line)
}

fn to_json(report: &Report, files: &[PathBuf]) -> Value {
    let place = |place: &Place| json!({ "file": place.file.to_string_lossy(), "line": place.line, "detail": place.detail });
    let broken: Vec<Value> = report
        .broken
        .iter()
        .map(|broken| {
            let mut value = place(&broken.place);
            value["detail"] = json!(broken.what.to_string());
            value
        })
        .collect();
    json!({
        "version": 1,
        "whole": report.is_whole(),
        "files": files.iter().map(|file| file.to_string_lossy()).collect::<Vec<_>>(),
        "records": report.records,
        "chained": report.chained,
        "first": report.first,
        "last": report.last,
        "tip": report.tip,
        "noted": report.noted,
        "torn": report.torn.iter().map(place).collect::<Vec<_>>(),
        "lost": report.lost.iter().map(place).collect::<Vec<_>>(),
        "broken": broken,
    })
}

fn show(session: &Session, args: &AuditShow) -> Result<Exit, Failure> {
    let wanted = Wanted {
        caller: args.caller.clone(),
        decision: args.decision.clone(),
        event: args.event.clone(),
        id: args.id.clone(),
        since: args.since.clone(),
    };
    let files = files(args.file.as_deref());
    let (records, total) =
        audit::last(&files, &wanted, args.last).map_err(|error| Failure::new(&error))?;
    if session.printer.json {
        let value = json!({ "version": 1, "matching": total, "records": records });
        session.printer.value(&value);
        return Ok(Exit::Done);
    }
    for record in &records {
        session.printer.data(&line(record));
    }
    let shown = records.len() as u64;
    if total == 0 {
        session.printer.say("no record matches");
    } else if shown < total {
        session
            .printer
            .say(&format!("the last {shown} of {total}; -n shows more"));
    }
    Ok(Exit::Done)
}

/// One record for people. Everything in it came from outside at some time.
fn line(record: &Fields) -> String {
    let text = |name: &str| match record.get(name) {
        Some(Value::String(text)) => escape(text),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let time = text("time");
    let time = time.get(..19).unwrap_or(&time).to_owned();
    let event = text("event");
    let verdict = match text("decision").as_str() {
        "" => format!("{event:<7}"),
        "deny" => paint(BAD, &format!("{:<7}", "deny")),
        "hide" => paint(BAD, &format!("{:<7}", "hide")),
        "warn" => paint(WARN, &format!("{:<7}", "warn")),
        other => paint(GOOD, &format!("{other:<7}")),
    };
    let mut parts = vec![time, verdict, text("caller")];
    if matches!(event.as_str(), "open" | "close") {
        parts.push(event);
    }
    let target = match text("target") {
        target if target.is_empty() => text("raw"),
        target => target,
    };
    parts.extend([text("method"), target, text("status")]);
    if let Some(micros) = record.get("duration_us").and_then(Value::as_u64) {
        parts.push(format!("{}.{:03} ms", micros / 1000, micros % 1000));
    }
    if record.get("caller").is_none() {
        parts.push(text("from"));
    }
    parts.push(match text("reason") {
        reason if reason.is_empty() => text("detail"),
        reason => reason,
    });
    if record.contains_key("id") {
        parts.push(paint(DIM, &text("id")));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::{line, text};
    use sealock_gateway::audit::{Break, Broken, Place, Report, fields};
    use std::path::PathBuf;

    #[test]
    fn a_record_is_one_harmless_line() {
        let record = r#"{"seq":1,"time":"2026-11-22T15:04:57.000123Z","event":"request","id":"6745d2c1-2f-3",
            "caller":"cn:alice","method":"POST","raw":"/x","target":"/v1.41/containers/create\u001b[2J","decision":"deny",
            "reason":"a bind mount","status":403,"duration_us":1234}"#;
        let shown = line(&fields(record.as_bytes()).unwrap());
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(
            plain,
            "2026-11-22T15:04:57  deny     cn:alice  POST  /v1.41/containers/create\\u{1b}[2J  403  1.234 ms  \
             a bind mount  6745d2c1-2f-3"
        );
        let refused = r#"{"seq":2,"time":"2026-11-22T15:04:57.1Z","event":"refused","from":"192.0.2.1:9","detail":"slow"}"#;
        let plain = line(&fields(refused.as_bytes()).unwrap());
        assert_eq!(plain, "2026-11-22T15:04:57  refused  192.0.2.1:9  slow");
    }

    #[test]
    fn a_report_names_file_and_line() {
        let report = Report {
            records: 2,
            chained: 2,
            first: Some(1),
            last: Some(4),
            tip: Some("ab".to_owned()),
            noted: Some(true),
            broken: vec![Broken {
                place: Place {
                    file: PathBuf::from("audit.jsonl"),
                    line: 2,
                    detail: String::new(),
                },
                what: Break::Number {
                    expected: 2,
                    found: 4,
                },
            }],
            ..Report::default()
        };
        let shown = text(&report, &[PathBuf::from("audit.jsonl")]);
        assert_eq!(
            anstream::adapter::strip_str(&shown).to_string(),
            "not whole: 2 records in 1 file, number 1 to 4, 2 chained\n\
             broken  audit.jsonl:2: 2 records are missing: 4 where 2 was to be\n\
             tip     ab"
        );
    }
}
