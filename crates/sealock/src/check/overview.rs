//! A line for each of many subjects, for people.

use sealock_check::seen::Endpoint;
use sealock_check::verdict::{DaemonMode, daemon_mode};

use super::door;
use super::report::Report;
use super::text::{finding, style};
use crate::printer::{BOLD, GOOD, WARN, paint};
use crate::table::{self, Cell};

/// What is left of 80 columns beside mode, days and finding in an overview.
const SUBJECT: usize = 30;

/// A line for each subject, for many of them.
pub(crate) fn overview(reports: &[Report]) -> String {
    let rows: Vec<Vec<Cell>> = reports
        .iter()
        .map(|report| {
            let mode = match (report.endpoint(), report.door()) {
                (Some(end), _) => short_mode(daemon_mode(end)),
                (None, Some(door)) => door::short(door),
                (None, None) => "",
            };
            let of_endpoint = report.endpoint().and_then(Endpoint::leaf);
            let of_service = || report.door().and_then(|door| door.chain.first());
            let ends = of_endpoint
                .or_else(of_service)
                .map(|leaf| days_left(report, leaf.not_after()))
                .unwrap_or_default();
            let found = match report.findings.first() {
                None => Cell::styled("nothing found", GOOD),
                Some(first) => Cell::styled(
                    format!("{} {}{}", first.severity, first.check.code, more(report)),
                    style(first.severity),
                ),
            };
            vec![
                Cell::new(fit(&report.subject)),
                Cell::new(mode),
                Cell::new(ends),
                found,
            ]
        })
        .collect();
    let mut text = table::render(&["endpoint", "mode", "left", "found"], &rows);
    let told = reports.iter().filter(|report| !report.findings.is_empty());
    for report in told {
        if let Some(first) = report.findings.first() {
            text.push_str(&format!(
                "\n{}\n{}",
                paint(BOLD, &report.subject),
                finding(1, first, false)
            ));
        }
    }
    let wrong = reports.iter().filter(|report| !report.findings.is_empty());
    let (wrong, all) = (wrong.count(), reports.len());
    let closing = match wrong {
        0 => paint(GOOD, &format!("nothing found at {all} endpoints")),
        _ => paint(
            WARN,
            &format!("something found at {wrong} of {all} endpoints"),
        ),
    };
    text.push_str(&format!("\n{closing}\n"));
    text
}

/// A subject in the first column: without what all of them begin with, and with its port when it is too long.
fn fit(subject: &str) -> String {
    let short = subject.strip_prefix("tcp://").unwrap_or(subject);
    if short.chars().count() <= SUBJECT {
        return short.to_owned();
    }
    let (name, port) = short.rsplit_once(':').unwrap_or((short, ""));
    let start: String = name.chars().take(SUBJECT - port.len() - 2).collect();
    format!("{start}…:{port}")
}

fn more(report: &Report) -> String {
    match report.findings.len() {
        0 | 1 => String::new(),
        count => format!(" +{}", count - 1),
    }
}

fn short_mode(mode: DaemonMode) -> &'static str {
    match mode {
        DaemonMode::Plain => "no TLS",
        DaemonMode::OneWay => "one-way",
        DaemonMode::Mutual => "mutual",
        DaemonMode::SystemRoots => "system roots",
        DaemonMode::Unknown => "",
    }
}

fn days_left(report: &Report, until: sealock_pki::Timestamp) -> String {
    let now = report.seen.now;
    if until <= now {
        return "expired".to_owned();
    }
    format!("{} days", until.since(now).as_secs() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::{SUBJECT, fit};

    #[test]
    fn a_long_name_keeps_its_port() {
        let long = fit("tcp://docker-with-a-very-long-name.example.org:2376");
        assert_eq!(long, "docker-with-a-very-long-…:2376");
        assert_eq!(long.chars().count(), SUBJECT);
        assert_eq!(fit("tcp://[2001:db8::1]:2376"), "[2001:db8::1]:2376");
    }
}
