//! A report for the textfile collector of Prometheus' node exporter.
//!
//! Text format 0.0.4: `# HELP`, `# TYPE`, one sample a line, label values with `\`, `"` and newline escaped.

use std::collections::BTreeMap;

use sealock_check::checks;
use sealock_pki::Certificate;

use sealock_pki::Timestamp;
use sealock_vault::{Operation, Phase};

use super::report::Report;
use crate::agent::memory::Memory;
use crate::timeline::{Item, Kind};

/// All reports of one look.
pub(crate) fn reports(reports: &[Report]) -> String {
    let mut out = String::new();
    head(
        &mut out,
        "sealock_certificate_not_after_seconds",
        "gauge",
        "When a certificate ends, in Unix seconds.",
    );
    for ([place, subject, serial], ends) in certificates(reports) {
        sample(
            &mut out,
            "sealock_certificate_not_after_seconds",
            &[
                ("place", &place),
                ("subject", &subject),
                ("serial", &serial),
            ],
            ends,
        );
    }
    head(
        &mut out,
        "sealock_findings",
        "gauge",
        "How many findings of this code a look has.",
    );
    for report in reports {
        let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
        for finding in &report.findings {
            *counts
                .entry((finding.check.code, finding.severity.word()))
                .or_default() += 1;
        }
        for ((code, severity), count) in counts {
            sample(
                &mut out,
                "sealock_findings",
                &[
                    ("subject", &report.subject),
                    ("code", code),
                    ("severity", severity),
                ],
                count,
            );
        }
    }
    head(
        &mut out,
        "sealock_healthy",
        "gauge",
        "1 when nothing was found.",
    );
    for report in reports {
        let healthy = i64::from(report.findings.is_empty());
        sample(
            &mut out,
            "sealock_healthy",
            &[("subject", &report.subject)],
            healthy,
        );
    }
    head(
        &mut out,
        "sealock_checks",
        "gauge",
        "How many checks were made.",
    );
    sample(
        &mut out,
        "sealock_checks",
        &[],
        i64::try_from(checks::all().len()).unwrap_or(i64::MAX),
    );
    head(
        &mut out,
        "sealock_look_seconds",
        "gauge",
        "When the look was taken, in Unix seconds.",
    );
    if let Some(report) = reports.first() {
        sample(
            &mut out,
            "sealock_look_seconds",
            &[],
            report.seen.now.as_unix(),
        );
    }
    out
}

/// What the agent knows: the lives of everything that the vault keeps, its own last look, and what is under way.
pub(crate) fn lives(
    items: &[Item],
    memory: &Memory,
    operations: &[Operation],
    now: Timestamp,
) -> String {
    let mut out = String::new();
    let seconds = |at: Timestamp| at.as_unix().to_string();
    gauge_of_items(
        &mut out,
        items,
        "sealock_identity_not_after_seconds",
        "When what an identity has ends, in Unix seconds.",
        |item| Some(seconds(item.ends)),
    );
    gauge_of_items(
        &mut out,
        items,
        "sealock_identity_due_seconds",
        "When it is to be renewed, in Unix seconds.",
        |item| item.due.map(seconds),
    );
    gauge_of_items(
        &mut out,
        items,
        "sealock_identity_life_left_ratio",
        "How much of its life is left, 1 for all of it.",
        |item| Some(format!("{:.3}", item.left_in_thousand(now) as f64 / 1000.0)),
    );
    for (name, help, value) in [
        (
            "sealock_agent_look_seconds",
            "When the agent looked last, in Unix seconds.",
            Some(memory.looked),
        ),
        (
            "sealock_agent_success_seconds",
            "When a look of the agent last went well, in Unix seconds.",
            memory.succeeded,
        ),
        (
            "sealock_agent_next_look_seconds",
            "When the agent means to look again, in Unix seconds.",
            Some(memory.next),
        ),
        (
            "sealock_agent_failures",
            "How many looks of the agent have failed since one went well.",
            Some(i64::from(memory.failures)),
        ),
    ] {
        head(&mut out, name, "gauge", help);
        if let Some(value) = value {
            sample(&mut out, name, &[], value);
        }
    }
    let name = "sealock_operation_phase";
    head(
        &mut out,
        name,
        "gauge",
        "How many phases of a rotation or rekey are over, of five; absent when none is under way.",
    );
    for operation in operations {
        let phase = Phase::ALL
            .iter()
            .position(|phase| *phase == operation.phase);
        let labels = [
            ("kind", operation.kind.as_str()),
            ("scope", operation.scope.as_str()),
            ("phase", operation.phase.as_str()),
        ];
        sample(&mut out, name, &labels, phase.map_or(0, |index| index + 1));
    }
    out
}

fn gauge_of_items(
    out: &mut String,
    items: &[Item],
    name: &str,
    help: &str,
    value: impl Fn(&Item) -> Option<String>,
) {
    head(out, name, "gauge", help);
    for item in items {
        let Some(value) = value(item) else { continue };
        let scope = match &item.kind {
            Kind::Anchor { scope, .. } => scope.as_str(),
            _ => "",
        };
        let labels = [
            ("identity", item.name.as_str()),
            ("kind", item.kind.slug()),
            ("purpose", item.kind.purpose().as_str()),
            ("scope", scope),
            ("serial", item.serial.as_str()),
        ];
        sample(out, name, &labels, value);
    }
}

/// When every certificate that was seen ends, by place, subject and serial. Two that a peer made alike are one series,
/// with the end that comes first: a collector refuses a file that names a series twice.
fn certificates(reports: &[Report]) -> Vec<([String; 3], i64)> {
    let mut found: Vec<([String; 3], i64)> = Vec::new();
    let mut known = BTreeMap::new();
    let mut add = |place: String, certificate: &Certificate| {
        let serial = certificate.serial().to_string();
        let labels = [place, certificate.subject(), serial];
        let ends = certificate.not_after().as_unix();
        let index = *known.entry(labels.clone()).or_insert(found.len());
        match found.get_mut(index) {
            Some((_, first)) => *first = ends.min(*first),
            None => found.push((labels, ends)),
        }
    };
    for report in reports {
        for end in &report.seen.endpoints {
            for certificate in &end.chain {
                add(end.label.clone(), certificate);
            }
        }
        for service in &report.seen.services {
            for door in &service.doors {
                for certificate in &door.chain {
                    add(service.label.clone(), certificate);
                }
            }
        }
        for file in report.seen.files() {
            for certificate in file
                .contents()
                .iter()
                .flat_map(|contents| contents.certificates())
            {
                add(file.shown(), certificate);
            }
        }
        if let Some(keeping) = &report.seen.keeping {
            for anchor in &keeping.anchors {
                add("vault".to_owned(), &anchor.certificate);
            }
        }
    }
    found
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
    out.push_str(name);
    if !labels.is_empty() {
        let shown: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", quoted(value)))
            .collect();
        out.push_str(&format!("{{{}}}", shown.join(",")));
    }
    out.push_str(&format!(" {value}\n"));
}

fn quoted(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::{quoted, sample};

    #[test]
    fn label_values_are_escaped_as_the_format_has_it() {
        assert_eq!(quoted("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
        let mut out = String::new();
        sample(&mut out, "m", &[("k", "v\"")], 3);
        sample(&mut out, "n", &[], -1);
        assert_eq!(out, "m{k=\"v\\\"\"} 3\nn -1\n");
    }
}
