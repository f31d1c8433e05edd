//! A report for the textfile collector of Prometheus' node exporter.
//!
//! Text format 0.0.4: `# HELP`, `# TYPE`, one sample a line, label values with `\`, `"` and newline escaped.

use std::collections::BTreeMap;

use sealock_check::checks;
use sealock_pki::Certificate;

use super::report::Report;

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

fn sample(out: &mut String, name: &str, labels: &[(&str, &str)], value: i64) {
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
